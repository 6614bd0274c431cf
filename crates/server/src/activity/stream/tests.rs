//! Collectors that take records, refuse them, and come back: one of our own making, and rsyslog.

#![allow(clippy::unwrap_used)]

use super::{
    job,
    send::SendError,
    service::{self, State},
    target::Draft,
};
use crate::testing::{World, worlds};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{
    fs,
    path::Path,
    process::{Child, Command},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

/// An authority with a server's and a client's certificate, PEM.
struct Papers {
    ca: String,
    server: (String, String),
    client: (String, String),
}

fn papers() -> Papers {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let leaf = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &issuer).unwrap();
        (leaf.pem(), key.serialize_pem())
    };
    Papers {
        server: leaf("localhost"),
        client: leaf("nagaya"),
        ca,
    }
}

/// A collector that takes connections with a client certificate alone.
struct Collector {
    port: u16,
    papers: Papers,
    /// It ends connections without a word, or says no.
    refuses: Arc<AtomicBool>,
    /// How it says no.
    no: Arc<Mutex<String>>,
    /// How many requests it was sent.
    asked: Arc<AtomicUsize>,
    received: mpsc::UnboundedReceiver<String>,
}

impl Collector {
    async fn open(otlp: bool) -> Self {
        let papers = papers();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(papers.ca.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let chain = CertificateDer::from_pem_slice(papers.server.0.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(papers.server.1.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![chain], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let refuses = Arc::new(AtomicBool::new(false));
        let (sender, received) = mpsc::unbounded_channel();
        let no = Arc::new(Mutex::new("503 Service Unavailable".to_owned()));
        let asked = Arc::new(AtomicUsize::new(0));
        let (refusing, saying) = (Arc::clone(&refuses), Arc::clone(&no));
        let counting = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let refuses = refusing.load(Ordering::SeqCst);
                if refuses && !otlp {
                    continue;
                }
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut bytes = Vec::new();
                if otlp {
                    let body = request(&mut stream, &mut bytes).await;
                    counting.fetch_add(1, Ordering::SeqCst);
                    let status = if refuses {
                        saying.lock().unwrap().clone()
                    } else {
                        "200 OK".to_owned()
                    };
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                    if !refuses {
                        let _ = sender.send(body);
                    }
                } else {
                    stream.read_to_end(&mut bytes).await.unwrap();
                    stream.shutdown().await.unwrap();
                    let _ = sender.send(String::from_utf8(bytes).unwrap());
                }
            }
        });
        Self {
            port,
            papers,
            refuses,
            no,
            asked,
            received,
        }
    }

    fn draft(&self, kind: &str) -> Draft {
        Draft {
            kind: kind.to_owned(),
            host: "localhost".to_owned(),
            port: self.port.to_string(),
            path: String::new(),
            ca_pem: self.papers.ca.clone(),
            client_pem: self.papers.client.0.clone(),
            client_key: self.papers.client.1.clone(),
            authorization: "Bearer sesame".to_owned(),
        }
    }
}

/// The head, a line feed, and the body of a request.
async fn request(stream: &mut (impl tokio::io::AsyncRead + Unpin), bytes: &mut Vec<u8>) -> String {
    loop {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let (_, length) = head.split_once("content-length: ").unwrap();
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            if body.len() >= length {
                return format!("{head}\n{body}");
            }
        }
        assert!(stream.read_buf(bytes).await.unwrap() > 0, "cut: {text}");
    }
}

/// The messages of octet-counted frames.
fn frames(mut text: &str) -> Vec<String> {
    let mut messages = Vec::new();
    while !text.is_empty() {
        let (length, rest) = text.split_once(' ').unwrap();
        let (message, after) = rest.split_at(length.parse().unwrap());
        messages.push(message.to_owned());
        text = after;
    }
    messages
}

fn private(mut world: World) -> World {
    let app = Arc::get_mut(&mut world.app).unwrap();
    app.config.private_log_destinations = true;
    world
}

async fn save(world: &World, draft: &Draft) {
    let actor = &world.customers[0].administrator.actor;
    service::save(&world.app, actor, draft).await.unwrap();
}

async fn state(world: &World) -> State {
    let actor = &world.customers[0].administrator.actor;
    service::state(&world.app, actor).await.unwrap().unwrap()
}

async fn click(world: &World) {
    let customer = &world.customers[0];
    let session = world.clicked(&customer.user, customer.desktop).await;
    let actor = &customer.user.actor;
    crate::sessions::service::end(&world.app, actor, session)
        .await
        .unwrap();
}

