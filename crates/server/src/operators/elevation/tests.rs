//! Elevations as operators and customers meet them.

#![allow(clippy::unwrap_used)]

use super::{
    job,
    service::{self, Decision, Draft, ElevationError},
    state::{Unfit, WAIT_MS},
};
use crate::{
    activity::What,
    operators::{
        OperatorRole, PATHS,
        domains::tests::name_domain,
        service::Operator,
        tests::{customer_path, elevate, entered, operator_of},
    },
    testing::{Browser, World, worlds},
};
use uuid::Uuid;
use wire::ids::TenantId;

const LIST: &str = "/console/elevations";
pub(super) const ASK: &str = "/console/elevations/ask";
const MINUTE_MS: i64 = 60_000;

async fn code_of(world: &World, tenant: TenantId) -> String {
    let path = customer_path(world, tenant).await;
    path.rsplit('/').next().unwrap().to_owned()
}

/// Asks on the page; the path of what was asked for.
pub(super) async fn ask(browser: &mut Browser, customer: &str) -> String {
    let csrf = browser.get(ASK).await.csrf();
    let form = [
        ("csrf", csrf.as_str()),
        ("customer", customer),
        ("purpose", "more people"),
        ("ticket", "T-17"),
        ("minutes", "60"),
    ];
    let answer = browser.post(ASK, &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

pub(super) async fn decide(browser: &mut Browser, path: &str, what: &str, reason: &str) -> u16 {
    let csrf = browser.get("/console/machines").await.csrf();
    let form = [("csrf", csrf.as_str()), ("reason", reason)];
    let answer = browser.post(&format!("{path}/{what}"), &form).await;
    answer.status.as_u16()
}

pub(super) async fn revise(browser: &mut Browser, own: &str) -> u16 {
    let csrf = browser.get(ASK).await.csrf();
    let form = [
        ("csrf", csrf.as_str()),
        ("number", "N-2"),
        ("starts_on", "2026-04-01"),
        ("terms_version", "1"),
        ("retention_days", "31"),
        ("max_people", "7"),
        ("max_sessions", "9"),
        ("region", "jp-east"),
        ("reason", "more people"),
    ];
    browser.post(own, &form).await.status.as_u16()
}

#[tokio::test]
async fn a_customer_is_acted_on_only_while_another_person_has_approved_it() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let mut security = entered(&world, "security", OperatorRole::Security).await;
        let own = customer_path(&world, shoji.tenant).await;
        let other = customer_path(&world, harbour.tenant).await;
        let code = code_of(&world, shoji.tenant).await;
        // Without one: read, and nothing else. What was typed is kept.
        let page = owner.get(&own).await;
        assert!(page.text.contains("/console/elevations/ask?customer="));
        assert!(!page.text.contains("name=\"max_people\""));
        assert_eq!(revise(&mut owner, &own).await, 403);

        let request = ask(&mut owner, &code).await;
        assert_eq!(revise(&mut owner, &own).await, 403);
        assert_eq!(decide(&mut owner, &request, "approve", "mine").await, 403);
        assert_eq!(decide(&mut security, &request, "approve", " ").await, 422);
        assert_eq!(revise(&mut owner, &own).await, 403);
        // Who may decide is told on every page.
        assert!(security.get(LIST).await.text.contains("class=\"count\""));
        assert_eq!(decide(&mut security, &request, "approve", "ok").await, 303);
        assert!(!security.get(LIST).await.text.contains("class=\"count\""));
        assert_eq!(decide(&mut security, &request, "refuse", "no").await, 422);

        let page = owner.get(&own).await;
        assert!(page.text.contains("name=\"max_people\""));
        assert_eq!(revise(&mut owner, &own).await, 303);
        assert_eq!(revise(&mut owner, &other).await, 403);
        // By itself, whether anybody looks or not.
        world.pass_ms(60 * MINUTE_MS);
        owner = again(&world, owner).await;
        assert_eq!(revise(&mut owner, &own).await, 403);
        job::pass(&world.app).await.unwrap();
        job::pass(&world.app).await.unwrap();

        let told = [
            What::ElevationAsked,
            What::ElevationApproved,
            What::ContractChanged,
            What::ElevationEnded,
        ];
        assert!(world.log(Some(shoji.tenant)).await.ends_with(&told));
        let elsewhere = world.log(Some(harbour.tenant)).await;
        assert!(
            told.iter()
                .all(|what| !elsewhere.contains(what) || *what == What::ContractChanged)
        );
        let work = world.log(None).await;
        assert!(told.iter().all(|what| work.contains(what)));
        let ended = work.iter().filter(|what| **what == What::ElevationEnded);
        assert_eq!(ended.count(), 1);
    }
}

