//! What a device's certificate says, and whether it counts. Pure: bytes and a moment in, facts or a refusal out.
//!
//! The chain is built and checked by webpki (RFC 5280); what webpki does not look at, since servers are its business, is
//! read with x509-parser: whose it is, and that it is meant for clients. What cannot be read in full is refused, so that a
//! name that is overlooked makes nobody's certificate everybody's.

use crate::portal::Key;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sha2::{Digest as _, Sha256};
use std::{fmt::Write as _, time::Duration};
use uuid::Uuid;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::{
    asn1_rs::{Any, FromDer as _, Tag},
    certificate::X509Certificate,
    extensions::GeneralName,
    parse_x509_certificate,
};

/// A browser sends its own certificate and what leads to the authority; more than this nobody has.
const MAX_CHAIN: usize = 8;
/// The name of a Windows account inside a certificate (`userPrincipalName`).
const USER_PRINCIPAL_NAME: &str = "1.3.6.1.4.1.311.20.2.3";

/// An authority whose certificates count.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    pub(crate) id: Uuid,
    pub(crate) certificate: CertificateDer<'static>,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// SHA-256 of the certificate, hexadecimal.
    pub(crate) fingerprint: String,
    /// The serial number, hexadecimal, without leading zeros.
    pub(crate) serial: String,
    /// The subject, for readers.
    pub(crate) subject: String,
    /// The addresses that it names, in lower case. Without any it is a device's alone.
    pub(crate) people: Vec<String>,
    /// When it ends, Unix milliseconds.
    pub(crate) not_after_ms: i64,
    /// Whether it says that it is meant for clients.
    pub(crate) is_for_clients: bool,
}

/// Why a certificate does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The browser showed none.
    None,
    /// It cannot be read, or its chain is too long.
    Unreadable,
    /// No authority of the organisation stands behind it.
    Untrusted,
    /// It is not good yet, or any more.
    Time,
    /// It is not meant for clients.
    Purpose,
    /// It was revoked.
    Revoked,
    /// It is another person's.
    OtherPerson,
}

impl Refusal {
    const ALL: [Self; 7] = [
        Self::None,
        Self::Unreadable,
        Self::Untrusted,
        Self::Time,
        Self::Purpose,
        Self::Revoked,
        Self::OtherPerson,
    ];

    /// As records write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unreadable => "unreadable",
            Self::Untrusted => "untrusted",
            Self::Time => "time",
            Self::Purpose => "purpose",
            Self::Revoked => "revoked",
            Self::OtherPerson => "other person",
        }
    }

    /// The refusal of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.name() == name)
    }

    /// What the reader is told.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::None => Key("device_check.refused.none"),
            Self::Unreadable => Key("device_check.refused.unreadable"),
            Self::Untrusted => Key("device_check.refused.untrusted"),
            Self::Time => Key("device_check.refused.time"),
            Self::Purpose => Key("device_check.refused.purpose"),
            Self::Revoked => Key("device_check.refused.revoked"),
            Self::OtherPerson => Key("device_check.refused.other_person"),
        }
    }
}

/// Which authorities stand behind a chain, its own certificate first, and what that says: all of them, for each may have
/// revoked it; the one that issued it, if it is trusted itself, comes first. `now_ms` in Unix milliseconds.
pub(crate) fn judge(
    chain: &[CertificateDer<'_>],
    trusted: &[Trusted],
    now_ms: i64,
) -> Result<(Vec<Uuid>, Facts), Refusal> {
    let (own, others) = chain.split_first().ok_or(Refusal::None)?;
    if others.len() >= MAX_CHAIN {
        return Err(Refusal::Unreadable);
    }
    let facts = facts(own).ok_or(Refusal::Unreadable)?;
    let leaf = EndEntityCert::try_from(own).map_err(|_| Refusal::Unreadable)?;
    let now = UnixTime::since_unix_epoch(Duration::from_millis(
        u64::try_from(now_ms).unwrap_or_default(),
    ));
    let mut why = Refusal::Untrusted;
    let mut behind = Vec::new();
    for authority in trusted {
        let Some(anchor) = anchor(&authority.certificate) else {
            continue;
        };
        let usage = KeyUsage::client_auth();
        let anchors = [anchor];
        let checked = leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            others,
            now,
            usage,
            None,
            None,
        );
        match checked {
            Ok(_) if facts.is_for_clients => {
                let is_issuer = anchors[0].subject.as_ref() == leaf.issuer();
                behind.insert(if is_issuer { 0 } else { behind.len() }, authority.id);
            }
            Ok(_) => why = Refusal::Purpose,
            Err(error) => why = worse(why, &error),
        }
    }
    if behind.is_empty() {
        return Err(why);
    }
    Ok((behind, facts))
}

/// What to tell of a chain that leads nowhere: the reason that its owner can do something about.
fn worse(so_far: Refusal, error: &webpki::Error) -> Refusal {
    match error {
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => Refusal::Time,
        webpki::Error::RequiredEkuNotFoundContext(_) => Refusal::Purpose,
        _ => so_far,
    }
}

/// What chains are led to: an authority's name, key and constraints.
pub(super) fn anchor<'a>(certificate: &'a CertificateDer<'a>) -> Option<TrustAnchor<'a>> {
    anchor_from_trusted_cert(certificate).ok()
}

/// Reads a certificate; `None` when anything in it that matters here cannot be read.
pub(crate) fn facts(der: &[u8]) -> Option<Facts> {
    let (rest, certificate) = parse_x509_certificate(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let usage = certificate.extended_key_usage().ok()?;
    Some(Facts {
        fingerprint: hex(&Sha256::digest(der)),
        serial: serial(certificate.raw_serial()),
        subject: shown(&certificate.subject().to_string()),
        people: people(&certificate)?,
        not_after_ms: certificate
            .validity()
            .not_after
            .timestamp()
            .checked_mul(1000)?,
        is_for_clients: usage.is_some_and(|usage| usage.value.client_auth),
    })
}

/// Every address that a certificate names as its owner's; `None` when a name cannot be read.
fn people(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let mut people = Vec::new();
    for address in certificate.subject().iter_email() {
        people.push(address.as_str().ok()?.to_owned());
    }
    if let Some(names) = certificate.subject_alternative_name().ok()? {
        for name in &names.value.general_names {
            match name {
                GeneralName::RFC822Name(address) => people.push((*address).to_owned()),
                GeneralName::OtherName(oid, value) if oid.to_id_string() == USER_PRINCIPAL_NAME => {
                    people.push(principal(value)?);
                }
                GeneralName::Invalid(..) => return None,
                _ => {}
            }
        }
    }
    let people = people
        .into_iter()
        .map(|address| address.trim().to_lowercase());
    Some(people.collect())
}

/// The text of `[0] EXPLICIT UTF8String`.
fn principal(value: &[u8]) -> Option<String> {
    let (_, outer) = Any::from_der(value).ok()?;
    let text = if outer.tag() == Tag::Utf8String {
        outer.data
    } else {
        let (_, inner) = Any::from_der(outer.data).ok()?;
        if inner.tag() != Tag::Utf8String {
            return None;
        }
        inner.data
    };
    String::from_utf8(text.to_vec()).ok()
}

/// A serial number as it is kept and compared: hexadecimal in lower case, without leading zeros.
pub(super) fn serial(bytes: &[u8]) -> String {
    let hex = hex(bytes);
    let short = hex.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }.to_owned()
}

/// A subject cut to what a list can show, without what would change how it is read.
pub(super) fn shown(subject: &str) -> String {
    let clean = subject.chars().filter(|c| !c.is_control());
    clean.take(200).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
