//! A gateway in a process of its own, and bare browsers and agents that come to it: what they send is made beforehand, so
//! that little is measured but the gateway.

use crate::{
    control_plane::{ControlPlane, PORTAL},
    program::{self, GATEWAY, Program},
};
use rustls::version::TLS13;
use std::{
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;
use uuid::Uuid;
use wire::{
    control::FromGateway,
    ids::{ConnectionId, SessionId, TenantId, UserId},
    rights::Rights,
    ticket::{self, Claims, LIFETIME_S, Side},
};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [1, 2, 3, 4];

pub(crate) struct Site {
    pub(crate) gateway: Program,
    address: SocketAddr,
    control: ControlPlane,
    _folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let control = ControlPlane::start(u64::MAX, true).await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (authority, token) = (path("authority.pem"), path("token"));
        std::fs::write(&authority, control.authority_pem()).unwrap();
        std::fs::write(&token, "token").unwrap();
        let url = format!("https://{}", control.address);
        let mut gateway = Program::start(&[GATEWAY, &url, &authority, &token, &path("state")]);
        let address = gateway.line().await.parse().unwrap();
        Self {
            gateway,
            address,
            control,
            _folder: folder,
        }
    }

    /// Browser and agent of a new connection, once the gateway has said that it relays between them.
    pub(crate) async fn pair(&mut self) -> (TlsStream<TcpStream>, TlsStream<TcpStream>) {
        let claims = self.claims();
        let browser = self.come(&claims).await;
        let agent = Claims {
            id: Uuid::now_v7(),
            side: Side::Agent,
            ..claims
        };
        let agent = self.come(&agent).await;
        let opened = |report: &FromGateway| match report {
            FromGateway::Opened { open, .. } => {
                (open.connection == claims.connection).then_some(())
            }
            _ => None,
        };
        self.control.report(opened).await;
        (browser, agent)
    }

    fn claims(&self) -> Claims {
        let now_s = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        Claims {
            id: Uuid::now_v7(),
            issued_at_s: now_s,
            expires_at_s: now_s + LIFETIME_S,
            tenant: TenantId(Uuid::from_u128(2)),
            user: UserId(Uuid::from_u128(3)),
            session: SessionId(Uuid::now_v7()),
            gateway: self.control.gateway,
            connection: ConnectionId(Uuid::now_v7()),
            side: Side::Browser,
            rights: Rights::OWN_SESSION,
            idle_timeout_s: 600,
            max_duration_s: 600,
        }
    }

    async fn come(&self, claims: &Claims) -> TlsStream<TcpStream> {
        let mut stream = program::dial(self.address, self.control.client(&[&TLS13])).await;
        let request = format!(
            "GET /v1/relay HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {PORTAL}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "no upgrade");
        let ticket = ticket::sign(claims, &self.control.ticket_key);
        stream
            .write_all(&frame(TEXT, ticket.as_bytes()))
            .await
            .unwrap();
        stream.flush().await.unwrap();
        stream
    }
}

/// A message as a client sends it (RFC 6455, section 5.2).
pub(crate) fn binary_frame(payload: &[u8]) -> Vec<u8> {
    frame(BINARY, payload)
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    let len = u16::try_from(payload.len()).expect("too long for a benchmark");
    let bytes = len.to_be_bytes();
    if len < 126 {
        frame.push(MASKED + bytes[1]);
    } else {
        frame.push(MASKED + 126);
        frame.extend(bytes);
    }
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}
