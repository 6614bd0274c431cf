//! The listeners' TLS: version 1.3 alone, with the post-quantum hybrid key exchange preferred.

use crate::{
    app::App,
    authority::{AuthorityError, Identity, LISTENER_DAYS},
};
use axum::{Extension, middleware::AddExtension};
use axum_server::{
    accept::Accept,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use certificates::Public;
use futures_util::future::BoxFuture;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{
        WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
    },
    server::{
        ClientCertVerifierBuilder, NoServerSessionStorage, ResolvesServerCert,
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;
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
    /// The authority cannot issue the listeners' certificate.
    #[error("the authority cannot issue the listeners' certificate")]
    Authority(#[from] AuthorityError),
}

/// The certificates of the three listeners, which are renewed while they listen.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) customers: RustlsConfig,
    /// The customers' listener by the devices' own name.
    pub(crate) devices: RustlsConfig,
    pub(crate) machines: RustlsConfig,
    pub(crate) operators: RustlsConfig,
    /// When the certificate is renewed, in Unix seconds: after half of its life.
    renew_at_s: u64,
}

impl Listeners {
    /// With a new certificate.
    pub(crate) fn new(app: &App) -> Result<Self, TlsError> {
        let configs = configs(app)?.map(RustlsConfig::from_config);
        let [customers, devices, machines, operators] = configs;
        Ok(Self {
            customers,
            devices,
            machines,
            operators,
            renew_at_s: renew_at_s(app),
        })
    }

    /// Renews the certificate where it is time, and takes those of public authorities whose files changed. Open connections
    /// keep the one they began with. Returns whether something is new.
    pub(crate) fn renew(&mut self, app: &App) -> Result<bool, TlsError> {
        let is_time = app.clock.now_s() >= self.renew_at_s;
        if !app.certificates.look() && !is_time {
            return Ok(false);
        }
        let [customers, devices, machines, operators] = configs(app)?;
        self.customers.reload_from_config(customers);
        self.devices.reload_from_config(devices);
        self.machines.reload_from_config(machines);
        self.operators.reload_from_config(operators);
        self.renew_at_s = renew_at_s(app);
        Ok(true)
    }
}

fn renew_at_s(app: &App) -> u64 {
    const DAY_S: u64 = 24 * 60 * 60;
    app.clock.now_s() + LISTENER_DAYS.unsigned_abs() * DAY_S / 2
}

fn configs(app: &App) -> Result<[Arc<ServerConfig>; 4], TlsError> {
    let authority = &app.authority;
    let identity = authority.listener(&app.config.extra_names, app.clock.now_s())?;
    let device = authority.listener_of(&app.config.device_host(), app.clock.now_s())?;
    let roots = roots(&authority.certificate_pem)?;
    let shown = |public: Option<Public>, own: &Identity| {
        let own = certificates::own(chain(own)?, key(own)?)?;
        let shown = certificates::server_resolver(public.as_ref(), own, &roots);
        Ok::<_, TlsError>(shown)
    };
    Ok([
        customers(shown(app.certificates.portal(), &identity)?)?,
        devices(shown(app.certificates.devices(), &device)?)?,
        machines(&identity, &authority.certificate_pem)?,
        operators(&identity, &authority.operators_pem)?,
    ])
}

/// For browsers: HTTP/2 and HTTP/1.1, no client certificates.
fn customers(shown: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = builder()?.with_no_client_auth().with_cert_resolver(shown);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// For browsers that show their device's certificate: any is taken, since only the route knows whose authorities count.
/// Nothing is resumed and no connection lives on, so that each visit asks anew.
fn devices(shown: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, TlsError> {
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    let mut config = builder()?
        .with_client_cert_verifier(Arc::new(AnyCertificate(algorithms)))
        .with_cert_resolver(shown);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Asks for a certificate, takes none as well, and verifies that the browser has the key of the one that it shows. Whether
/// that one counts is for the route to say.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: which authorities count is known when it is known whose person comes, so browsers offer all they have.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// For machines: client certificates of our authority; none is allowed, too, since enrolling comes before having one.
fn machines(identity: &Identity, authority_pem: &str) -> Result<Arc<ServerConfig>, TlsError> {
    let verifier = verifier(authority_pem)?.allow_unauthenticated().build()?;
    with_clients(identity, verifier, &[b"http/1.1"])
}

/// For operators' browsers: nobody is let in without a certificate of the operators' authority.
fn operators(identity: &Identity, operators_pem: &str) -> Result<Arc<ServerConfig>, TlsError> {
    let verifier = verifier(operators_pem)?.build()?;
    with_clients(identity, verifier, &[b"h2", b"http/1.1"])
}

fn verifier(authority_pem: &str) -> Result<ClientCertVerifierBuilder, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots(authority_pem)?),
        provider,
    ))
}

fn roots(authority_pem: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority_pem.as_bytes()) {
        roots.add(certificate?)?;
    }
    Ok(roots)
}

