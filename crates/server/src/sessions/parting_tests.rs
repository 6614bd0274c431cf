//! Desktops part from the session of the web that opened them when it ends, and from no other.

#![allow(clippy::unwrap_used)]

use super::{state::State, tests::state};
use crate::{
    actor::Role,
    fakes::{FakeGateway, FakeHost},
    identity::lifecycle::{self, Draft},
    testing::{Browser, PASSWORD, Person, World, worlds},
};
use uuid::Uuid;
use wire::ids::SessionId;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Signs in by password, beside the sessions of the web that are there.
async fn elsewhere(world: &World, person: &Person) -> Browser {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [
        ("email", person.email.as_str()),
        ("password", PASSWORD),
        ("csrf", csrf.as_str()),
    ];
    assert_eq!(browser.post("/sign-in", &form).await.status, 303);
    browser
}

/// Two desktops of one person, each shown in a browser of its own.
struct Stage {
    host: FakeHost,
    gateway: FakeGateway,
    browsers: [Browser; 2],
    ids: [Uuid; 2],
    shown: [SessionId; 2],
}

async fn stage(world: &World) -> Stage {
    let customer = &world.customers[0];
    let user = &customer.user;
    let (mut host, gateway) = (world.host(3), world.gateway());
    let here = world.signed_in(user).await;
    let there = elsewhere(world, user).await;
    let ids = [
        world.session_in(&here).await,
        world.session_in(&there).await,
    ];
    let desktop = world.running(user, customer.desktop, &mut host).await;
    let editor = world.clicked(user, customer.editor).await;
    world.pass().await;
    let ready = wire::control::Phase::Ready;
    host.says(&[(desktop, ready.clone()), (editor, ready)]);
    world.pass().await;
    host.orders();
    for (web, session) in ids.into_iter().zip([desktop, editor]) {
        let pairing = world
            .pairing_in(web, user, session, &mut host, &gateway)
            .await;
        gateway.opened(pairing.open).await;
    }
    Stage {
        host,
        gateway,
        browsers: [here, there],
        ids,
        shown: [desktop, editor],
    }
}

async fn is_shown(world: &World, session: SessionId) -> bool {
    matches!(state(world, session).await, State::Connected { .. })
}

#[tokio::test]
async fn ending_one_session_of_the_web_cuts_its_own_desktops_alone() {
    for world in worlds().await {
        let mut stage = stage(&world).await;
        let [here, _] = &mut stage.browsers;
        let csrf = here.get("/account").await.csrf();
        let end = format!("/account/sessions/{}/end", stage.ids[1]);
        here.post(&end, &[("csrf", &csrf)]).await;
        assert_eq!(stage.gateway.kills(), [stage.shown[1]]);
        world.pass().await;
        assert!(is_shown(&world, stage.shown[0]).await);
        assert!(!is_shown(&world, stage.shown[1]).await);
        // Nor does the reconciler cut the other later.
        assert!(stage.gateway.kills().is_empty());
    }
}

#[tokio::test]
async fn ending_the_others_and_signing_out_keep_apart_what_each_opened() {
    for world in worlds().await {
        let mut stage = stage(&world).await;
        let user = &world.customers[0].user;
        // A ticket of the other browser for the desktop that is shown here is on its way.
        let (there, desktop) = (stage.ids[1], stage.shown[0]);
        let pending = world
            .pairing_in(there, user, desktop, &mut stage.host, &stage.gateway)
            .await;
        let [here, _] = &mut stage.browsers;
        let csrf = here.get("/account").await.csrf();
        let form = [("csrf", csrf.as_str())];
        here.post("/account/sessions/end-others", &form).await;
        assert_eq!(stage.gateway.kills(), [stage.shown[1]]);
        assert!(is_shown(&world, desktop).await);
        stage.gateway.opened(pending.open).await;
        assert_eq!(stage.gateway.kills(), [desktop]);
        here.post("/sign-out", &form).await;
        assert!(!is_shown(&world, desktop).await);
    }
}

#[tokio::test]
async fn a_session_of_the_web_whose_time_is_over_takes_its_desktops_along() {
    for mut world in worlds().await {
        let mut stage = stage(&world).await;
        // Somebody works here: the page says so. Nobody does there.
        for _ in 0..2 {
            world.pass_ms(HOUR_MS + 60_000);
            let path = format!("/sessions/{}/here", stage.shown[0]);
            assert_eq!(stage.browsers[0].get(&path).await.status, 204);
        }
        // It is kept with the connection, not in the memory of a process.
        world.restart().await;
        let gateway = world.gateway_again(stage.gateway.id);
        let host = world.host_again(stage.host.id, 3);
        let ready = wire::control::Phase::Ready;
        host.says(&[(stage.shown[0], ready.clone()), (stage.shown[1], ready)]);
        world.pass().await;
        assert!(is_shown(&world, stage.shown[0]).await);
        assert!(!is_shown(&world, stage.shown[1]).await);
        drop(gateway);
    }
}

#[tokio::test]
async fn a_new_password_keeps_what_this_browser_shows() {
    for world in worlds().await {
        let mut stage = stage(&world).await;
        let [here, _] = &mut stage.browsers;
        let csrf = here.get("/account").await.csrf();
        let new = "violet anchor tundra kettle";
        let form = [
            ("current", PASSWORD),
            ("password", new),
            ("repeat", new),
            ("csrf", csrf.as_str()),
        ];
        here.post("/account/password", &form).await;
        assert_eq!(stage.gateway.kills(), [stage.shown[1]]);
        world.pass().await;
        assert!(is_shown(&world, stage.shown[0]).await);
    }
}

/// A colleague, or somebody of another customer, who knows the id of a session of the web ends nothing with it.
#[tokio::test]
async fn nobody_cuts_what_another_person_opened() {
    for world in worlds().await {
        let mut stage = stage(&world).await;
        let [customer, other] = &world.customers;
        for person in [&customer.administrator, &other.user] {
            let mut browser = world.signed_in(person).await;
            let csrf = browser.get("/account").await.csrf();
            let end = format!("/account/sessions/{}/end", stage.ids[0]);
            browser.post(&end, &[("csrf", &csrf)]).await;
            browser
                .get(&format!("/sessions/{}/here", stage.shown[0]))
                .await;
        }
        world.pass().await;
        assert!(stage.gateway.kills().is_empty());
    }
}

#[tokio::test]
async fn who_becomes_an_auditor_is_shown_no_desktop_any_more() {
    for world in worlds().await {
        let mut stage = stage(&world).await;
        let customer = &world.customers[0];
        world.signed_in(&customer.administrator).await;
        let draft = Draft {
            full_name: customer.user.actor.full_name.clone(),
            email: String::new(),
            role: Role::Auditor.name().to_owned(),
        };
        let (boss, user) = (&customer.administrator.actor, customer.user.actor.user);
        lifecycle::edit(&world.app, boss, user, &draft)
            .await
            .unwrap();
        let mut cut = stage.gateway.kills();
        cut.sort();
        stage.shown.sort();
        assert_eq!(cut, stage.shown);
    }
}
