//! Versions of a contract are written, withdrawn before their day, and begin to count when it comes.

use super::{
    ContractRow, Draft, Wrong, days,
    service::{By, ContractError, check, record, today},
    store,
};
use crate::{
    activity::{self, What},
    app::App,
    db::Tx,
    portal::Key,
};
use wire::ids::TenantId;

/// Writes the contract's next version and returns it. Where the draft names a day that comes, the present one counts until
/// then. The caller has asked whether it may be done.
pub(crate) async fn revise(
    app: &App,
    tx: &mut Tx,
    by: By<'_>,
    draft: &Draft,
) -> Result<ContractRow, ContractError> {
    store::lock(tx, by.tenant).await?;
    let versions = store::versions(tx, by.tenant).await?;
    let (today, now_ms) = (today(app), app.clock.now_ms());
    let kept = days::counting(&versions, &today).map_or_else(Vec::new, ContractRow::regions);
    let checked = check(app, tx, draft, &kept).await?;
    let mut coming = days::coming(&versions, &today).into_iter();
    if coming.any(|row| row.counts_from == checked.counts_from) {
        let wrong = Wrong {
            counts_from: Some(Key("contract.error.same_day")),
            ..Wrong::default()
        };
        return Err(ContractError::Wrong(Box::new(wrong)));
    }
    let is_coming = checked.counts_from > today;
    let row = ContractRow {
        version: versions.first().map_or(0, |row| row.version) + 1,
        who: by.who.to_owned(),
        at_ms: now_ms,
        began_at_ms: (!is_coming).then_some(now_ms),
        ..checked
    };
    store::insert(tx, by.tenant, &row).await?;
    let detail = row.told(is_coming);
    record(app, tx, by, What::ContractChanged, by.tenant.0, &detail).await?;
    if !is_coming {
        keep_days(app, tx, by, &row).await?;
    }
    Ok(row)
}

/// The log is kept for as long as the version says.
async fn keep_days(app: &App, tx: &mut Tx, by: By<'_>, row: &ContractRow) -> sqlx::Result<()> {
    if activity::kept_days(tx, by.tenant).await? != row.retention_days {
        activity::set_kept_days(app, tx, by.tenant, by.who, row.retention_days).await?;
    }
    Ok(())
}

/// Withdraws a version whose day has not come. The caller has asked whether it may be done.
pub(crate) async fn withdraw(
    app: &App,
    tx: &mut Tx,
    by: By<'_>,
    version: i64,
) -> Result<ContractRow, ContractError> {
    store::lock(tx, by.tenant).await?;
    let versions = store::versions(tx, by.tenant).await?;
    let row = versions.into_iter().find(|row| row.version == version);
    let row = row.ok_or(ContractError::NotComing)?;
    let (whose, now) = ((by.tenant, version), (by.who, app.clock.now_ms()));
    if !store::withdraw(tx, whose, now, &today(app)).await? {
        return Err(ContractError::NotComing);
    }
    let what = What::ContractWithdrawn;
    record(app, tx, by, what, by.tenant.0, &row.told(true)).await?;
    Ok(row)
}

/// Does what follows from a version whose day has come, once: it is in the customer's log from then on, and the log is kept
/// for as long as it says. Nothing when another process was faster.
pub(super) async fn begin(app: &App, tenant: TenantId) -> sqlx::Result<()> {
    let mut tx = app.db.begin(tenant).await?;
    store::lock(&mut tx, tenant).await?;
    let today = today(app);
    let present = store::current(&mut tx, tenant, &today).await?;
    if !store::begin(&mut tx, tenant, &today, app.clock.now_ms()).await? {
        return Ok(());
    }
    if let Some(row) = present.filter(|row| row.began_at_ms.is_none()) {
        // Nobody does it: it was agreed on before.
        let by = By { tenant, who: "" };
        let what = What::ContractBegan;
        record(app, &mut tx, by, what, tenant.0, &row.told(false)).await?;
        keep_days(app, &mut tx, by, &row).await?;
    }
    tx.commit().await?;
    // Sessions that waited for a region may be placed now.
    app.wake.notify_one();
    Ok(())
}

impl ContractRow {
    /// As logs tell of it; with the day where it is coming.
    pub(crate) fn told(&self, is_coming: bool) -> String {
        let from = if is_coming {
            format!(" ({})", self.counts_from)
        } else {
            String::new()
        };
        format!("{} v{}{from}: {}", self.number, self.version, self.reason)
    }
}
