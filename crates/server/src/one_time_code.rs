//! One-time codes of an authenticator app (TOTP, RFC 6238): six digits, 30 seconds, SHA-1, which is what all apps know.

use crate::app::random;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use qrcode::{QrCode, render::svg};
use totp_rs::{Builder, Totp};

/// Bytes of a secret (RFC 4226, section 4: 160 bits).
pub(crate) const SECRET_BYTES: usize = 20;

/// A new secret.
pub(crate) fn new_secret() -> [u8; SECRET_BYTES] {
    random()
}

/// The codes of a secret; `None` when something in it cannot be part of an app's entry.
pub(crate) fn of(secret: Vec<u8>, issuer: &str, account: &str) -> Option<Totp> {
    Builder::new()
        .with_secret(secret)
        .with_issuer(Some(issuer))
        .with_account_name(account)
        .build()
        .ok()
}

/// The time step of a code that is right now, one step early or late included. Spaces and dashes are no part of a code.
/// Whoever asks keeps the step, so that a code works once.
pub(crate) fn step(totp: &Totp, typed: &str, now_s: u64) -> Option<i64> {
    let code: String = typed.chars().filter(char::is_ascii_digit).collect();
    i64::try_from(totp.check(&code, now_s)?).ok()
}

/// What an authenticator app is given, as a picture and to type. It holds the secret.
#[derive(Clone)]
pub struct Authenticator {
    /// A QR code as a `data:` URL.
    pub picture: String,
    /// The secret in groups of four letters.
    pub secret: String,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

impl Authenticator {
    /// Of some codes; `None` when they do not fit into a QR code.
    pub(crate) fn new(totp: &Totp) -> Option<Self> {
        let url = totp.to_url().ok()?;
        let code = QrCode::new(url).ok()?;
        let picture = code
            .render::<svg::Color<'_>>()
            .min_dimensions(200, 200)
            .build();
        let secret = totp.secret().to_base32();
        let groups: Vec<String> = secret
            .as_bytes()
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        Some(Self {
            picture: format!("data:image/svg+xml;base64,{}", STANDARD.encode(picture)),
            secret: groups.join(" "),
        })
    }
}
