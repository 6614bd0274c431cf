//! An authenticator and a browser in software, for tests: what they should not do, they can be told to.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ciborium::Value;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// With one passkey.
pub(in super::super) struct Authenticator {
    /// Where its browser believes to be.
    pub(in super::super) origin: String,
    pub(in super::super) rp_id: String,
    /// Person present and verified, both good and not.
    pub(in super::super) flags: u8,
    /// Of the next signature.
    pub(in super::super) sign_count: u32,
    /// Whether the page is inside another site's.
    pub(in super::super) is_framed: bool,
    pub(in super::super) id: Vec<u8>,
    /// By what it knows the person, base64url.
    pub(in super::super) user: String,
    pub(super) key: EcdsaKeyPair,
}

impl Authenticator {
    /// Of somebody who is at a site.
    pub(in super::super) fn new(origin: &str) -> Self {
        let host = origin.trim_start_matches("https://");
        Self {
            origin: origin.to_owned(),
            rp_id: host.split(':').next().unwrap_or_default().to_owned(),
            flags: 0b101,
            sign_count: 1,
            is_framed: false,
            id: crate::app::random::<32>().to_vec(),
            user: String::new(),
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
        }
    }

    /// Makes its passkey, and counts: what the portal's script sends.
    pub(in super::super) fn create(&mut self, challenge: &str, user: &str) -> String {
        user.clone_into(&mut self.user);
        let mut data = self.data(0b0100_0000);
        self.sign_count += 1;
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        let number = |n: i64| Value::from(n);
        let pairs = vec![
            (number(1), number(2)),
            (number(3), number(-7)),
            (number(-1), number(1)),
            (number(-2), Value::Bytes(point[1..33].to_vec())),
            (number(-3), Value::Bytes(point[33..].to_vec())),
        ];
        ciborium::into_writer(&Value::Map(pairs), &mut data).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let object = Value::Map(vec![
            (text("fmt"), text("none")),
            (text("attStmt"), Value::Map(Vec::new())),
            (text("authData"), Value::Bytes(data)),
        ]);
        let mut attestation = Vec::new();
        ciborium::into_writer(&object, &mut attestation).unwrap();
        json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "client": URL_SAFE_NO_PAD.encode(self.collected("webauthn.create", challenge)),
            "attestation": URL_SAFE_NO_PAD.encode(attestation),
        })
        .to_string()
    }

    /// Shows its passkey, and counts.
    pub(in super::super) fn get(&mut self, challenge: &str) -> String {
        let client = self.collected("webauthn.get", challenge);
        let data = self.data(0);
        self.sign_count += 1;
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "client": URL_SAFE_NO_PAD.encode(client),
            "authenticator": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature),
            "user": self.user,
        })
        .to_string()
    }

    fn collected(&self, kind: &str, challenge: &str) -> String {
        json!({
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.is_framed,
        })
        .to_string()
    }

    fn data(&self, more_flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(&self.rp_id).to_vec();
        data.push(self.flags | more_flags);
        data.extend(self.sign_count.to_be_bytes());
        data
    }
}
