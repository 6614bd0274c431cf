#![allow(clippy::unwrap_used)]

use super::{
    authority::{self, named},
    certificate::{Refusal, Trusted, facts, judge},
    testing::{Brought, Leaf, authority_params},
};
use crate::{portal::Key, testing::START_MS};
use proptest::prelude::*;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, OtherNameValue, SanType,
};
use rustls_pki_types::CertificateDer;
use std::sync::LazyLock;
use uuid::Uuid;

/// RSA of 1024 bits.
const WEAK: &str = "-----BEGIN CERTIFICATE-----\n\
    MIIB+jCCAWOgAwIBAgIUGIDX2B4wrYPc7rw5Fp5vu55HXaowDQYJKoZIhvcNAQEL\n\
    BQAwDzENMAsGA1UEAwwEd2VhazAeFw0yNjExMjgwMzMzNTBaFw0zNjExMjUwMzMz\n\
    NTBaMA8xDTALBgNVBAMMBHdlYWswgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGB\n\
    AMVUXR7NuEfHWx1rQv7hpHO1uDQqcCA9wo8lWN6siDuqyEJRXu1kdSqIWbrqHRUY\n\
    srTnth44XYAjGttOZpa/W6oSECbVO67gjk9d1HzwAh7Uh7buQpJkU8V63WBHNlV+\n\
    zdTz1fRil9ANKaxwpiblNzhB3APuPTN82gHEf3jtW/KBAgMBAAGjUzBRMB0GA1Ud\n\
    DgQWBBRajljvgWLS2STfHf+0NVqZWkclKjAfBgNVHSMEGDAWgBRajljvgWLS2STf\n\
    Hf+0NVqZWkclKjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAEYL\n\
    2zyZxhgISg3u2te/KEk8YSurthTHSThmS0YC+jLNIZiEXMufjbo6PtELTXYPEFsz\n\
    b6UwkSKvk6xgsggIFaMxvTKm0uXWR+Rj1wSu4kKZscJe/TF+fmdgkG9jJPnMXINF\n\
    SmJ4O4U621JvNE4OFxUUNiFSDkPZqQzdFTWfl4FV\n\
    -----END CERTIFICATE-----\n";

static COMMON: LazyLock<Brought> = LazyLock::new(|| Brought::new("common"));

fn trusted(brought: &[&Brought]) -> Vec<Trusted> {
    let each = brought.iter().enumerate();
    each.map(|(at, brought)| Trusted {
        id: Uuid::from_u128(at as u128),
        certificate: brought.der.clone(),
    })
    .collect()
}

fn verdict(leaf: &Leaf<'_>, at_ms: i64) -> Result<Uuid, Refusal> {
    let chain = [COMMON.leaf(leaf)];
    judge(&chain, &trusted(&[&COMMON]), at_ms).map(|(behind, _)| behind[0])
}

#[test]
fn a_chain_must_lead_to_a_trusted_authority_now_and_be_meant_for_clients() {
    let good = Leaf::default();
    assert!(verdict(&good, START_MS).is_ok());
    let day_ms = 24 * 60 * 60 * 1000;
    assert_eq!(verdict(&good, START_MS + 31 * day_ms), Err(Refusal::Time));
    assert_eq!(verdict(&good, START_MS - 2 * day_ms), Err(Refusal::Time));
    let server = Leaf {
        usages: &[ExtendedKeyUsagePurpose::ServerAuth],
        ..Leaf::default()
    };
    assert_eq!(verdict(&server, START_MS), Err(Refusal::Purpose));
    let unsaid = Leaf {
        usages: &[],
        ..Leaf::default()
    };
    assert_eq!(verdict(&unsaid, START_MS), Err(Refusal::Purpose));
    assert_eq!(
        judge(&[], &trusted(&[&COMMON]), START_MS).unwrap_err(),
        Refusal::None
    );

    // Another authority of the same name is another one.
    let other = Brought::new("common");
    let chain = [other.leaf(&Leaf::default())];
    assert_eq!(
        judge(&chain, &trusted(&[&COMMON]), START_MS).unwrap_err(),
        Refusal::Untrusted
    );
    let (behind, _) = judge(&chain, &trusted(&[&COMMON, &other]), START_MS).unwrap();
    assert_eq!(behind, [Uuid::from_u128(1)]);
}

#[test]
fn an_authority_between_is_brought_by_the_browser() {
    let between_issuer = COMMON.between("between");
    let between = between_issuer.der.clone();
    let own = between_issuer.leaf(&Leaf::default());
    let roots = trusted(&[&COMMON]);
    assert!(judge(&[own.clone(), between.clone()], &roots, START_MS).is_ok());
    assert_eq!(
        judge(std::slice::from_ref(&own), &roots, START_MS).unwrap_err(),
        Refusal::Untrusted
    );
    // Where both are trusted both are told, the one that issued it first.
    let both = trusted(&[&COMMON, &between_issuer]);
    let (behind, _) = judge(&[own.clone(), between.clone()], &both, START_MS).unwrap();
    assert_eq!(behind, [Uuid::from_u128(1), Uuid::from_u128(0)]);
    let mut long = vec![own];
    long.extend((0..20).map(|_| between.clone()));
    assert_eq!(
        judge(&long, &roots, START_MS).unwrap_err(),
        Refusal::Unreadable
    );
}

