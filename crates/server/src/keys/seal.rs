//! AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. The associated data is the field's place, so that a
//! sealed field opens nowhere else: not in another row, column or table, and not for another customer.

use super::Owner;
use crate::app;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;
use uuid::Uuid;

/// A key that seals.
pub(crate) struct Seal(LessSafeKey);

/// Where a field is: it can be opened nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) row: Uuid,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(key not shown)")
    }
}

impl Seal {
    // The algorithm's keys have 32 bytes, so that making one cannot fail.
    #[allow(clippy::expect_used)]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// The sealed form: base64url of nonce, ciphertext and tag.
    pub(super) fn close(&self, aad: &str, secret: &[u8]) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = app::random();
        let mut bytes = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                &mut bytes,
            )
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat()))
    }

    /// The secret; `None` when it was sealed elsewhere, with another key, or changed.
    pub(super) fn open(&self, aad: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let secret = self.0.open_in_place(nonce, Aad::from(aad), &mut rest);
        Some(secret.ok()?.to_vec())
    }
}

impl Place {
    /// What a field is bound to: whose it is, which version of their key sealed it, and where it is.
    pub(super) fn bound(&self, owner: Owner, version: i64) -> String {
        let Self { table, column, row } = self;
        format!("nagaya/2/{}/{version}/{table}/{column}/{row}", owner.id())
    }

    /// What fields were bound to before customers had keys of their own.
    pub(super) fn bound_before(&self) -> String {
        format!("nagaya/{}/{}/{}", self.table, self.column, self.row)
    }
}

/// A value by which what is sealed is found, for equality alone: HMAC-SHA-256 under a key of its own, so that who has the
/// database cannot try out guesses.
pub(super) fn index(key: &[u8; 32], name: &str, value: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(name.as_bytes());
    context.update(&[0]);
    context.update(value.as_bytes());
    URL_SAFE_NO_PAD.encode(context.sign())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use wire::ids::TenantId;

    #[test]
    fn a_sealed_field_opens_at_its_place_alone_and_only_unchanged() {
        let seal = Seal::new(&[7; 32]);
        let place = Place {
            table: "operators",
            column: "totp",
            row: Uuid::from_u128(1),
        };
        let aad = place.bound(Owner::Service, 1);
        let sealed = seal.close(&aad, b"secret").unwrap();
        assert_eq!(seal.open(&aad, &sealed).unwrap(), b"secret");
        assert_ne!(seal.close(&aad, b"secret").unwrap(), sealed);
        let row = Uuid::from_u128(2);
        let other = Owner::Tenant(TenantId(row));
        let elsewhere = [
            Place { row, ..place }.bound(Owner::Service, 1),
            Place {
                column: "login",
                ..place
            }
            .bound(Owner::Service, 1),
            Place {
                table: "users",
                ..place
            }
            .bound(Owner::Service, 1),
            place.bound(other, 1),
            place.bound(Owner::Service, 2),
        ];
        for aad in elsewhere {
            assert_eq!(seal.open(&aad, &sealed), None, "{aad}");
        }
        assert_eq!(Seal::new(&[8; 32]).open(&aad, &sealed), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        bytes[NONCE_LEN] ^= 1;
        assert_eq!(seal.open(&aad, &URL_SAFE_NO_PAD.encode(bytes)), None);
        assert_eq!(seal.open(&aad, "no sealed text"), None);
    }

    #[test]
    fn an_index_depends_on_key_name_and_value() {
        let of = index(&[7; 32], "users.email", "a@b.jp");
        assert_eq!(of, index(&[7; 32], "users.email", "a@b.jp"));
        assert_ne!(of, index(&[8; 32], "users.email", "a@b.jp"));
        assert_ne!(of, index(&[7; 32], "users.emai", "la@b.jp"));
        assert_ne!(of, index(&[7; 32], "users.email", "b@b.jp"));
    }
}
