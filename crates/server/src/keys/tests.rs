//! Data keys on both engines.

#![allow(clippy::unwrap_used)]

use super::{
    FileStore, KeyError, KeyStoreConfig, Keys, Owner, Place, fields::SEALED, job, open_store,
    seal::Seal, service, store,
};
use crate::{
    activity::What,
    actor::TokenScope,
    api::service as tokens,
    app::App,
    authority::{self, AuthorityError},
    config::ServeConfig,
    db::{Db, on},
    identity::{passkeys::tests::add_passkey, service as identity},
    tenancy::contract::testing::accept_terms,
    testing::{START_MS, World, open_app, urls, worlds},
};
use axum::{body::Body, http::Request};
use certificates::NotPrivate;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};
use uuid::Uuid;
use wire::ids::TenantId;

/// What is in a column, as it is kept.
async fn kept(app: &App, table: &str, column: &str) -> Vec<Option<String>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {column} FROM {table} ORDER BY id"));
    let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await).unwrap()
}

async fn execute(db: &Db, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    let mut tx = db.begin(crate::db::Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::raw_sql(sql).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

/// The person of the address, as sign-in finds them.
pub(super) async fn found(app: &App, email: &str) -> sqlx::Result<Option<String>> {
    let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
    let user = identity::user_by_email(&mut tx, email).await?;
    Ok(user.map(|user| user.full_name))
}

fn is_destroyed(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Decode(error)
        if matches!(error.downcast_ref(), Some(KeyError::Destroyed)))
}

#[tokio::test]
async fn what_is_declared_as_sealed_is_in_no_row_in_the_clear() {
    for mut world in worlds().await {
        world.send_mail();
        crate::identity::federation::fake::some_provider(&mut world).await;
        world.signed_in(&world.customers[0].user).await;
        let mut browser = world.signed_in(&world.customers[0].administrator).await;
        let csrf = browser.get("/activity/stream").await.csrf();
        let collector = [
            ("csrf", csrf.as_str()),
            ("kind", "otlp"),
            ("host", "siem.example"),
        ];
        let form = [
            &collector[..],
            &[("port", "4318"), ("authorization", "Bearer sesame")],
        ];
        browser.post("/activity/stream", &form.concat()).await;
        let boss = &world.customers[0].administrator.actor;
        accept_terms(&world.app, boss).await;
        browser.get("/account/authenticator").await;
        add_passkey(&world, &mut browser).await;
        provision(&world).await;
        crate::identity::devices::testing::things(&world.app, boss).await;
        crate::operators::add(
            &world.app,
            "grace",
            "Grace",
            crate::operators::OperatorRole::Owner,
        )
        .await
        .unwrap();
        for field in SEALED {
            let values = kept(&world.app, field.table, field.column).await;
            assert!(values.iter().any(Option::is_some), "{field:?}");
            for value in values.into_iter().flatten() {
                assert!(value.starts_with("v1."), "{field:?}: {value}");
            }
        }
    }
}

/// A directory adds a person and says how it names them.
async fn provision(world: &World) {
    let draft = tokens::Draft {
        name: "directory".to_owned(),
        scopes: vec![TokenScope::Provisioning.name().to_owned()],
        days: 7,
    };
    let boss = &world.customers[0].administrator.actor;
    let token = tokens::create(&world.app, boss, &draft).await.unwrap();
    let person = r#"{"userName": "x@shoji.example", "displayName": "X", "externalId": "7"}"#;
    let request = Request::post("/scim/v2/Users")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/scim+json")
        .body(Body::from(person));
    let answer = world.browser().send(request.unwrap()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

#[tokio::test]
async fn a_field_moved_to_another_row_or_customer_does_not_open() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let email = &harbour.user.email;
        assert!(found(&world.app, email).await.unwrap().is_some());
        // A colleague's name, and then one of another customer's.
        for other in [&harbour.administrator, &shoji.user] {
            execute(
                &world.app.db,
                &format!(
                    "UPDATE users SET full_name = (SELECT o.full_name FROM users o WHERE o.id = {})
                     WHERE id = {}",
                    literal(&world, other.actor.user.0),
                    literal(&world, harbour.user.actor.user.0)
                ),
            )
            .await;
            assert!(found(&world.app, email).await.is_err());
        }
    }
}

/// An id in a statement's text: SQLite keeps its bytes.
fn literal(world: &World, id: Uuid) -> String {
    if world.is_sqlite() {
        format!("x'{}'", id.simple())
    } else {
        format!("'{id}'")
    }
}

#[tokio::test]
async fn after_a_rotation_old_values_open_are_sealed_anew_and_the_old_key_goes() {
    for world in worlds().await {
        let app = &world.app;
        let customer = &world.customers[0];
        let (owner, email) = (Owner::Tenant(customer.tenant), &customer.user.email);
        service::rotate(app, owner).await.unwrap();
        assert!(found(app, email).await.unwrap().is_some());
        // What is written now is sealed with the new key, while the rest still waits.
        world.signed_in(&customer.user).await;
        let hashes = kept(app, "users", "password_hash").await;
        assert!(hashes.iter().flatten().all(|hash| hash.starts_with("v2.")));

        job::pass(app).await.unwrap();
        let names = kept(app, "users", "full_name").await;
        let sealed = |start: &str| {
            let names = names.iter().flatten();
            names.filter(|name| name.starts_with(start)).count()
        };
        assert_eq!((sealed("v2."), sealed("v1.")), (2, 2));
        assert_eq!(live(app, customer.tenant).await, 2);

        world.pass_ms(2 * 60 * 60 * 1000);
        job::pass(app).await.unwrap();
        assert_eq!(live(app, customer.tenant).await, 1);
        assert!(found(app, email).await.unwrap().is_some());
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::KeyRotated));
    }
}

