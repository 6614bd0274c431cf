//! A control plane with its real listeners, on free ports of this machine, and machines that enrol with it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use futures_util::{SinkExt as _, StreamExt as _};
use machine::{Enrolment, Identity, MachineError, Socket, link_url};
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion, client::WantsClientCert,
    crypto::aws_lc_rs,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde::{Serialize, de::DeserializeOwned};
use server::{ServeConfig, setup::Setup};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle, time};
use tokio_tungstenite::tungstenite::Message;
use wire::control::MachineKind;

/// How long a test waits for what should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A control plane that runs in this process until it is dropped or stopped.
#[derive(Debug)]
pub struct ControlPlane {
    /// How it was started.
    pub config: ServeConfig,
    dir: tempfile::TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl ControlPlane {
    /// Starts one with a database and keys of its own, and waits until all listeners answer.
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    /// Ends it and starts it again over the same state.
    pub async fn restart(self) -> Self {
        let Self {
            dir, stop, task, ..
        } = self;
        stop.send(()).unwrap();
        task.await.unwrap();
        Self::start_in(dir).await
    }

    async fn start_in(dir: tempfile::TempDir) -> Self {
        let [customer_listen, infra_listen, management_listen] = free_addresses();
        let config = ServeConfig {
            customer_listen,
            infra_listen,
            management_listen,
            management_url: format!("https://{management_listen}"),
            public_url: format!("https://{customer_listen}"),
            state_dir: dir.path().to_owned(),
            ..ServeConfig::default()
        };
        let (stop, stopped) = oneshot::channel();
        let running = server::serve(config.clone(), async {
            let _ = stopped.await;
        });
        let task = tokio::spawn(async { running.await.expect("the control plane runs") });
        for address in [customer_listen, infra_listen, management_listen] {
            wait_for(async || TcpStream::connect(address).await.is_ok()).await;
        }
        Self {
            config,
            dir,
            stop,
            task,
        }
    }

    /// What an operator can do on the control plane's machine.
    pub async fn setup(&self) -> Setup {
        Setup::open(&self.config).await.unwrap()
    }

    /// Where browsers come.
    #[must_use]
    pub fn portal_url(&self) -> &str {
        &self.config.public_url
    }

    /// Where machines come.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("https://{}", self.config.infra_listen)
    }

    /// The WebSocket of a path of the infrastructure listener.
    #[must_use]
    pub fn link_url(&self, path: &str) -> String {
        link_url(&self.control_url(), path)
    }

    /// The authority's certificate, in PEM.
    #[must_use]
    pub fn authority_pem(&self) -> String {
        fs::read_to_string(self.dir.path().join("authority.pem")).unwrap()
    }

    /// What a new machine is told before it enrols, in a folder of its own.
    pub async fn enrolment(&self, kind: MachineKind, dir: &tempfile::TempDir) -> Enrolment {
        let token_file = dir.path().join("token");
        let token = self.setup().await.enrol_token(kind, None).await.unwrap();
        fs::write(&token_file, token).unwrap();
        Enrolment {
            control_url: self.control_url(),
            authority_file: self.dir.path().join("authority.pem"),
            enrol_token_file: Some(token_file),
            state_dir: dir.path().join("state"),
        }
    }

    /// A machine that has enrolled.
    pub async fn machine(&self, kind: MachineKind) -> Result<Identity, MachineError> {
        let dir = tempfile::tempdir().unwrap();
        Identity::open(&self.enrolment(kind, &dir).await).await
    }

    /// Where operators' browsers come.
    #[must_use]
    pub fn console_url(&self) -> &str {
        &self.config.management_url
    }

    /// A browser's HTTP client, or a machine's that has no certificate.
    #[must_use]
    pub fn http(&self) -> reqwest::Client {
        http(anonymous(&self.authority_pem(), &[&rustls::version::TLS13]))
    }

    /// The HTTP client of whoever has this certificate and its key, both in PEM.
    #[must_use]
    pub fn http_with(&self, certificate_pem: &str, key_pem: &str) -> reqwest::Client {
        let chain = CertificateDer::pem_slice_iter(certificate_pem.as_bytes());
        let chain = chain.collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap();
        let tls = trusting(&self.authority_pem(), &[&rustls::version::TLS13]);
        http(tls.with_client_auth_cert(chain, key).unwrap())
    }
}

fn http(tls: ClientConfig) -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// TLS that trusts the authority and shows no certificate.
#[must_use]
pub fn anonymous(
    authority_pem: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    trusting(authority_pem, versions).with_no_client_auth()
}

fn trusting(
    authority_pem: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority_pem.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
}

/// Waits until the condition holds.
pub async fn wait_for(mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        let mut often = time::interval(Duration::from_millis(10));
        while !holds().await {
            often.tick().await;
        }
    };
    time::timeout(PATIENCE, looking)
        .await
        .expect("what should happen did not");
}

/// Says something on a control link.
pub async fn say<T: Serialize>(link: &mut Socket, message: &T) {
    let text = wire::control::encode(message);
    link.send(Message::Text(text.into())).await.unwrap();
}

/// The next thing said on a control link; none when it ended.
pub async fn hear<T: DeserializeOwned>(link: &mut Socket) -> Option<T> {
    loop {
        let message = time::timeout(PATIENCE, link.next()).await;
        match message.expect("the link says something or ends")? {
            Ok(Message::Text(text)) => return Some(wire::control::decode(text.as_str()).unwrap()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Addresses that were free a moment ago.
fn free_addresses() -> [SocketAddr; 3] {
    // All are held until all are known, so that they differ.
    let listeners = [(), (), ()].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}
