//! What a person can do with sessions, and what nobody else can.

#![allow(clippy::unwrap_used)]

use super::{
    service::{self, Connect, SessionError},
    state::State,
    store,
};
use crate::{
    activity::What,
    fakes::FakeHost,
    testing::{Answer, Browser, World, worlds},
};
use axum::{body::Body, http::Request};
use wire::{
    control::{EndReason, Launch, Phase, ToHost},
    ids::SessionId,
    rights::Rights,
    ticket::{Invalid, LIFETIME_S, Side},
};

/// Clicks "open" as the portal's page does. The answer leads to the session.
async fn open(browser: &mut Browser, desktop: impl std::fmt::Display) -> Answer {
    let csrf = browser.csrf().await;
    let path = format!("/desktops/{desktop}/launch");
    browser.post(&path, &[("csrf", &csrf)]).await
}

fn session_of(answer: &Answer) -> SessionId {
    let path = answer.header("location");
    path.strip_prefix("/sessions/").unwrap().parse().unwrap()
}

/// Asks for a connection as the web client does.
async fn connect(browser: &mut Browser, session: SessionId) -> Answer {
    let csrf = browser.csrf().await;
    let request = Request::post(format!("/sessions/{session}/connect"))
        .header("x-csrf-token", csrf)
        .body(Body::empty())
        .unwrap();
    browser.send(request).await
}

pub(super) async fn state(world: &World, session: SessionId) -> State {
    let mut tx = world
        .app
        .db
        .read(crate::db::Scope::Everybody)
        .await
        .unwrap();
    let row = store::any(&mut tx, session).await.unwrap().unwrap();
    row.state
}

#[tokio::test]
async fn a_click_leads_to_a_running_desktop_and_leaves_a_record() {
    for world in worlds().await {
        let (customer, mut host, gateway) = (&world.customers[0], world.host(3), world.gateway());
        let mut browser = world.signed_in(&customer.user).await;
        let answer = open(&mut browser, customer.desktop).await;
        assert_eq!(answer.status, 303);
        let session = session_of(&answer);
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log.last(), Some(&What::SessionRequested));
        assert_eq!(
            connect(&mut browser, session).await.json()["state"],
            "starting"
        );

        world.pass().await;
        world.pass().await;
        let [ToHost::Start { spec }, ..] = &host.orders()[..] else {
            panic!("nothing was ordered");
        };
        assert_eq!((spec.session, spec.tenant), (session, customer.tenant));
        assert_eq!((&spec.launch, &spec.login[..]), (&Launch::Desktop, "hana"));
        // The first customer is Japanese.
        assert_eq!((&spec.language[..], &spec.keyboard[..]), ("ja", "jp"));
        assert_eq!(
            connect(&mut browser, session).await.json()["state"],
            "starting"
        );

        host.says(&[(session, Phase::Ready)]);
        world.pass().await;
        let answer = connect(&mut browser, session).await;
        let told = answer.json();
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(told["state"], "ready");
        let relay_url = told["relay_url"].as_str().unwrap();
        assert!(relay_url.contains(&gateway.id.to_string()));
        let page = browser.get(&format!("/sessions/{session}")).await;
        let policy = page.header("content-security-policy");
        let origin = relay_url.strip_suffix("/v1/relay").unwrap();
        assert!(
            policy.contains(&format!("connect-src 'self' {origin};")),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn a_published_application_starts_that_application() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[1], world.host(3));
        world.clicked(&customer.user, customer.editor).await;
        world.pass().await;
        world.pass().await;
        let [ToHost::Start { spec }, ..] = &host.orders()[..] else {
            panic!("nothing was ordered");
        };
        let name = "editor".to_owned();
        assert_eq!(spec.launch, Launch::Application { name });
        assert_eq!(spec.keyboard, "us");
    }
}

#[tokio::test]
async fn clicking_twice_leads_to_the_same_session_also_at_the_same_time() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let clicks: Vec<_> = (0..8)
            .map(|_| {
                let (app, actor) = (world.app.clone(), customer.user.actor.clone());
                let desktop = customer.desktop;
                tokio::spawn(async move { service::launch(&app, &actor, desktop).await.unwrap() })
            })
            .collect();
        let mut sessions = Vec::new();
        for click in clicks {
            sessions.push(click.await.unwrap());
        }
        sessions.dedup();
        assert_eq!(sessions.len(), 1);
        assert_eq!(
            world.log(Some(customer.tenant)).await,
            [What::SessionRequested]
        );

        // Another desktop, and the same one of a colleague, are sessions of their own.
        let (app, boss) = (&world.app, &customer.administrator.actor);
        let other = service::launch(app, &customer.user.actor, customer.editor)
            .await
            .unwrap();
        let colleague = service::launch(app, boss, customer.desktop).await.unwrap();
        assert!(other != sessions[0] && colleague != sessions[0]);
    }
}

