//! What PostgreSQL itself keeps apart. Statements here forget the customer on purpose.

#![allow(clippy::unwrap_used)]

use super::{Db, Scope, Tx, on, walls};
use crate::{
    config::ServeConfig,
    keys,
    testing::{World, worlds},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Tables that hold nothing of a customer's. Whoever adds a table gives it `tenant_id`, or names it here.
const NOBODYS: [&str; 13] = [
    "catalogue",
    "clock_samples",
    "enrol_tokens",
    "machines",
    "operator_links",
    "operator_sessions",
    "operators",
    // Hashes of challenges, some of which are answered before it is known by whom.
    "passkey_ceremonies",
    "provider_profile",
    "regions",
    "schema_versions",
    // Hashes of accounts and addresses, which are looked up before it is known whose they are.
    "sign_in_failures",
    "terms",
];

async fn on_postgres() -> Option<World> {
    worlds()
        .await
        .into_iter()
        .find(|world| world.app.db.postgres().is_some())
}

/// Whose rows a statement without a `WHERE` sees.
async fn seen(tx: &mut Tx, table: &str, column: &str) -> Vec<Uuid> {
    let sql = AssertSqlSafe(format!("SELECT DISTINCT {column} FROM {table} ORDER BY 1"));
    on!(tx, c => sqlx::query_scalar(sql).fetch_all(c).await).unwrap()
}

/// Each customer has rows in many tables.
async fn filled(world: &World) {
    for customer in &world.customers {
        world.signed_in(&customer.user).await;
        let actor = &customer.user.actor;
        crate::sessions::service::launch(&world.app, actor, customer.desktop)
            .await
            .unwrap();
    }
    crate::activity::job::pass(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_statement_that_forgets_the_customer_sees_one_customers_rows() {
    let Some(world) = on_postgres().await else {
        return;
    };
    filled(&world).await;
    let db = &world.app.db;
    let (walled, _) = walls::tables(db.postgres().unwrap()).await.unwrap();
    let [shoji, harbour] = &world.customers;
    let mut full = 0;
    for walls::Walled { table, column, .. } in &walled {
        let everybody = seen(&mut db.read(Scope::Everybody).await.unwrap(), table, column).await;
        for customer in [shoji, harbour] {
            let own = customer.tenant.0;
            let mut tx = db.read(customer.tenant).await.unwrap();
            let seen = seen(&mut tx, table, column).await;
            let expected = Vec::from_iter(everybody.contains(&own).then_some(own));
            assert_eq!(seen, expected, "{table}");
        }
        full += usize::from(everybody.len() > 1);
        let mut nobody = db.read(Scope::Nobody).await.unwrap();
        assert!(seen(&mut nobody, table, column).await.is_empty(), "{table}");
    }
    // Users, sessions, keys, logs and so on: the above was not about empty tables.
    assert!(full >= 10, "{full} tables hold both customers' rows");
}

#[tokio::test]
async fn nothing_of_another_customer_can_be_changed_added_or_deleted() {
    let Some(world) = on_postgres().await else {
        return;
    };
    filled(&world).await;
    let db = &world.app.db;
    let [shoji, harbour] = &world.customers;
    let run = async |tx: &mut Tx, sql: &str| {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(tx, c => sqlx::raw_sql(sql).execute(c).await.map(|done| done.rows_affected()))
    };
    let mut tx = db.begin(shoji.tenant).await.unwrap();
    let changed = run(&mut tx, "UPDATE users SET state = 'suspended'").await;
    assert_eq!(changed.unwrap(), 2);
    assert_eq!(run(&mut tx, "DELETE FROM web_sessions").await.unwrap(), 1);
    // To move a row over is to add one there.
    let to = harbour.tenant;
    let moved = run(&mut tx, &format!("UPDATE desktops SET tenant_id = '{to}'")).await;
    assert!(
        moved
            .unwrap_err()
            .to_string()
            .contains("row-level security")
    );
    drop(tx);
    let mut tx = db.begin(shoji.tenant).await.unwrap();
    let added = format!(
        "INSERT INTO sign_in_links (token_hash, tenant_id, user_id, expires_at_ms) VALUES ('x', '{to}', '{}', 1)",
        harbour.user.actor.user
    );
    let added = run(&mut tx, &added).await;
    assert!(
        added
            .unwrap_err()
            .to_string()
            .contains("row-level security")
    );
    drop(tx);
    // The next transaction of the same connection starts with nothing.
    let pool = db.postgres().unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn every_table_with_a_customers_rows_has_its_wall() {
    let Some(world) = on_postgres().await else {
        return;
    };
    let pool = world.app.db.postgres().unwrap();
    let (walled, others) = walls::tables(pool).await.unwrap();
    let open: Vec<_> = walled.iter().filter(|wall| !wall.is_up).collect();
    assert!(open.is_empty(), "{open:?}");
    let unknown: Vec<_> = others
        .iter()
        .filter(|table| !NOBODYS.contains(&table.as_str()))
        .collect();
    assert!(
        unknown.is_empty(),
        "without `tenant_id`, and not declared as nobody's: {unknown:?}"
    );

    // What a later migration adds, or somebody took down, is put up at the next start.
    let sql = "CREATE TABLE later (tenant_id UUID NOT NULL); ALTER TABLE users NO FORCE ROW LEVEL SECURITY";
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
    let open = async || {
        let (walled, _) = walls::tables(pool).await.unwrap();
        let open = walled.into_iter().filter(|wall| !wall.is_up);
        open.map(|wall| wall.table).collect::<Vec<_>>()
    };
    assert_eq!(open().await, ["later", "users"]);
    world.app.db.migrate().await.unwrap();
    assert!(open().await.is_empty());
}

#[tokio::test]
async fn the_service_refuses_a_role_that_no_policy_binds() {
    let Ok(url) = std::env::var("TEST_POSTGRES_SUPERUSER_URL") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let config = ServeConfig {
        state_dir: dir.path().to_owned(),
        ..ServeConfig::default()
    };
    let schema = format!("s{}", Uuid::from_bytes(crate::app::random()).simple());
    let keys = keys::open_store(&config).unwrap();
    let url = format!("{url}&options[search_path]={schema}");
    let refused = Db::open(&url, keys).await.unwrap_err();
    assert!(refused.to_string().contains("BYPASSRLS"), "{refused}");
}
