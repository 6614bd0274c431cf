//! The link to the control plane: what a gateway does while there is none, and its certificate.

use crate::{
    control_plane::ControlPlane,
    site::{Site, closes, passes},
};
use certificates::CertificateFiles;
use gateway::{GatewayError, Limits};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, version::TLS13};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use wire::{
    close::Close,
    control::FromGateway,
    ticket::{Claims, Side},
};

#[tokio::test]
async fn pairs_outlive_the_control_plane_and_it_hears_what_happened_meanwhile() {
    let mut site = Site::start().await;
    let mut pair = site.pair().await;
    site.control.go_away();
    site.control.knocked().await;
    passes(&mut pair).await;
    // Tickets are still good or bad, by what was known.
    let claims = site.claims(Side::Browser);
    let old = Claims {
        expires_at_s: claims.issued_at_s - 30,
        ..claims
    };
    let mut refused = site.says(Message::text(site.sign(&old))).await;
    closes(&mut refused, Close::Refused).await;

    site.control.come_back();
    site.control
        .report(|report| matches!(report, FromGateway::Hello { .. }).then_some(()))
        .await;
    // First of all the whole picture.
    let open = site.control.report(|report| match report {
        FromGateway::Connections { open } => Some(open.clone()),
        other => panic!("not the connections: {other:?}"),
    });
    let open = open.await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].connection, pair.claims.connection);
    assert_eq!(open[0].to_agent_bytes, "hello".len() as u64);
    let why = site.control.report(|report| match report {
        FromGateway::Refused { why, .. } => Some(why.clone()),
        _ => None,
    });
    assert_eq!(why.await, "the ticket is outside its time");
    site.pair().await;
}

#[tokio::test]
async fn who_comes_before_the_first_welcome_waits_for_it() {
    let control = ControlPlane::start(u64::MAX, false).await;
    let mut site = Site::beside(control, Limits::default()).await.unwrap();
    let claims = site.claims(Side::Browser);
    let connection = TcpStream::connect(site.address).await.unwrap();
    site.control.knocked().await;
    site.control.come_back();
    let _browser = site.bearer_on(connection, &claims).await;
    let _agent = site.bearer(&Site::other(&claims)).await;
    site.opened(claims).await;
}

#[tokio::test]
async fn a_certificate_is_renewed_without_ending_the_link_and_shown_to_who_comes() {
    let control = ControlPlane::start(0, true).await;
    let mut site = Site::beside(control, Limits::default()).await.unwrap();
    loop {
        let connector = TlsConnector::from(site.control.client(&[&TLS13]));
        let stream = TcpStream::connect(site.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
        let issued = site.control.issued();
        if issued.len() == 2 && shown == issued[1] {
            break;
        }
        assert!(issued.contains(&shown));
    }
    let claims = site.claims(Side::Browser);
    let _browser = site.bearer(&claims).await;
    let _agent = site.bearer(&Site::other(&claims)).await;
    let mut links = 0;
    let opened = site.control.report(|report| match report {
        FromGateway::Hello { .. } => {
            links += 1;
            None
        }
        FromGateway::Opened { .. } => Some(()),
        _ => None,
    });
    opened.await;
    assert_eq!(links, 1);
}

#[tokio::test]
async fn a_gateway_that_ends_tells_its_pairs_to_come_back() {
    let mut site = Site::start().await;
    let mut pair = site.pair().await;
    site.stop().await;
    for client in [&mut pair.browser, &mut pair.agent] {
        closes(client, Close::PeerLost).await;
    }
}

/// Files of a certificate for this name, as an ACME client leaves them.
fn files(dir: &Path, name: &str) -> (CertificateFiles, CertificateDer<'static>) {
    let files = CertificateFiles {
        chain_file: dir.join("fullchain.pem"),
        key_file: dir.join("privkey.pem"),
    };
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let own = params.self_signed(&key).unwrap();
    fs::write(&files.chain_file, own.pem()).unwrap();
    fs::write(&files.key_file, key.serialize_pem()).unwrap();
    fs::set_permissions(&files.key_file, fs::Permissions::from_mode(0o600)).unwrap();
    (files, own.der().clone())
}

#[tokio::test]
async fn browsers_and_agents_are_shown_different_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let (files, public) = files(dir.path(), "localhost");
    let control = ControlPlane::start(u64::MAX, true).await;
    let site = Site::showing(control, Limits::default(), Some(files));
    let site = site.await.unwrap();
    let shown = async |tls: ClientConfig| {
        let stream = TcpStream::connect(site.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(tls))
            .connect(name, stream)
            .await?;
        let certificates = stream.get_ref().1.peer_certificates().unwrap();
        std::io::Result::Ok(certificates[0].clone().into_owned())
    };
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
    };
    let mut known = RootCertStore::empty();
    known.add(public.clone()).unwrap();
    let browser = builder()
        .with_root_certificates(known)
        .with_no_client_auth();
    assert_eq!(shown(browser).await.unwrap(), public);

    // As `machine` dials.
    let mut ours = RootCertStore::empty();
    let authority = site.control.authority_pem().as_bytes();
    ours.add(CertificateDer::from_pem_slice(authority).unwrap())
        .unwrap();
    let agent = builder()
        .dangerous()
        .with_custom_certificate_verifier(certificates::verifier(ours).unwrap())
        .with_no_client_auth();
    assert_ne!(shown(agent).await.unwrap(), public);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_shown_is_told_before_anybody_comes() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["relay.example", "localhost"] {
        let (files, _) = files(dir.path(), name);
        if name == "localhost" {
            fs::set_permissions(&files.key_file, fs::Permissions::from_mode(0o644)).unwrap();
        }
        let control = ControlPlane::start(u64::MAX, true).await;
        let site = Site::showing(control, Limits::default(), Some(files)).await;
        assert!(matches!(site, Err(GatewayError::Certificate(_))), "{name}");
    }
}
