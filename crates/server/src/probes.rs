//! Probes of the running listeners, over the loopback interface as anybody else would come: what shows that the networks
//! are separate, that every route asks who comes, and that TLS is what it is said to be.

use crate::{
    app::App,
    doors::{DOORS, Right},
    evidence::{Answer, CannotTell, Check, Run},
    listener::customer_router,
    operators,
    portal::Key,
};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::ServiceExt as _;

/// A listener that says nothing for so long is no answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Every route that is not for strangers sends a stranger away.
pub(crate) const DOORS_ASK: Check = Check {
    name: "listener.doors_ask",
    says: Key("evidence.check.doors_ask"),
    figures: &[
        Key("evidence.figure.doors"),
        Key("evidence.figure.doors_open"),
        Key("evidence.figure.doors_failed"),
    ],
    run: Run::Service(|app| Box::pin(doors_ask(app))),
};

/// No path of one listener is answered by the other, and operators' connections need a certificate.
pub(crate) const LISTENERS_APART: Check = Check {
    name: "listener.apart",
    says: Key("evidence.check.listeners_apart"),
    figures: &[
        Key("evidence.figure.paths_asked"),
        Key("evidence.figure.paths_answered"),
    ],
    run: Run::Service(|app| Box::pin(listeners_apart(app))),
};

/// Every listener speaks TLS 1.3 and nothing older, and no plain HTTP.
pub(crate) const LISTENERS_TLS: Check = Check {
    name: "listener.tls",
    says: Key("evidence.check.listeners_tls"),
    figures: &[
        Key("evidence.figure.listeners"),
        Key("evidence.figure.weak_answers"),
    ],
    run: Run::Service(|app| Box::pin(listeners_tls(app))),
};

async fn doors_ask(app: &Arc<App>) -> Result<Answer, CannotTell> {
    let (mut asked, mut open, mut failed) = (0, 0, 0);
    for (method, path, right) in DOORS {
        if matches!(right, Right::Open) {
            open += 1;
            continue;
        }
        asked += 1;
        let answer = stranger(app, method, path).await?;
        failed += i64::from(!answer);
    }
    Ok(Answer::of(failed == 0, vec![asked, open, failed]))
}

/// Whether somebody who has not signed in is sent away.
async fn stranger(app: &Arc<App>, method: &Method, path: &str) -> Result<bool, CannotTell> {
    let path = path
        .split('/')
        .map(|part| if part.starts_with('{') { "0" } else { part });
    let mut request = Request::builder()
        .method(method.clone())
        .uri(path.collect::<Vec<_>>().join("/"))
        .body(Body::empty())
        .map_err(|error| CannotTell(error.to_string()))?;
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    request.extensions_mut().insert(ConnectInfo(here));
    let answer = customer_router(Arc::clone(app)).oneshot(request).await;
    let answer = answer.unwrap_or_else(|never| match never {});
    let to = answer.headers().get("location");
    let led = to.is_some_and(|to| to.as_bytes().starts_with(b"/sign-in"));
    Ok(answer.status() == 401 || (answer.status() == 303 && led))
}

async fn listeners_apart(app: &App) -> Result<Answer, CannotTell> {
    let (customers, management) = (app.config.customer_listen, app.config.management_listen);
    let tls = client(app, &TLS13)?;
    let (mut asked, mut answered) = (0, 0);
    for path in operators::PATHS {
        let status = ask(&tls, customers, path).await;
        let status = status.map_err(|error| CannotTell(format!("{path}: {error}")))?;
        asked += 1;
        answered += i64::from(status != Some(404));
    }
    // Without a certificate of the operators' authority nothing is answered there, be it ours or the customers'.
    for path in ["/console/enter", "/sign-in", "/healthz"] {
        asked += 1;
        answered += i64::from(matches!(ask(&tls, management, path).await, Ok(Some(_))));
    }
    // That it is there at all is seen from the first step of the connection.
    connected(management).await?;
    Ok(Answer::of(answered == 0, vec![asked, answered]))
}

