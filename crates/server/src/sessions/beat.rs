//! How many sessions run, and how many began on each of the last days.

use super::store::pulse as store;
use crate::db::Tx;
use wire::ids::TenantId;

/// How many days are told.
pub(crate) const DAYS: usize = 7;
const WEEK: i64 = 7;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Days begin in Japan.
const JAPAN_MS: i64 = 9 * 3600 * 1000;

/// Sessions of an organisation, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// Those that are not over.
    pub(crate) running: i64,
    /// Those that are shown somewhere now.
    pub(crate) connected: i64,
    /// When each day began, Unix milliseconds, and how many sessions began on it; the last is today.
    pub(crate) days: [(i64, i64); DAYS],
}

/// Counts them. The caller has asked whether they may be seen.
pub(crate) async fn pulse(tx: &mut Tx, tenant: TenantId, now_ms: i64) -> sqlx::Result<Pulse> {
    let today = (now_ms + JAPAN_MS).div_euclid(DAY_MS);
    let day = |at: usize| today + 1 + i64::try_from(at).unwrap_or(0) - WEEK;
    let begins = |at| day(at) * DAY_MS - JAPAN_MS;
    let began = store::by_day(tx, tenant, begins(0)).await?;
    let (running, connected) = store::running(tx, tenant).await?;
    let days = std::array::from_fn(|at| {
        let count = began.iter().find(|(of, _)| *of == day(at));
        (begins(at), count.map_or(0, |(_, count)| *count))
    });
    Ok(Pulse {
        running,
        connected,
        days,
    })
}