#[tokio::test]
async fn syslog_is_sent_in_order_and_again_after_a_failure() {
    for world in worlds().await.into_iter().map(private) {
        let mut collector = Collector::open(false).await;
        click(&world).await;
        save(&world, &collector.draft("syslog")).await;
        job::pass(&world.app).await.unwrap();
        let first = frames(&collector.received.recv().await.unwrap());
        // What was before it was set up is not sent; that it was set up is.
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(first[0].contains(" activity.stream_changed "), "{first:?}");
        collector.refuses.store(true, Ordering::SeqCst);
        click(&world).await;
        job::pass(&world.app).await.unwrap();
        let behind = state(&world).await;
        assert!(behind.behind > 2 && behind.error.is_some(), "{behind:?}");
        collector.refuses.store(false, Ordering::SeqCst);
        // It waits, then sends what it could not, all of it and in order.
        job::pass(&world.app).await.unwrap();
        assert_eq!(state(&world).await.behind, behind.behind);
        world.pass_ms(5001);
        job::pass(&world.app).await.unwrap();
        let second = frames(&collector.received.recv().await.unwrap());
        assert_eq!(i64::try_from(second.len()).unwrap(), behind.behind);
        for (at, message) in second.iter().enumerate() {
            let index = behind.row.next_index + i64::try_from(at).unwrap();
            assert!(
                message.contains(&format!(" index=\"{index}\" ")),
                "{message}"
            );
        }
        let now = state(&world).await;
        assert_eq!((now.behind, now.error), (0, None));
        job::pass(&world.app).await.unwrap();
        assert!(collector.received.try_recv().is_err());
    }
}

