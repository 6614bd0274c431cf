//! An authority that a customer brings: what is taken, and what is not. And the revocation lists of such. Pure.

use super::certificate::{anchor, hex, serial, shown};
use crate::portal::Key;
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer,
    pem::{PemObject as _, SectionKind},
};
use sha2::{Digest as _, Sha256};
use x509_parser::{
    certificate::X509Certificate, parse_x509_certificate, parse_x509_crl, public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

/// How many authorities a customer may have.
pub(super) const MAX_AUTHORITIES: usize = 10;
/// The largest certificate in DER, in bytes.
const MAX_CERTIFICATE: usize = 16 * 1024;
/// The most entries of a revocation list.
pub(super) const MAX_REVOKED: usize = 5_000;
const ED25519: &str = "1.3.101.112";

/// An authority as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) der: Vec<u8>,
    /// SHA-256, hexadecimal.
    pub(crate) fingerprint: String,
    /// For readers.
    pub(crate) subject: String,
    /// Unix milliseconds.
    pub(crate) not_after_ms: i64,
}

/// A revocation list as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// When it was made, Unix milliseconds.
    pub(crate) at_ms: i64,
    /// When its maker makes the next one, Unix milliseconds.
    pub(crate) until_ms: Option<i64>,
    /// Serial numbers, hexadecimal.
    pub(crate) serials: Vec<String>,
}

/// Reads the one certificate in a PEM text, if it can be an authority now. `now_ms` in Unix milliseconds.
pub(crate) fn read(pem: &str, now_ms: i64) -> Result<Given, Key> {
    let mut found = certificates(pem)?.into_iter();
    let der = found.next().ok_or(Key("authorities.wrong.pem"))?;
    if found.next().is_some() {
        return Err(Key("authorities.wrong.several"));
    }
    if der.len() > MAX_CERTIFICATE {
        return Err(Key("authorities.wrong.large"));
    }
    let (rest, certificate) =
        parse_x509_certificate(&der).map_err(|_| Key("authorities.wrong.certificate"))?;
    if !rest.is_empty() || anchor(&CertificateDer::from(der.as_slice())).is_none() {
        return Err(Key("authorities.wrong.certificate"));
    }
    check(&certificate, now_ms)?;
    Ok(Given {
        fingerprint: hex(&Sha256::digest(&der)),
        subject: shown(&certificate.subject().to_string()),
        not_after_ms: certificate.validity().not_after.timestamp() * 1000,
        der: der.clone(),
    })
}

/// The certificates of a PEM text. A private key has no business here, and is not looked at.
fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, Key> {
    let mut found = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()) {
        let (kind, der) = section.map_err(|_| Key("authorities.wrong.pem"))?;
        if kind != SectionKind::Certificate {
            return Err(Key("authorities.wrong.secret"));
        }
        found.push(der);
    }
    Ok(found)
}

fn check(certificate: &X509Certificate<'_>, now_ms: i64) -> Result<(), Key> {
    let constraints = certificate.basic_constraints().ok().flatten();
    if !constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(Key("authorities.wrong.no_authority"));
    }
    let usage = certificate
        .key_usage()
        .map_err(|_| Key("authorities.wrong.certificate"))?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(Key("authorities.wrong.no_authority"));
    }
    if !is_strong(certificate.public_key()) {
        return Err(Key("authorities.wrong.weak"));
    }
    let validity = certificate.validity();
    let now_s = now_ms / 1000;
    if validity.not_after.timestamp() <= now_s {
        return Err(Key("authorities.wrong.ended"));
    }
    if validity.not_before.timestamp() > now_s {
        return Err(Key("authorities.wrong.not_yet"));
    }
    Ok(())
}

/// RSA from 2048 bits, the NIST curves from P-256, Ed25519.
fn is_strong(key: &SubjectPublicKeyInfo<'_>) -> bool {
    if key.algorithm.algorithm.to_id_string() == ED25519 {
        return true;
    }
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => (2048..=8192).contains(&rsa.key_size()),
        Ok(PublicKey::EC(point)) => point.key_size() >= 256,
        _ => false,
    }
}

/// Reads a revocation list (RFC 5280, section 5) in PEM or DER, if the authority signed it.
pub(crate) fn read_list(given: &str, authority: &[u8]) -> Result<List, Key> {
    let der = CertificateRevocationListDer::from_pem_slice(given.as_bytes())
        .map_err(|_| Key("authorities.wrong.list"))?;
    let (rest, list) = parse_x509_crl(&der).map_err(|_| Key("authorities.wrong.list"))?;
    let (_, issuer) =
        parse_x509_certificate(authority).map_err(|_| Key("authorities.wrong.list"))?;
    let is_of_issuer = list.issuer().as_raw() == issuer.subject().as_raw();
    if !rest.is_empty() || !is_of_issuer || list.verify_signature(issuer.public_key()).is_err() {
        return Err(Key("authorities.wrong.list_signature"));
    }
    let mut serials = Vec::new();
    for revoked in list.iter_revoked_certificates() {
        serials.push(serial(revoked.raw_serial()));
        if serials.len() > MAX_REVOKED {
            return Err(Key("authorities.wrong.list_large"));
        }
    }
    Ok(List {
        at_ms: list.last_update().timestamp() * 1000,
        until_ms: list.next_update().map(|at| at.timestamp() * 1000),
        serials,
    })
}

/// What an administrator typed to name a certificate, as it is kept: a fingerprint (SHA-256) or a serial number, with or
/// without colons and spaces.
pub(crate) fn named(typed: &str) -> Result<(String, String), Key> {
    let typed = typed.trim();
    let typed = typed.strip_prefix("0x").unwrap_or(typed);
    let hex: String = typed
        .chars()
        .filter(|c| !matches!(c, ':' | ' ' | '-'))
        .collect::<String>()
        .to_lowercase();
    if hex.is_empty() || hex.len() > 64 || !hex.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Key("authorities.wrong.number"));
    }
    if hex.len() == 64 {
        return Ok((String::new(), hex));
    }
    let short = hex.trim_start_matches('0');
    let short = if short.is_empty() { "0" } else { short };
    Ok((short.to_owned(), String::new()))
}
