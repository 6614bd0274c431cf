//! The customer listener's two names. Browsers that name the devices' own host (TLS server name, RFC 6066) are asked for a
//! client certificate; those that come to the portal never are.
//!
//! What a connection was made for decides what it can reach, and a request that names the other host is refused with 421
//! (RFC 9110, section 15.5.20), also when a browser reuses a connection. So a certificate is known to one route alone, and
//! never to a request of the portal's.

use crate::{app::App, identity::device_routes, listener};
use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{StatusCode, Uri, header, uri::Authority},
    middleware::{self, AddExtension, Next},
    response::{IntoResponse as _, Response},
};
use axum_server::{accept::Accept, tls_rustls::RustlsConfig};
use futures_util::future::BoxFuture;
use rustls::server::Acceptor;
use rustls_pki_types::CertificateDer;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};
use tower::{Layer as _, ServiceExt as _};

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long it may take while its person chooses a certificate: some browsers hold the handshake meanwhile.
const CHOICE: Duration = Duration::from_mins(2);

/// For which of the names a connection was made.
#[derive(Clone, Debug)]
pub(crate) enum Arrived {
    /// The portal's, or none.
    Portal,
    /// The devices', with the certificates that the browser showed, its own first. TLS has verified that it has the key
    /// of that one, and nothing else.
    Device(Arc<[CertificateDer<'static>]>),
}

/// Accepts connections for both names.
#[derive(Clone, Debug)]
pub(crate) struct TwoNames {
    pub(crate) portal: RustlsConfig,
    pub(crate) device: RustlsConfig,
    /// The devices' host.
    pub(crate) device_host: Arc<str>,
}

impl<I, S> Accept<I, S> for TwoNames
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
{
    type Stream = TlsStream<I>;
    type Service = AddExtension<S, Arrived>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let names = self.clone();
        Box::pin(async move {
            let (stream, arrived) = names.arrive(stream).await?;
            Ok((stream, Extension(arrived).layer(service)))
        })
    }
}

impl TwoNames {
    /// The handshake that belongs to the name for which the client came.
    async fn arrive<I>(self, stream: I) -> io::Result<(TlsStream<I>, Arrived)>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let hello = timeout(HANDSHAKE, hello).await??;
        let name = hello.client_hello().server_name().map(str::to_owned);
        if !name.is_some_and(|name| name.eq_ignore_ascii_case(&self.device_host)) {
            let stream = timeout(HANDSHAKE, hello.into_stream(self.portal.get_inner())).await??;
            return Ok((stream, Arrived::Portal));
        }
        let stream = timeout(CHOICE, hello.into_stream(self.device.get_inner())).await??;
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let shown = shown.iter().map(|der| der.clone().into_owned()).collect();
        Ok((stream, Arrived::Device(shown)))
    }
}

/// Both names' routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    listener::customer_router(Arc::clone(&app)).layer(middleware::from_fn_with_state(app, by_name))
}

/// Lets a request go where its connection may.
async fn by_name(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let names_device =
        host(&request).is_some_and(|named| named.eq_ignore_ascii_case(&app.config.device_host()));
    let arrived = request.extensions().get::<Arrived>();
    match (arrived, names_device) {
        (Some(Arrived::Device(_)), true) => {
            let device = listener::device_router(device_routes(), app);
            match device.oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            }
        }
        (Some(Arrived::Portal) | None, false) => next.run(request).await,
        _ => StatusCode::MISDIRECTED_REQUEST.into_response(),
    }
}