#[test]
fn every_name_of_a_person_is_read() {
    let emails = ["Hana@shoji.example", "hana@example.com"];
    let der = COMMON.leaf(&Leaf {
        emails: &emails,
        ..Leaf::default()
    });
    assert_eq!(
        facts(&der).unwrap().people,
        ["hana@shoji.example", "hana@example.com"]
    );
    assert!(
        facts(&COMMON.leaf(&Leaf::default()))
            .unwrap()
            .people
            .is_empty()
    );

    let principal = |value| {
        let mut params = CertificateParams::default();
        let oid = vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3];
        params.subject_alt_names = vec![SanType::OtherName((oid, value))];
        params.distinguished_name.push(
            DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]),
            "taro@shoji.example",
        );
        let key = KeyPair::generate().unwrap();
        let own = params.signed_by(&key, &COMMON.issuer).unwrap();
        facts(own.der()).unwrap().people
    };
    let name = OtherNameValue::Utf8String("hana@shoji.example".to_owned());
    assert_eq!(
        principal(name),
        ["taro@shoji.example", "hana@shoji.example"]
    );
}

#[test]
fn only_what_can_be_an_authority_now_is_taken() {
    let wrong = |pem: &str| authority::read(pem, START_MS).unwrap_err();
    assert!(authority::read(&COMMON.pem, START_MS).is_ok());
    assert!(authority::read(&format!("Subject: common\n{}", COMMON.pem), START_MS).is_ok());
    assert_eq!(wrong("hello"), Key("authorities.wrong.pem"));
    assert_eq!(
        wrong(&format!("{0}{0}", COMMON.pem)),
        Key("authorities.wrong.several")
    );
    let secret = KeyPair::generate().unwrap().serialize_pem();
    assert_eq!(
        wrong(&format!("{}{secret}", COMMON.pem)),
        Key("authorities.wrong.secret")
    );
    assert_eq!(wrong(WEAK), Key("authorities.wrong.weak"));
    let made = |change: fn(&mut CertificateParams)| {
        let mut params = authority_params("made");
        change(&mut params);
        params
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap()
            .pem()
    };
    let no_authority = Key("authorities.wrong.no_authority");
    assert_eq!(
        wrong(&made(|params| params.is_ca = IsCa::ExplicitNoCa)),
        no_authority
    );
    let only_lists = |params: &mut CertificateParams| {
        params.key_usages.remove(0);
    };
    assert_eq!(wrong(&made(only_lists)), no_authority);
    let ended = |params: &mut CertificateParams| params.not_after = params.not_before;
    assert_eq!(wrong(&made(ended)), Key("authorities.wrong.ended"));
    let later = |params: &mut CertificateParams| {
        params.not_before = params.not_after - time::Duration::days(1);
    };
    assert_eq!(wrong(&made(later)), Key("authorities.wrong.not_yet"));
}

#[test]
fn numbers_are_read_as_tools_write_them() {
    let serial = |typed| named(typed).unwrap().0;
    assert_eq!(serial("00:2A"), "2a");
    assert_eq!(
        (serial("0x2a"), serial(" 2A "), serial("0")),
        ("2a".into(), "2a".into(), "0".into())
    );
    let (none, fingerprint) = named(&"AB:".repeat(32)).unwrap();
    assert_eq!((none.as_str(), fingerprint), ("", "ab".repeat(32)));
    for typed in ["", ":", "laptop", &"a".repeat(65)] {
        assert!(named(typed).is_err(), "{typed}");
    }
}

proptest! {
    /// Whatever is changed in a certificate, nothing panics and it does not count.
    #[test]
    fn a_changed_certificate_never_counts(at: prop::sample::Index, byte: u8, cut in 0usize..40) {
        static GOOD: LazyLock<CertificateDer<'static>> =
            LazyLock::new(|| COMMON.leaf(&Leaf { emails: &["hana@shoji.example"], ..Leaf::default() }));
        let mut der = GOOD.to_vec();
        let place = at.index(der.len());
        der[place] ^= byte;
        der.truncate(der.len() - cut);
        let same = der == GOOD.as_ref();
        let chain = [CertificateDer::from(der)];
        prop_assert_eq!(judge(&chain, &trusted(&[&COMMON]), START_MS).is_ok(), same);
    }

    #[test]
    fn whatever_bytes_come_nothing_panics(bytes: Vec<u8>, more: Vec<u8>) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let chain = [CertificateDer::from(bytes), CertificateDer::from(more)];
        prop_assert!(judge(&chain, &trusted(&[&COMMON]), START_MS).is_err());
        prop_assert!(authority::read(&text, START_MS).is_err());
        prop_assert!(authority::read_list(&text, &COMMON.der).is_err());
        let _ = named(&text);
    }

    /// The frame of a certificate with anything inside.
    #[test]
    fn an_authority_that_was_changed_is_read_or_not(at: prop::sample::Index, byte: u8) {
        let mut der = COMMON.der.to_vec();
        let place = at.index(der.len());
        der[place] ^= byte;
        let _ = authority::read(&super::trust::pem_of(&der), START_MS);
        let _ = facts(&der);
        let _ = authority::read_list("", &der);
    }
}
