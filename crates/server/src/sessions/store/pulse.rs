//! How many sessions there are, and were.

use crate::db::{Tx, on};
use wire::ids::TenantId;

const RUNNING: &str = "SELECT count(*) FROM sessions WHERE tenant_id = $1 AND state <> 'ended'";
const CONNECTED: &str =
    "SELECT count(*) FROM sessions WHERE tenant_id = $1 AND state = 'connected'";
/// Days are counted from 1970 on, in Japan (nine hours before UTC).
const BY_DAY: &str = "SELECT (requested_at_ms + 32400000) / 86400000 AS day, count(*) FROM sessions
    WHERE tenant_id = $1 AND requested_at_ms >= $2 GROUP BY 1";

/// Sessions that are not over, and those that are shown somewhere.
pub(in crate::sessions) async fn running(
    tx: &mut Tx,
    tenant: TenantId,
) -> sqlx::Result<(i64, i64)> {
    let all = on!(&mut *tx, c => sqlx::query_scalar(RUNNING).bind(tenant).fetch_one(c).await)?;
    let shown = on!(tx, c => sqlx::query_scalar(CONNECTED).bind(tenant).fetch_one(c).await)?;
    Ok((all, shown))
}

/// Days since a moment, and how many sessions began on each; days without any are left out.
pub(in crate::sessions) async fn by_day(
    tx: &mut Tx,
    tenant: TenantId,
    from_ms: i64,
) -> sqlx::Result<Vec<(i64, i64)>> {
    on!(tx, c => sqlx::query_as(BY_DAY).bind(tenant).bind(from_ms).fetch_all(c).await)
}
