//! Seals single fields of the database: who has the database alone, or moves a field to another row, learns nothing.
//!
//! AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; the associated data is the field's place. The text is
//! base64url of nonce, ciphertext and tag.

use crate::app;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// The key that seals.
pub(crate) struct Seal(LessSafeKey);

/// Where a field is: it can be opened nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) row: Uuid,
}

impl Seal {
    // The algorithm's keys have 32 bytes, so that making one cannot fail.
    #[allow(clippy::expect_used)]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// The sealed form of a secret.
    pub(crate) fn close(&self, place: Place, secret: &[u8]) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = app::random();
        let mut bytes = secret.to_vec();
        let aad = Aad::from(place.text());
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes)
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat()))
    }

    /// The secret; `None` when it was sealed elsewhere, with another key, or changed.
    pub(crate) fn open(&self, place: Place, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = rest.to_vec();
        let aad = Aad::from(place.text());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let secret = self.0.open_in_place(nonce, aad, &mut rest).ok()?;
        Some(secret.to_vec())
    }
}

impl Place {
    fn text(&self) -> String {
        format!("nagaya/{}/{}/{}", self.table, self.column, self.row)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_field_opens_at_its_place_alone_and_only_unchanged() {
        let seal = Seal::new(&[7; 32]);
        let place = Place {
            table: "operators",
            column: "totp",
            row: Uuid::from_u128(1),
        };
        let sealed = seal.close(place, b"secret").unwrap();
        assert_eq!(seal.open(place, &sealed).unwrap(), b"secret");
        assert_ne!(seal.close(place, b"secret").unwrap(), sealed);
        let elsewhere = Place {
            row: Uuid::from_u128(2),
            ..place
        };
        assert_eq!(seal.open(elsewhere, &sealed), None);
        assert_eq!(Seal::new(&[8; 32]).open(place, &sealed), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        bytes[NONCE_LEN] ^= 1;
        assert_eq!(seal.open(place, &URL_SAFE_NO_PAD.encode(bytes)), None);
        assert_eq!(seal.open(place, "no sealed text"), None);
    }
}
