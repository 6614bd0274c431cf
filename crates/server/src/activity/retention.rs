//! How long what records say is kept: 31 days, or longer where a contract asks for it.

use super::{
    RETENTION_MS, Record, What, append_record, log,
    store::retention::{self as store},
};
use crate::{app::App, db::Tx};
use uuid::Uuid;
use wire::ids::TenantId;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// What everybody has.
pub const STANDARD_DAYS: i64 = RETENTION_MS / DAY_MS;
/// The longest that can be agreed on: ten years.
pub const MOST_DAYS: i64 = 3653;
/// How long the service's own log, in which operators' work is, keeps what records say: a year, in milliseconds.
const WORK_RETENTION_MS: i64 = 366 * DAY_MS;

/// How long a log keeps what its records say, in milliseconds. A customer's transaction sees its own log's alone.
pub(super) async fn kept_ms(tx: &mut Tx, of: Uuid) -> sqlx::Result<i64> {
    match of {
        log::SERVICE => Ok(WORK_RETENTION_MS),
        log::LOGS => Ok(RETENTION_MS),
        tenant => Ok(days(tx, TenantId(tenant)).await? * DAY_MS),
    }
}

/// For how many days a customer's records keep what they say.
pub async fn days(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    let agreed = store::days(tx, tenant).await?;
    Ok(agreed
        .unwrap_or(STANDARD_DAYS)
        .clamp(STANDARD_DAYS, MOST_DAYS))
}

/// Sets what a contract says, between [`STANDARD_DAYS`] and [`MOST_DAYS`], and records it in the customer's log; `who` is
/// the name of who does. What is gone already does not come back; with fewer days, what is older goes at the next pass.
pub async fn set_days(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    who: &str,
    days: i64,
) -> sqlx::Result<()> {
    let days = days.clamp(STANDARD_DAYS, MOST_DAYS);
    store::set_days(tx, tenant, days).await?;
    let record = Record {
        tenant: Some(tenant),
        user: None,
        who,
        address: "",
        what: What::RetentionChanged,
        subject: Some(tenant.0),
        detail: &days.to_string(),
    };
    append_record(app, tx, &record).await
}
