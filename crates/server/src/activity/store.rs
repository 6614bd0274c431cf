//! All SQL about the log. Reading names the customer.

use super::Record;
use crate::db::{Tx, like, on};
use uuid::Uuid;
use wire::ids::TenantId;

/// A record as it is kept.
#[derive(Debug, sqlx::FromRow)]
pub struct Row {
    /// Unix time in milliseconds.
    pub at_ms: i64,
    /// The name of who did it.
    pub who: String,
    /// From where.
    pub address: String,
    /// The stored form of [`super::What`].
    pub what: String,
    /// The thing's name or the result.
    pub detail: String,
}

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// Part of name, thing or address; empty for all.
    pub text: &'a str,
    /// The stored form of what happened; empty for all.
    pub what: &'a str,
}

const INSERT: &str = "INSERT INTO activity
    (id, tenant_id, at_ms, user_id, who, address, what, subject_id, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const COUNT: &str = "SELECT count(*) FROM activity
    WHERE tenant_id = $1 AND ($2 = '' OR what = $2)
    AND ($3 = '' OR lower(who) LIKE $3 ESCAPE '!' OR lower(detail) LIKE $3 ESCAPE '!' OR address LIKE $3 ESCAPE '!')";
const PAGE: &str = "SELECT at_ms, who, address, what, detail FROM activity
    WHERE tenant_id = $1 AND ($2 = '' OR what = $2)
    AND ($3 = '' OR lower(who) LIKE $3 ESCAPE '!' OR lower(detail) LIKE $3 ESCAPE '!' OR address LIKE $3 ESCAPE '!')
    ORDER BY at_ms DESC, id DESC LIMIT $4 OFFSET $5";

const COUNT_WORK: &str = "SELECT count(*) FROM activity WHERE tenant_id IS NULL
    AND ($1 = '' OR lower(who) LIKE $1 ESCAPE '!' OR lower(detail) LIKE $1 ESCAPE '!')";
const PAGE_OF_WORK: &str =
    "SELECT at_ms, who, address, what, detail FROM activity WHERE tenant_id IS NULL
    AND ($1 = '' OR lower(who) LIKE $1 ESCAPE '!' OR lower(detail) LIKE $1 ESCAPE '!')
    ORDER BY at_ms DESC, id DESC LIMIT $2 OFFSET $3";

pub(super) async fn count_work(tx: &mut Tx, text: &str) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(COUNT_WORK).bind(like(text)).fetch_one(c).await)
}

pub(super) async fn page_of_work(
    tx: &mut Tx,
    text: &str,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(PAGE_OF_WORK).bind(like(text)).bind(limit).bind(offset).fetch_all(c).await)
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    at_ms: i64,
    record: &Record<'_>,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(record.tenant).bind(at_ms).bind(record.user).bind(record.who)
        .bind(record.address).bind(record.what.name()).bind(record.subject).bind(record.detail)
        .execute(c).await.map(drop))
}

pub(super) async fn count(tx: &mut Tx, tenant: TenantId, search: &Search<'_>) -> sqlx::Result<i64> {
    let text = like(search.text);
    on!(tx, c => sqlx::query_scalar(COUNT).bind(tenant).bind(search.what).bind(text).fetch_one(c).await)
}

pub(super) async fn page(
    tx: &mut Tx,
    tenant: TenantId,
    search: &Search<'_>,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<Row>> {
    let text = like(search.text);
    on!(tx, c => sqlx::query_as(PAGE).bind(tenant).bind(search.what).bind(text).bind(limit).bind(offset)
        .fetch_all(c).await)
}