#[tokio::test]
async fn otlp_is_sent_as_a_request_and_a_refusal_is_tried_again() {
    for world in worlds().await.into_iter().map(private) {
        let mut collector = Collector::open(true).await;
        collector.refuses.store(true, Ordering::SeqCst);
        save(&world, &collector.draft("otlp")).await;
        job::pass(&world.app).await.unwrap();
        assert_eq!(state(&world).await.error, Some(SendError::Refused));
        collector.refuses.store(false, Ordering::SeqCst);
        world.pass_ms(5001);
        job::pass(&world.app).await.unwrap();
        let text = collector.received.recv().await.unwrap();
        let (head, body) = text.rsplit_once('\n').unwrap();
        assert!(head.starts_with("POST /v1/logs HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("authorization: Bearer sesame"), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let record = &body["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!(record["eventName"], "activity.stream_changed");
        assert_eq!(record["timeUnixNano"], "1800000000000000000");
        assert_eq!(state(&world).await.behind, 0);
    }
}

#[tokio::test]
async fn a_collector_under_another_authority_gets_nothing() {
    let world = private(worlds().await.remove(0));
    for kind in ["syslog", "otlp"] {
        let mut collector = Collector::open(kind == "otlp").await;
        let mut draft = collector.draft(kind);
        draft.ca_pem = papers().ca;
        save(&world, &draft).await;
        job::pass(&world.app).await.unwrap();
        assert_eq!(state(&world).await.error, Some(SendError::Tls), "{kind}");
        assert_eq!(collector.asked.load(Ordering::SeqCst), 0);
        assert!(collector.received.try_recv().is_err());
    }
}

#[tokio::test]
async fn where_a_collector_leads_nobody_goes() {
    let world = private(worlds().await.remove(0));
    let mut collector = Collector::open(true).await;
    let elsewhere = format!("https://localhost:{}/elsewhere", collector.port);
    *collector.no.lock().unwrap() = format!("302 Found\r\nlocation: {elsewhere}");
    collector.refuses.store(true, Ordering::SeqCst);
    save(&world, &collector.draft("otlp")).await;
    job::pass(&world.app).await.unwrap();
    assert_eq!(state(&world).await.error, Some(SendError::Refused));
    assert_eq!(collector.asked.load(Ordering::SeqCst), 1);
    assert!(collector.received.try_recv().is_err());
}

#[tokio::test]
async fn another_server_gets_no_secret_and_an_inner_address_nothing() {
    let world = worlds().await.remove(0);
    let mut collector = Collector::open(false).await;
    let mut draft = collector.draft("syslog");
    save(&world, &draft).await;
    job::pass(&world.app).await.unwrap();
    assert_eq!(state(&world).await.error, Some(SendError::Forbidden));
    assert!(collector.received.try_recv().is_err());
    // Kept for the same server, forgotten with another.
    draft.client_key = String::new();
    draft.authorization = String::new();
    save(&world, &draft).await;
    let kept = state(&world).await;
    assert!(kept.has_key && kept.has_authorization);
    draft.client_pem = String::new();
    draft.port = "6514".to_owned();
    save(&world, &draft).await;
    let other = state(&world).await;
    assert!(!other.has_key && !other.has_authorization);
    // Neither is ever on a page.
    let mut browser = world.signed_in(&world.customers[0].administrator).await;
    save(&world, &collector.draft("syslog")).await;
    let page = browser.get("/activity/stream").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("sesame") && !page.text.contains("PRIVATE KEY"));
    let csrf = page.csrf();
    let tested = browser
        .post("/activity/stream/test", &[("csrf", &csrf)])
        .await;
    assert!(tested.text.contains("role=\"status\""), "{}", tested.text);
    browser
        .post("/activity/stream/remove", &[("csrf", &csrf)])
        .await;
    let actor = &world.customers[0].administrator.actor;
    assert!(service::state(&world.app, actor).await.unwrap().is_none());
}

/// rsyslog, as Debian has it, with TLS and client certificates; killed when dropped.
struct Rsyslog(Child);

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn rsyslog(dir: &Path, papers: &Papers, port: u16) -> Option<Rsyslog> {
    let file = |name: &str, text: &str| {
        fs::write(dir.join(name), text).unwrap();
        dir.join(name).display().to_string()
    };
    let (ca, certificate) = (
        file("ca.pem", &papers.ca),
        file("server.pem", &papers.server.0),
    );
    let (key, out) = (file("server.key", &papers.server.1), file("out.log", ""));
    let config = format!(
        "global(workDirectory=\"{0}\" defaultNetstreamDriverCAFile=\"{ca}\"\n\
         defaultNetstreamDriverCertFile=\"{certificate}\" defaultNetstreamDriverKeyFile=\"{key}\")\n\
         module(load=\"imtcp\" streamDriver.name=\"gtls\" streamDriver.mode=\"1\"\n\
         streamDriver.authMode=\"x509/certvalid\")\n\
         template(name=\"t\" type=\"string\" string=\"%msgid% %structured-data% %msg%\\n\")\n\
         ruleset(name=\"r\") {{ action(type=\"omfile\" file=\"{out}\" template=\"t\") }}\n\
         input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\" ruleset=\"r\")\n",
        dir.display()
    );
    let config = file("rsyslog.conf", &config);
    let pid = dir.join("pid");
    let child = Command::new("rsyslogd")
        .args(["-n", "-f", &config, "-i"])
        .arg(pid)
        .spawn();
    child.ok().map(Rsyslog)
}

#[tokio::test]
async fn rsyslog_understands_every_message() {
    let world = private(worlds().await.remove(0));
    let dir = tempfile::tempdir().unwrap();
    let (papers, free) = (papers(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = free.local_addr().unwrap().port();
    drop(free);
    let Some(_rsyslog) = rsyslog(dir.path(), &papers, port) else {
        eprintln!("rsyslogd is not installed (scripts/packages test): not tested");
        return;
    };
    save(
        &world,
        &Draft {
            kind: "syslog".to_owned(),
            host: "localhost".to_owned(),
            port: port.to_string(),
            ca_pem: papers.ca.clone(),
            client_pem: papers.client.0.clone(),
            client_key: papers.client.1.clone(),
            ..Draft::default()
        },
    )
    .await;
    click(&world).await;
    let sent = state(&world).await.behind;
    let out = dir.path().join("out.log");
    let arrived = async {
        loop {
            let text = fs::read_to_string(&out).unwrap();
            if i64::try_from(text.lines().count()).unwrap() >= sent {
                return text;
            }
            // It needs a moment to come up; failures make the next try wait.
            world.pass_ms(15 * 60 * 1000);
            job::pass(&world.app).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(30), arrived)
        .await
        .unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(i64::try_from(lines.len()).unwrap(), sent);
    assert!(
        lines[0].starts_with("activity.stream_changed [timeQuality "),
        "{text}"
    );
    assert!(
        lines[1].starts_with("session.requested ") && lines[1].contains(" who=\"hana of shoji\" "),
        "{text}"
    );
    assert!(lines[1].contains("outcome=\"begun\""), "{text}");
}
