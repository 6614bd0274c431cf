//! The two files, read and checked.

use crate::private::{NotPrivate, private};
use rustls::{
    Error, InconsistentKeys, client::verify_server_name, crypto::aws_lc_rs,
    server::ParsedCertificate, sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where a certificate and its key are, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The certificate, then those of the authorities between it and one that browsers know (`fullchain.pem`).
    pub chain_file: PathBuf,
    /// Its private key (`privkey.pem`): nobody else may read it.
    pub key_file: PathBuf,
}

/// A certificate with its key, as it is shown.
#[derive(Clone, Debug)]
pub struct Public {
    pub(crate) key: Arc<CertifiedKey>,
    /// Until when it is good, in Unix seconds.
    pub(crate) not_after_s: i64,
}

/// Why a certificate is not shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The chain cannot be read.
    #[error("cannot read the certificate {path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The key is not kept from others, or cannot be read.
    #[error(transparent)]
    Key(#[from] NotPrivate),
    /// The chain's file has no certificate that can be read.
    #[error("{0} holds no certificate in PEM that can be read")]
    NoCertificate(String),
    /// The key's file has no private key that can be read.
    #[error(
        "{0} holds no private key in PEM that can be read (RSA, ECDSA or Ed25519, without a passphrase)"
    )]
    NoKey(String),
    /// The two are of different certificates.
    #[error(
        "the key in {key} is not that of the first certificate in {chain}; name the chain and the key of one certificate, \
         its own certificate first"
    )]
    Mismatch {
        /// The chain's file.
        chain: String,
        /// The key's file.
        key: String,
    },
    /// The certificate is for other names.
    #[error("the certificate in {chain} is not for {host}")]
    Name {
        /// The chain's file.
        chain: String,
        /// How browsers name the listener.
        host: String,
    },
}

impl CertificateFiles {
    /// Reads both. `host`: how browsers name the listener.
    pub fn read(&self, host: &str) -> Result<Public, CertificateError> {
        private(&self.key_file)?;
        let chain_pem = fs::read(&self.chain_file).map_err(|source| CertificateError::File {
            path: shown(&self.chain_file),
            source,
        })?;
        let key_pem = fs::read(&self.key_file).map_err(|source| NotPrivate::File {
            path: shown(&self.key_file),
            source,
        })?;
        let no_certificate = || CertificateError::NoCertificate(shown(&self.chain_file));
        let no_key = || CertificateError::NoKey(shown(&self.key_file));
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain_pem)
            .collect::<Result<_, _>>()
            .map_err(|_| no_certificate())?;
        let own = chain.first().ok_or_else(no_certificate)?;
        let not_after_s = not_after_s(own).ok_or_else(no_certificate)?;
        if !is_for(own, host) {
            return Err(CertificateError::Name {
                chain: shown(&self.chain_file),
                host: host.to_owned(),
            });
        }
        let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| no_key())?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        let key = key.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => CertificateError::Mismatch {
                chain: shown(&self.chain_file),
                key: shown(&self.key_file),
            },
            _ => no_key(),
        })?;
        Ok(Public {
            key: Arc::new(key),
            not_after_s,
        })
    }
}

impl Public {
    /// Whole days until it ends; negative when it has ended.
    #[must_use]
    pub fn days_left(&self, now_s: u64) -> i64 {
        days_until(self.not_after_s, now_s)
    }
}

/// Whole days until a certificate (DER) ends, negative when it has ended; `None` when it cannot be read.
#[must_use]
pub fn days_left(certificate: &CertificateDer<'_>, now_s: u64) -> Option<i64> {
    not_after_s(certificate).map(|end_s| days_until(end_s, now_s))
}

fn days_until(end_s: i64, now_s: u64) -> i64 {
    const DAY_S: i64 = 24 * 60 * 60;
    let now_s = i64::try_from(now_s).unwrap_or(i64::MAX);
    (end_s - now_s).div_euclid(DAY_S)
}

fn not_after_s(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, facts) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(facts.validity().not_after.timestamp())
}