#[tokio::test]
async fn somebody_elses_session_looks_like_one_that_does_not_exist() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let (mut host, gateway) = (world.host(3), world.gateway());
        let session = world.running(&shoji.user, shoji.desktop, &mut host).await;
        let nothing: SessionId = world.app.new_id();
        // Another customer's people, and an administrator of one's own.
        for person in [&harbour.user, &harbour.administrator, &shoji.administrator] {
            let mut browser = world.signed_in(person).await;
            let csrf = browser.csrf().await;
            let mut answers = Vec::new();
            for id in [session, nothing] {
                let shown = browser.get(&format!("/sessions/{id}")).await;
                let connected = connect(&mut browser, id).await;
                let end = format!("/sessions/{id}/end");
                let ended = browser.post(&end, &[("csrf", &csrf)]).await;
                let all = [shown, connected, ended].map(|answer| {
                    assert_eq!(answer.status, 404);
                    answer.text.replace(&id.to_string(), "ID")
                });
                answers.push(all);
            }
            assert_eq!(answers[0], answers[1]);
            assert!(
                !browser
                    .get("/desktops")
                    .await
                    .text
                    .contains(&session.to_string())
            );
        }
        assert_eq!(state(&world, session).await, State::Ready { host: host.id });
        assert!(host.orders().is_empty());
        drop(gateway);
    }
}

#[tokio::test]
async fn another_customers_desktop_cannot_be_opened_and_leaves_no_trace() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut mallory = world.signed_in(&harbour.user).await;
        let before = world.log(Some(harbour.tenant)).await;
        let foreign = open(&mut mallory, shoji.desktop).await;
        let missing = open(&mut mallory, "no-such-thing").await;
        assert_eq!(
            (foreign.status.as_u16(), missing.status.as_u16()),
            (404, 404)
        );
        let desktop = shoji.desktop.to_string();
        let foreign = foreign.text.replace(&desktop, "no-such-thing");
        assert_eq!(foreign, missing.text);
        assert_eq!(world.log(Some(harbour.tenant)).await, before);
        assert!(world.log(Some(shoji.tenant)).await.is_empty());
    }
}

#[tokio::test]
async fn a_form_without_its_token_opens_and_ends_nothing() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let mut browser = world.signed_in(&customer.user).await;
        let others = world.signed_in(&customer.administrator).await.csrf().await;
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let launch = format!("/desktops/{}/launch", customer.editor);
        let paths = [
            launch,
            format!("/sessions/{session}/end"),
            format!("/sessions/{session}/connect"),
        ];
        for path in &paths {
            for form in [&[][..], &[("csrf", "guess")], &[("csrf", &others)]] {
                let answer = browser.post(path, form).await;
                assert_eq!(answer.status, 403, "{path} {form:?}");
            }
            let scripted = Request::post(path.as_str()).header("x-csrf-token", &others);
            let form = "application/x-www-form-urlencoded";
            let scripted = scripted
                .header("content-type", form)
                .body(Body::empty())
                .unwrap();
            assert_eq!(browser.send(scripted).await.status, 403, "{path}");
        }
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let live = service::live_of(&mut tx, &customer.user.actor)
            .await
            .unwrap();
        assert_eq!(
            live.iter().map(|live| live.id).collect::<Vec<_>>(),
            [session]
        );
        assert!(host.orders().is_empty());
    }
}

#[tokio::test]
async fn tickets_are_for_one_pairing_and_each_is_a_new_one() {
    for world in worlds().await {
        let (customer, mut host, gateway) = (&world.customers[0], world.host(3), world.gateway());
        let user = &customer.user;
        let session = world.running(user, customer.desktop, &mut host).await;
        let first = world.pairing(user, session, &mut host, &gateway).await;
        let second = world.pairing(user, session, &mut host, &gateway).await;
        for claims in [first.browser, first.agent] {
            let actor = &user.actor;
            assert_eq!((claims.tenant, claims.user), (actor.tenant, actor.user));
            assert_eq!((claims.session, claims.gateway), (session, gateway.id));
            assert_eq!(claims.connection, first.open.connection);
            assert_eq!(claims.expires_at_s, world.app.clock.now_s() + LIFETIME_S);
            assert_eq!(claims.rights, Rights::OWN_SESSION);
        }
        assert_eq!(
            (first.browser.side, first.agent.side),
            (Side::Browser, Side::Agent)
        );
        // A gateway accepts each id once, so no two tickets may share one.
        let mut ids = [
            first.browser.id,
            first.agent.id,
            second.browser.id,
            second.agent.id,
        ];
        ids.sort();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_ne!(first.open.connection, second.open.connection);
    }
}

