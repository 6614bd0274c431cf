//! Operators as the management listener meets them: certificate, one-time codes, roles, and two sites that share nothing.

#![allow(clippy::unwrap_used)]

use super::{OperatorRole, PATHS, service, store};
use crate::{
    activity::What,
    app::{ClockReading, ClockSample, ClockState},
    clock,
    db::on,
    listener_tests::routes_in,
    testing::{Answer, Browser, World, worlds},
};
use std::{collections::BTreeSet, path::Path};
use uuid::Uuid;
use wire::control::Phase;

const DOOR: &str = "/console/enter";
const MACHINES: &str = "/console/machines";
const SUSPEND: &str = "UPDATE operators SET state = 'suspended'";
/// Codes change this often, in milliseconds.
const STEP_MS: i64 = 30_000;

/// An operator and the link for their first visit.
async fn add(world: &World, login: &str, role: OperatorRole) -> (Uuid, String) {
    let papers = service::add(&world.app, login, "中村 誠", role)
        .await
        .unwrap();
    let mut tx = world
        .app
        .db
        .read(crate::db::Scope::Everybody)
        .await
        .unwrap();
    let row = store::by_login(&mut tx, login).await.unwrap().unwrap();
    (row.id, format!("/console/first/{}", papers.link))
}

/// What the operator's authenticator shows now.
async fn code(world: &World, id: Uuid) -> String {
    let row = service::known(&world.app, id).await.unwrap().unwrap();
    let totp = service::totp(&world.app, &row).await.unwrap().unwrap();
    totp.generate(world.app.clock.now_s()).to_string()
}

async fn type_code(browser: &mut Browser, path: &str, code: &str) -> Answer {
    let csrf = browser.get(path).await.csrf();
    browser.post(path, &[("code", code), ("csrf", &csrf)]).await
}

/// A browser in which a new operator has entered.
async fn entered(world: &World, login: &str, role: OperatorRole) -> Browser {
    let (id, link) = add(world, login, role).await;
    let mut browser = world.console(Some(id));
    let answer = type_code(&mut browser, &link, &code(world, id).await).await;
    assert_eq!(answer.header("location"), "/console/");
    browser
}

#[tokio::test]
async fn the_first_visit_takes_the_link_and_a_code_and_later_ones_a_code_that_works_once() {
    for world in worlds().await {
        let (id, link) = add(&world, "nakamura", OperatorRole::Owner).await;
        let mut browser = world.console(Some(id));
        // Without the link nobody gets to know the secret, nor can type a code.
        let door = browser.get(DOOR).await;
        assert!(!door.text.contains("name=\"code\""), "{}", door.text);
        assert!(browser.get(&link).await.text.contains("data:image/svg+xml"));
        assert_eq!(type_code(&mut browser, &link, "000000").await.status, 401);
        let first = code(&world, id).await;
        let answer = type_code(&mut browser, &link, &first).await;
        assert_eq!(answer.header("location"), "/console/");
        assert_eq!(browser.get(MACHINES).await.status, 200);
        assert_eq!(browser.get(&link).await.status, 404);

        let mut again = world.console(Some(id));
        assert_eq!(type_code(&mut again, DOOR, &first).await.status, 401);
        assert_eq!(again.get(MACHINES).await.header("location"), DOOR);
        world.pass_ms(STEP_MS);
        let next = code(&world, id).await;
        assert_eq!(type_code(&mut again, DOOR, &next).await.status, 303);
        let log = world.log(None).await;
        let expected = [
            What::OperatorRefused,
            What::OperatorEntered,
            What::OperatorRefused,
            What::OperatorEntered,
        ];
        assert_eq!(log, expected);
    }
}

#[tokio::test]
async fn a_session_and_a_link_are_worth_nothing_with_another_certificate() {
    for world in worlds().await {
        let mut browser = entered(&world, "nakamura", OperatorRole::Owner).await;
        let (other, _) = add(&world, "other", OperatorRole::Support).await;
        let (_, link) = add(&world, "third", OperatorRole::Network).await;
        let mut thief = world.console(Some(other));
        thief.cookies = browser.cookies.clone();
        assert_eq!(thief.get(MACHINES).await.header("location"), DOOR);
        assert_eq!(thief.get(&link).await.status, 404);
        for nobody in [None, Some(Uuid::from_u128(7))] {
            assert_eq!(world.console(nobody).get(DOOR).await.status, 403);
        }
        assert_eq!(browser.get(MACHINES).await.status, 200);
        let csrf = browser.get(MACHINES).await.csrf();
        let cookies = browser.cookies.clone();
        let left = browser.post("/console/leave", &[("csrf", &csrf)]).await;
        assert_eq!(left.header("location"), DOOR);
        browser.cookies = cookies;
        assert_eq!(browser.get(MACHINES).await.header("location"), DOOR);
    }
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_and_a_suspended_operator_is_out_at_once() {
    for world in worlds().await {
        let mut browser = entered(&world, "nakamura", OperatorRole::Owner).await;
        let row = {
            let mut tx = world
                .app
                .db
                .read(crate::db::Scope::Everybody)
                .await
                .unwrap();
            store::by_login(&mut tx, "nakamura").await.unwrap().unwrap()
        };
        let mut guesser = world.console(Some(row.id));
        for _ in 0..4 {
            assert_eq!(type_code(&mut guesser, DOOR, "123456").await.status, 401);
        }
        type_code(&mut guesser, DOOR, "123456").await;
        world.pass_ms(STEP_MS / 1000);
        assert_eq!(type_code(&mut guesser, DOOR, "123456").await.status, 429);

        let mut tx = world
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        on!(&mut tx, c => sqlx::query(SUSPEND).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(browser.get(MACHINES).await.header("location"), DOOR);
        assert_eq!(browser.get(DOOR).await.status, 403);
    }
}

#[tokio::test]
async fn a_drained_host_gets_no_new_session_and_its_customers_are_told() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut network = entered(&world, "network", OperatorRole::Network).await;
        let mut host = enrolled_host(&world).await;
        let session = world.clicked(&shoji.user, shoji.desktop).await;
        world.pass().await;
        host.says(&[(session, Phase::Ready)]);
        world.pass().await;
        host.orders();

        let path = format!("{MACHINES}/{}/drain", host.id.0);
        let csrf = network.get(MACHINES).await.csrf();
        let without = network.post(&path, &[("csrf", &csrf)]).await;
        assert_eq!(without.status, 422);
        let form = [("csrf", &csrf[..]), ("reason", "メモリ交換")];
        assert_eq!(network.post(&path, &form).await.status, 303);
        assert!(
            world
                .log(Some(shoji.tenant))
                .await
                .contains(&What::HostDrained)
        );
        assert!(
            !world
                .log(Some(harbour.tenant))
                .await
                .contains(&What::HostDrained)
        );

        world.clicked(&harbour.user, harbour.desktop).await;
        world.pass().await;
        world.pass().await;
        assert!(host.orders().is_empty());
        let path = format!("{MACHINES}/{}/resume", host.id.0);
        assert_eq!(network.post(&path, &form).await.status, 303);
        // One look places the session, the next one orders it.
        world.pass().await;
        world.pass().await;
        assert!(!host.orders().is_empty());
    }
}

