//! One delivery: a connection over TLS to an address that was checked, what is to be sent, and an answer.

use super::target::{Kind, Target};
use crate::public_address::is_public;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// How long one delivery may take in all.
const LIMIT: Duration = Duration::from_secs(15);

/// Why nothing was delivered. The names are kept and shown; what a server says is not, since the customer chose the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// The name leads nowhere.
    Unknown,
    /// It leads to where the service must not go.
    Forbidden,
    /// Nobody answers there, or no more.
    Unreachable,
    /// A certificate or key cannot be used.
    Certificate,
    /// The server's certificate is not trusted, or it does not trust ours.
    Tls,
    /// It said no.
    Refused,
    /// It took too long.
    Slow,
}

impl SendError {
    const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Forbidden,
        Self::Unreachable,
        Self::Certificate,
        Self::Tls,
        Self::Refused,
        Self::Slow,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Forbidden => "forbidden",
            Self::Unreachable => "unreachable",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Refused => "refused",
            Self::Slow => "slow",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.name() == name)
    }
}

/// What we show the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Secret {
    /// The key of the client certificate, PEM; empty for none.
    pub(super) client_key: String,
    /// The value of the Authorization header; empty for none.
    pub(super) authorization: String,
}

/// Sends bytes: frames of syslog, or the body of an OTLP request.
pub(super) async fn send(
    target: &Target,
    secret: &Secret,
    bytes: &[u8],
    private: bool,
) -> Result<(), SendError> {
    let sending = async {
        let stream = connect(target, secret, private).await?;
        match target.kind {
            Kind::Syslog => syslog(stream, bytes).await,
            Kind::Otlp => otlp(stream, target, secret, bytes).await,
        }
    };
    timeout(LIMIT, sending)
        .await
        .unwrap_or(Err(SendError::Slow))
}

async fn connect(
    target: &Target,
    secret: &Secret,
    private: bool,
) -> Result<TlsStream<TcpStream>, SendError> {
    let connector = TlsConnector::from(Arc::new(config(target, secret)?));
    let name = ServerName::try_from(target.host.clone()).map_err(|_| SendError::Unknown)?;
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|_| SendError::Unknown)?.collect();
    // What is connected to is what was checked: the name is not looked up again.
    if !private && addresses.iter().any(|address| !is_public(address.ip())) {
        return Err(SendError::Forbidden);
    }
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return connector
                .connect(name, stream)
                .await
                .map_err(|_| SendError::Tls);
        }
    }
    Err(SendError::Unreachable)
}

fn config(target: &Target, secret: &Secret) -> Result<ClientConfig, SendError> {
    let mut roots = RootCertStore::empty();
    if target.ca_pem.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for authority in CertificateDer::pem_slice_iter(target.ca_pem.as_bytes()) {
        let authority = authority.map_err(|_| SendError::Certificate)?;
        roots.add(authority).map_err(|_| SendError::Certificate)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| SendError::Certificate)?
        .with_root_certificates(roots);
    if target.client_pem.is_empty() {
        return Ok(builder.with_no_client_auth());
    }
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(target.client_pem.as_bytes()).collect();
    let chain = chain.map_err(|_| SendError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(secret.client_key.as_bytes());
    let key = key.map_err(|_| SendError::Certificate)?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|_| SendError::Certificate)
}

/// Syslog has no answers (RFC 5425, section 4.4): that the server ends the connection after we did, and not before, is the
/// nearest thing to one.
async fn syslog(mut stream: TlsStream<TcpStream>, frames: &[u8]) -> Result<(), SendError> {
    let lost = |_| SendError::Unreachable;
    stream.write_all(frames).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    stream.shutdown().await.map_err(lost)?;
    let mut rest = [0; 256];
    loop {
        match stream.read(&mut rest).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Many end without saying so at the level of TLS.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(_) => return Err(SendError::Unreachable),
        }
    }
}

/// One request (OTLP/HTTP): a status of 2xx is success, also where single records were not liked, which must not be sent again.
async fn otlp(
    mut stream: TlsStream<TcpStream>,
    target: &Target,
    secret: &Secret,
    body: &[u8],
) -> Result<(), SendError> {
    const STATUS: usize = 12;
    let authorization = match secret.authorization.as_str() {
        "" => String::new(),
        value => format!("authorization: {value}\r\n"),
    };
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}:{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{authorization}\
         connection: close\r\n\r\n",
        target.path,
        target.host,
        target.port,
        body.len()
    );
    let lost = |_| SendError::Unreachable;
    stream.write_all(head.as_bytes()).await.map_err(lost)?;
    stream.write_all(body).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let mut status = [0; STATUS];
    stream.read_exact(&mut status).await.map_err(lost)?;
    let is_good = status.starts_with(b"HTTP/1.") && status[8..].starts_with(b" 2");
    if is_good {
        Ok(())
    } else {
        Err(SendError::Refused)
    }
}
