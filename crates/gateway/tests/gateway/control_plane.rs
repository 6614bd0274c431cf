//! A control plane that is just enough for a gateway: an authority, the listener that enrols machines and holds links,
//! and the key that signs tickets. Tests say what it orders and look at what it is told.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use futures_util::{SinkExt as _, StreamExt as _};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair,
    SanType,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, crypto::aws_lc_rs,
    server::WebPkiClientVerifier,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{broadcast, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};
use uuid::Uuid;
use wire::{
    control::{
        self, ENROL_PATH, Enrol, Enrolled, FromGateway, GATEWAY_LINK_PATH, MachineKind, RENEW_PATH,
        Renew, ToGateway,
    },
    ids::GatewayId,
};

/// The page from which browsers may come.
pub(crate) const PORTAL: &str = "https://portal.example";
/// How long a test waits for what must happen, before it fails.
pub(crate) const GUARD: Duration = Duration::from_secs(20);

/// The control plane. Ends when dropped.
pub(crate) struct ControlPlane {
    /// Where machines reach it.
    pub(crate) address: SocketAddr,
    /// The key that signs tickets.
    pub(crate) ticket_key: SigningKey,
    /// The one gateway.
    pub(crate) gateway: GatewayId,
    authority: Arc<Authority>,
    orders: broadcast::Sender<ToGateway>,
    reports: mpsc::UnboundedReceiver<FromGateway>,
    open: watch::Sender<bool>,
    knocks: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

/// The provider's own certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    /// When a machine's first certificate must be renewed, in Unix seconds.
    renew_at_s: u64,
    /// The certificates of machines, the newest last.
    issued: Mutex<Vec<CertificateDer<'static>>>,
}

/// What each connection's task has of it.
#[derive(Clone)]
struct Desk {
    authority: Arc<Authority>,
    welcome: ToGateway,
    orders: broadcast::Sender<ToGateway>,
    reports: mpsc::UnboundedSender<FromGateway>,
    open: watch::Receiver<bool>,
    knocks: Arc<watch::Sender<usize>>,
}