/// The operator enters anew, after the session's own time.
async fn again(world: &World, browser: Browser) -> Browser {
    use crate::operators::tests::{code, type_code};
    let id = browser.operator();
    let mut browser = world.console(Some(id));
    let answer = type_code(&mut browser, "/console/enter", &code(world, id).await).await;
    assert_eq!(answer.status, 303);
    browser
}

#[tokio::test]
async fn what_was_refused_withdrawn_ended_or_not_decided_gives_no_leave() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        let own = customer_path(&world, tenant).await;
        let code = code_of(&world, tenant).await;
        let mut support = entered(&world, "support", OperatorRole::Support).await;
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;

        let refused = ask(&mut support, &code).await;
        assert_eq!(decide(&mut owner, &refused, "refuse", "not now").await, 303);
        assert_eq!(revise(&mut support, &own).await, 403);
        let withdrawn = ask(&mut support, &code).await;
        assert_eq!(decide(&mut support, &withdrawn, "end", "").await, 303);
        assert_eq!(decide(&mut owner, &withdrawn, "approve", "ok").await, 422);
        for who in [0, 1] {
            let ended = ask(&mut support, &code).await;
            assert_eq!(decide(&mut owner, &ended, "approve", "ok").await, 303);
            assert_eq!(revise(&mut support, &own).await, 303);
            let ends = if who == 0 { &mut support } else { &mut owner };
            assert_eq!(decide(ends, &ended, "end", "").await, 303);
            assert_eq!(revise(&mut support, &own).await, 403);
        }
        let late = ask(&mut support, &code).await;
        world.pass_ms(WAIT_MS);
        let mut owner = again(&world, owner).await;
        assert_eq!(decide(&mut owner, &late, "approve", "ok").await, 422);
        job::pass(&world.app).await.unwrap();
        assert!(
            world
                .log(Some(tenant))
                .await
                .ends_with(&[What::ElevationLapsed])
        );
    }
}

#[tokio::test]
async fn a_second_request_for_the_same_and_a_strange_customer_are_refused_beside_the_field() {
    for world in worlds().await {
        let code = code_of(&world, world.customers[0].tenant).await;
        let mut support = entered(&world, "support", OperatorRole::Support).await;
        let path = ask(&mut support, &code).await;
        let csrf = support.get(ASK).await.csrf();
        for (customer, purpose, minutes) in [
            (code.as_str(), "again", "60"),
            ("nobody", "x", "60"),
            ("", " ", "60"),
            ("", "kept", "9999"),
        ] {
            let form = [
                ("csrf", csrf.as_str()),
                ("customer", customer),
                ("purpose", purpose),
                ("minutes", minutes),
            ];
            let answer = support.post(ASK, &form).await;
            assert_eq!(answer.status, 422, "{customer} {purpose}");
            assert!(answer.text.contains("-error\" role=\"alert\""));
            assert!(answer.text.contains(&format!("value=\"{customer}\"")));
        }
        // The service base is another thing, for which those ask who change it.
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let base = ask(&mut owner, "").await;
        assert_ne!(base, path);
        // Everybody sees their own; of the others' nothing is there.
        assert_eq!(support.get(&path).await.status, 200);
        assert_eq!(support.get(&base).await.status, 404);
        assert_eq!(decide(&mut support, &base, "end", "").await, 404);
        assert!(!support.get(LIST).await.text.contains(&base));
        // Nobody else's work takes one.
        let mut network = entered(&world, "network", OperatorRole::Network).await;
        for page in [LIST, ASK] {
            assert_eq!(network.get(page).await.status, 403, "{page}");
        }
        let csrf = network.get("/console/machines").await.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("customer", code.as_str()),
            ("purpose", "look"),
            ("minutes", "60"),
        ];
        assert_eq!(network.post(ASK, &form).await.status, 403);
        assert_eq!(network.get(&path).await.status, 403);
        let mut auditor = entered(&world, "auditor", OperatorRole::Auditor).await;
        assert!(auditor.get(LIST).await.text.contains(&path));
        assert_eq!(auditor.get(ASK).await.status, 403);
        let csrf = auditor.get(LIST).await.csrf();
        for act in ["approve", "refuse", "end"] {
            let form = [("csrf", csrf.as_str()), ("reason", "x")];
            let answer = auditor.post(&format!("{path}/{act}"), &form).await;
            assert_eq!(answer.status, 403, "{act}");
        }
    }
}

