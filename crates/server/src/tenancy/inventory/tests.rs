//! The inventory has everything of one customer and nothing of another, and its checks see what is wrong.

#![allow(clippy::unwrap_used)]

use super::{ASSETS, checks, csv, service};
use crate::{
    actor::TokenScope,
    api::service as api,
    db::{Scope, on},
    evidence::{Answer, Check, Outcome, Run},
    portal::{Lang, Ui},
    tenancy::{boundary, contract::testing::accept_terms},
    testing::{Person, World, worlds},
};
use axum::{
    body::Body,
    http::{Request, header},
};

async fn ask(world: &World, check: &Check) -> Answer {
    match check.run {
        Run::Customer(run) => run(&world.app, world.customers[0].tenant).await.unwrap(),
        Run::Service(_) => panic!("of a customer"),
    }
}

async fn sql(world: &World, sql: &'static str) {
    let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::raw_sql(sql).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

/// Tables whose rows are part of another asset, tell what was done, or are over within minutes or hours.
const PARTS: [&str; 22] = [
    "activity",
    "activity_acts",
    "activity_checkpoints",
    "activity_leaves",
    "activity_nodes",
    "activity_retention",
    // What a service code says of who uses it, and what a person may do in one.
    "closed_codes",
    "connections",
    "device_checks",
    "device_revocations",
    "device_uses",
    "elevations",
    "evidence_spans",
    "federated_people",
    "federation_attempts",
    "grants",
    "passkey_ceremonies",
    "recovery_codes",
    "sign_in_failures",
    "sign_in_links",
    "sign_in_steps",
    "tenants",
];
/// Tables of the provider's own, which operators count.
const PROVIDERS: [&str; 9] = [
    "catalogue",
    "clock_samples",
    "enrol_tokens",
    "machines",
    "operator_links",
    "operator_sessions",
    "operators",
    "provider_profile",
    "regions",
];
/// The same, which are no asset of anybody's to count but come with the others.
const BESIDE: [&str; 2] = ["schema_versions", "terms"];

#[test]
fn what_there_is_in_every_table_is_listed_or_part_of_something_that_is() {
    let listed = |table: &str| ASSETS.iter().any(|kind| kind.table == Some(table));
    for declared in boundary::KINDS {
        let other = [&PARTS[..], &PROVIDERS, &BESIDE];
        let is_other = other.iter().any(|tables| tables.contains(&declared.table));
        assert!(
            listed(declared.table) != is_other,
            "{}: list it in kinds.rs and store.rs, or say here why not",
            declared.table
        );
    }
    for kind in &ASSETS {
        let is_declared = |table| boundary::KINDS.iter().any(|kind| kind.table == table);
        assert!(kind.table.is_none_or(is_declared), "{}", kind.name);
    }
}

/// Something of every kind, for both customers; `sealed` texts are the names of their administrators.
async fn one_of_each(world: &World) {
    const ALL: &str = "INSERT INTO authenticators (id, tenant_id, secret, last_step, confirmed_at_ms)
        SELECT id, tenant_id, full_name, 0, 1 FROM users WHERE role = 'administrator';
    INSERT INTO device_authorities (id, tenant_id, kind, certificate, fingerprint, subject, not_after_ms, created_at_ms)
        SELECT id, id, 'brought', '', code, 'CN=' || code, 1, 1 FROM tenants;
    INSERT INTO federation_domains (id, tenant_id, domain) SELECT id, id, code || '.example' FROM tenants;
    INSERT INTO federation_providers (id, tenant_id, issuer, client_id, client_secret, settings, changed_at_ms)
        SELECT id, tenant_id, 'https://id.' || role, '', full_name, '', 1 FROM users WHERE role = 'administrator';
    INSERT INTO sign_in_rules (id, tenant_id, role, rules, at_ms) SELECT id, id, 'user', '{}', 1 FROM tenants;
    INSERT INTO mail_messages (id, tenant_id, user_id, kind, is_link, content, created_at_ms, expires_at_ms, state,
        retry_at_ms, failures, why)
        SELECT id, tenant_id, id, 'link', TRUE, full_name, 1, 1, 'waiting', 1, 0, '' FROM users WHERE role = 'administrator';
    INSERT INTO activity_streams (id, tenant_id, kind, host, port, path, ca_pem, client_pem, secret, next_index, error,
        failures, retry_at_ms)
        SELECT id, tenant_id, 'syslog', 'log.' || role, 6514, '', '', '', full_name, 0, '', 0, 1
        FROM users WHERE role = 'administrator';
    INSERT INTO branding (id, tenant_id, name_ja, name_en, accent, logo, changed_at_ms)
        SELECT id, id, code, code, '', '', 1 FROM tenants";
    sql(world, ALL).await;
}

#[tokio::test]
async fn operators_count_what_customers_see() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut host = world.host(9);
        for customer in [shoji, harbour] {
            world.signed_in(&customer.administrator).await;
            // The host tells of one session at a time: the other customer's is over then, and the home stays.
            world
                .running(&customer.user, customer.desktop, &mut host)
                .await;
        }
        accept_terms(&world.app, &shoji.administrator.actor).await;
        one_of_each(&world).await;
        let numbers = service::numbers(&world.app).await.unwrap();
        for (row, counts) in &numbers.customers {
            let mut tx = world.app.db.read(row.id).await.unwrap();
            let assets = service::assets(&world.app, &mut tx, row.id, false)
                .await
                .unwrap();
            for (kind, number) in ASSETS.iter().zip(counts) {
                let seen = assets.iter().filter(|asset| asset.kind.name == kind.name);
                assert_eq!(
                    seen.count(),
                    usize::try_from(*number).unwrap(),
                    "{}",
                    kind.name
                );
            }
        }
        let of_shoji = numbers
            .customers
            .iter()
            .find(|(row, _)| row.id == shoji.tenant)
            .unwrap();
        let without: Vec<_> = ASSETS
            .iter()
            .zip(&of_shoji.1)
            .filter(|(_, number)| **number == 0)
            .collect();
        let names: Vec<_> = without.iter().map(|(kind, _)| kind.name).collect();
        // Its session is over; passkeys and devices need a browser that has them.
        assert_eq!(names, ["session", "passkey", "device", "api_token"]);
    }
}

