//! The listeners' TLS: version 1.3 alone, with the post-quantum hybrid key exchange preferred.

use crate::authority::Identity;
use axum::{Extension, middleware::AddExtension};
use axum_server::{
    accept::Accept,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use futures_util::future::BoxFuture;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientCertVerifierBuilder, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{io, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;
use tower::Layer as _;

/// Why a listener's TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate or key that is not PEM.
    #[error("a certificate or key cannot be read")]
    Pem(#[from] rustls_pki_types::pem::Error),
    /// A certificate and key that do not fit.
    #[error("a certificate cannot be used")]
    Rustls(#[from] rustls::Error),
    /// The authority cannot verify clients.
    #[error("the authority cannot verify machines")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// For browsers: HTTP/2 and HTTP/1.1, no client certificates.
pub(crate) fn customers(identity: &Identity) -> Result<RustlsConfig, TlsError> {
    let mut config = builder()?
        .with_no_client_auth()
        .with_single_cert(chain(identity)?, key(identity)?)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// For machines: client certificates of our authority; none is allowed, too, since enrolling comes before having one.
pub(crate) fn machines(identity: &Identity, authority_pem: &str) -> Result<RustlsConfig, TlsError> {
    let verifier = verifier(authority_pem)?.allow_unauthenticated().build()?;
    with_clients(identity, verifier, &[b"http/1.1"])
}

/// For operators' browsers: nobody is let in without a certificate of the operators' authority.
pub(crate) fn operators(
    identity: &Identity,
    operators_pem: &str,
) -> Result<RustlsConfig, TlsError> {
    let verifier = verifier(operators_pem)?.build()?;
    with_clients(identity, verifier, &[b"h2", b"http/1.1"])
}

fn verifier(authority_pem: &str) -> Result<ClientCertVerifierBuilder, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority_pem.as_bytes()) {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        provider,
    ))
}

fn with_clients(
    identity: &Identity,
    verifier: Arc<dyn ClientCertVerifier>,
    protocols: &[&[u8]],
) -> Result<RustlsConfig, TlsError> {
    let mut config = builder()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(identity)?, key(identity)?)?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

fn builder() -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?)
}

fn chain(identity: &Identity) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    Ok(CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes()).collect::<Result<_, _>>()?)
}

fn key(identity: &Identity) -> Result<PrivateKeyDer<'static>, TlsError> {
    Ok(PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())?)
}

/// Tells the routes of a connection who its verified client certificate names: what `read` makes of the URI in it.
#[derive(Debug)]
pub(crate) struct PeerAcceptor<P> {
    tls: RustlsAcceptor,
    read: fn(Option<&str>) -> P,
}

impl<P> PeerAcceptor<P> {
    pub(crate) fn new(tls: RustlsAcceptor, read: fn(Option<&str>) -> P) -> Self {
        Self { tls, read }
    }
}

impl<P> Clone for PeerAcceptor<P> {
    fn clone(&self) -> Self {
        Self::new(self.tls.clone(), self.read)
    }
}

impl<I, S, P> Accept<I, S> for PeerAcceptor<P>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
    P: Clone + Send + Sync + 'static,
{
    type Stream = TlsStream<I>;
    type Service = AddExtension<<RustlsAcceptor as Accept<I, S>>::Service, P>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepting = self.tls.accept(stream, service);
        let read = self.read;
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            let certificates = stream.get_ref().1.peer_certificates();
            let uri = certificates
                .and_then(<[_]>::first)
                .and_then(|certificate| uri(certificate));
            let peer = read(uri.as_deref());
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}

/// The one URI among a certificate's names.
fn uri(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut names = names.value.general_names.iter();
    names.find_map(|name| match name {
        x509_parser::extensions::GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    })
}