#[tokio::test]
async fn who_works_alone_is_told_to_add_somebody() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let path = ask(&mut owner, "").await;
        for page in [LIST, ASK, &path, "/console/operators"] {
            assert!(owner.get(page).await.text.contains("data-alone"), "{page}");
        }
        entered(&world, "security", OperatorRole::Security).await;
        for page in [LIST, ASK, &path, "/console/operators"] {
            assert!(!owner.get(page).await.text.contains("data-alone"), "{page}");
        }
    }
}

fn deciding(at: u128, role: OperatorRole) -> Operator {
    Operator {
        id: Uuid::from_u128(at),
        full_name: format!("decider {at}"),
        role,
        address: String::new(),
    }
}

#[tokio::test]
async fn of_two_decisions_at_once_one_counts() {
    for world in worlds().await {
        let owner = entered(&world, "owner", OperatorRole::Owner).await;
        let asking = operator_of(&world, &owner).await;
        let draft = Draft {
            purpose: "x".to_owned(),
            minutes: "30".to_owned(),
            ..Draft::default()
        };
        let id = service::ask(&world.app, &asking, &draft).await.unwrap();
        let [one, two] = [1, 2].map(|at| deciding(at, OperatorRole::Security));
        let (a, b) = tokio::join!(
            service::decide(&world.app, &one, id, Decision::Approve, "yes"),
            service::decide(&world.app, &two, id, Decision::Refuse, "no"),
        );
        assert_ne!(a.is_ok(), b.is_ok());
        let over = |error: Option<ElevationError>| {
            matches!(error, Some(ElevationError::Unfit(Unfit::Over)))
        };
        assert!(over(a.err()) || over(b.err()));
    }
}

#[tokio::test]
async fn an_elevation_ends_with_its_operators_suspension_and_does_not_come_back() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        let own = customer_path(&world, tenant).await;
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let support = entered(&world, "support", OperatorRole::Support).await;
        elevate(&world, &support, tenant).await;
        let csrf = owner.get(ASK).await.csrf();
        for act in ["suspend", "resume"] {
            let path = format!("/console/operators/{}/{act}", support.operator());
            assert_eq!(owner.post(&path, &[("csrf", &csrf)]).await.status, 303);
        }
        assert!(
            world
                .log(Some(tenant))
                .await
                .ends_with(&[What::ElevationEnded])
        );
        world.pass_ms(MINUTE_MS);
        let mut support = again(&world, support).await;
        assert_eq!(revise(&mut support, &own).await, 403);
    }
}

/// Names and values of a form.
type Fields = &'static [(&'static str, &'static str)];

/// What operators can do that names a customer: where, with which form, and what the customer's log says of it.
/// `CODE`, `SERVICE` and `ELEVATION` stand for what the walk has made.
const ACTS: &[(&str, Fields, What)] = &[
    (
        "/console/elevations/ask",
        &[("customer", "CODE"), ("purpose", "p"), ("minutes", "30")],
        What::ElevationAsked,
    ),
    (
        "/console/elevations/{id}/refuse",
        &[("reason", "r")],
        What::ElevationRefused,
    ),
    (
        "/console/elevations/{id}/approve",
        &[("reason", "r")],
        What::ElevationApproved,
    ),
    (
        "/console/customers/{code}",
        &[
            ("number", "N-2"),
            ("starts_on", "2026-04-01"),
            ("terms_version", "1"),
            ("retention_days", "31"),
            ("max_people", "7"),
            ("max_sessions", "9"),
            ("region", "jp-east"),
            ("reason", "r"),
        ],
        What::ContractChanged,
    ),
    (
        "/console/customers/{code}",
        &[
            ("number", "N-2"),
            ("starts_on", "2026-04-01"),
            ("terms_version", "1"),
            ("retention_days", "31"),
            ("max_people", "8"),
            ("max_sessions", "9"),
            ("region", "jp-east"),
            ("reason", "r"),
            ("counts_from", "2030-04-01"),
        ],
        What::ContractChanged,
    ),
    (
        "/console/customers/{code}/versions/{version}/withdraw",
        &[],
        What::ContractWithdrawn,
    ),
    (
        "/console/customers/{code}/names",
        &[
            ("name_ja", "長屋商事"),
            ("name_en", "Nagaya Trading Company"),
            ("language", "ja"),
            ("time_zone", "Asia/Tokyo"),
        ],
        What::CustomerChanged,
    ),
    (
        "/console/customers/{code}/domains",
        &[("domain", "shoji.example"), ("act", "confirm")],
        What::FederationDomainConfirmed,
    ),
    (
        "/console/customers/{code}/domains",
        &[("domain", "shoji.example"), ("act", "withdraw")],
        What::FederationDomainWithdrawn,
    ),
    (
        "/console/customers/{code}/codes",
        &[("label", "SHOJI-X9"), ("service", "desktop")],
        What::ServiceCodeAdded,
    ),
    (
        "/console/customers/{code}/codes/{id}/end",
        &[],
        What::ServiceCodeEnded,
    ),
    ("/console/elevations/{id}/end", &[], What::ElevationEnded),
];
/// Paths of the kind that do nothing: they are read.
const READ: &[&str] = &["/console/elevations", "/console/elevations/{id}"];

