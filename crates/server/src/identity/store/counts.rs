//! How many people an organisation has.

use crate::db::{Tx, on};
use wire::ids::TenantId;

const BY_STATE: &str =
    "SELECT state, count(*) FROM users WHERE tenant_id = $1 AND state <> 'removed' GROUP BY state";

/// Accounts by the stored form of where they stand.
pub(in crate::identity) async fn by_state(
    tx: &mut Tx,
    tenant: TenantId,
) -> sqlx::Result<Vec<(String, i64)>> {
    on!(tx, c => sqlx::query_as(BY_STATE).bind(tenant).fetch_all(c).await)
}
