//! Tickets: a text that nobody signed is never accepted, and claims that were signed are read or refused, never worse.
#![no_main]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;
use wire::{
    ids::{ConnectionId, GatewayId, SessionId, TenantId, UserId},
    rights::Rights,
    ticket::{self, Claims, Side},
};

const NOW_S: u64 = 1_800_000_000;
const SKEW_S: u64 = 5;

fuzz_target!(init: fuzz::seed(seeds()), |data: &[u8]| {
    let (ours, strange) = (key(1), key(2));
    let gateway = GatewayId(Uuid::from_u128(7));
    let verify = |text: &str, key: &SigningKey| {
        ticket::verify(text, &[key.verifying_key()], gateway, NOW_S, SKEW_S)
    };
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(verify(text, &strange).is_err());
    }
    let signed = signed(data, &ours);
    assert!(verify(&signed, &strange).is_err());
    if let Ok(claims) = verify(&signed, &ours) {
        assert_eq!(verify(&ticket::sign(&claims, &ours), &ours), Ok(claims));
    }
});

/// A ticket over any claims. The format is the one that `wire::ticket` describes.
fn signed(claims: &[u8], key: &SigningKey) -> String {
    let signature = key.sign(&[b"nagaya relay ticket v1\n", claims].concat());
    let (claims, signature) = (
        URL_SAFE_NO_PAD.encode(claims),
        URL_SAFE_NO_PAD.encode(signature.to_bytes()),
    );
    format!("nt1.{claims}.{signature}")
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A ticket that nobody but the strange key would refuse, and the claims in it.
fn seeds() -> [Vec<u8>; 2] {
    let id = Uuid::from_u128(7);
    let claims = Claims {
        id,
        issued_at_s: NOW_S,
        expires_at_s: NOW_S + ticket::LIFETIME_S,
        tenant: TenantId(id),
        user: UserId(id),
        session: SessionId(id),
        gateway: GatewayId(id),
        connection: ConnectionId(id),
        side: Side::Browser,
        rights: Rights::OWN_SESSION,
        idle_timeout_s: 600,
        max_duration_s: 86_400,
    };
    let text = ticket::sign(&claims, &key(1));
    let json = text.split('.').nth(1).unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(json).unwrap_or_default();
    [text.into_bytes(), json]
}
