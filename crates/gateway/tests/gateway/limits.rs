//! What strangers and latecomers can take from a gateway.

use crate::{
    control_plane::GUARD,
    site::{Site, closes, frame_of, passes},
};
use futures_util::{SinkExt as _, StreamExt as _};
use gateway::Limits;
use rustls::version::TLS13;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use wire::{close::Close, control::FromGateway, ticket::Side};

#[tokio::test]
async fn an_address_has_only_so_many_sockets_without_a_pair() {
    let mut site = Site::with(Limits {
        max_unpaired_per_address: 2,
        ..Limits::default()
    })
    .await;
    let browsers = site.claims(Side::Browser);
    let agents = Site::other(&browsers);
    let mut browser = site.bearer(&browsers).await;
    browser.send(Message::binary(&b"hello"[..])).await.unwrap();
    let idle = site.dial(None).await;
    let mut agent = site.bearer(&agents).await;
    closes(&mut agent, Close::Busy).await;

    // The ticket of who was turned away is still good as soon as there is room.
    drop(idle);
    let first = loop {
        agent = site.bearer(&agents).await;
        match timeout(GUARD, agent.next()).await.unwrap() {
            Some(Ok(Message::Close(busy))) => assert_eq!(busy, Some(frame_of(Close::Busy))),
            other => break other.unwrap().unwrap(),
        }
    };
    assert_eq!(first, Message::binary(&b"hello"[..]));
    // A pair takes no such room.
    let mut pair = site.pair().await;
    passes(&mut pair).await;
}

#[tokio::test]
async fn a_gateway_has_only_so_many_sockets_in_all() {
    let mut site = Site::with(Limits {
        max_sockets: 2,
        ..Limits::default()
    })
    .await;
    let mut pair = site.pair().await;
    let mut third = site.bearer(&site.claims(Side::Browser)).await;
    closes(&mut third, Close::Busy).await;
    passes(&mut pair).await;
}

#[tokio::test]
async fn who_waits_in_vain_is_told_that_the_other_side_is_absent() {
    let site = Site::with(Limits {
        pair_timeout_ms: 50,
        ..Limits::default()
    })
    .await;
    for side in [Side::Browser, Side::Agent] {
        let mut waiting = site.bearer(&site.claims(side)).await;
        closes(&mut waiting, Close::PeerAbsent).await;
    }
}

#[tokio::test]
async fn a_pair_outlives_the_time_for_making_it() {
    let mut site = Site::with(Limits {
        pair_timeout_ms: 500,
        ..Limits::default()
    })
    .await;
    let mut pair = site.pair().await;
    // Whoever comes now is sent away after the time in which the pair's first side would have been.
    let mut waiting = site.bearer(&site.claims(Side::Browser)).await;
    closes(&mut waiting, Close::PeerAbsent).await;
    passes(&mut pair).await;
}

#[tokio::test]
async fn who_shows_nothing_has_little_time() {
    let mut site = Site::with(Limits {
        handshake_timeout_ms: 300,
        ..Limits::default()
    })
    .await;
    // Not even TLS: the connection ends without a word.
    let mut silent = TcpStream::connect(site.address).await.unwrap();
    let end = timeout(GUARD, silent.read(&mut [0; 16])).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0);
    // No ticket: the same refusal as for a wrong one, and a record.
    let mut without = site.dial(None).await;
    closes(&mut without, Close::Refused).await;
    let why = site.control.report(|report| match report {
        FromGateway::Refused { why, .. } => Some(why.clone()),
        _ => None,
    });
    assert_eq!(why.await, "no ticket came in time");
}

#[tokio::test]
async fn whatever_is_not_the_relay_is_answered_in_http() {
    let site = Site::start().await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "404"),
        (
            "GET /v1/relay HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "400",
        ),
        (format!("GET /v1/relay HTTP/1.1\r\n{upgrade}\r\n"), "400"),
        (format!("GET /v1/relay HTTP/1.0\r\n{upgrade}\r\n"), ""),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(40_000)), ""),
    ] {
        let connector = TlsConnector::from(site.control.client(&[&TLS13]));
        let stream = TcpStream::connect(site.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        // The gateway may have heard enough before the end.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = timeout(GUARD, stream.read_to_end(&mut answer))
            .await
            .unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let expected = match status {
            "" => String::new(),
            status => format!("HTTP/1.1 {status} "),
        };
        assert!(answer.starts_with(&expected), "{request}: {answer}");
        assert_eq!(answer.is_empty(), status.is_empty(), "{request}: {answer}");
    }
}
