//! From a TCP connection to a WebSocket (RFC 6455, section 4.2): TLS, and one HTTP request that asks for the relay.

use rustls::ServerConfig;
use std::sync::Arc;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_tungstenite::tungstenite::handshake::{
    machine::TryParse as _,
    server::{Request, create_response, write_response},
};

/// Where browsers and agents open their WebSocket.
const RELAY_PATH: &str = "/v1/relay";
/// The longest head of a request, in bytes. A browser sends its cookies for the host along, whatever they are.
const MAX_HEAD: usize = 16 * 1024;

/// A connection on which WebSocket frames may be spoken now.
pub(crate) struct Upgraded {
    pub(crate) io: TlsStream<TcpStream>,
    /// The page that asks, if a browser says so.
    pub(crate) origin: Option<String>,
}

/// `None` for whoever does not speak so.
pub(crate) async fn upgrade(tls: Arc<ServerConfig>, stream: TcpStream) -> Option<Upgraded> {
    // Input is a few bytes at a time and must not wait for more.
    stream.set_nodelay(true).ok()?;
    let mut io = TlsAcceptor::from(tls).accept(stream).await.ok()?;
    let request = read_request(&mut io).await?;
    let mut answer = Vec::new();
    let accepted = if request.uri().path() == RELAY_PATH {
        create_response(&request)
            .and_then(|response| write_response(&mut answer, &response))
            .map_err(|_| "400 Bad Request")
    } else {
        Err("404 Not Found")
    };
    if let Err(status) = accepted {
        answer = plain(status);
    }
    io.write_all(&answer).await.ok()?;
    io.flush().await.ok()?;
    if accepted.is_err() {
        // It learns nothing more; whether it takes the end in good order is its own affair.
        let _ = io.shutdown().await;
        return None;
    }
    let origin = request.headers().get("origin");
    let origin = origin.and_then(|value| value.to_str().ok());
    Some(Upgraded {
        origin: origin.map(str::to_owned),
        io,
    })
}

/// An answer without a body. It is no page, and whoever shows it as one gets nothing with it.
fn plain(status: &str) -> Vec<u8> {
    let head = "content-length: 0\r\nconnection: close\r\nx-content-type-options: nosniff\r\n\
        content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n\
        strict-transport-security: max-age=31536000; includeSubDomains";
    format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n").into_bytes()
}

/// Reads the head of a request and not a byte more, for a browser may send its ticket without waiting.
async fn read_request(io: &mut (impl AsyncBufRead + Unpin)) -> Option<Request> {
    let mut head = Vec::new();
    while head.len() < MAX_HEAD {
        let input = io.fill_buf().await.ok()?;
        if input.is_empty() {
            return None;
        }
        let (before, new) = (head.len(), input.len());
        head.extend_from_slice(input);
        if let Some((len, request)) = Request::try_parse(&head).ok()? {
            io.consume(len - before);
            return Some(request);
        }
        io.consume(new);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_no_relay_gets_an_answer_that_no_page_can_use() {
        let answer = String::from_utf8(plain("404 Not Found")).unwrap_or_default();
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n") && answer.ends_with("\r\n\r\n"));
        for line in [
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "strict-transport-security: max-age=31536000; includeSubDomains",
            "x-content-type-options: nosniff",
        ] {
            assert!(answer.contains(&format!("\r\n{line}\r\n")), "{line}");
        }
    }
}