/// A session host that is linked and that operators see.
async fn enrolled_host(world: &World) -> crate::fakes::FakeHost {
    const INSERT: &str =
        "INSERT INTO machines (id, kind, names, enrolled_at_ms) VALUES ($1, 'host', '', 0)";
    let host = world.host(3);
    host.says(&[]);
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    on!(&mut tx, c => sqlx::query(INSERT).bind(host.id).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
    host
}

#[tokio::test]
async fn each_role_sees_and_does_what_is_its_own() {
    for world in worlds().await {
        for role in OperatorRole::ALL {
            let mut browser = entered(&world, role.name(), role).await;
            let drains = matches!(
                role,
                OperatorRole::Network | OperatorRole::Release | OperatorRole::Owner
            );
            let customers = !matches!(role, OperatorRole::Network | OperatorRole::Release);
            let log = matches!(
                role,
                OperatorRole::Security | OperatorRole::Owner | OperatorRole::Auditor
            );
            let page = browser.get(MACHINES).await;
            let csrf = page.csrf();
            let path = format!("{MACHINES}/{}/drain", Uuid::from_u128(9));
            let form = [("csrf", &csrf[..]), ("reason", "x")];
            let drained = browser.post(&path, &form).await;
            assert_eq!(drained.status == 303, drains, "{role:?}");
            for (path, may) in [
                ("/console/customers", customers),
                ("/console/work-log", log),
            ] {
                let status = browser.get(path).await.status;
                assert_eq!(
                    status.as_u16(),
                    if may { 200 } else { 403 },
                    "{role:?} {path}"
                );
                assert_eq!(page.text.contains(path), may, "{role:?} {path}");
            }
        }
    }
}

#[tokio::test]
async fn the_two_sites_share_no_route() {
    let mut routes = Vec::new();
    routes_in(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut routes,
    );
    routes.retain(|route| route.starts_with('/') && route != "/");
    // What the probe of the running listeners asks for is what there is.
    let own = routes.iter().filter(|route| route.starts_with("/console/"));
    let own: BTreeSet<&str> = own.map(String::as_str).collect();
    assert_eq!(own, PATHS.iter().copied().collect());
    let world = worlds().await.remove(0);
    let (id, _) = add(&world, "nakamura", OperatorRole::Owner).await;
    let assets = crate::portal::asset_base();
    routes.push(format!("{assets}/css/base.css"));
    for route in routes {
        let id_of = Uuid::from_u128(1).to_string();
        let path = route
            .replace("{id}", &id_of)
            .replace("{token}", "t")
            .replace("{code}", "t")
            .replace("{link}", "t");
        let mut other = if path.starts_with("/console/") {
            world.browser()
        } else {
            world.console(Some(id))
        };
        assert_eq!(other.get(&path).await.status, 404, "{path}");
        assert_eq!(other.post(&path, &[]).await.status, 404, "{path}");
    }
    let own = format!("/console{assets}/css/base.css");
    assert_eq!(world.console(Some(id)).get(&own).await.status, 200);
}

#[tokio::test]
async fn every_page_says_when_nothing_keeps_the_clock_right() {
    for world in worlds().await {
        let mut browser = entered(&world, "nakamura", OperatorRole::Support).await;
        world.set_clock(ClockSample {
            reading: ClockReading {
                state: ClockState::Synchronised,
                error_us: Some(1234),
            },
            offset_us: -56,
        });
        clock::job::pass(&world.app).await.unwrap();
        let page = browser.get("/console/clock").await;
        assert!(page.text.contains("1234") && page.text.contains("-56"));
        assert!(!page.text.contains("data-clock=\"alarm\""));
        world.set_clock(ClockSample {
            reading: ClockReading {
                state: ClockState::Unsynchronised,
                error_us: None,
            },
            offset_us: 0,
        });
        let page = browser.get(MACHINES).await;
        assert!(page.text.contains("data-clock=\"alarm\""));
    }
}
