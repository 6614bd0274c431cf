//! All SQL about how long what records say is kept.

use crate::db::{Tx, on};
use wire::ids::TenantId;

const DAYS: &str = "SELECT days FROM activity_retention WHERE tenant_id = $1";
const SET_DAYS: &str = "INSERT INTO activity_retention (tenant_id, days) VALUES ($1, $2)
    ON CONFLICT (tenant_id) DO UPDATE SET days = excluded.days";

pub(crate) async fn days(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(DAYS).bind(tenant).fetch_optional(c).await)
}

pub(crate) async fn set_days(tx: &mut Tx, tenant: TenantId, days: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_DAYS).bind(tenant).bind(days).execute(c).await.map(drop))
}
