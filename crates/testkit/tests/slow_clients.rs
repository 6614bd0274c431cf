//! Nobody holds a connection of the control plane by saying nothing, or a byte at a time.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use testkit::control_plane::{ControlPlane, PATIENCE, anonymous};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time,
};
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let control = ControlPlane::start().await;
    let tls = anonymous(&control.authority_pem(), &[&rustls::version::TLS13]);
    let connector = TlsConnector::from(Arc::new(tls));
    let address = control.config.customer_listen;
    let waits_for = async |said: &'static str| {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        // Whether the end comes in good order is the listener's affair; that it comes is what counts.
        let mut answer = Vec::new();
        time::timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .is_err()
    };
    let (silent, half) = tokio::join!(waits_for(""), waits_for("GET / HTTP/1.1\r\nhost: loc"));
    assert!(!silent, "it waits for who says nothing");
    assert!(!half, "it waits for the rest of a head");
}