impl ControlPlane {
    /// `renew_at_s`: when the gateway's first certificate must be renewed, in Unix seconds. Links are taken when it is
    /// `open`.
    pub(crate) async fn start(renew_at_s: u64, open: bool) -> Self {
        let authority = Arc::new(Authority::new(renew_at_s));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ticket_key = SigningKey::from_bytes(&[7; 32]);
        let gateway = GatewayId(Uuid::from_u128(1));
        let (orders, _) = broadcast::channel(64);
        let (report, reports) = mpsc::unbounded_channel();
        let open = watch::Sender::new(open);
        let (knocks, knocked) = watch::channel(0);
        let desk = Desk {
            authority: Arc::clone(&authority),
            welcome: ToGateway::Welcome {
                gateway,
                ticket_keys: vec![URL_SAFE_NO_PAD.encode(ticket_key.verifying_key().as_bytes())],
                origins: vec![PORTAL.to_owned()],
            },
            orders: orders.clone(),
            reports: report,
            open: open.subscribe(),
            knocks: Arc::new(knocks),
        };
        let acceptor = TlsAcceptor::from(Arc::new(authority.listener()));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, desk) = (acceptor.clone(), desk.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        desk.serve(stream).await;
                    }
                });
            }
        });
        Self {
            address,
            ticket_key,
            gateway,
            authority,
            orders,
            reports,
            open,
            knocks: knocked,
            task,
        }
    }

    /// The authority's certificate.
    pub(crate) fn authority_pem(&self) -> &str {
        &self.authority.pem
    }

    /// TLS of a browser or an agent that trusts the authority and speaks these versions.
    pub(crate) fn client(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.authority.roots())
            .with_no_client_auth();
        Arc::new(config)
    }

    pub(crate) fn order(&self, order: ToGateway) {
        self.orders.send(order).unwrap();
    }

    /// The next report that says something to this question; others are passed over.
    pub(crate) async fn report<T>(
        &mut self,
        mut is_it: impl FnMut(&FromGateway) -> Option<T>,
    ) -> T {
        let looking = async {
            loop {
                let report = self.reports.recv().await.unwrap();
                if let Some(found) = is_it(&report) {
                    return found;
                }
            }
        };
        timeout(GUARD, looking)
            .await
            .expect("a report that did not come")
    }

    /// Ends all links and takes no new ones, until [`ControlPlane::come_back`].
    pub(crate) fn go_away(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn come_back(&self) {
        self.open.send_replace(true);
    }

    /// Waits until the gateway tried to make a link while none was taken.
    pub(crate) async fn knocked(&mut self) {
        self.knocks.mark_unchanged();
        timeout(GUARD, self.knocks.changed())
            .await
            .expect("the gateway does not dial")
            .unwrap();
    }

    /// The certificates that the gateway got, the newest last.
    pub(crate) fn issued(&self) -> Vec<CertificateDer<'static>> {
        self.authority.issued.lock().unwrap().clone()
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Desk {
    async fn serve(mut self, mut stream: TlsStream<TcpStream>) {
        let Some((head, body)) = read_request(&mut stream).await else {
            return;
        };
        let has_certificate = stream.get_ref().1.peer_certificates().is_some();
        if head.starts_with(&format!("POST {ENROL_PATH} ")) {
            let request: Enrol = serde_json::from_slice(&body).unwrap();
            let answer = self
                .authority
                .issue(&request.csr_pem, self.authority.renew_at_s);
            answer_with(stream, &answer).await;
        } else if head.starts_with(&format!("POST {RENEW_PATH} ")) {
            assert!(has_certificate);
            let request: Renew = serde_json::from_slice(&body).unwrap();
            let answer = self.authority.issue(&request.csr_pem, u64::MAX);
            answer_with(stream, &answer).await;
        } else if head.starts_with(&format!("GET {GATEWAY_LINK_PATH} ")) {
            assert!(has_certificate);
            if *self.open.borrow_and_update() {
                self.link(stream, &head).await;
            } else {
                self.knocks.send_modify(|knocks| *knocks += 1);
            }
        }
    }

    async fn link(mut self, mut stream: TlsStream<TcpStream>, head: &str) {
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
            .unwrap();
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut orders = self.orders.subscribe();
        let mut link = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        loop {
            let order = tokio::select! {
                _ = self.open.changed() => return,
                order = orders.recv() => order.ok(),
                message = link.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        let report: FromGateway = control::decode(text.as_str()).unwrap();
                        let hello = matches!(report, FromGateway::Hello { .. });
                        if hello {
                            // Before the test hears of the hello, so that it may then show tickets.
                            let text = control::encode(&self.welcome);
                            let _ = link.send(Message::Text(text.into())).await;
                        }
                        let _ = self.reports.send(report);
                        continue;
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return,
                },
            };
            if let Some(order) = order {
                let text = control::encode(&order);
                let _ = link.send(Message::Text(text.into())).await;
            }
        }
    }
}

async fn answer_with(mut stream: TlsStream<TcpStream>, answer: &Enrolled) {
    let body = serde_json::to_string(answer).unwrap();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// The head of an HTTP request, and as much of a body as it announces.
async fn read_request(stream: &mut TlsStream<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

impl Authority {
    fn new(renew_at_s: u64) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
            renew_at_s,
            issued: Mutex::default(),
        }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap();
        roots.add(own).unwrap();
        roots
    }

    fn listener(&self) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let chain = names().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = Arc::new(self.roots());
        let machines = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(machines)
            .with_single_cert(vec![chain.der().clone()], key)
            .unwrap()
    }

    fn issue(&self, csr_pem: &str, renew_at_s: u64) -> Enrolled {
        let csr = CertificateSigningRequestParams::from_pem(csr_pem).unwrap();
        let own = names().signed_by(&csr.public_key, &self.issuer).unwrap();
        self.issued.lock().unwrap().push(own.der().clone());
        Enrolled {
            id: Uuid::from_u128(1),
            kind: MachineKind::Gateway,
            certificate_pem: own.pem(),
            authority_pem: self.pem.clone(),
            renew_at_s,
        }
    }
}

/// A certificate for this machine.
fn names() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let loopback = SanType::IpAddress("127.0.0.1".parse().unwrap());
    params.subject_alt_names.push(loopback);
    params
}
