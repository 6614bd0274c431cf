//! A customer that an operator added can work, and nothing of one that was refused stays.

#![allow(clippy::unwrap_used)]

use crate::{
    activity::What,
    actor::{Actor, Role},
    db::{Scope, on},
    operators::{
        OperatorRole,
        tests::{elevate, entered},
    },
    tenancy::{self, TenantRow},
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
};
use wire::control::Phase;

const NEW: &str = "/console/customers/new";
const FORM: [(&str, &str); 19] = [
    ("code", "aoba"),
    ("name_ja", "青葉設計"),
    ("name_en", "Aoba Design"),
    ("language", "ja"),
    ("time_zone", "Asia/Tokyo"),
    ("number", "N-77"),
    ("starts_on", "2026-04-01"),
    ("terms_version", "1"),
    ("retention_days", "62"),
    ("max_people", "5"),
    ("max_sessions", "5"),
    ("region", "jp-east"),
    ("reason", "signed"),
    ("label", "AOBA-1"),
    ("service", "desktop"),
    ("option", "long-log"),
    ("offer", "desktop"),
    ("offer", "files"),
    ("full_name", "青木 葵"),
];
const EMAIL: (&str, &str) = ("email", "aoi@aoba.example");

async fn post(browser: &mut Browser, changed: &[(&str, &str)]) -> Answer {
    let csrf = browser.get("/console/machines").await.csrf();
    let mut form = vec![("csrf", csrf.as_str())];
    form.extend(FORM.into_iter().chain([EMAIL]).map(|(name, value)| {
        let other = changed.iter().find(|(field, _)| *field == name);
        (name, other.map_or(value, |(_, value)| *value))
    }));
    browser.post(NEW, &form).await
}

async fn tenant(world: &World, code: &str) -> Option<TenantRow> {
    let mut tx = world.app.db.read(Scope::Everybody).await.unwrap();
    tenancy::service::by_code(&mut tx, code).await.unwrap()
}

async fn count(world: &World, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let mut tx = world.app.db.read(Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await).unwrap()
}

/// The path of the one-time link on the page.
fn link(answer: &Answer) -> String {
    let (_, rest) = answer.text.split_once("/welcome/").unwrap();
    let token = rest.split('"').next().unwrap();
    format!("/welcome/{token}")
}

#[tokio::test]
async fn a_customer_that_was_added_signs_in_and_gets_a_desktop() {
    for world in worlds().await {
        let mut support = entered(&world, "support", OperatorRole::Support).await;
        assert_eq!(support.get(NEW).await.status, 200);
        let added = post(&mut support, &[]).await;
        assert_eq!(added.status, 200, "{}", added.text);
        let row = tenant(&world, "aoba").await.unwrap();
        let expected = [
            What::CustomerAdded,
            What::ContractChanged,
            What::RetentionChanged,
            What::ServiceCodeAdded,
            What::UserInvited,
        ];
        assert_eq!(world.log(Some(row.id)).await, expected);
        assert!(world.log(None).await.contains(&What::CustomerAdded));

        let mut boss = world.browser();
        let link = link(&added);
        let csrf = boss.get(&link).await.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("password", PASSWORD),
            ("repeat", PASSWORD),
        ];
        assert_eq!(boss.post(&link, &form).await.status, 303);
        let page = boss.get("/desktops").await;
        assert!(page.text.contains("業務デスクトップ") && page.text.contains("ファイル"));
        // What was not chosen is not offered.
        assert!(!page.text.contains("電卓"));

        let mut host = world.host(3);
        let (_, rest) = page.text.split_once("action=\"/desktops/").unwrap();
        let desktop = rest.split('/').next().unwrap().to_owned();
        let launch = format!("/desktops/{desktop}/launch");
        let clicked = boss.post(&launch, &[("csrf", &page.csrf())]).await;
        assert!(clicked.header("location").starts_with("/sessions/"));
        world.pass().await;
        world.pass().await;
        assert_eq!(host.orders().len(), 1);
        let session = clicked.header("location").rsplit('/').next().unwrap();
        host.says(&[(session.parse().unwrap(), Phase::Ready)]);
        world.pass().await;

        // It is a customer as others are: its people see their own, and nobody else theirs.
        let people = boss.get("/users").await.text;
        assert!(people.contains("aoi@aoba.example") && !people.contains("shoji.example"));
        let labels = tenancy::contracts::own(&world.app, &of(&row))
            .await
            .unwrap();
        assert_eq!((labels.labels.resources, labels.labels.unlabelled), (3, 0));
        assert_eq!(labels.codes[0].options, "long-log");
    }
}