/// Whether a certificate is for this host: a name or an address.
fn is_for(certificate: &CertificateDer<'_>, host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let (Ok(parsed), Ok(name)) = (
        ParsedCertificate::try_from(certificate),
        ServerName::try_from(host),
    ) else {
        return false;
    };
    verify_server_name(&parsed, &name).is_ok()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use std::os::unix::fs::PermissionsExt as _;

    /// A folder with the files of a certificate for these names.
    pub(crate) struct Folder {
        pub(crate) dir: tempfile::TempDir,
        pub(crate) files: CertificateFiles,
    }

    impl Folder {
        pub(crate) fn of(names: &[&str]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let files = CertificateFiles {
                chain_file: dir.path().join("fullchain.pem"),
                key_file: dir.path().join("privkey.pem"),
            };
            let folder = Self { dir, files };
            let (chain, key) = pair(names);
            folder.put(Some(&chain), Some(&key));
            folder
        }

        pub(crate) fn put(&self, chain: Option<&str>, key: Option<&str>) {
            if let Some(chain) = chain {
                fs::write(&self.files.chain_file, chain).unwrap();
            }
            if let Some(key) = key {
                fs::write(&self.files.key_file, key).unwrap();
                self.set_mode(0o600);
            }
        }

        fn set_mode(&self, mode: u32) {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(&self.files.key_file, mode).unwrap();
        }
    }

    /// A certificate and its key.
    pub(crate) fn pair(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(names).unwrap();
        let chain = params.self_signed(&key).unwrap().pem();
        (chain, key.serialize_pem())
    }

    #[test]
    fn a_certificate_is_for_the_names_in_it_alone() {
        let folder = Folder::of(&["portal.example.jp", "*.wild.example", "192.0.2.7"]);
        let read = |host: &str| folder.files.read(host);
        for host in [
            "portal.example.jp",
            "PORTAL.example.jp",
            "a.wild.example",
            "192.0.2.7",
        ] {
            read(host).unwrap();
        }
        for host in ["example.jp", "a.b.wild.example", "192.0.2.8", "", "no name"] {
            let error = read(host).unwrap_err();
            assert!(
                matches!(error, CertificateError::Name { .. }),
                "{host}: {error}"
            );
        }
    }

    #[test]
    fn a_key_that_others_can_read_or_of_another_certificate_is_refused() {
        let folder = Folder::of(&["portal.example.jp"]);
        let read = || folder.files.read("portal.example.jp");
        for mode in [0o640, 0o604, 0o644] {
            folder.set_mode(mode);
            let error = read().unwrap_err();
            assert!(matches!(
                error,
                CertificateError::Key(NotPrivate::Exposed(_))
            ));
        }
        folder.put(None, Some(&pair(&["portal.example.jp"]).1));
        let error = read().unwrap_err();
        assert!(
            matches!(error, CertificateError::Mismatch { .. }),
            "{error}"
        );
        folder.put(None, Some("no key"));
        assert!(matches!(read().unwrap_err(), CertificateError::NoKey(_)));
        fs::remove_file(&folder.files.key_file).unwrap();
        let error = read().unwrap_err();
        assert!(matches!(
            error,
            CertificateError::Key(NotPrivate::File { .. })
        ));
    }

    #[test]
    fn what_is_no_chain_is_told() {
        let folder = Folder::of(&["portal.example.jp"]);
        let read = || folder.files.read("portal.example.jp");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for chain in ["", "no certificate", broken] {
            folder.put(Some(chain), None);
            let error = read().unwrap_err();
            assert!(
                matches!(error, CertificateError::NoCertificate(_)),
                "{error}"
            );
        }
        fs::remove_file(&folder.files.chain_file).unwrap();
        assert!(matches!(read().unwrap_err(), CertificateError::File { .. }));
    }

    #[test]
    fn days_are_counted_to_the_end_and_beyond() {
        let folder = Folder::of(&["portal.example.jp"]);
        let mut public = folder.files.read("portal.example.jp").unwrap();
        public.not_after_s = 1_800_000_000;
        let left = |now_s: u64| public.days_left(now_s);
        assert_eq!(left(1_800_000_000 - 14 * 86_400), 14);
        assert_eq!(left(1_800_000_000 - 14 * 86_400 + 1), 13);
        assert_eq!(left(1_800_000_000 - 1), 0);
        assert_eq!(left(1_800_000_001), -1);
    }
}
