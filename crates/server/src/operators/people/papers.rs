//! The file that an operator imports into their browser.

use crate::{
    authority::{AuthorityError, Identity},
    pkcs12::{self, File},
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _};

/// Puts a certificate and its key into a file, under the name by which the browser shows it.
pub(super) fn file(identity: &Identity, name: &str) -> Result<File, AuthorityError> {
    let unusable = |error: &dyn std::fmt::Display| AuthorityError::Pkcs12(error.to_string());
    let own = CertificateDer::from_pem_slice(identity.chain_pem.as_bytes())
        .map_err(|error| unusable(&error))?;
    let key = PrivatePkcs8KeyDer::from_pem_slice(identity.key_pem.as_bytes())
        .map_err(|error| unusable(&error))?;
    pkcs12::file(name, key.secret_pkcs8_der(), &[&own]).map_err(|error| unusable(&error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::authority::{Authority, digest_of};
    use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
    use uuid::Uuid;

    #[test]
    fn the_file_holds_the_certificate_that_counts() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), 1_800_000_000).unwrap();
        let issued = authority
            .operator(Uuid::from_u128(7), "grace", 1_800_000_000)
            .unwrap();
        let file = file(&issued.identity, "grace").unwrap();
        let policy = Pkcs12ImportPolicy::Strict;
        let store = KeyStore::from_pkcs12(&file.bytes, &file.password, policy).unwrap();
        let (name, chain) = store.private_key_chain().unwrap();
        assert_eq!(name, "grace");
        assert_eq!(digest_of(chain.certs()[0].as_der()), issued.digest);
    }
}
