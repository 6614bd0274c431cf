//! Authorities, certificates and browsers that show them, for tests.

#![allow(clippy::unwrap_used)]

use super::{
    service::{self, Draft, Issued},
    trust,
};
use crate::{
    actor::Actor,
    app::App,
    testing::{Answer, Browser, World},
    two_names::{self, Arrived},
};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, header},
};
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls_pki_types::CertificateDer;
use std::{net::SocketAddr, sync::Arc};
use time::{Duration, OffsetDateTime};
use tower::ServiceExt as _;

pub(crate) type Chain = Vec<CertificateDer<'static>>;

/// An authority that a customer has itself.
pub(crate) struct Brought {
    pub(crate) pem: String,
    pub(crate) der: CertificateDer<'static>,
    pub(crate) issuer: Issuer<'static, KeyPair>,
}

/// What a certificate of such an authority says.
pub(crate) struct Leaf<'a> {
    pub(crate) emails: &'a [&'a str],
    pub(crate) usages: &'a [ExtendedKeyUsagePurpose],
    /// Days from the beginning of the tests' time to its end.
    pub(crate) days: i64,
    pub(crate) serial: u64,
}

impl Default for Leaf<'_> {
    fn default() -> Self {
        Self {
            emails: &[],
            usages: &[ExtendedKeyUsagePurpose::ClientAuth],
            days: 30,
            serial: 0x2a,
        }
    }
}

fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(crate::testing::START_MS / 1000).unwrap()
}

pub(crate) fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = start() - Duration::days(1);
    params.not_after = start() + Duration::days(100);
    params
}

impl Brought {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority_params(name);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority below this one.
    pub(crate) fn between(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority_params(name);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn leaf(&self, leaf: &Leaf<'_>) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "laptop");
        params.not_before = start() - Duration::days(1);
        params.not_after = start() + Duration::days(leaf.days);
        params.extended_key_usages = leaf.usages.to_vec();
        params.serial_number = Some(leaf.serial.into());
        let names = leaf.emails.iter();
        params.subject_alt_names = names
            .map(|email| SanType::Rfc822Name((*email).try_into().unwrap()))
            .collect();
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.issuer).unwrap().der().clone()
    }
}

/// A certificate that was issued here, and an authority that was brought: their ids.
pub(crate) async fn things(app: &App, boss: &Actor) -> (String, String) {
    for (row, _) in trust::authorities(app, boss).await.unwrap() {
        if row.kind == "brought" {
            trust::remove_authority(app, boss, row.id).await.unwrap();
        }
    }
    issued(app, boss, "").await;
    let brought = Brought::new("walk");
    trust::add_authority(app, boss, &brought.pem).await.unwrap();
    let listed = service::list(app, boss, "").await.unwrap();
    let device = listed.iter().max_by_key(|listed| listed.row.id).unwrap();
    let authorities = trust::authorities(app, boss).await.unwrap();
    let authority = authorities.iter().find(|(row, _)| row.kind == "brought");
    (
        device.row.id.to_string(),
        authority.unwrap().0.id.to_string(),
    )
}

/// Issues a certificate for the person of an address, or for a device of anybody.
pub(crate) async fn issued(app: &App, boss: &Actor, person: &str) -> Chain {
    let draft = Draft {
        person: person.to_owned(),
        name: format!("laptop of {person}"),
        days: 365,
    };
    opened(&service::issue(app, boss, &draft).await.unwrap())
}

/// What is in the file.
pub(crate) fn opened(issued: &Issued) -> Chain {
    let policy = Pkcs12ImportPolicy::Strict;
    let store = KeyStore::from_pkcs12(&issued.file.bytes, &issued.file.password, policy).unwrap();
    let (_, chain) = store.private_key_chain().unwrap();
    let own = chain.certs().first().unwrap();
    vec![CertificateDer::from(own.as_der().to_vec())]
}

/// A request by a connection to the devices' own name.
pub(crate) async fn at_device(
    world: &World,
    url: &str,
    shown: &[CertificateDer<'static>],
) -> String {
    let app = Arc::clone(&world.app);
    let (host, path) = url
        .strip_prefix("https://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let peer: SocketAddr = "192.0.2.7:50001".parse().unwrap();
    let request = Request::get(format!("/{path}"))
        .header(header::HOST, host)
        .extension(ConnectInfo(peer))
        .extension(Arrived::Device(shown.to_vec().into()))
        .body(Body::empty())
        .unwrap();
    let answer = two_names::router(app).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[header::CONNECTION], "close");
    let to = answer.headers()[header::LOCATION].to_str().unwrap();
    to.strip_prefix(world.app.config.public_url.as_str())
        .unwrap()
        .to_owned()
}

/// A browser is sent to show a certificate, and has come back as far as the result's address.
pub(crate) async fn sent(
    world: &World,
    browser: &mut Browser,
    shown: &[CertificateDer<'static>],
) -> String {
    let go = browser.get("/sign-in/device/go?next=/account").await;
    at_device(world, go.header("location"), shown).await
}

/// A browser shows a certificate: what the portal says to that.
pub(crate) async fn show(
    world: &World,
    browser: &mut Browser,
    shown: &[CertificateDer<'static>],
) -> Answer {
    let to = sent(world, browser, shown).await;
    browser.get(&to).await
}
