//! All SQL about data keys, and the statements that read and write sealed columns, whichever they are.

use super::fields::Field;
use crate::db::{Tx, on};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A data key as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct KeyRow {
    /// Whose; the nil UUID is the service's.
    pub(super) tenant_id: Uuid,
    /// `seal` or `index`.
    pub(super) purpose: String,
    pub(super) version: i64,
    pub(super) key_store: String,
    /// None once it is destroyed.
    pub(super) wrapped: Option<String>,
    pub(super) created_at_ms: i64,
}

/// A value and its row.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Value {
    pub(super) id: Uuid,
    pub(super) value: String,
}

const INSERT: &str =
    "INSERT INTO data_keys (tenant_id, purpose, version, key_store, wrapped, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6)";
const GET: &str =
    "SELECT tenant_id, purpose, version, key_store, wrapped, created_at_ms FROM data_keys
    WHERE tenant_id = $1 AND purpose = $2 AND version = $3";
const NEWEST: &str =
    "SELECT tenant_id, purpose, version, key_store, wrapped, created_at_ms FROM data_keys
    WHERE tenant_id = $1 AND purpose = $2 ORDER BY version DESC LIMIT 1";
const LIVE: &str =
    "SELECT tenant_id, purpose, version, key_store, wrapped, created_at_ms FROM data_keys
    WHERE wrapped IS NOT NULL ORDER BY tenant_id, purpose, version";
const REWRAP: &str = "UPDATE data_keys SET key_store = $1, wrapped = $2
    WHERE tenant_id = $3 AND purpose = $4 AND version = $5";
const DESTROY: &str = "UPDATE data_keys SET wrapped = NULL, destroyed_at_ms = $1
    WHERE tenant_id = $2 AND version < $3 AND wrapped IS NOT NULL";
const TENANTS: &str = "SELECT id FROM tenants ORDER BY id";

pub(super) async fn insert(tx: &mut Tx, row: &KeyRow) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.tenant_id).bind(&row.purpose).bind(row.version)
        .bind(&row.key_store).bind(&row.wrapped).bind(row.created_at_ms).execute(c).await.map(drop))
}

pub(super) async fn get(
    tx: &mut Tx,
    owner: Uuid,
    purpose: &str,
    version: i64,
) -> sqlx::Result<Option<KeyRow>> {
    on!(tx, c => sqlx::query_as(GET).bind(owner).bind(purpose).bind(version).fetch_optional(c).await)
}

pub(super) async fn newest(
    tx: &mut Tx,
    owner: Uuid,
    purpose: &str,
) -> sqlx::Result<Option<KeyRow>> {
    on!(tx, c => sqlx::query_as(NEWEST).bind(owner).bind(purpose).fetch_optional(c).await)
}

/// Every key that is not destroyed.
pub(super) async fn live(tx: &mut Tx) -> sqlx::Result<Vec<KeyRow>> {
    on!(tx, c => sqlx::query_as(LIVE).fetch_all(c).await)
}

/// Keeps a key wrapped by another master key.
pub(super) async fn rewrap(
    tx: &mut Tx,
    row: &KeyRow,
    store: &str,
    wrapped: &str,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(REWRAP).bind(store).bind(wrapped).bind(row.tenant_id).bind(&row.purpose)
        .bind(row.version).execute(c).await.map(drop))
}

/// Destroys an owner's keys of the versions before one. Returns how many.
pub(super) async fn destroy(
    tx: &mut Tx,
    owner: Uuid,
    before: i64,
    now_ms: i64,
) -> sqlx::Result<u64> {
    on!(tx, c => sqlx::query(DESTROY).bind(now_ms).bind(owner).bind(before).execute(c).await
        .map(|done| done.rows_affected()))
}

pub(super) async fn tenants(tx: &mut Tx) -> sqlx::Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar(TENANTS).fetch_all(c).await)
}

/// Some values of an owner that are not sealed with a version. A column of the service's has no other owner. All statements are put together from the constants of `fields.rs`.
pub(super) async fn values_not_of(
    tx: &mut Tx,
    field: &Field,
    owner: Uuid,
    version: i64,
    limit: i64,
) -> sqlx::Result<Vec<Value>> {
    let Field { table, column, .. } = field;
    let which = if field.tenant {
        "tenant_id = $1"
    } else {
        "id <> $1"
    };
    let sql = AssertSqlSafe(format!(
        "SELECT id, {column} AS value FROM {table}
         WHERE {which} AND {column} IS NOT NULL AND {column} NOT LIKE $2 ORDER BY id LIMIT $3"
    ));
    let like = format!("v{version}.%");
    on!(tx, c => sqlx::query_as(sql).bind(owner).bind(like).bind(limit).fetch_all(c).await)
}

/// Puts a sealed value in the place of another, unless somebody changed that in the meantime.
pub(super) async fn replace(
    tx: &mut Tx,
    field: &Field,
    row: Uuid,
    (old, new): (&str, &str),
) -> sqlx::Result<()> {
    let Field { table, column, .. } = field;
    let sql = AssertSqlSafe(format!(
        "UPDATE {table} SET {column} = $1 WHERE id = $2 AND {column} = $3"
    ));
    on!(tx, c => sqlx::query(sql).bind(new).bind(row).bind(old).execute(c).await.map(drop))
}

/// Sets the value by which a row is found.
pub(super) async fn set_index(
    tx: &mut Tx,
    (table, column): (&str, &str),
    row: Uuid,
    index: &str,
) -> sqlx::Result<()> {
    let sql = AssertSqlSafe(format!("UPDATE {table} SET {column} = $1 WHERE id = $2"));
    on!(tx, c => sqlx::query(sql).bind(index).bind(row).execute(c).await.map(drop))
}

/// Nothing of a customer is found by this column any more.
pub(super) async fn clear_index(
    tx: &mut Tx,
    (table, column): (&str, &str),
    tenant: Uuid,
) -> sqlx::Result<()> {
    let sql = AssertSqlSafe(format!(
        "UPDATE {table} SET {column} = NULL WHERE tenant_id = $1"
    ));
    on!(tx, c => sqlx::query(sql).bind(tenant).execute(c).await.map(drop))
}