fn with_clients(
    identity: &Identity,
    verifier: Arc<dyn ClientCertVerifier>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = builder()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(identity)?, key(identity)?)?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
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

/// Tells the routes of a connection who its verified client certificate names: what `read` makes of the URI in it, and of
/// the whole of it (DER; nothing when none was shown). Handshakes that fail are logged, a few of them.
#[derive(Debug)]
pub(crate) struct PeerAcceptor<P> {
    tls: RustlsAcceptor,
    read: fn(Option<&str>, &[u8]) -> P,
    failed: Arc<Failed>,
}

impl<P> PeerAcceptor<P> {
    pub(crate) fn new(tls: RustlsAcceptor, read: fn(Option<&str>, &[u8]) -> P) -> Self {
        Self {
            tls,
            read,
            failed: Arc::default(),
        }
    }
}

impl<P> Clone for PeerAcceptor<P> {
    fn clone(&self) -> Self {
        Self {
            tls: self.tls.clone(),
            read: self.read,
            failed: Arc::clone(&self.failed),
        }
    }
}

impl<S, P> Accept<TcpStream, S> for PeerAcceptor<P>
where
    S: Send + 'static,
    P: Clone + Send + Sync + 'static,
{
    type Stream = TlsStream<TcpStream>;
    type Service = AddExtension<<RustlsAcceptor as Accept<TcpStream, S>>::Service, P>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let from = stream.peer_addr();
        let accepting = self.tls.accept(stream, service);
        let (read, failed) = (self.read, Arc::clone(&self.failed));
        Box::pin(async move {
            let accepted = accepting.await;
            let (stream, service) = accepted.inspect_err(|error| failed.tell(&from, error))?;
            let certificates = stream.get_ref().1.peer_certificates();
            let own = certificates.and_then(<[_]>::first);
            let own: &[u8] = own.map_or(&[], |certificate| certificate);
            let peer = read(uri(own).as_deref(), own);
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}

/// Handshakes that failed at a listener: of many in a short time the first is told, and then how many there were.
#[derive(Debug, Default)]
struct Failed(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    last_told: Option<Instant>,
    count: u64,
}

impl Failed {
    /// The least time between two lines of the log.
    const PAUSE: Duration = Duration::from_secs(10);

    fn tell(&self, from: &io::Result<SocketAddr>, error: &io::Error) {
        let Some(others) = self.others(Instant::now()) else {
            return;
        };
        let from = from
            .as_ref()
            .map_or_else(|_| String::new(), |at| at.ip().to_string());
        tracing::warn!(
            from,
            others,
            %error,
            "a TLS handshake with a machine or an operator's browser failed"
        );
    }

    /// How many have not been told before this one, when it is to be told.
    fn others(&self, now: Instant) -> Option<u64> {
        let mut untold = self.0.lock().ok()?;
        let is_soon = |told: Instant| now.duration_since(told) < Self::PAUSE;
        if untold.last_told.is_some_and(is_soon) {
            untold.count += 1;
            return None;
        }
        untold.last_told = Some(now);
        Some(std::mem::take(&mut untold.count))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::worlds;

    #[tokio::test]
    async fn the_listeners_certificate_is_renewed_after_half_of_its_life() {
        let world = worlds().await.remove(0);
        let app = &world.app;
        let mut listeners = Listeners::new(app).unwrap();
        let (before, machines) = (
            listeners.customers.get_inner(),
            listeners.machines.get_inner(),
        );
        assert!(!listeners.renew(app).unwrap());
        assert!(Arc::ptr_eq(&before, &listeners.customers.get_inner()));
        world.pass_ms(LISTENER_DAYS * 24 * 60 * 60 * 1000 / 2 + 1000);
        assert!(listeners.renew(app).unwrap());
        assert!(!Arc::ptr_eq(&before, &listeners.customers.get_inner()));
        assert!(!Arc::ptr_eq(&machines, &listeners.machines.get_inner()));
        assert!(!listeners.renew(app).unwrap());
    }

    #[test]
    fn of_many_failed_handshakes_a_few_lines_tell() {
        let (failed, start) = (Failed::default(), Instant::now());
        assert_eq!(failed.others(start), Some(0));
        for ms in 0..5000 {
            assert_eq!(failed.others(start + Duration::from_millis(ms)), None);
        }
        assert_eq!(failed.others(start + Failed::PAUSE), Some(5000));
        assert_eq!(failed.others(start + Failed::PAUSE * 2), Some(0));
    }

    #[tokio::test]
    async fn a_handshake_that_fails_is_noticed() {
        let world = worlds().await.remove(0);
        let listeners = Listeners::new(&world.app).unwrap();
        let acceptor = PeerAcceptor::new(RustlsAcceptor::new(listeners.operators), |_, _| ());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stranger = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stranger, b"GET / HTTP/1.1\r\n\r\n")
            .await
            .unwrap();
        assert!(acceptor.clone().accept(stream, ()).await.is_err());
        // Told already: another one in the same moment is not.
        assert_eq!(acceptor.failed.others(Instant::now()), None);
    }
}
