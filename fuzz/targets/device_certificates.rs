//! Certificates of devices: what a browser shows, the authority that an administrator brings and its list of what was revoked are
//! read or refused, also where the authority itself has signed them.
#![no_main]

use ed25519_dalek::{Signer as _, SigningKey, pkcs8::EncodePrivateKey as _};
use libfuzzer_sys::fuzz_target;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::{io::Write as _, sync::LazyLock};
use uuid::Uuid;

#[path = "../../crates/server/src/identity/devices/authority.rs"]
#[allow(dead_code)]
mod authority;
#[path = "../../crates/server/src/identity/devices/certificate.rs"]
#[allow(dead_code)]
mod certificate;

/// What the control plane's own has the same name and form as.
mod portal {
    /// The key of a text.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Key(pub(crate) &'static str);
}

const NOW_MS: i64 = 1_800_000_000_000;
/// `AlgorithmIdentifier` of Ed25519 (RFC 8410), DER.
const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&[7; 32]));
static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

fuzz_target!(init: fuzz::seed(seeds()), |data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 5 {
        // A certificate as a browser shows it.
        0 => judged(data),
        // Whose content the authority signed.
        1 => judged(&signed(data)),
        // An authority: as text, and as content.
        2 => {
            let Ok(text) = std::str::from_utf8(data) else { return };
            brought(text);
        }
        3 => brought(&pem("CERTIFICATE", data)),
        // A revocation list that the authority signed, and what somebody types of a certificate.
        _ => {
            let list = pem("X509 CRL", &signed(data));
            if let Ok(list) = authority::read_list(&list, &AUTHORITY.der) {
                assert!(list.serials.len() <= authority::MAX_REVOKED);
                assert!(list.serials.iter().all(|serial| !serial.is_empty()));
            }
            let Ok(text) = std::str::from_utf8(data) else { return };
            let _ = authority::read_list(text, &AUTHORITY.der);
            if let Ok((serial, fingerprint)) = authority::named(text) {
                assert!(serial.is_empty() != fingerprint.is_empty());
            }
        }
    }
});

fn judged(der: &[u8]) {
    let trusted = [certificate::Trusted {
        id: Uuid::from_u128(7),
        certificate: CertificateDer::from(AUTHORITY.der.clone()),
    }];
    let chain = [CertificateDer::from(der)];
    if let Ok((behind, facts)) = certificate::judge(&chain, &trusted, NOW_MS) {
        assert_eq!(behind, [Uuid::from_u128(7)]);
        assert!(facts.is_for_clients && facts.not_after_ms >= NOW_MS);
    }
}

fn brought(text: &str) {
    if let Ok(given) = authority::read(text, NOW_MS) {
        assert!(given.not_after_ms > NOW_MS && given.fingerprint.len() == 64);
        // What is kept of it is read in the same way.
        let again = authority::read(&pem("CERTIFICATE", &given.der), NOW_MS);
        assert_eq!(again.as_ref(), Ok(&given));
    }
}

/// Content with the authority's signature (RFC 5280, sections 4.1 and 5.1).
fn signed(content: &[u8]) -> Vec<u8> {
    let signature = KEY.sign(content).to_bytes();
    let bits = [&[0][..], &signature].concat();
    let inner = [content, ED25519, &element(3, &bits)].concat();
    element(0x30, &inner)
}

/// An element in DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    let short: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    match short[..] {
        [] => der.push(0),
        [byte] if byte < 0x80 => der.push(byte),
        _ => {
            der.push(0x80 | u8::try_from(short.len()).unwrap_or(4));
            der.extend(short);
        }
    }
    der.extend(content);
    der
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
}

/// What is signed of something signed: the first element inside the outermost.
fn content(der: &[u8]) -> Vec<u8> {
    let header = |der: &[u8]| match der.get(1) {
        Some(short) if *short < 0x80 => (2, usize::from(*short)),
        Some(long) => {
            let count = usize::from(long & 0x7f);
            let bytes = der.get(2..2 + count).unwrap_or_default();
            let length = bytes
                .iter()
                .fold(0, |so_far, byte| so_far << 8 | usize::from(*byte));
            (2 + count, length)
        }
        None => (0, 0),
    };
    let (start, _) = header(der);
    let inner = &der[start..];
    let (head, length) = header(inner);
    inner[..head + length].to_vec()
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let key = KEY.to_pkcs8_der().expect("a key has a form");
        let key = PrivatePkcs8KeyDer::from(key.as_bytes().to_vec());
        let key = KeyPair::try_from(&key).expect("it can be read");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("it can be signed");
        let der = certificate.der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }
}

/// A good one for each part.
fn seeds() -> Vec<Vec<u8>> {
    let of = |kind: u8, data: &[u8]| [&[kind], data].concat();
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![SanType::Rfc822Name(
        "hana@x.example".try_into().expect("ascii"),
    )];
    let leaf = params
        .signed_by(&key, &AUTHORITY.issuer)
        .expect("a certificate");
    let at = rcgen::date_time_ymd(2026, 11, 1);
    let list = CertificateRevocationListParams {
        this_update: at,
        next_update: rcgen::date_time_ymd(2026, 12, 1),
        crl_number: SerialNumber::from(7),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(255),
            revocation_time: at,
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&AUTHORITY.issuer).expect("a list");
    let mut text = Vec::new();
    let _ = write!(text, "{}", pem("CERTIFICATE", &AUTHORITY.der));
    vec![
        of(0, leaf.der()),
        of(1, &content(leaf.der())),
        of(2, &text),
        of(3, &AUTHORITY.der),
        of(4, &content(list.der())),
        of(4, b"0x00:ab-CD ef"),
    ]
}