#[tokio::test]
async fn a_ticket_is_good_for_a_minute_and_one_gateway() {
    for world in worlds().await {
        let (customer, mut host, gateway) = (&world.customers[0], world.host(3), world.gateway());
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let web = world.web_session(&customer.user).await;
        let answer = service::connect(&world.app, &customer.user.actor, web, session).await;
        let Ok(Connect::Ready { ticket, .. }) = answer else {
            panic!("no ticket");
        };
        assert!(world.verified(&ticket, gateway.id).is_ok());
        let other = world.verified(&ticket, world.app.new_id());
        assert_eq!(other, Err(Invalid::OtherGateway));
        world.pass_ms(60_000);
        assert_eq!(world.verified(&ticket, gateway.id), Err(Invalid::Expired));
    }
}

/// A session that runs, while its host or every gateway is out of reach, is not over: the browser is told to wait.
#[tokio::test]
async fn without_a_gateway_or_its_host_a_session_is_waited_for() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let web = world.web_session(&customer.user).await;
        let ask = async || {
            let actor = &customer.user.actor;
            service::connect(&world.app, actor, web, session)
                .await
                .unwrap()
        };
        assert!(matches!(ask().await, Connect::Starting { .. }));
        let gateway = world.gateway();
        assert!(matches!(ask().await, Connect::Ready { .. }));
        let id = host.leaves();
        assert!(matches!(ask().await, Connect::Starting { .. }));
        let _back = world.host_again(id, 3);
        assert!(matches!(ask().await, Connect::Ready { .. }));
        gateway.leaves();
        assert!(matches!(ask().await, Connect::Starting { .. }));
    }
}

#[tokio::test]
async fn ending_a_session_stops_it_and_cuts_its_connections() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (mut host, mut gateway) = (world.host(3), world.gateway());
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let mut browser = world.signed_in(&customer.user).await;
        let csrf = browser.csrf().await;
        let end = format!("/sessions/{session}/end");
        let answer = browser.post(&end, &[("csrf", &csrf)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/desktops")
        );
        assert_eq!(gateway.kills(), [session]);
        world.pass().await;
        assert_eq!(host.orders(), [ToHost::Stop { session }]);
        // Doing it twice is fine.
        assert_eq!(browser.post(&end, &[("csrf", &csrf)]).await.status, 303);

        over(&world, &host, session).await;
        let reason = EndReason::SignedOut;
        assert_eq!(state(&world, session).await, State::Ended { reason });
        let page = browser.get(&format!("/sessions/{session}")).await;
        assert!(page.status == 200 && !page.text.contains("connect_url"));
        assert_eq!(
            connect(&mut browser, session).await.json()["state"],
            "ended"
        );
        let log = world.log(Some(customer.tenant)).await;
        let log: Vec<_> = log
            .iter()
            .filter(|what| **what != What::PasswordSet)
            .collect();
        let told = [
            What::SessionRequested,
            What::SessionEndRequested,
            What::SessionEnded,
        ];
        assert_eq!(log, told.iter().collect::<Vec<_>>());
        // The next click opens a new one.
        let next = session_of(&open(&mut browser, customer.desktop).await);
        assert_ne!(next, session);
    }
}

/// The host says that the session is over, and the reconciler hears it.
async fn over(world: &World, host: &FakeHost, session: SessionId) {
    let reason = EndReason::Stopped;
    host.says(&[(session, Phase::Ended { reason })]);
    world.pass().await;
}

#[tokio::test]
async fn what_fails_half_way_leaves_neither_session_nor_record() {
    for world in worlds().await {
        let customer = &world.customers[0];
        // Nobody can write to the log any more.
        world.break_log().await;
        let result = service::launch(&world.app, &customer.user.actor, customer.desktop).await;
        assert!(matches!(result, Err(SessionError::Database(_))));
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        assert!(store::not_ended(&mut tx).await.unwrap().is_empty());
    }
}
