//! All SQL about how customers' portals look.

use super::Draft;
use crate::db::{Tx, on};
use wire::ids::TenantId;

/// A look as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) name_ja: String,
    pub(super) name_en: String,
    pub(super) accent: String,
    /// PNG in base64, or nothing.
    pub(super) logo: String,
    pub(super) changed_at_ms: i64,
}

const GET: &str =
    "SELECT name_ja, name_en, accent, logo, changed_at_ms FROM branding WHERE tenant_id = $1";
/// Of a code that nobody has, and of a customer without a look of its own, the same: nothing.
const AT: &str = "SELECT b.name_ja, b.name_en, b.accent, b.logo, b.changed_at_ms
    FROM tenants t JOIN branding b ON b.tenant_id = t.id WHERE t.code = $1";
const SET: &str =
    "INSERT INTO branding (id, tenant_id, name_ja, name_en, accent, logo, changed_at_ms)
    VALUES ($1, $1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id)
    DO UPDATE SET name_ja = $2, name_en = $3, accent = $4, logo = $5, changed_at_ms = $6";
const DROP: &str = "DELETE FROM branding WHERE tenant_id = $1";

pub(super) async fn get(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<Row>> {
    on!(tx, c => sqlx::query_as(GET).bind(tenant).fetch_optional(c).await)
}

/// The look of the customer of a code, in a transaction that sees all customers.
pub(super) async fn at(tx: &mut Tx, code: &str) -> sqlx::Result<Option<Row>> {
    on!(tx, c => sqlx::query_as(AT).bind(code).fetch_optional(c).await)
}

pub(super) async fn set(
    tx: &mut Tx,
    tenant: TenantId,
    new: &Draft,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET).bind(tenant).bind(&new.name_ja).bind(&new.name_en).bind(&new.accent)
        .bind(&new.logo).bind(now_ms).execute(c).await.map(drop))
}

/// `false` when there is none.
pub(super) async fn remove(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(DROP).bind(tenant).execute(c).await.map(|done| done.rows_affected() == 1))
}
