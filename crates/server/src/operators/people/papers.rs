//! The file that an operator imports into their browser: certificate and key as PKCS#12 (RFC 7292), AES-256 and HMAC by
//! SHA-256, under a password that is made for it.

use crate::{
    app,
    authority::{AuthorityError, Identity},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _};

/// Characters of a password: none that is taken for another when it is read out or typed. 32 of them, so that each
/// character of a password is worth five bits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// How many, which is 130 bits. With its dashes a password is shorter than 32 characters: some importers take no more.
const LETTERS: usize = 26;
/// In groups of so many.
const GROUP: usize = 7;

/// The file and its password. Neither is kept.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) password: String,
}

impl File {
    /// The file as an address of its own (RFC 2397), from which a browser saves it without asking us again.
    pub(crate) fn address(&self) -> String {
        format!(
            "data:application/x-pkcs12;base64,{}",
            STANDARD.encode(&self.bytes)
        )
    }
}

/// Puts a certificate and its key into a file, under the name by which the browser shows it.
pub(super) fn file(identity: &Identity, name: &str) -> Result<File, AuthorityError> {
    let unusable = |what: &str| AuthorityError::Pkcs12(what.to_owned());
    let own = CertificateDer::from_pem_slice(identity.chain_pem.as_bytes())
        .map_err(|error| unusable(&error.to_string()))?;
    let key = PrivatePkcs8KeyDer::from_pem_slice(identity.key_pem.as_bytes())
        .map_err(|error| unusable(&error.to_string()))?;
    let written = |password: &str| {
        let certificate = Certificate::from_der(&own)?;
        let key = PrivateKey::from_der(key.secret_pkcs8_der())?;
        // Any id that the two share.
        let chain = PrivateKeyChain::new(vec![1_u8], key, [certificate]);
        let mut store = KeyStore::new();
        store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(password).write()
    };
    let password = new_password();
    let bytes = written(&password);
    let bytes = bytes.map_err(|error: p12_keystore::error::Error| unusable(&error.to_string()))?;
    Ok(File { bytes, password })
}

fn new_password() -> String {
    let groups = app::random::<LETTERS>();
    let groups = groups.chunks(GROUP).map(|group| {
        let letters = group
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        letters.collect::<String>()
    });
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::authority::Authority;
    use p12_keystore::Pkcs12ImportPolicy;
    use uuid::Uuid;

    #[test]
    fn a_file_opens_with_its_password_alone_and_holds_the_certificate_that_counts() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), 1_800_000_000).unwrap();
        let issued = authority
            .operator(Uuid::from_u128(7), "grace", 1_800_000_000)
            .unwrap();
        let file = file(&issued.identity, "grace").unwrap();
        let open = |password: &str| {
            KeyStore::from_pkcs12(&file.bytes, password, Pkcs12ImportPolicy::Strict)
        };
        assert!(open("").is_err());
        let store = open(&file.password).unwrap();
        let (name, chain) = store.private_key_chain().unwrap();
        assert_eq!(name, "grace");
        let own = chain.certs()[0].as_der();
        assert_eq!(crate::authority::digest_of(own), issued.digest);
        assert!(
            file.address()
                .starts_with("data:application/x-pkcs12;base64,MII")
        );
    }

    #[test]
    fn passwords_differ_and_can_be_read_out() {
        let passwords: Vec<String> = (0..50).map(|_| new_password()).collect();
        for (at, password) in passwords.iter().enumerate() {
            assert_eq!(password.replace('-', "").len() * 5, 130);
            assert!(password.len() < 32);
            assert!(!password.contains(['0', 'o', '1', 'l']));
            assert!(!passwords[..at].contains(password));
        }
    }
}
