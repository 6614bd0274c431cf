//! Session hosts and gateways against a real control plane: TLS, certificates, links.

#![allow(clippy::unwrap_used, clippy::panic)]

use futures_util::SinkExt as _;
use machine::{Identity, MachineError};
use reqwest::StatusCode;
use std::{fs, sync::Arc};
use testkit::control_plane::{ControlPlane, PATIENCE, anonymous, hear, say, wait_for};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;
use wire::{
    control::{
        ENROL_PATH, EndReason, FromGateway, FromHost, GATEWAY_LINK_PATH, HOST_LINK_PATH,
        MachineKind, PROTOCOL, Phase, RENEW_PATH, SessionReport, StartTimes, ToGateway, ToHost,
    },
    ids::{ConnectionId, SessionId},
};

fn host_hello() -> FromHost {
    FromHost::Hello {
        protocol: PROTOCOL,
        version: "0.0.0".to_owned(),
        max_sessions: 3,
        features: vec!["image:machine".to_owned()],
    }
}

fn carries(session: SessionId, phase: Phase) -> FromHost {
    FromHost::Sessions {
        sessions: vec![SessionReport {
            session,
            phase,
            times: StartTimes::default(),
            memory_bytes: 0,
        }],
    }
}

async fn host_link(control: &ControlPlane, host: &Identity) -> machine::Socket {
    let url = control.link_url(HOST_LINK_PATH);
    let mut link = host.dial(&url, PATIENCE).await.unwrap();
    say(&mut link, &host_hello()).await;
    let welcome = hear(&mut link).await;
    assert!(
        matches!(welcome, Some(ToHost::Welcome { .. })),
        "{welcome:?}"
    );
    link
}

/// The next order that is not a keep-alive.
async fn order(link: &mut machine::Socket) -> Option<ToHost> {
    loop {
        match hear(link).await? {
            ToHost::Ping => {}
            order => return Some(order),
        }
    }
}

fn refusal(result: Result<machine::Socket, MachineError>) -> String {
    match result {
        Err(MachineError::Dial(why)) => why,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was let in"),
    }
}

#[tokio::test]
async fn a_token_enrols_one_machine() {
    let control = ControlPlane::start().await;
    let [first, second] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let enrolment = control.enrolment(MachineKind::Host, &first).await;
    let token_file = enrolment.enrol_token_file.clone().unwrap();
    let token = fs::read(&token_file).unwrap();
    let host = Identity::open(&enrolment).await.unwrap();
    host_link(&control, &host).await;
    assert!(!token_file.exists());

    // Somebody finds a copy of the token.
    let mut thief = control.enrolment(MachineKind::Host, &second).await;
    fs::write(thief.enrol_token_file.as_ref().unwrap(), &token).unwrap();
    assert!(matches!(
        Identity::open(&thief).await,
        Err(MachineError::Refused)
    ));
    // A machine that has its identity needs no token to start again, and can renew.
    thief.enrol_token_file = None;
    assert!(matches!(
        Identity::open(&thief).await,
        Err(MachineError::NoToken)
    ));
    let host = Identity::open(&enrolment).await.unwrap();
    let renewed = host.renew(&enrolment).await.unwrap();
    host_link(&control, &renewed).await;
}

