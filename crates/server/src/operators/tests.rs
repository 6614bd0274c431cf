//! Operators as the management listener meets them: certificate, one-time codes, roles, and two sites that share nothing.

#![allow(clippy::unwrap_used)]

use super::{
    Certificate, OperatorRole, PATHS,
    elevation::service as elevation,
    service::{self, Operator},
    store,
};
use crate::{
    activity::What,
    app::{ClockReading, ClockSample, ClockState},
    clock,
    db::on,
    listener_tests::routes_in,
    tenancy::contract::testing::accept_terms,
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
pub(super) async fn add(world: &World, login: &str, role: OperatorRole) -> (Uuid, String) {
    let papers = super::add(&world.app, login, "中村 誠", role)
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
pub(super) async fn code(world: &World, id: Uuid) -> String {
    let shown = Certificate {
        operator: Some(id),
        digest: world.certificate(id).await,
    };
    let row = service::known(&world.app, &shown).await.unwrap().unwrap();
    let totp = service::totp(&world.app, &row).await.unwrap().unwrap();
    totp.generate(world.app.clock.now_s()).to_string()
}

pub(super) async fn type_code(browser: &mut Browser, path: &str, code: &str) -> Answer {
    let csrf = browser.get(path).await.csrf();
    browser.post(path, &[("code", code), ("csrf", &csrf)]).await
}

/// A browser in which a new operator has entered.
pub(super) async fn entered(world: &World, login: &str, role: OperatorRole) -> Browser {
    let (id, link) = add(world, login, role).await;
    let mut browser = world.console(Some(id));
    let answer = type_code(&mut browser, &link, &code(world, id).await).await;
    assert_eq!(answer.header("location"), "/console/");
    browser
}

/// The operator of a browser, as the use cases see them.
pub(super) async fn operator_of(world: &World, browser: &Browser) -> Operator {
    let mut tx = world.app.db.read(crate::db::Scope::Nobody).await.unwrap();
    let row = store::get(&mut tx, browser.operator()).await.unwrap();
    let row = row.unwrap();
    Operator {
        id: row.id,
        full_name: row.full_name,
        role: OperatorRole::from_name(&row.role).unwrap(),
        address: "198.51.100.9".to_owned(),
    }
}

/// The operator has leave to act on the customer for an hour, as somebody else approved.
pub(super) async fn elevate(world: &World, browser: &Browser, tenant: wire::ids::TenantId) {
    let path = customer_path(world, tenant).await;
    approve(world, browser, path.rsplit('/').next().unwrap()).await;
}

/// The operator has leave to change the service base for an hour, as somebody else approved.
pub(super) async fn elevate_on_base(world: &World, browser: &Browser) {
    approve(world, browser, "").await;
}

async fn approve(world: &World, browser: &Browser, customer: &str) {
    let asking = operator_of(world, browser).await;
    let deciding = Operator {
        id: Uuid::from_u128(77),
        full_name: "小川 直美".to_owned(),
        role: OperatorRole::Security,
        address: String::new(),
    };
    let draft = elevation::Draft {
        customer: customer.to_owned(),
        purpose: "agreed anew".to_owned(),
        ticket: String::new(),
        minutes: "60".to_owned(),
    };
    let id = elevation::ask(&world.app, &asking, &draft).await.unwrap();
    let yes = elevation::Decision::Approve;
    elevation::decide(&world.app, &deciding, id, yes, "as agreed")
        .await
        .unwrap();
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
            What::OperatorAdded,
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
pub(super) async fn enrolled_host(world: &World) -> crate::fakes::FakeHost {
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
async fn a_page_that_no_list_has_is_an_empty_one() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        for path in ["work-log", "operators", "elevations", "customers"] {
            let path = format!("/console/{path}?page={}", u64::MAX);
            assert_eq!(owner.get(&path).await.status, 200, "{path}");
        }
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        for path in ["users", "devices", "activity"] {
            let path = format!("/{path}?page={}", u64::MAX);
            assert_eq!(boss.get(&path).await.status, 200, "{path}");
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
            .replace("{name}", "t")
            .replace("{kind}", "offers")
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

#[tokio::test]
async fn an_operators_change_of_a_contract_is_in_both_logs_and_shows_nobodys_name() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        accept_terms(&world.app, &shoji.administrator.actor).await;
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        elevate(&world, &owner, shoji.tenant).await;
        let own = customer_path(&world, shoji.tenant).await;
        let page = owner.get(&own).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains(&shoji.administrator.actor.full_name));
        let csrf = page.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("number", "N-2"),
            ("starts_on", "2026-04-01"),
            ("terms_version", "1"),
            ("retention_days", "62"),
            ("max_people", "7"),
            ("max_sessions", "0"),
            ("region", "us-west"),
            ("region", "jp-east"),
            ("reason", "agreed anew"),
        ];
        let without: Vec<_> = form
            .into_iter()
            .filter(|(name, _)| *name != "reason")
            .collect();
        let wrong = owner.post(&own, &without).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains("value=\"N-2\"") && wrong.text.contains("id=\"reason-error\""));
        assert_eq!(owner.post(&own, &form).await.status, 303);
        let expected = [What::ContractChanged, What::RetentionChanged];
        assert!(world.log(Some(shoji.tenant)).await.ends_with(&expected));
        assert!(
            !world
                .log(Some(harbour.tenant))
                .await
                .contains(&What::ContractChanged)
        );
        assert!(world.log(None).await.contains(&What::ContractChanged));

        // Others see it or do not, and change nothing.
        let roles = [
            (OperatorRole::Auditor, 200, 403),
            (OperatorRole::Network, 403, 403),
            (OperatorRole::Support, 200, 303),
        ];
        for (role, seen, changed) in roles {
            let mut other = entered(&world, role.name(), role).await;
            if changed == 303 {
                elevate(&world, &other, shoji.tenant).await;
            }
            assert_eq!(other.get(&own).await.status, seen, "{role:?}");
            let csrf = other.get(MACHINES).await.csrf();
            let form = [&[("csrf", csrf.as_str())], &form[1..]].concat();
            assert_eq!(other.post(&own, &form).await.status, changed, "{role:?}");
        }
    }
}