/// The host that a request names, without its port.
fn host(request: &Request) -> Option<String> {
    let of = |authority: &Authority| authority.host().to_owned();
    let in_header = request.headers().get(header::HOST);
    let in_header = in_header.and_then(|value| value.to_str().ok()?.parse().ok());
    let in_target = Uri::authority(request.uri());
    in_target.or(in_header.as_ref()).map(of)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        app::Clock,
        authority::Authority,
        testing::{open_app, worlds},
        tls::Listeners,
    };
    use axum::body::Body;
    use rustls::{
        ClientConfig, RootCertStore, SignatureScheme, client::ResolvesClientCert,
        crypto::aws_lc_rs, sign::CertifiedKey, version::TLS13,
    };
    use rustls_pki_types::{PrivateKeyDer, ServerName, pem::PemObject as _};
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio_rustls::TlsConnector;

    /// A browser's certificate, and whether it was asked for.
    #[derive(Debug, Default)]
    struct Wallet {
        own: Option<Arc<CertifiedKey>>,
        asked: AtomicBool,
    }

    impl ResolvesClientCert for Wallet {
        fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
            self.asked.store(true, Ordering::SeqCst);
            self.own.clone()
        }

        fn has_certs(&self) -> bool {
            true
        }
    }

    fn wallet(authority: &Authority, stranger: bool) -> Arc<Wallet> {
        let id = uuid::Uuid::nil();
        let identity = authority
            .operator(id, "hana", Clock::System.now_s())
            .unwrap()
            .identity;
        let key = if stranger {
            rcgen::KeyPair::generate().unwrap().serialize_pem()
        } else {
            identity.key_pem
        };
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let own = CertificateDer::from_pem_slice(identity.chain_pem.as_bytes()).unwrap();
        Arc::new(Wallet {
            own: Some(Arc::new(CertifiedKey::new(vec![own], key))),
            asked: AtomicBool::new(false),
        })
    }

    /// Comes to a name: how many certificates the connection knows of, or none where it is the portal's.
    async fn arrive(
        app: &App,
        name: &'static str,
        wallet: &Arc<Wallet>,
    ) -> io::Result<Option<usize>> {
        let authority = &app.authority;
        let listeners = Listeners::new(app).unwrap();
        let names = TwoNames {
            portal: listeners.customers,
            device: listeners.devices,
            device_host: app.config.device_host().into(),
        };
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.certificate_pem.as_bytes());
        roots.add(root.unwrap()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::clone(wallet) as Arc<dyn ResolvesClientCert>);
        let (near, far) = tokio::io::duplex(64 * 1024);
        let client = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from(name).unwrap();
        let (server, client) = tokio::join!(names.arrive(far), client.connect(name, near));
        client?;
        Ok(match server?.1 {
            Arrived::Portal => None,
            Arrived::Device(shown) => Some(shown.len()),
        })
    }

    #[tokio::test]
    async fn only_who_comes_to_the_devices_name_is_asked_for_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("test.sqlite3").display());
        // The browser looks at its own clock.
        let app = open_app(dir.path(), &url, Clock::System.now_ms()).await;
        let authority = &app.authority;
        let own = wallet(authority, false);
        for name in ["localhost", "127.0.0.1"] {
            assert_eq!(arrive(&app, name, &own).await.unwrap(), None);
            assert!(!own.asked.load(Ordering::SeqCst), "{name}");
        }
        assert_eq!(
            arrive(&app, "device.localhost", &own).await.unwrap(),
            Some(1)
        );
        assert!(own.asked.load(Ordering::SeqCst));
        let empty = Arc::new(Wallet::default());
        assert_eq!(
            arrive(&app, "Device.LOCALHOST", &empty).await.unwrap(),
            Some(0)
        );
        // Who has the certificate without its key is not heard.
        let stranger = wallet(authority, true);
        assert!(arrive(&app, "device.localhost", &stranger).await.is_err());
    }

    #[tokio::test]
    async fn a_connection_for_one_name_carries_no_request_for_the_other() {
        let world = worlds().await.remove(0);
        let ask = async |arrived: Option<Arrived>, uri: &str, named: &str| {
            let mut request = Request::get(uri).body(Body::empty()).unwrap();
            let headers = request.headers_mut();
            if !named.is_empty() {
                headers.insert(header::HOST, named.parse().unwrap());
            }
            if let Some(arrived) = arrived {
                request.extensions_mut().insert(arrived);
            }
            let answer = router(Arc::clone(&world.app))
                .oneshot(request)
                .await
                .unwrap();
            answer.status().as_u16()
        };
        let device = || Some(Arrived::Device(Arc::new([])));
        let look = "/device/made-up";
        assert_eq!(ask(device(), look, "device.localhost:8443").await, 303);
        assert_eq!(ask(device(), look, "DEVICE.localhost").await, 303);
        for named in ["localhost:8443", "", "device.localhost.evil.example"] {
            assert_eq!(ask(device(), look, named).await, 421, "{named}");
            assert_eq!(ask(device(), "/sign-in", named).await, 421, "{named}");
        }
        // Of the portal nothing is behind the devices' name.
        for path in ["/sign-in", "/", "/healthz", "/assets/css/base.css"] {
            assert_eq!(ask(device(), path, "device.localhost").await, 404, "{path}");
        }
        for arrived in [None, Some(Arrived::Portal)] {
            let devices = ask(arrived.clone(), "/sign-in", "device.localhost:8443").await;
            assert_eq!(devices, 421);
            // As HTTP/2 names it.
            let uri = "https://device.localhost:8443/sign-in";
            assert_eq!(ask(arrived.clone(), uri, "").await, 421);
            assert_eq!(
                ask(arrived.clone(), "/sign-in", "localhost:8443").await,
                200
            );
            assert_eq!(ask(arrived, look, "localhost:8443").await, 404);
        }
    }
}