#[tokio::test]
async fn all_keys_can_be_replaced_but_for_those_that_are_destroyed() {
    for world in worlds().await {
        let [gone, stays] = &world.customers;
        service::destroy(&world.app, gone.tenant).await.unwrap();
        // The service's and the one customer's.
        assert_eq!(service::rotate_all(&world.app).await.unwrap(), 2);
        assert_eq!(live(&world.app, stays.tenant).await, 2);
        assert_eq!(live(&world.app, gone.tenant).await, 0);
    }
}

/// How many keys of a customer there are.
async fn live(app: &App, tenant: TenantId) -> usize {
    let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
    let rows = store::live(&mut tx).await.unwrap();
    rows.iter().filter(|row| row.tenant_id == tenant.0).count()
}

#[tokio::test]
async fn with_a_customers_key_everything_sealed_for_them_is_gone_and_nobody_elses() {
    for mut world in worlds().await {
        let [gone, stays] = world.customers.clone();
        let sealed = kept(&world.app, "users", "full_name").await;
        service::destroy(&world.app, gone.tenant).await.unwrap();
        for restarted in [false, true] {
            if restarted {
                world.restart().await;
            }
            let app = &world.app;
            assert_eq!(found(app, &gone.user.email).await.unwrap(), None);
            assert!(found(app, &stays.user.email).await.unwrap().is_some());
            // The rows are there, and no key opens them.
            assert_eq!(kept(app, "users", "full_name").await, sealed);
            let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
            let opened =
                crate::identity::store::user(&mut tx, gone.tenant, gone.user.actor.user).await;
            assert!(is_destroyed(&opened.unwrap_err()));
            drop(tx);
            assert_eq!(live(app, gone.tenant).await, 0);
            // Nor is there a new key by which writing goes on as if nothing had happened.
            let again = service::rotate(app, Owner::Tenant(gone.tenant)).await;
            assert!(is_destroyed(&again.unwrap_err()));
        }
        let log = world.log(None).await;
        assert!(log.contains(&What::KeyDestroyed));
    }
}

