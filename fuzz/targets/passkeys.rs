//! Passkeys: what a browser sends of an authenticator is read or refused, whichever part of it is hostile, and what was read of
//! a new one can be read again when it is shown.
#![no_main]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ciborium::Value;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use sha2::{Digest as _, Sha256};

#[path = "../../crates/server/src/identity/passkeys/cose.rs"]
#[allow(dead_code)]
mod cose;
#[path = "../../crates/server/src/identity/passkeys/verify.rs"]
#[allow(dead_code)]
mod verify;

const ORIGIN: &str = "https://desk.example.jp";
const SITE: (&str, &str) = (ORIGIN, "desk.example.jp");
/// Person present and verified, with a new credential.
const NEW: u8 = 0b0100_0101;
const SHOWN: u8 = 0b0000_0101;

fuzz_target!(init: fuzz::seed(seeds()), |data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 6 {
        // The whole answer, of either kind.
        0 => {
            let Ok(text) = std::str::from_utf8(data) else { return };
            let _ = verify::made(text, SITE);
            if let Ok(shown) = verify::shown(text, SITE) {
                assert!(!shown.credential_id.is_empty());
                assert!(shown.check(&b64(&key())).is_err());
            }
        }
        // What the authenticator says of a new passkey.
        1 => new(&attestation(&[&authenticator(NEW)[..], data].concat())),
        // All that is around it.
        2 => new(data),
        // What it says of one that is shown.
        3 => drop(verify::shown(&assertion(&client("webauthn.get"), data, b"s"), SITE)),
        // What the browser says of where it is.
        4 => {
            if let Ok(shown) = verify::shown(&assertion(data, &authenticator(SHOWN), b"s"), SITE) {
                let said: serde_json::Value = serde_json::from_slice(data).expect("it was read");
                assert_eq!(said["origin"], ORIGIN);
                assert_eq!(said["type"], "webauthn.get");
                assert_eq!(said["challenge"], shown.challenge.as_str());
            }
        }
        // A key, and a signature that nobody made with it.
        _ => {
            if let Ok(key) = cose::PublicKey::read(data) {
                assert!(key.verify(b"a message", b"no signature").is_err());
            }
        }
    }
});

fn new(attestation: &[u8]) {
    let id = b64(b"credential");
    let answer = json!({
        "id": id, "client": b64(&client("webauthn.create")), "attestation": b64(attestation),
    });
    if let Ok(made) = verify::made(&answer.to_string(), SITE) {
        assert_eq!(made.credential_id, id);
        let key = URL_SAFE_NO_PAD
            .decode(&made.public_key)
            .expect("it was written here");
        cose::PublicKey::read(&key).expect("a key that was taken can be used");
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn client(kind: &str) -> Vec<u8> {
    json!({ "type": kind, "challenge": "Y2hhbGxlbmdl", "origin": ORIGIN, "crossOrigin": false })
        .to_string()
        .into_bytes()
}

fn assertion(client: &[u8], authenticator: &[u8], signature: &[u8]) -> String {
    json!({
        "id": b64(b"credential"), "client": b64(client), "authenticator": b64(authenticator),
        "signature": b64(signature), "user": "",
    })
    .to_string()
}

/// The head of authenticator data.
fn authenticator(flags: u8) -> Vec<u8> {
    let mut data = Sha256::digest(SITE.1).to_vec();
    data.extend([flags, 0, 0, 0, 7]);
    data
}

fn attestation(data: &[u8]) -> Vec<u8> {
    let text = |text: &str| Value::Text(text.to_owned());
    cbor(&Value::Map(vec![
        (text("fmt"), text("none")),
        (text("attStmt"), Value::Map(Vec::new())),
        (text("authData"), Value::Bytes(data.to_vec())),
    ]))
}

/// A `COSE_Key` of Ed25519.
fn key() -> Vec<u8> {
    let point = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let pairs = [
        (1, Value::from(1)),
        (3, Value::from(-8)),
        (-1, Value::from(6)),
    ];
    let mut pairs: Vec<_> = pairs
        .map(|(label, value)| (Value::from(label), value))
        .into();
    pairs.push((Value::from(-2), Value::Bytes(point.to_bytes().to_vec())));
    cbor(&Value::Map(pairs))
}

/// One of RSA; whose modulus is no product of two primes, which nobody looks at.
fn rsa() -> Vec<u8> {
    let pairs = [
        (1, Value::from(3)),
        (3, Value::from(-257)),
        (-1, Value::Bytes(vec![0xff; 256])),
        (-2, Value::Bytes(vec![1, 0, 1])),
    ];
    cbor(&Value::Map(
        pairs
            .map(|(label, value)| (Value::from(label), value))
            .into(),
    ))
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap_or_default();
    bytes
}

/// A good one for each part.
fn seeds() -> [Vec<u8>; 8] {
    let credential = [&[0; 16][..], &[0, 10], b"credential", &key()].concat();
    let whole = attestation(&[&authenticator(NEW)[..], &credential].concat());
    let made = json!({
        "id": b64(b"credential"), "client": b64(&client("webauthn.create")), "attestation": b64(&whole),
    });
    let shown = assertion(&client("webauthn.get"), &authenticator(SHOWN), b"s");
    let of = |kind: u8, data: &[u8]| [&[kind], data].concat();
    [
        of(0, made.to_string().as_bytes()),
        of(0, shown.as_bytes()),
        of(1, &credential),
        of(2, &whole),
        of(3, &authenticator(SHOWN)),
        of(4, &client("webauthn.get")),
        of(5, &key()),
        of(5, &rsa()),
    ]
}
