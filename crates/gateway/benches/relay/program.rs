//! The two programs that are compared, each in a process of its own.

use gateway::{Gateway, GatewayConfig, Limits};
use rcgen::generate_simple_self_signed;
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs, version::TLS13};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::{net::SocketAddr, process::Stdio, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

pub(crate) const GATEWAY: &str = "gateway";
pub(crate) const COPY: &str = "copy";
/// What the copy holds at once, in bytes: more than the relay does, for so the copy is fastest.
const COPY_BUFFER: usize = 64 * 1024;

/// A child that ends when this is dropped.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts this executable again.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) async fn line(&mut self) -> String {
        self.lines.next_line().await.unwrap().expect("it has ended")
    }

    /// Proportional set size, in KiB.
    pub(crate) fn memory_kib(&self) -> f64 {
        let path = format!("/proc/{}/smaps_rollup", self.child.id().unwrap());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.unwrap().parse().unwrap()
    }
}

/// The gateway: `arguments` are the control plane's URL, the authority's file, the token's file and a folder for state.
pub(crate) async fn gateway(arguments: &[String]) {
    let [control_url, authority, token, state] = arguments else {
        panic!("four arguments");
    };
    let config = GatewayConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        control_url: control_url.clone(),
        authority_file: authority.into(),
        enrol_token_file: Some(token.into()),
        state_dir: state.into(),
        limits: Limits::default(),
        ..GatewayConfig::default()
    };
    let gateway = Gateway::open(config).await.unwrap();
    println!("{}", gateway.address());
    gateway.serve(parent_ends()).await.unwrap();
}

/// Copies from the first TLS connection that comes to the second, and does nothing else.
pub(crate) async fn copy() {
    let own = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let certificate: Vec<String> = own
        .cert
        .der()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("{}", listener.local_addr().unwrap());
    println!("{}", certificate.concat());
    let accept = async || {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        acceptor.accept(stream).await.unwrap()
    };
    let from = accept().await;
    let mut to = accept().await;
    let mut from = BufReader::with_capacity(COPY_BUFFER, from);
    tokio::select! {
        _ = tokio::io::copy_buf(&mut from, &mut to) => {}
        () = parent_ends() => {}
    }
}

/// Starts the copy: it, where it copies from, and where it copies to.
pub(crate) async fn bare_copy() -> (Program, TlsStream<TcpStream>, TlsStream<TcpStream>) {
    let mut copy = Program::start(&[COPY]);
    let address = copy.line().await.parse().unwrap();
    let hex = copy.line().await;
    let byte = |i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap();
    let certificate: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let from = dial(address, Arc::clone(&config)).await;
    let to = dial(address, config).await;
    (copy, from, to)
}

pub(crate) async fn dial(address: SocketAddr, config: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(config)
        .connect(name, stream)
        .await
        .unwrap();
    stream.flush().await.unwrap();
    stream
}

async fn parent_ends() {
    let mut nothing = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut nothing).await;
}