#[tokio::test]
async fn the_certificate_decides_which_link_a_machine_may_open() {
    let control = ControlPlane::start().await;
    let host = control.machine(MachineKind::Host).await.unwrap();
    let gateway = control.machine(MachineKind::Gateway).await.unwrap();
    let (to_host, to_gateway) = (
        control.link_url(HOST_LINK_PATH),
        control.link_url(GATEWAY_LINK_PATH),
    );
    let wrong = refusal(host.dial(&to_gateway, PATIENCE).await);
    assert!(wrong.contains("401"), "{wrong}");
    let wrong = refusal(gateway.dial(&to_host, PATIENCE).await);
    assert!(wrong.contains("401"), "{wrong}");

    let nobody = Arc::new(anonymous(
        &control.authority_pem(),
        &[&rustls::version::TLS13],
    ));
    for url in [&to_host, &to_gateway] {
        let answer = machine::dial(Arc::clone(&nobody), url, PATIENCE).await;
        assert!(refusal(answer).contains("401"));
    }
    let renewal = serde_json::json!({ "csr_pem": "" });
    let renew = control.control_url() + RENEW_PATH;
    let answer = control
        .http()
        .post(renew)
        .json(&renewal)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_certificate_of_another_authority_opens_nothing() {
    let control = ControlPlane::start().await;
    let other = ControlPlane::start().await;
    let dir = tempfile::tempdir().unwrap();
    let enrolment = other.enrolment(MachineKind::Host, &dir).await;
    Identity::open(&enrolment).await.unwrap();
    // What another provider's control plane issued, made to trust this one.
    let file = enrolment.state_dir.join("machine.json");
    let mut foreign: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    foreign["authority_pem"] = control.authority_pem().into();
    let foreign: Identity = serde_json::from_value(foreign).unwrap();
    let url = control.link_url(HOST_LINK_PATH);
    let result = foreign.dial(&url, PATIENCE).await;
    // TLS refuses it, before any route is looked at.
    let why = refusal(result);
    assert!(!why.contains("HTTP"), "{why}");
}

#[tokio::test]
async fn both_listeners_speak_tls_1_3_alone() {
    let control = ControlPlane::start().await;
    let old = anonymous(&control.authority_pem(), &[&rustls::version::TLS12]);
    let old = reqwest::Client::builder()
        .tls_backend_preconfigured(old)
        .no_proxy();
    let old = old.timeout(PATIENCE).build().unwrap();
    for url in [control.portal_url(), &control.control_url()] {
        assert!(old.get(url).send().await.is_err(), "{url}");
        assert!(control.http().get(url).send().await.is_ok(), "{url}");
    }
}

#[tokio::test]
async fn the_listeners_have_no_route_in_common() {
    let control = ControlPlane::start().await;
    let http = control.http();
    let status = async |base: &str, path: &str| {
        let answer = http.post(base.to_owned() + path).send().await.unwrap();
        answer.status()
    };
    for path in [ENROL_PATH, RENEW_PATH, HOST_LINK_PATH, GATEWAY_LINK_PATH] {
        assert_eq!(
            status(control.portal_url(), path).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        assert_ne!(
            status(&control.control_url(), path).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for path in [
        "/sign-in",
        "/preferences",
        "/sign-out",
        "/healthz",
        "/assets/css/base.css",
    ] {
        assert_eq!(
            status(&control.control_url(), path).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        assert_ne!(
            status(control.portal_url(), path).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_host_is_told_what_should_be_after_each_reconnect() {
    let control = ControlPlane::start().await;
    let host = control.machine(MachineKind::Host).await.unwrap();
    let unknown = SessionId(Uuid::from_u128(7));
    let mut link = host_link(&control, &host).await;
    for _ in 0..2 {
        say(&mut link, &carries(unknown, Phase::Ready)).await;
        assert_eq!(
            order(&mut link).await,
            Some(ToHost::Stop { session: unknown })
        );
        // The agent dies with the order; what it says next counts.
        drop(link);
        link = host_link(&control, &host).await;
    }
    // An attach that failed ends neither the link nor anything else.
    let failed = FromHost::AttachFailed {
        session: unknown,
        connection: ConnectionId(Uuid::from_u128(8)),
        detail: "no route".to_owned(),
    };
    say(&mut link, &failed).await;
    let reason = EndReason::Stopped;
    say(&mut link, &carries(unknown, Phase::Ended { reason })).await;
    assert_eq!(
        order(&mut link).await,
        Some(ToHost::Forget { session: unknown })
    );

    // The same after the control plane itself was started anew.
    let control = control.restart().await;
    let mut link = host_link(&control, &host).await;
    say(&mut link, &carries(unknown, Phase::Ready)).await;
    assert_eq!(
        order(&mut link).await,
        Some(ToHost::Stop { session: unknown })
    );
}

#[tokio::test]
async fn a_newer_link_of_the_same_host_ends_the_older() {
    let control = ControlPlane::start().await;
    let host = control.machine(MachineKind::Host).await.unwrap();
    let mut old = host_link(&control, &host).await;
    let mut new = host_link(&control, &host).await;
    assert_eq!(order(&mut old).await, None);
    let session = SessionId(Uuid::from_u128(7));
    say(&mut new, &carries(session, Phase::Ready)).await;
    assert_eq!(order(&mut new).await, Some(ToHost::Stop { session }));
}

#[tokio::test]
async fn who_speaks_out_of_turn_or_another_version_is_not_listened_to() {
    let control = ControlPlane::start().await;
    let host = control.machine(MachineKind::Host).await.unwrap();
    let url = control.link_url(HOST_LINK_PATH);
    let nobodys = SessionId(Uuid::from_u128(7));
    let strange = FromHost::Hello {
        protocol: PROTOCOL + 1,
        version: "9".to_owned(),
        max_sessions: 1000,
        features: vec![],
    };
    for first in [strange, carries(nobodys, Phase::Ready)] {
        let mut link = host.dial(&url, PATIENCE).await.unwrap();
        say(&mut link, &first).await;
        assert_eq!(hear::<ToHost>(&mut link).await, None);
    }
    for nonsense in ["", "{}", "{\"type\":\"format_disk\"}", &" ".repeat(2 << 20)] {
        let mut link = host_link(&control, &host).await;
        // The listener may hang up while the long one is still being sent.
        let _ = link.send(Message::Text(nonsense.to_owned().into())).await;
        assert_eq!(order(&mut link).await, None);
    }
}

#[tokio::test]
async fn a_gateway_gets_the_keys_and_browsers_are_told_where_it_is() {
    let control = ControlPlane::start().await;
    let gateway = control.machine(MachineKind::Gateway).await.unwrap();
    let url = control.link_url(GATEWAY_LINK_PATH);
    let mut link = gateway.dial(&url, PATIENCE).await.unwrap();
    let hello = FromGateway::Hello {
        protocol: PROTOCOL,
        version: "0.0.0".to_owned(),
        relay_url: "wss://gw.example:8445/v1/relay".to_owned(),
    };
    say(&mut link, &hello).await;
    let Some(ToGateway::Welcome {
        ticket_keys,
        origins,
        ..
    }) = hear(&mut link).await
    else {
        panic!("no welcome");
    };
    assert_eq!(
        (ticket_keys.len(), origins),
        (1, vec![control.portal_url().to_owned()])
    );
    let http = control.http();
    wait_for(async || {
        let page = http
            .get(control.portal_url().to_owned() + "/sign-in")
            .send()
            .await
            .unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        policy.contains("connect-src 'self' wss://gw.example:8445;")
    })
    .await;
}
