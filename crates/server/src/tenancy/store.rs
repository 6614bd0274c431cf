//! All SQL about customers.

use crate::db::{Tx, on};
use wire::ids::TenantId;

/// A customer as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TenantRow {
    /// The customer.
    pub id: TenantId,
    /// A short name for people of the provider.
    pub code: String,
    /// The name in Japanese.
    pub name_ja: String,
    /// The name in English.
    pub name_en: String,
    /// `ja` or `en`: the language of its sessions.
    pub language: String,
    /// IANA name of its time zone.
    pub time_zone: String,
}

const INSERT: &str =
    "INSERT INTO tenants (id, code, name_ja, name_en, language, time_zone, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const GET: &str =
    "SELECT id, code, name_ja, name_en, language, time_zone FROM tenants WHERE id = $1";
const BY_CODE: &str =
    "SELECT id, code, name_ja, name_en, language, time_zone FROM tenants WHERE code = $1";
const RENAME: &str =
    "UPDATE tenants SET name_ja = $2, name_en = $3, language = $4, time_zone = $5 WHERE id = $1";
const ALL: &str = "SELECT id FROM tenants ORDER BY code";

pub(crate) async fn insert(tx: &mut Tx, row: &TenantRow, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(&row.code).bind(&row.name_ja).bind(&row.name_en)
        .bind(&row.language).bind(&row.time_zone).bind(now_ms).execute(c).await.map(drop))
}

pub(crate) async fn get(tx: &mut Tx, id: TenantId) -> sqlx::Result<Option<TenantRow>> {
    on!(tx, c => sqlx::query_as(GET).bind(id).fetch_optional(c).await)
}

pub(crate) async fn by_code(tx: &mut Tx, code: &str) -> sqlx::Result<Option<TenantRow>> {
    on!(tx, c => sqlx::query_as(BY_CODE).bind(code).fetch_optional(c).await)
}

/// The code stays: paths and records name it.
pub(crate) async fn rename(tx: &mut Tx, row: &TenantRow) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(RENAME).bind(row.id).bind(&row.name_ja).bind(&row.name_en).bind(&row.language)
        .bind(&row.time_zone).execute(c).await.map(|done| done.rows_affected() == 1))
}

pub(crate) async fn all(tx: &mut Tx) -> sqlx::Result<Vec<TenantId>> {
    on!(tx, c => sqlx::query_scalar(ALL).fetch_all(c).await)
}