#[tokio::test]
async fn programs_get_the_same_list_and_names_only_with_the_scope_for_people() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut boss = world.signed_in(&shoji.administrator).await;
        world.signed_in(&harbour.administrator).await;
        let mut host = world.host(3);
        world.running(&shoji.user, shoji.desktop, &mut host).await;
        let whole = call(
            &world,
            &shoji.administrator,
            "assets",
            &[TokenScope::EvidenceRead, TokenScope::PeopleRead],
        )
        .await;
        let items = whole["items"].as_array().unwrap();
        let sheet = boss.get("/inventory/assets.csv").await.text;
        // The head is a line of the sheet; the token that asks is an asset of the sheet, too.
        assert_eq!(sheet.lines().count() - 1, items.len());
        for item in items {
            assert!(sheet.contains(item["id"].as_str().unwrap()), "{item}");
            assert!(sheet.contains(item["name_ja"].as_str().unwrap()), "{item}");
        }
        let home = items.iter().find(|item| item["kind"] == "home").unwrap();
        assert_eq!(home["name_en"], shoji.user.actor.full_name.as_str());
        assert_eq!(
            (&home["side"], &home["region"]),
            (&"customer".into(), &"jp-east".into())
        );
        let desk = call(
            &world,
            &shoji.administrator,
            "assets?kind=desktop",
            &[TokenScope::EvidenceRead],
        )
        .await;
        assert_eq!(
            (&desk["total"], &desk["items"][0]["service_code"]),
            (&1.into(), &"shoji-desktop".into())
        );
        assert_eq!(
            call(
                &world,
                &shoji.administrator,
                "assets?page=9",
                &[TokenScope::EvidenceRead]
            )
            .await["items"],
            serde_json::json!([])
        );

        let nameless = call(
            &world,
            &shoji.administrator,
            "assets",
            &[TokenScope::EvidenceRead],
        )
        .await
        .to_string();
        assert!(
            nameless.contains("shoji-desktop") && !nameless.contains(&shoji.user.actor.full_name)
        );
        let others = call(
            &world,
            &harbour.administrator,
            "assets",
            &[TokenScope::EvidenceRead, TokenScope::PeopleRead],
        )
        .await
        .to_string();
        assert!(others.contains("harbour-desktop") && !others.contains("shoji"));
    }
}

