//! The management listener over real TLS: who gets a connection at all.

#![allow(clippy::unwrap_used)]

use reqwest::StatusCode;
use server::operators::OperatorRole;
use testkit::control_plane::ControlPlane;
use wire::control::MachineKind;

#[tokio::test]
async fn only_a_certificate_of_the_operators_authority_opens_the_management_listener() {
    let control = ControlPlane::start().await;
    let door = format!("{}/console/enter", control.console_url());
    let setup = control.setup().await;
    let role = OperatorRole::Support;
    let papers = setup.add_operator("grace", "Grace", role).await.unwrap();

    let operator = control.http_with(&papers.certificate_pem, &papers.key_pem);
    let answer = operator.get(&door).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await.unwrap().contains("Grace"));
    // Nobody at all, and a session host, do not even finish the handshake.
    assert!(control.http().get(&door).send().await.is_err());
    let host = control.machine(MachineKind::Host).await.unwrap();
    let host = serde_json::to_value(&host).unwrap();
    let part = |name: &str| host[name].as_str().unwrap();
    let host = control.http_with(part("certificate_pem"), part("key_pem"));
    assert!(host.get(&door).send().await.is_err());
    // An operator of another provider.
    let other = ControlPlane::start().await;
    let setup = other.setup().await;
    let papers = setup.add_operator("grace", "Grace", role).await.unwrap();
    let foreign = control.http_with(&papers.certificate_pem, &papers.key_pem);
    assert!(foreign.get(&door).send().await.is_err());
    // Where customers and machines come, an operator's certificate is worth nothing.
    for base in [control.portal_url(), &control.control_url()] {
        let answer = operator.get(format!("{base}/console/enter")).send().await;
        let status = answer.map(|answer| answer.status());
        assert!(status.is_err() || status.unwrap() == StatusCode::NOT_FOUND);
    }
}
