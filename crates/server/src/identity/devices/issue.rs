//! A customer's own authority of devices, and what it issues: a certificate with its key, as a PKCS#12 file (RFC 7292) that
//! browsers and systems import. Nothing of the key stays here.

use super::certificate::{Facts, facts};
use crate::{
    app,
    authority::{authority_params, leaf_params},
    pkcs12::{self, File},
};
use rcgen::{ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType, SerialNumber};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use time::Duration;

/// For how many days a certificate may be good.
pub(super) const LIVES_DAYS: [i64; 3] = [365, 90, 730];

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    /// Making keys and certificates.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// An authority's certificate that is kept.
    #[error("cannot read an authority")]
    Pem(#[from] rustls_pki_types::pem::Error),
    /// The file.
    #[error("cannot make a PKCS#12 file")]
    File(#[from] p12_keystore::error::Error),
    /// A certificate that cannot be read again.
    #[error("a certificate that was made cannot be read")]
    Unreadable,
}

/// An authority with its key, both PEM.
#[derive(Clone)]
pub(crate) struct OwnAuthority {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

/// For whom a certificate is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// How the browser names it when it asks which one to show.
    pub(crate) name: &'a str,
    /// The person's address, if it is a person's.
    pub(crate) email: Option<&'a str>,
    pub(crate) days: i64,
}

/// A certificate that was issued.
pub(crate) struct Issued {
    /// For the browser.
    pub(crate) file: File,
    pub(crate) facts: Facts,
}

/// Makes an authority. `name` is the customer's. `now_s` in Unix seconds.
pub(crate) fn new_authority(name: &str, now_s: u64) -> Result<OwnAuthority, IssueError> {
    let key = KeyPair::generate()?;
    let certificate = authority_params(name, now_s).self_signed(&key)?;
    Ok(OwnAuthority {
        certificate_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    })
}

/// Issues a certificate with a new key.
pub(crate) fn issue(
    authority: &OwnAuthority,
    subject: Subject<'_>,
    now_s: u64,
) -> Result<Issued, IssueError> {
    let signer = KeyPair::from_pem(&authority.key_pem)?;
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate_pem, signer)?;
    let key = KeyPair::generate()?;
    let mut params = leaf_params(subject.name, now_s, Duration::days(subject.days));
    // The row in the database says whose the certificate is; this tells the person.
    let address = subject.email.and_then(|email| email.try_into().ok());
    params.subject_alt_names = address.map(SanType::Rfc822Name).into_iter().collect();
    // Short enough for a list; RFC 5280 leaves the length open, and 80 random bits do not meet.
    params.serial_number = Some(SerialNumber::from_slice(&app::random::<10>()));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let own = params.signed_by(&key, &issuer)?;
    let root = CertificateDer::from_pem_slice(authority.certificate_pem.as_bytes())?;
    let facts = facts(own.der()).ok_or(IssueError::Unreadable)?;
    let file = pkcs12::file(subject.name, &key.serialize_der(), &[own.der(), &root])?;
    Ok(Issued { file, facts })
}

/// A name for the file that every system takes.
pub(crate) fn file_name(facts: &Facts) -> String {
    let short: String = facts.fingerprint.chars().take(8).collect();
    format!("device-{short}.p12")
}
