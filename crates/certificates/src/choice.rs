//! Which certificate a client is shown.
//!
//! Browsers get the one of the public authority. Whoever says that it trusts the service's own authority (RFC 8446, section
//! 4.2.4) gets the one of that: session hosts, which believe nobody else, and the service's own probes.

use crate::files::Public;
use rustls::{
    DistinguishedName, Error, RootCertStore,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

#[derive(Debug)]
struct Choice {
    public: Arc<CertifiedKey>,
    own: Arc<CertifiedKey>,
    /// The names of our own authority.
    authorities: Vec<DistinguishedName>,
}

/// A certificate of our own authority with its key.
pub fn own(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, Error> {
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
}

/// What a listener shows: the public certificate, if there is one, and its own to those who trust one of `authorities`.
#[must_use]
pub fn server_resolver(
    public: Option<&Public>,
    own: CertifiedKey,
    authorities: &RootCertStore,
) -> Arc<dyn ResolvesServerCert> {
    match public {
        None => Arc::new(SingleCertAndKey::from(own)),
        Some(public) => Arc::new(Choice {
            public: Arc::clone(&public.key),
            own: Arc::new(own),
            authorities: authorities.subjects(),
        }),
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.certificate_authorities().unwrap_or_default();
        let trusts_own = named.iter().any(|name| {
            self.authorities
                .iter()
                .any(|own| own.as_ref() == name.as_ref())
        });
        let shown = if trusts_own { &self.own } else { &self.public };
        Some(Arc::clone(shown))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{client::verifier, files::tests::Folder};
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, version::TLS13};
    use rustls_pki_types::{ServerName, pem::PemObject as _};

    const HOST: &str = "gateway.example.jp";

    /// An authority, and a certificate of its for the host.
    fn authority(name: &str) -> (RootCertStore, CertifiedKey) {
        let root_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let root = params.self_signed(&root_key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        let leaf = leaf
            .signed_by(&key, &Issuer::new(params, root_key))
            .unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        (roots, own(vec![leaf.der().clone()], key).unwrap())
    }

    /// What a client that trusts these is shown, or why it turns away.
    fn shown(
        resolver: &Arc<dyn ResolvesServerCert>,
        client: ClientConfig,
    ) -> Result<Vec<CertificateDer<'static>>, Error> {
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(resolver));
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        let name = ServerName::try_from(HOST).unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        for _ in 0..4 {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut &bytes[..]).unwrap();
            server.process_new_packets()?;
            bytes.clear();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut bytes = &bytes[..];
            while !bytes.is_empty() {
                client.read_tls(&mut bytes).unwrap();
                client.process_new_packets()?;
            }
        }
        Ok(client.peer_certificates().unwrap_or_default().to_vec())
    }

    fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
    }

    fn telling(roots: &RootCertStore) -> ClientConfig {
        builder()
            .dangerous()
            .with_custom_certificate_verifier(verifier(roots.clone()).unwrap())
            .with_no_client_auth()
    }

    fn silent(roots: &RootCertStore) -> ClientConfig {
        builder()
            .with_root_certificates(roots.clone())
            .with_no_client_auth()
    }

    #[test]
    fn browsers_see_the_public_certificate_and_who_trusts_ours_sees_ours() {
        let (public_roots, public) = authority("A public authority");
        let (own_roots, own) = authority("Our own");
        let (public_leaf, own_leaf) = (public.cert.clone(), own.cert.clone());
        let public = Public {
            key: Arc::new(public),
            not_after_s: 0,
        };
        let resolver = server_resolver(Some(&public), own.clone(), &own_roots);
        assert_eq!(
            shown(&resolver, silent(&public_roots)).unwrap(),
            public_leaf
        );
        assert_eq!(
            shown(&resolver, telling(&public_roots)).unwrap(),
            public_leaf
        );
        assert_eq!(shown(&resolver, telling(&own_roots)).unwrap(), own_leaf);
        // A machine that believes us alone is not led to another's certificate.
        assert!(shown(&resolver, silent(&own_roots)).is_err());

        // Without a public one everybody sees ours.
        let resolver = server_resolver(None, own, &own_roots);
        assert_eq!(shown(&resolver, silent(&own_roots)).unwrap(), own_leaf);
        assert!(shown(&resolver, telling(&public_roots)).is_err());
    }

    #[test]
    fn telling_whom_one_trusts_trusts_nobody_else() {
        let (roots, _) = authority("Our own");
        let (_, other) = authority("Our own");
        // Another authority of the same name.
        let resolver = server_resolver(None, other, &roots);
        assert!(shown(&resolver, telling(&roots)).is_err());
        let folder = Folder::of(&[HOST]);
        let public = folder.files.read(HOST).unwrap();
        let (_, own) = authority("Another");
        let resolver = server_resolver(Some(&public), own, &RootCertStore::empty());
        assert!(shown(&resolver, telling(&roots)).is_err());
    }
}