/// What the API says to a token of the person's with these scopes.
async fn call(
    world: &World,
    person: &Person,
    path: &str,
    scopes: &[TokenScope],
) -> serde_json::Value {
    let draft = api::Draft {
        name: "list".to_owned(),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        days: 7,
    };
    let token = api::create(&world.app, &person.actor, &draft)
        .await
        .unwrap();
    let request = Request::get(format!("/api/v1/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty());
    let answer = world.browser().send(request.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn everything_of_a_customer_is_listed_and_nothing_of_another() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut host = world.host(3);
        let mut boss = world.signed_in(&shoji.administrator).await;
        world.running(&shoji.user, shoji.desktop, &mut host).await;
        let page = boss.get("/inventory").await;
        assert_eq!(page.status, 200);
        let seen = [
            &shoji.user.actor.full_name,
            &shoji.administrator.actor.full_name,
            "shoji-desktop",
            "shoji-application",
            "jp-east",
            "v1",
        ];
        for text in seen {
            assert!(page.text.contains(text), "{text}");
        }
        assert!(!page.text.contains("harbour"));

        let sessions = boss.get("/inventory?kind=session").await.text;
        assert!(sessions.contains("机") && !sessions.contains(&shoji.user.actor.full_name));
        let person = boss.get("/inventory?q=HANA").await.text;
        assert!(person.contains("hana of shoji") && !person.contains("boss of shoji<br>"));
        let none = boss.get("/inventory?q=zzz").await;
        assert!(none.status == 200 && !none.text.contains("<table"));
        let last = boss.get("/inventory?page=99&sort=created&order=desc").await;
        assert_eq!(last.status, 200);

        // The numbers are those of the boundary's own export, of accounts and of what can be opened.
        let mut tx = world.app.db.read(shoji.tenant).await.unwrap();
        let assets = service::assets(&world.app, &mut tx, shoji.tenant, true)
            .await
            .unwrap();
        let count = |name: &str| {
            assets
                .iter()
                .filter(|asset| asset.kind.name == name)
                .count()
        };
        let all = [
            "account",
            "home",
            "desktop",
            "application",
            "session",
            "data_key",
            "log",
        ]
        .map(count);
        assert_eq!(all, [2, 1, 1, 1, 1, 1, 1]);
        assert!(
            assets
                .iter()
                .all(|asset| asset.kind.name != "desktop" || asset.created_at_ms.is_some())
        );

        let mut user = world.signed_in(&shoji.user).await;
        for path in ["/inventory", "/inventory/assets.csv"] {
            assert_eq!(user.get(path).await.status, 403);
        }
        let mut other = world.signed_in(&harbour.administrator).await;
        assert!(!other.get("/inventory").await.text.contains("shoji"));
    }
}

#[tokio::test]
async fn the_sheet_has_no_formulas() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        sql(&world, "UPDATE desktops SET name_ja = '=1+1'").await;
        let mut boss = world.signed_in(&shoji.administrator).await;
        let sheet = boss.get("/inventory/assets.csv?kind=desktop").await;
        assert!(sheet.header("content-type").starts_with("text/csv"));
        assert!(sheet.header("content-disposition").contains("attachment"));
        assert!(sheet.text.contains("\"'=1+1\"") && !sheet.text.contains("\"=1"));
        assert_eq!(sheet.text.lines().count(), 2);
        let ui = Ui {
            lang: Lang::En,
            ..Ui::default()
        };
        assert!(csv::sheet(&ui, &[]).starts_with("\u{feff}\"Kind\",\"Name\""));
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_or_a_name_in_the_clear_is_found() {
    for world in worlds().await {
        let well = ask(&world, &checks::OWN_KEYS).await;
        assert_eq!(well.outcome, Outcome::Holds);
        sql(
            &world,
            "UPDATE users SET full_name = 'v7.AAAA' WHERE role = 'user'",
        )
        .await;
        let fault = ask(&world, &checks::OWN_KEYS).await;
        assert_eq!(fault.outcome, Outcome::FallsShort);
        sql(
            &world,
            "UPDATE users SET full_name = 'Hana' WHERE role = 'user'",
        )
        .await;
        let fault = ask(&world, &checks::OWN_KEYS).await;
        assert_eq!(fault.outcome, Outcome::FallsShort);
    }
}

#[tokio::test]
async fn what_bears_no_code_or_runs_elsewhere_is_found() {
    for world in worlds().await {
        let shoji = &world.customers[0];
        let mut host = world.host(3);
        world.running(&shoji.user, shoji.desktop, &mut host).await;
        sql(
            &world,
            "INSERT INTO machines (id, kind, names, region, enrolled_at_ms)
            SELECT host_id, 'host', '', 'jp-east', 0 FROM sessions",
        )
        .await;
        let well = ask(&world, &checks::LABELLED).await;
        assert_eq!(well.outcome, Outcome::Holds);
        sql(&world, "UPDATE contracts SET regions = 'us-west'").await;
        let outside = ask(&world, &checks::LABELLED).await;
        assert_eq!(outside.outcome, Outcome::FallsShort);
        sql(&world, "UPDATE contracts SET regions = 'jp-east'").await;
        assert_eq!(ask(&world, &checks::LABELLED).await.outcome, Outcome::Holds);
        sql(&world, "UPDATE desktops SET service_code = NULL").await;
        let bare = ask(&world, &checks::LABELLED).await;
        assert_eq!(bare.outcome, Outcome::FallsShort);
    }
}
