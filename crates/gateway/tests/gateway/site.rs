//! A gateway with its control plane, and the browsers and agents that come to it.

use crate::control_plane::{ControlPlane, GUARD, PORTAL};
use certificates::CertificateFiles;
use futures_util::{SinkExt as _, StreamExt as _};
use gateway::{Gateway, GatewayConfig, GatewayError, Limits};
use rustls::version::TLS13;
use rustls_pki_types::ServerName;
use std::{
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Bytes, Message, client::IntoClientRequest as _, http::HeaderValue,
        protocol::CloseFrame,
    },
};
use uuid::Uuid;
use wire::{
    close::Close,
    control::{FromGateway, OpenConnection},
    ids::{ConnectionId, SessionId, TenantId, UserId},
    rights::Rights,
    ticket::{self, Claims, LIFETIME_S, Side},
};

/// A browser or an agent.
pub(crate) type Client = WebSocketStream<TlsStream<TcpStream>>;

/// A gateway that runs in the test's own process, and its control plane.
pub(crate) struct Site {
    pub(crate) control: ControlPlane,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    gateway: JoinHandle<()>,
    _folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        Self::beside(ControlPlane::start(u64::MAX, true).await, limits)
            .await
            .unwrap()
    }

    /// A gateway of this control plane. Who comes before it was welcomed there waits for that.
    pub(crate) async fn beside(
        control: ControlPlane,
        limits: Limits,
    ) -> Result<Self, GatewayError> {
        Self::showing(control, limits, None).await
    }

    /// The same with a certificate for browsers.
    pub(crate) async fn showing(
        control: ControlPlane,
        limits: Limits,
        certificate: Option<CertificateFiles>,
    ) -> Result<Self, GatewayError> {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let config = GatewayConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            control_url: format!("https://{}", control.address),
            authority_file: file("authority.pem", control.authority_pem()),
            enrol_token_file: Some(file("token", "token")),
            state_dir: folder.path().join("state"),
            limits,
            certificate,
            ..GatewayConfig::default()
        };
        let gateway = Gateway::open(config).await?;
        let address = gateway.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let gateway = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            gateway.serve(shutdown).await.unwrap();
        });
        Ok(Self {
            control,
            address,
            stop: Some(stop),
            gateway,
            _folder: folder,
        })
    }

    /// Asks the gateway to end, and waits until it has.
    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        timeout(GUARD, &mut self.gateway)
            .await
            .expect("the gateway does not end")
            .unwrap();
    }

    /// What a good ticket says; each has its own connection.
    pub(crate) fn claims(&self, side: Side) -> Claims {
        let now_s = now_s();
        Claims {
            id: Uuid::now_v7(),
            issued_at_s: now_s,
            expires_at_s: now_s + LIFETIME_S,
            tenant: TenantId(Uuid::from_u128(2)),
            user: UserId(Uuid::from_u128(3)),
            session: SessionId(Uuid::now_v7()),
            gateway: self.control.gateway,
            connection: ConnectionId(Uuid::now_v7()),
            side,
            rights: Rights::OWN_SESSION,
            idle_timeout_s: 600,
            max_duration_s: 600,
        }
    }
}

impl Site {
    /// The other side's claims for the same connection.
    pub(crate) fn other(claims: &Claims) -> Claims {
        Claims {
            id: Uuid::now_v7(),
            side: match claims.side {
                Side::Browser => Side::Agent,
                Side::Agent => Side::Browser,
            },
            ..*claims
        }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> String {
        ticket::sign(claims, &self.control.ticket_key)
    }

    /// A WebSocket that has shown nothing yet.
    pub(crate) async fn dial(&self, origin: Option<&str>) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.upgrade(stream, origin).await.unwrap()
    }

    /// TLS and WebSocket over a connection.
    pub(crate) async fn upgrade(
        &self,
        stream: TcpStream,
        origin: Option<&str>,
    ) -> tungstenite::Result<Client> {
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(self.control.client(&[&TLS13]));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = timeout(GUARD, connector.connect(name, stream))
            .await
            .expect("no TLS")?;
        let mut request = "wss://localhost/v1/relay".into_client_request()?;
        if let Some(origin) = origin {
            let origin = HeaderValue::from_str(origin)?;
            request.headers_mut().insert("origin", origin);
        }
        let (client, _) = timeout(GUARD, client_async(request, stream))
            .await
            .expect("no upgrade")?;
        Ok(client)
    }

