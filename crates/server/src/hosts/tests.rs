//! How machines enrol, and what their links are worth. (Over real TLS: `crates/testkit/tests/machines.rs`.)

#![allow(clippy::unwrap_used)]

use super::{
    http::{Peer, routes},
    service,
};
use crate::{
    authority::machine_uri,
    db::on,
    testing::{World, worlds},
};
use axum::{
    Extension,
    body::Body,
    http::{Request, StatusCode},
};
use rcgen::{CertificateParams, KeyPair};
use std::sync::Arc;
use tower::ServiceExt as _;
use uuid::Uuid;
use wire::{
    control::{ENROL_PATH, Enrolled, MachineKind, Phase, RENEW_PATH, ToHost},
    ids::SessionId,
};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn csr() -> String {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::default();
    params.serialize_request(&key).unwrap().pem().unwrap()
}

/// Asks the infrastructure listener, as a machine whose certificate was verified to name it.
async fn ask(
    world: &World,
    peer: Option<(MachineKind, Uuid)>,
    path: &str,
    body: serde_json::Value,
) -> (StatusCode, String) {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let router = routes().layer(Extension(Peer(peer)));
    let router = router.with_state(Arc::clone(&world.app));
    let answer = router.oneshot(request).await.unwrap();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20)
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn enrol(world: &World, token: &str, csr: &str) -> (StatusCode, String) {
    let body = serde_json::json!({ "token": token, "csr_pem": csr });
    ask(world, None, ENROL_PATH, body).await
}

async fn enrolled(world: &World, kind: MachineKind) -> Enrolled {
    let names = ["gw.example".to_owned()];
    let token = service::new_token(&world.app, kind, &names, None)
        .await
        .unwrap();
    let (status, body) = enrol(world, &token, &csr()).await;
    assert_eq!(status, 200);
    serde_json::from_str(&body).unwrap()
}

/// The names in the certificate, and whether it may serve.
fn names(enrolled: &Enrolled) -> (Vec<String>, bool) {
    let pem = enrolled.certificate_pem.as_bytes();
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    let names = names.value.general_names.iter().map(ToString::to_string);
    let usage = certificate.extended_key_usage().unwrap().unwrap();
    assert!(usage.value.client_auth && !certificate.is_ca());
    (names.collect(), usage.value.server_auth)
}

#[tokio::test]
async fn a_token_enrols_one_machine_once_and_every_other_answer_is_the_same() {
    for world in worlds().await {
        let token = async |kind| {
            service::new_token(&world.app, kind, &[], None)
                .await
                .unwrap()
        };
        let used = token(MachineKind::Host).await;
        assert_eq!(enrol(&world, &used, &csr()).await.0, 200);
        let late = token(MachineKind::Host).await;
        world.pass_ms(HOUR_MS);
        let refusals = [
            enrol(&world, &used, &csr()).await,
            enrol(&world, &late, &csr()).await,
            enrol(&world, "made-up", &csr()).await,
            enrol(&world, "", "not even a request").await,
        ];
        for refusal in refusals {
            assert_eq!(refusal, (StatusCode::FORBIDDEN, String::new()));
        }
    }
}

#[tokio::test]
async fn of_many_machines_with_one_token_one_is_enrolled() {
    for world in worlds().await {
        let token = service::new_token(&world.app, MachineKind::Host, &[], None)
            .await
            .unwrap();
        let tries = (0..6).map(|_| {
            let (app, token) = (Arc::clone(&world.app), token.clone());
            tokio::spawn(async move {
                let csr_pem = csr();
                service::enrol(&app, &wire::control::Enrol { token, csr_pem }).await
            })
        });
        let mut enrolled = 0;
        for result in tries.collect::<Vec<_>>() {
            enrolled += usize::from(result.await.unwrap().is_ok());
        }
        assert_eq!(enrolled, 1);
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_used_leaves_the_token_good() {
    for world in worlds().await {
        let token = service::new_token(&world.app, MachineKind::Gateway, &[], None)
            .await
            .unwrap();
        let (status, body) = enrol(&world, &token, "nonsense").await;
        assert_eq!((status.as_u16(), &body[..]), (422, ""));
        assert_eq!(enrol(&world, &token, &csr()).await.0, 200);
    }
}

#[tokio::test]
async fn the_token_decides_what_a_machine_is_and_what_it_is_called() {
    for world in worlds().await {
        let host = enrolled(&world, MachineKind::Host).await;
        let gateway = enrolled(&world, MachineKind::Gateway).await;
        let uri = |enrolled: &Enrolled| format!("URI({})", machine_uri(enrolled.id, enrolled.kind));
        // A host has no name at which anybody could be made to believe that it is something else.
        assert_eq!(names(&host), (vec![uri(&host)], false));
        let (found, serves) = names(&gateway);
        assert!(
            found.contains(&uri(&gateway)) && found.contains(&"DNSName(gw.example)".to_owned())
        );
        assert!(serves);
        assert_ne!(host.id, gateway.id);
    }
}

#[tokio::test]
async fn only_the_machine_of_a_certificate_gets_its_next_one() {
    for world in worlds().await {
        let host = enrolled(&world, MachineKind::Host).await;
        let body = serde_json::json!({ "csr_pem": csr() });
        let renew = async |peer| ask(&world, peer, RENEW_PATH, body.clone()).await;
        let (status, text) = renew(Some((MachineKind::Host, host.id))).await;
        assert_eq!(status, 200);
        let next: Enrolled = serde_json::from_str(&text).unwrap();
        assert_eq!((next.id, names(&next)), (host.id, names(&host)));
        assert_ne!(next.certificate_pem, host.certificate_pem);
        assert!(next.renew_at_s > world.app.clock.now_s());

        assert_eq!(renew(None).await.0, 401);
        // A certificate that outlived its machine's place in the register, or that says another kind.
        let gone = Some((MachineKind::Host, world.app.new_id::<SessionId>().0));
        assert_eq!(renew(gone).await, (StatusCode::FORBIDDEN, String::new()));
        let other = Some((MachineKind::Gateway, host.id));
        assert_eq!(renew(other).await, (StatusCode::FORBIDDEN, String::new()));
    }
}

#[tokio::test]
async fn secrets_of_enrolling_are_not_stored() {
    for world in worlds().await {
        let token = service::new_token(&world.app, MachineKind::Host, &[], None)
            .await
            .unwrap();
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let sql = "SELECT token_hash FROM enrol_tokens";
        let stored: Vec<String> =
            on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await).unwrap();
        assert!(stored.len() == 1 && stored[0] != token);
    }
}

/// The agent was started anew before its old link was noticed to be dead.
#[tokio::test]
async fn a_newer_link_of_a_host_takes_over() {
    for world in worlds().await {
        let (customer, mut old) = (&world.customers[0], world.host(3));
        let session = world
            .running(&customer.user, customer.desktop, &mut old)
            .await;
        let id = old.id;
        let mut new = world.host_again(id, 3);
        new.says(&[(session, Phase::Ready)]);
        // What the old one still says, and its end, concern nobody.
        old.says(&[]);
        world.pass().await;
        old.leaves();
        world.pass().await;
        let session_of = world.clicked(&customer.user, customer.editor).await;
        world.pass().await;
        world.pass().await;
        let orders = new.orders();
        assert!(matches!(&orders[..], [ToHost::Start { spec }] if spec.session == session_of));
    }
}