#[tokio::test]
async fn every_operator_act_that_names_a_customer_is_in_that_customers_log() {
    // A path that is new is walked too, or says here that it does nothing.
    let named = |path: &&&str| {
        path.starts_with("/console/customers/{code}") || path.starts_with("/console/elevations")
    };
    for path in PATHS.iter().filter(named) {
        let walked = ACTS.iter().any(|(act, ..)| act == path);
        assert!(walked || READ.contains(path), "{path} is not walked");
    }
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let code = code_of(&world, shoji.tenant).await;
        name_domain(&world, shoji.tenant).await;
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let mut security = entered(&world, "security", OperatorRole::Security).await;
        let mut elevation = String::new();
        for (path, fields, what) in ACTS {
            if *what == What::ElevationApproved {
                // The one before was refused.
                elevation = ask(&mut owner, &code).await;
            }
            let before = world.log(Some(shoji.tenant)).await.len();
            let elsewhere = world.log(Some(harbour.tenant)).await;
            let decides = matches!(what, What::ElevationApproved | What::ElevationRefused);
            let browser = if decides { &mut security } else { &mut owner };
            let csrf = browser.get("/console/machines").await.csrf();
            let service = service_of(&world, "SHOJI-X9").await.unwrap_or_default();
            let address = if path.starts_with(LIST) && path.contains("{id}") {
                path.replace("/console/elevations/{id}", &elevation)
            } else {
                path.replace("{code}", &code)
                    // The first is there from the beginning, the second counted at once.
                    .replace("{version}", "3")
                    .replace("{id}", &service.to_string())
            };
            let mut form = vec![("csrf", csrf.as_str())];
            let filled = |value: &&'static str| {
                if *value == "CODE" {
                    code.as_str()
                } else {
                    value
                }
            };
            form.extend(fields.iter().map(|(name, value)| (*name, filled(value))));
            let answer = browser.post(&address, &form).await;
            assert_eq!(answer.status, 303, "{path}: {}", answer.text);
            if *what == What::ElevationAsked {
                answer.header("location").clone_into(&mut elevation);
            }
            let after = world.log(Some(shoji.tenant)).await;
            assert!(
                after[before..].contains(what),
                "{path}: {:?}",
                &after[before..]
            );
            assert_eq!(world.log(Some(harbour.tenant)).await, elsewhere, "{path}");
            assert!(world.log(None).await.contains(what), "{path}");
        }
    }
}

async fn service_of(world: &World, code: &str) -> Option<Uuid> {
    const SQL: &str = "SELECT id FROM service_codes WHERE code = $1";
    let mut tx = world
        .app
        .db
        .read(crate::db::Scope::Everybody)
        .await
        .unwrap();
    crate::db::on!(&mut tx, c => sqlx::query_scalar(SQL).bind(code).fetch_optional(c).await)
        .unwrap()
}

#[tokio::test]
async fn what_was_asked_for_is_found_by_words_and_state() {
    for world in worlds().await {
        let code = code_of(&world, world.customers[0].tenant).await;
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let of_customer = ask(&mut owner, &code).await;
        let of_base = ask(&mut owner, "").await;
        for (query, found) in [
            ("", [true, true]),
            ("?q=t-17", [true, true]),
            ("?state=asked", [true, true]),
            ("?state=approved", [false, false]),
            ("?q=nothing+of+the+kind", [false, false]),
        ] {
            let page = owner.get(&format!("{LIST}{query}")).await.text;
            let seen = [&of_customer, &of_base].map(|path| page.contains(path.as_str()));
            assert_eq!(seen, found, "{query}");
        }
        let page = owner.get(&format!("{LIST}?q={code}")).await.text;
        assert!(page.contains(&of_customer) && !page.contains(&of_base));
    }
}