/// A database as it was before customers had keys.
async fn before_keys(dir: &Path, db: &Db) {
    let one = authority::key_file(dir, "fields.key").unwrap();
    let place = Place {
        table: "operators",
        column: "totp",
        row: Uuid::nil(),
    };
    let row = Uuid::from_u128(9);
    let totp = Seal::new(&one)
        .close(&Place { row, ..place }.bound_before(), b"secret of codes")
        .unwrap();
    let mut tx = db.begin(crate::db::Scope::Everybody).await.unwrap();
    for sql in [
        "INSERT INTO tenants (id, code, name_ja, name_en, language, time_zone, created_at_ms)
         VALUES ($1, 'old', 'o', 'o', 'ja', 'Asia/Tokyo', 0)",
        "INSERT INTO users (id, tenant_id, email, login, full_name, role, state, password_hash, created_at_ms)
         VALUES ($1, $1, 'hana@old.example', 'hana', 'Hana', 'user', 'active', 'HASH', 0)",
    ] {
        on!(&mut tx, c => sqlx::query(sql).bind(row).execute(c).await.map(drop)).unwrap();
    }
    let sql =
        "INSERT INTO operators (id, login, full_name, role, state, totp, totp_step, created_at_ms)
         VALUES ($1, 'grace', 'Grace', 'owner', 'active', $2, 0, 0)";
    on!(&mut tx, c => sqlx::query(sql).bind(row).bind(totp).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_was_kept_before_there_were_keys_is_sealed_at_the_first_start() {
    for (dir, url) in urls().await {
        let config = ServeConfig {
            state_dir: dir.path().to_owned(),
            ..ServeConfig::default()
        };
        let db = Db::open(&url, open_store(&config).unwrap()).await.unwrap();
        before_keys(dir.path(), &db).await;
        db.close().await;

        let app = open_app(dir.path(), &url, START_MS).await;
        for field in SEALED {
            let values = kept(&app, field.table, field.column).await;
            // Some tables are younger than the keys.
            let Some(value) = values.first() else {
                let young = [
                    "activity_streams",
                    "terms_acceptances",
                    "authenticators",
                    "passkeys",
                    "device_authorities",
                    "device_certificates",
                    "federation_providers",
                    "mail_messages",
                ];
                assert!(young.contains(&field.table), "{field:?}");
                continue;
            };
            // And so is this field.
            let Some(value) = value else {
                assert_eq!((field.table, field.column), ("users", "external_id"));
                continue;
            };
            assert!(value.starts_with("v1."), "{field:?}: {value}");
        }
        assert_eq!(
            found(&app, "hana@old.example").await.unwrap().unwrap(),
            "Hana"
        );
        let totp = kept(&app, "operators", "totp").await[0].clone().unwrap();
        let place = Place {
            table: "operators",
            column: "totp",
            row: Uuid::from_u128(9),
        };
        let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
        let secret = tx.unseal(Owner::Service, place, &totp).await.unwrap();
        assert_eq!(secret, b"secret of codes");
        drop(tx);

        // Once, and never again: what somebody writes into the database in the clear later is not taken.
        execute(&app.db, "UPDATE users SET full_name = 'Eve'").await;
        let app = open_app(dir.path(), &url, START_MS).await;
        assert!(found(&app, "hana@old.example").await.is_err());
    }
}

#[tokio::test]
async fn another_master_key_opens_nothing_and_the_service_does_not_start() {
    for world in worlds().await {
        let (dir, url) = world.place();
        fs::remove_file(dir.join("master.key")).unwrap();
        let db = Db::open(url, keys(dir, KeyStoreConfig::File))
            .await
            .unwrap();
        assert!(service::prepare(&db, START_MS).await.is_err());
    }
}

#[test]
fn a_master_key_that_others_may_read_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    FileStore::open(dir.path()).unwrap();
    let file = dir.path().join("master.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = FileStore::open(dir.path()).unwrap_err();
    assert!(matches!(
        error,
        AuthorityError::NotPrivate(NotPrivate::Exposed(_))
    ));
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

pub(super) fn keys(dir: &Path, key_store: KeyStoreConfig) -> Keys {
    let config = ServeConfig {
        state_dir: dir.to_owned(),
        key_store,
        ..ServeConfig::default()
    };
    open_store(&config).unwrap()
}
