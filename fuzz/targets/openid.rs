//! What an organisation's provider answers: its description, its keys and the identity that it signed are read or refused. What is
//! taken is the provider's own, for this service, of this sign-in and of now.
#![no_main]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::sync::LazyLock;
use trouble::Trouble;

#[path = "../../crates/server/src/identity/federation/answers.rs"]
#[allow(dead_code)]
mod answers;
#[path = "../../crates/server/src/identity/federation/trouble.rs"]
#[allow(dead_code)]
mod trouble;

const ISSUER: &str = "https://id.example.jp";
const CLIENT: &str = "nagaya";
const NONCE: &str = "n-0S6_WzA2Mj";
const NOW_S: i64 = 1_800_000_000;
const EXPECTED: answers::Expected<'_> = answers::Expected {
    issuer: ISSUER,
    client_id: CLIENT,
    nonce: NONCE,
    now_ms: NOW_S * 1000,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&[7; 32]));

fuzz_target!(init: fuzz::seed(seeds()), |data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 6 {
        0 => {
            if let Ok(metadata) = answers::metadata(data, ISSUER) {
                assert_eq!(metadata.issuer, ISSUER);
                assert!(metadata.token_endpoint.to_lowercase().trim_start().starts_with("https:"));
                assert!(!metadata.algorithms().is_empty());
            }
        }
        // Claims that the provider signed, whatever they are.
        1 => {
            let tokens = answer(&signed(&header("EdDSA"), data, &KEY));
            if let Some(identity) = identified(&tokens, &keys()) {
                let claims: Value = serde_json::from_slice(data).expect("it was read");
                assert_eq!((&claims["iss"], &claims["nonce"]), (&json!(ISSUER), &json!(NONCE)));
                assert!(!identity.subject.is_empty() && identity.subject.len() <= 255);
            }
        }
        // The header of a signed identity.
        2 => drop(identified(&answer(&signed(data, &claims(), &KEY)), &keys())),
        // Signed by somebody else, or nobody: never taken, whatever the header says.
        3 => {
            let strange = SigningKey::from_bytes(&[9; 32]);
            let token = signed(data, &claims(), &strange);
            assert!(identified(&answer(&token), &keys()).is_none());
        }
        // The keys.
        4 => drop(identified(&answer(&signed(&header("EdDSA"), &claims(), &KEY)), data)),
        // The answer to a code, and what is said elsewhere.
        _ => {
            let _ = identified(data, &keys());
            let mut identity = answers::Identity {
                subject: "s-1".to_owned(),
                ..answers::Identity::default()
            };
            if answers::complete(&mut identity, data, "name").is_ok() {
                let said: Value = serde_json::from_slice(data).expect("it was read");
                assert_eq!(said["sub"], "s-1");
            }
        }
    }
});

fn identified(answer: &[u8], keys: &[u8]) -> Option<answers::Identity> {
    let tokens: answers::Tokens = serde_json::from_slice(answer).ok()?;
    answers::identity(&tokens, keys, EXPECTED, "name").ok()
}

/// A JWS in its compact form (RFC 7515).
fn signed(header: &[u8], claims: &[u8], key: &SigningKey) -> String {
    let head = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = key.sign(head.as_bytes()).to_bytes();
    format!("{head}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header(algorithm: &str) -> Vec<u8> {
    json!({ "alg": algorithm, "kid": "k" })
        .to_string()
        .into_bytes()
}

fn claims() -> Vec<u8> {
    let claims = json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "s-1", "nonce": NONCE, "iat": NOW_S, "exp": NOW_S + 300,
        "auth_time": NOW_S - 5, "email": "hana@x.example", "email_verified": true, "name": "花子",
        "acr": "urn:mfa", "amr": ["pwd", "otp"],
    });
    claims.to_string().into_bytes()
}

/// The provider's key (RFC 8037).
fn keys() -> Vec<u8> {
    let point = URL_SAFE_NO_PAD.encode(KEY.verifying_key().to_bytes());
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "use": "sig", "alg": "EdDSA", "x": point });
    json!({ "keys": [key] }).to_string().into_bytes()
}

fn answer(token: &str) -> Vec<u8> {
    json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token })
        .to_string()
        .into_bytes()
}

/// A good one for each part, and keys of the other kinds.
fn seeds() -> Vec<Vec<u8>> {
    let of = |kind: u8, data: &[u8]| [&[kind], data].concat();
    let metadata = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example.jp/authorize",
        "token_endpoint": "https://id.example.jp/token",
        "jwks_uri": "https://id.example.jp/keys",
        "userinfo_endpoint": "https://id.example.jp/me",
        "id_token_signing_alg_values_supported": ["RS256", "EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    let (n, x) = (
        URL_SAFE_NO_PAD.encode([0xff; 256]),
        URL_SAFE_NO_PAD.encode([5; 32]),
    );
    let others = json!({ "keys": [
        { "kty": "RSA", "kid": "k", "use": "sig", "alg": "RS256", "n": n, "e": "AQAB" },
        { "kty": "EC", "kid": "k", "use": "sig", "crv": "P-256", "x": x, "y": x },
        { "kty": "oct", "kid": "k", "k": x },
    ] });
    let more = json!({ "sub": "s-1", "email": "hana@x.example", "email_verified": "true", "name": "花子" });
    assert!(identified(&answer(&signed(&header("EdDSA"), &claims(), &KEY)), &keys()).is_some());
    vec![
        of(0, metadata.to_string().as_bytes()),
        of(1, &claims()),
        of(2, &header("EdDSA")),
        of(2, &header("RS256")),
        of(3, &header("none")),
        of(3, &header("HS256")),
        of(4, &keys()),
        of(4, others.to_string().as_bytes()),
        of(5, &answer(&signed(&header("EdDSA"), &claims(), &KEY))),
        of(5, more.to_string().as_bytes()),
    ]
}