#[tokio::test]
async fn the_owner_alone_says_what_the_provider_is_and_published_terms_stay() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let mut support = entered(&world, "support", OperatorRole::Support).await;
        elevate_on_base(&world, &owner).await;
        let region = [
            ("code", "eu-west"),
            ("name_ja", "西欧"),
            ("name_en", "West Europe"),
            ("country", "ie"),
        ];
        let terms = [("text_ja", "新しい規約"), ("text_en", "New terms")];
        for (path, fields) in [("regions", &region[..]), ("terms", &terms[..])] {
            let path = format!("/console/provider/{path}");
            for (browser, status) in [(&mut support, 403), (&mut owner, 303)] {
                let csrf = browser.get("/console/provider").await.csrf();
                let form = [&[("csrf", csrf.as_str())], fields].concat();
                assert_eq!(browser.post(&path, &form).await.status, status, "{path}");
            }
        }
        let page = owner.get("/console/provider").await;
        assert!(page.text.contains("eu-west") && page.text.contains("新しい規約"));
        let csrf = page.csrf();
        let twice = [&[("csrf", csrf.as_str())], &region[..]].concat();
        assert_eq!(
            owner.post("/console/provider/regions", &twice).await.status,
            422
        );
        let bare = [("csrf", csrf.as_str()), ("name_ja", "長屋")];
        assert_eq!(owner.post("/console/provider", &bare).await.status, 422);
        // The contract still goes with the terms that it names.
        let boss = &world.customers[0].administrator.actor;
        let of = crate::tenancy::contracts::own(&world.app, boss)
            .await
            .unwrap();
        assert_eq!(of.terms.unwrap().version, 1);
        assert!(world.log(None).await.contains(&What::TermsPublished));
    }
}

pub(super) async fn customer_path(world: &World, tenant: wire::ids::TenantId) -> String {
    let mut tx = world.app.db.read(tenant).await.unwrap();
    let row = crate::tenancy::service::get(&mut tx, tenant)
        .await
        .unwrap()
        .unwrap();
    format!("/console/customers/{}", row.code)
}