fn of(row: &TenantRow) -> Actor {
    Actor {
        tenant: row.id,
        user: wire::ids::UserId(uuid::Uuid::from_u128(1)),
        role: Role::Administrator,
        full_name: String::new(),
        address: String::new(),
        scopes: None,
        grants: Vec::new(),
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_stays() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let taken: &Person = &world.customers[0].user;
        let before = (
            count(&world, "tenants").await,
            count(&world, "data_keys").await,
        );
        for (field, value, beside) in [
            ("code", "shoji", "code"),
            ("code", "new", "code"),
            ("name_en", "", "name_en"),
            ("time_zone", "JST", "time_zone"),
            ("number", "", "number"),
            ("region", "mars", "regions"),
            ("terms_version", "9", "terms"),
            ("label", "shoji-desktop", "label"),
            ("service", "long-log", "service"),
            ("offer", "secret", "offers"),
            ("email", taken.email.as_str(), "email"),
            ("email", "nobody", "email"),
            ("full_name", "", "full_name"),
        ] {
            let answer = post(&mut owner, &[(field, value)]).await;
            assert_eq!(answer.status, 422, "{field} {value}");
            let id = format!("id=\"{beside}-error\"");
            assert!(answer.text.contains(&id), "{field} {value}");
            assert_eq!(
                answer.text.matches("-error\" role=").count(),
                1,
                "{field} {value}"
            );
            // Everything else stays as it was typed.
            if field != "number" {
                assert!(answer.text.contains("value=\"N-77\""), "{field}");
            }
            if field != "email" {
                assert!(
                    answer.text.contains("value=\"aoi@aoba.example\""),
                    "{field}"
                );
            }
        }
        assert!(tenant(&world, "aoba").await.is_none());
        let after = (
            count(&world, "tenants").await,
            count(&world, "data_keys").await,
        );
        assert_eq!(before, after);
        assert!(!world.log(None).await.contains(&What::CustomerAdded));
    }
}

#[tokio::test]
async fn of_two_operators_who_add_the_same_customer_at_once_one_succeeds() {
    for world in worlds().await {
        let mut one = entered(&world, "one", OperatorRole::Owner).await;
        let mut two = entered(&world, "two", OperatorRole::Support).await;
        let (a, b) = tokio::join!(post(&mut one, &[]), post(&mut two, &[]));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
        let refused = if a.status == 422 { a } else { b };
        assert!(refused.text.contains("id=\"code-error\""));
        assert_eq!(count(&world, "tenants").await, 3);
    }
}

#[tokio::test]
async fn customers_are_added_and_renamed_by_support_and_owner_alone() {
    for world in worlds().await {
        let shoji = world.customers[0].tenant;
        let names = "/console/customers/shoji/names";
        for role in [
            OperatorRole::Network,
            OperatorRole::Security,
            OperatorRole::Release,
            OperatorRole::Auditor,
        ] {
            let mut other = entered(&world, role.name(), role).await;
            let csrf = other.get("/console/machines").await.csrf();
            for path in [NEW, names] {
                assert_eq!(other.get(path).await.status, 403, "{role:?} {path}");
            }
            assert_eq!(other.post(names, &names_form(&csrf)).await.status, 403);
            assert_eq!(post(&mut other, &[]).await.status, 403, "{role:?}");
        }
        let mut support = entered(&world, "support", OperatorRole::Support).await;
        // Without leave from another person nothing is changed; what was typed is kept.
        let page = support.get(names).await;
        assert!(page.text.contains("/console/elevations/ask?customer=shoji"));
        assert!(!page.text.contains("name=\"name_en\""));
        let csrf = page.csrf();
        let refused = support.post(names, &names_form(&csrf)).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text.contains("value=\"Nagaya Shoji\""));
        assert_ne!(tenant(&world, "shoji").await.unwrap().language, "en");
        elevate(&world, &support, world.customers[1].tenant).await;
        assert_eq!(support.post(names, &names_form(&csrf)).await.status, 403);
        elevate(&world, &support, shoji).await;
        assert_eq!(support.post(names, &names_form("forged")).await.status, 403);
        let mut bare = names_form(&csrf);
        bare[3].1 = "";
        let wrong = support.post(names, &bare).await;
        assert_eq!(wrong.status, 422);
        assert!(
            wrong.text.contains("value=\"長屋商事\"")
                && wrong.text.contains("id=\"name_en-error\"")
        );
        assert_eq!(support.post(names, &names_form(&csrf)).await.status, 303);
        let row = tenant(&world, "shoji").await.unwrap();
        assert_eq!(
            (row.name_en.as_str(), row.language.as_str()),
            ("Nagaya Shoji", "en")
        );
        // The code that was sent along changed nothing.
        assert!(tenant(&world, "other").await.is_none());
        assert_eq!(
            world.log(Some(shoji)).await.last(),
            Some(&What::CustomerChanged)
        );
        let none = support.get("/console/customers/nobody/names").await;
        assert_eq!(none.status, 404);
    }
}

fn names_form(csrf: &str) -> [(&str, &str); 6] {
    [
        ("csrf", csrf),
        ("code", "other"),
        ("name_ja", "長屋商事"),
        ("name_en", "Nagaya Shoji"),
        ("language", "en"),
        ("time_zone", "Europe/London"),
    ]
}
