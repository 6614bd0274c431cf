//! A certificate with its key as a file that browsers and systems import: PKCS#12 (RFC 7292), AES-256 and HMAC by SHA-256,
//! under a password that is made for it.

use crate::app;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p12_keystore::{
    Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain, error::Error,
};
use rustls_pki_types::CertificateDer;

/// Rounds of PBKDF2 over the file's password. That has 130 random bits; the rounds are what old importers bear.
const ROUNDS: u32 = 100_000;
/// Characters of a password: none that is taken for another when it is read out or typed. 32 of them, so that each
/// character of a password is worth five bits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// How many, which is 130 bits. With its dashes a password is shorter than 32 characters: some importers take no more.
const LETTERS: usize = 26;
/// In groups of so many.
const GROUP: usize = 7;

/// The file and its password. Neither is kept.
#[allow(missing_debug_implementations)] // It holds a private key.
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

/// Puts a key (PKCS#8, DER) and its certificates, its own first, into a file, under the name by which the browser shows it.
pub(crate) fn file(name: &str, key: &[u8], chain: &[&CertificateDer<'_>]) -> Result<File, Error> {
    let key = PrivateKey::from_der(key)?;
    let mut certificates = Vec::new();
    for der in chain {
        certificates.push(Certificate::from_der(der)?);
    }
    // Beyond the basic plane the format has no letters.
    let name: String = name.chars().filter(|c| u32::from(*c) <= 0xffff).collect();
    let local_id = app::random::<20>();
    let entry = PrivateKeyChain::new(&local_id[..], key, certificates);
    let mut store = KeyStore::new();
    store.add_entry(&name, KeyStoreEntry::PrivateKeyChain(entry));
    let password = new_password();
    let bytes = store
        .writer(&password)
        .encryption_iterations(ROUNDS)
        .mac_iterations(ROUNDS)
        .write()?;
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
    use p12_keystore::Pkcs12ImportPolicy;
    use rcgen::{CertificateParams, KeyPair};

    #[test]
    fn a_file_opens_with_its_password_alone_and_holds_the_certificate_that_counts() {
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::default().self_signed(&key).unwrap();
        // The last character has no place in the format.
        let file = file("grace 絹🔑", &key.serialize_der(), &[own.der()]).unwrap();
        let open = |password: &str| {
            KeyStore::from_pkcs12(&file.bytes, password, Pkcs12ImportPolicy::Strict)
        };
        assert!(open("").is_err());
        let store = open(&file.password).unwrap();
        let (name, chain) = store.private_key_chain().unwrap();
        assert_eq!(name, "grace 絹");
        assert_eq!(chain.certs()[0].as_der(), &own.der()[..]);
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
