//! How a machine of the service (a gateway, a session host) proves to the control plane which one it is: a key of its
//! own and a short-lived certificate, enrolled once with a token, renewed before it expires.

use certificates::Public;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpStream, time};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};
use wire::control::{ENROL_PATH, Enrol, Enrolled, RENEW_PATH, Renew};

/// A WebSocket to the control plane or to a gateway.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where a machine enrols, and where it keeps what it got.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The control plane's infrastructure listener: `https://HOST:PORT`.
    pub control_url: String,
    /// The authority to trust at the first contact, in PEM.
    pub authority_file: PathBuf,
    /// The one-time token for the first start; the file is removed once it was used.
    pub enrol_token_file: Option<PathBuf>,
    /// Key and certificate; made with no access for others.
    pub state_dir: PathBuf,
}

/// Key and certificate as they are kept, in one file, so that they always belong together.
#[derive(Clone, Serialize, Deserialize)]
#[allow(missing_debug_implementations)] // It holds a private key.
pub struct Identity {
    key_pem: String,
    certificate_pem: String,
    authority_pem: String,
    /// Unix time in seconds.
    pub renew_at_s: u64,
}

/// Why the machine has no certificate.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A file.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The machine has not enrolled and has no token to do so.
    #[error(
        "not enrolled: make a token with `nagaya enrol-token` and name its file in enrol_token_file"
    )]
    NoToken,
    /// The control plane cannot be reached.
    #[error("cannot reach the control plane")]
    Unreachable(#[from] reqwest::Error),
    /// No WebSocket.
    #[error("cannot open a connection: {0}")]
    Dial(String),
    /// The control plane refused the token.
    #[error(
        "the control plane refused to enrol this machine: the token is used, too old, or not its own"
    )]
    Refused,
    /// A key or certificate.
    #[error("a key or certificate cannot be used: {0}")]
    Certificate(String),
}

impl MachineError {
    /// Whether trying again later may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Dial(_))
    }
}

impl Identity {
    /// Reads the identity, or enrols.
    pub async fn open(config: &Enrolment) -> Result<Self, MachineError> {
        let path = config.state_dir.join("machine.json");
        if let Ok(text) = fs::read_to_string(&path) {
            return serde_json::from_str(&text).map_err(certificate);
        }
        let token_file = config
            .enrol_token_file
            .as_ref()
            .ok_or(MachineError::NoToken)?;
        let token = fs::read_to_string(token_file).map_err(|source| file(token_file, source))?;
        let authority_pem = fs::read_to_string(&config.authority_file)
            .map_err(|source| file(&config.authority_file, source))?;
        let key = KeyPair::generate().map_err(certificate)?;
        let request = Enrol {
            token: token.trim().to_owned(),
            csr_pem: csr(&key)?,
        };
        let client = https(client_config(&authority_pem, None)?)?;
        let answer = client
            .post(format!("{}{ENROL_PATH}", config.control_url))
            .json(&request)
            .send()
            .await?;
        let identity = Self::from_answer(answer, &key).await?;
        identity.save(&path)?;
        // Used up; nothing is lost if it stays.
        let _ = fs::remove_file(token_file);
        Ok(identity)
    }

    /// The next certificate, for a new key.
    pub async fn renew(&self, config: &Enrolment) -> Result<Self, MachineError> {
        let key = KeyPair::generate().map_err(certificate)?;
        let client = https(self.client()?)?;
        let answer = client
            .post(format!("{}{RENEW_PATH}", config.control_url))
            .json(&Renew {
                csr_pem: csr(&key)?,
            })
            .send()
            .await?;
        let identity = Self::from_answer(answer, &key).await?;
        identity.save(&config.state_dir.join("machine.json"))?;
        Ok(identity)
    }