async fn listeners_tls(app: &App) -> Result<Answer, CannotTell> {
    let (now, older) = (client(app, &TLS13)?, client(app, &TLS12)?);
    let config = &app.config;
    let listeners = [
        config.customer_listen,
        config.infra_listen,
        config.management_listen,
    ];
    let mut weak = 0;
    let mut spoken = String::new();
    for listener in listeners {
        connected(listener).await?;
        match tls(&now, listener).await {
            Ok(stream) => {
                let (_, session) = stream.get_ref();
                weak += i64::from(session.protocol_version() != Some(ProtocolVersion::TLSv1_3));
                if let Some(group) = session.negotiated_key_exchange_group() {
                    spoken = format!("TLS 1.3, {:?}", group.name());
                }
            }
            Err(_) => weak += 1,
        }
        weak += i64::from(tls(&older, listener).await.is_ok());
        weak += i64::from(speaks_plainly(listener).await);
    }
    let listeners = i64::try_from(listeners.len()).unwrap_or_default();
    Ok(Answer::of(weak == 0, vec![listeners, weak]).with_ref(spoken))
}

/// A client that trusts our own authority alone, and says so: it is shown the certificate of that one.
fn client(
    app: &App,
    version: &'static SupportedProtocolVersion,
) -> Result<TlsConnector, CannotTell> {
    let told = |error: &dyn std::fmt::Display| CannotTell(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(app.authority.certificate_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| told(&error))?;
        roots.add(certificate).map_err(|error| told(&error))?;
    }
    let verifier = certificates::verifier(roots).map_err(|error| told(&error))?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .map_err(|error| told(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Where to reach a listener from its own machine.
fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

/// Connects to a listener of ours.
pub(crate) async fn connect(listener: SocketAddr) -> io::Result<TcpStream> {
    timeout(PATIENCE, TcpStream::connect(reachable(listener))).await?
}

async fn connected(listener: SocketAddr) -> Result<(), CannotTell> {
    let stream = connect(listener).await;
    stream
        .map(drop)
        .map_err(|error| CannotTell(format!("{listener}: {error}")))
}

async fn tls(connector: &TlsConnector, listener: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
    let stream = connect(listener).await?;
    // The listeners' certificate names it.
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    timeout(PATIENCE, connector.connect(name, stream)).await?
}

/// The status of the answer to a GET over TLS; `None` when what comes back is no HTTP.
async fn ask(
    connector: &TlsConnector,
    listener: SocketAddr,
    path: &str,
) -> io::Result<Option<u16>> {
    let mut stream = tls(connector, listener).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    Ok(status(&first_bytes(&mut stream).await?))
}

/// Whether plain HTTP is answered with anything but a redirection.
async fn speaks_plainly(listener: SocketAddr) -> bool {
    let asked = async {
        let mut stream = connect(listener).await?;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await?;
        first_bytes(&mut stream).await
    };
    match asked.await {
        Ok(bytes) => status(&bytes).is_some_and(|status| !(300..400).contains(&status)),
        Err(_) => false,
    }
}

async fn first_bytes(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 64];
    let read = timeout(PATIENCE, stream.read(&mut bytes)).await??;
    bytes.truncate(read);
    Ok(bytes)
}

/// The status of an HTTP/1 answer (RFC 9112, section 4).
fn status(bytes: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(bytes.get(..12)?).ok()?;
    text.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{evidence::Outcome, testing::worlds};

    #[tokio::test]
    async fn every_door_sends_strangers_away() {
        let world = worlds().await.remove(0);
        let answer = doors_ask(&world.app).await.unwrap();
        assert_eq!(answer.outcome, Outcome::Holds, "{answer:?}");
        assert!(answer.figures[0] > 20);
        // A door that is open to all is told from one that asks.
        assert!(
            !stranger(&world.app, &Method::GET, "/sign-in")
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_listener_that_is_not_there_tells_nothing() {
        let world = worlds().await.remove(0);
        // A port that is free: nobody listens.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        drop(port);
        assert!(connected(address).await.is_err());
        let tls = client(&world.app, &TLS13).unwrap();
        assert!(ask(&tls, address, "/").await.is_err());
    }

    #[tokio::test]
    async fn a_listener_without_tls_is_seen() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = axum::serve(listener, axum::Router::new());
        let server = tokio::spawn(served.into_future());
        assert!(speaks_plainly(address).await);
        server.abort();
    }

    #[test]
    fn statuses_are_read() {
        assert_eq!(status(b"HTTP/1.1 404 Not Found"), Some(404));
        assert_eq!(status(b"\x15\x03\x03\x00\x02\x02\x46"), None);
        assert_eq!(status(b""), None);
    }
}