    /// A browser that says this instead of showing a good ticket.
    pub(crate) async fn says(&self, message: Message) -> Client {
        let mut client = self.dial(Some(PORTAL)).await;
        client.send(message).await.unwrap();
        client
    }

    /// Somebody who shows this ticket.
    pub(crate) async fn bearer(&self, claims: &Claims) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.bearer_on(stream, claims).await
    }

    /// The same on a connection that the test has made.
    pub(crate) async fn bearer_on(&self, stream: TcpStream, claims: &Claims) -> Client {
        let origin = (claims.side == Side::Browser).then_some(PORTAL);
        let mut client = self.upgrade(stream, origin).await.unwrap();
        let ticket = Message::text(self.sign(claims));
        client.send(ticket).await.unwrap();
        client
    }

    /// Somebody who waits for the other side. That the ticket is used up shows that it was taken.
    pub(crate) async fn waiting(&mut self, claims: &Claims) -> Client {
        let first = self.bearer(claims).await;
        let mut second = self.bearer(claims).await;
        closes(&mut second, Close::Refused).await;
        first
    }

    /// Browser and agent of one connection.
    pub(crate) async fn pair(&mut self) -> Pair {
        let claims = self.claims(Side::Browser);
        self.pair_with(claims).await
    }

    /// The same with these claims of the browser.
    pub(crate) async fn pair_with(&mut self, claims: Claims) -> Pair {
        let agent = self.bearer(&Self::other(&claims)).await;
        let browser = self.bearer(&claims).await;
        self.opened(claims).await;
        Pair {
            claims,
            browser,
            agent,
        }
    }

    /// Waits for the report that the pair of these claims was made.
    pub(crate) async fn opened(&mut self, claims: Claims) {
        let opened = self.control.report(|report| match report {
            FromGateway::Opened {
                open,
                client_address,
            } if open.connection == claims.connection => Some((*open, client_address.clone())),
            _ => None,
        });
        let (open, address) = opened.await;
        let expected = OpenConnection {
            connection: claims.connection,
            session: claims.session,
            tenant: claims.tenant,
            to_browser_bytes: 0,
            to_agent_bytes: 0,
        };
        assert_eq!(open, expected);
        assert_eq!(address, "127.0.0.1");
    }

    /// Waits for the report that the pair of these claims is no more: its last counts and its close code.
    pub(crate) async fn ended(&mut self, claims: &Claims) -> (OpenConnection, u16) {
        let ended = self.control.report(|report| match report {
            FromGateway::Closed { last, code, .. } if last.connection == claims.connection => {
                Some((*last, *code))
            }
            _ => None,
        });
        ended.await
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.gateway.abort();
    }
}

/// The two sides of one connection.
pub(crate) struct Pair {
    pub(crate) claims: Claims,
    pub(crate) browser: Client,
    pub(crate) agent: Client,
}

/// The next binary message; control messages are passed over.
pub(crate) async fn next(client: &mut Client) -> Bytes {
    loop {
        match timeout(GUARD, client.next()).await.expect("no message") {
            Some(Ok(Message::Binary(bytes))) => return bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("not a binary message: {other:?}"),
        }
    }
}

/// Reads to the end: the close message, if there was one.
pub(crate) async fn closed(client: &mut Client) -> Option<CloseFrame> {
    let mut frame = None;
    let reading = async {
        while let Some(Ok(message)) = client.next().await {
            if let Message::Close(close) = message {
                frame = close;
            }
        }
    };
    timeout(GUARD, reading).await.expect("not closed");
    frame
}

/// Checks that a pair relays both ways.
pub(crate) async fn passes(pair: &mut Pair) {
    let hello = Message::binary(&b"hello"[..]);
    pair.agent.send(hello.clone()).await.unwrap();
    assert_eq!(next(&mut pair.browser).await, "hello");
    pair.browser.send(hello).await.unwrap();
    assert_eq!(next(&mut pair.agent).await, "hello");
}

/// Checks that this is the end, and that the client is told so.
pub(crate) async fn closes(client: &mut Client, why: Close) {
    assert_eq!(closed(client).await, Some(frame_of(why)));
}

/// The close message that a code stands for.
pub(crate) fn frame_of(close: Close) -> CloseFrame {
    CloseFrame {
        code: close.code().into(),
        reason: close.reason().into(),
    }
}

pub(crate) fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