    async fn from_answer(answer: reqwest::Response, key: &KeyPair) -> Result<Self, MachineError> {
        if answer.status().is_client_error() {
            return Err(MachineError::Refused);
        }
        let enrolled: Enrolled = answer.error_for_status()?.json().await?;
        Ok(Self {
            key_pem: key.serialize_pem(),
            certificate_pem: enrolled.certificate_pem,
            authority_pem: enrolled.authority_pem,
            renew_at_s: enrolled.renew_at_s,
        })
    }

    fn save(&self, path: &Path) -> Result<(), MachineError> {
        let dir = path.parent().unwrap_or(Path::new("/"));
        let part = path.with_extension("part");
        let write = || {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)?;
            let _ = fs::remove_file(&part);
            let mut out = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&part)?;
            out.write_all(&serde_json::to_vec(self)?)?;
            out.sync_all()?;
            fs::rename(&part, path)
        };
        write().map_err(|source| file(path, source))
    }

    /// TLS towards the control plane, with this machine's certificate.
    pub fn client(&self) -> Result<ClientConfig, MachineError> {
        client_config(&self.authority_pem, Some(self))
    }

    /// TLS towards browsers and agents: version 1.3 alone, small buffers, and no session tickets to keep for idle relays.
    /// Browsers are shown the public certificate if there is one, agents always this machine's.
    pub fn server(&self, public: Option<&Public>) -> Result<ServerConfig, MachineError> {
        let own = certificates::own(self.chain()?, self.key()?).map_err(certificate)?;
        let shown = certificates::server_resolver(public, own, &roots(&self.authority_pem)?);
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(certificate)?
            .with_no_client_auth()
            .with_cert_resolver(shown);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Opens a WebSocket, showing this machine's certificate to whoever asks for one.
    pub async fn dial(&self, url: &str, limit: Duration) -> Result<Socket, MachineError> {
        dial(Arc::new(self.client()?), url, limit).await
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, MachineError> {
        CertificateDer::pem_slice_iter(self.certificate_pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(certificate)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, MachineError> {
        PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).map_err(certificate)
    }
}

/// Opens a WebSocket, without delaying small messages.
pub async fn dial(
    tls: Arc<ClientConfig>,
    url: &str,
    limit: Duration,
) -> Result<Socket, MachineError> {
    let connector = Connector::Rustls(tls);
    let dialling = connect_async_tls_with_config(url, None, true, Some(connector));
    match time::timeout(limit, dialling).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(MachineError::Dial(error.to_string())),
        Err(_) => Err(MachineError::Dial("no answer".to_owned())),
    }
}

/// The control plane's WebSocket at this path.
#[must_use]
pub fn link_url(control_url: &str, path: &str) -> String {
    let base = control_url.replacen("https://", "wss://", 1);
    base.trim_end_matches('/').to_owned() + path
}

fn client_config(
    authority_pem: &str,
    own: Option<&Identity>,
) -> Result<ClientConfig, MachineError> {
    // A gateway that has a certificate for browsers besides shows us its own.
    let verifier = certificates::verifier(roots(authority_pem)?).map_err(certificate)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(certificate)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match own {
        None => Ok(builder.with_no_client_auth()),
        Some(own) => builder
            .with_client_auth_cert(own.chain()?, own.key()?)
            .map_err(certificate),
    }
}

fn roots(authority_pem: &str) -> Result<RootCertStore, MachineError> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authority_pem.as_bytes()) {
        roots
            .add(authority.map_err(certificate)?)
            .map_err(certificate)?;
    }
    Ok(roots)
}

fn https(config: ClientConfig) -> Result<reqwest::Client, MachineError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        // What is sent here, a one-time token among it, is meant for the control plane alone.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()?)
}

fn csr(key: &KeyPair) -> Result<String, MachineError> {
    CertificateParams::default()
        .serialize_request(key)
        .and_then(|request| request.pem())
        .map_err(certificate)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn file(path: &Path, source: io::Error) -> MachineError {
    MachineError::File {
        path: path.display().to_string(),
        source,
    }
}

fn certificate(error: impl std::fmt::Display) -> MachineError {
    MachineError::Certificate(error.to_string())
}
