//! The reconciler of contracts: what follows from a version whose day has come is done. Limits and regions need none of it;
//! they look at the version that counts whenever they are asked.

use super::{service, store, versions};
use crate::{app::App, db::Scope};
use std::{sync::Arc, time::Duration};

/// How often it looks: the log's retention follows the contract after this time at the latest.
const TIMER: Duration = Duration::from_secs(15);

/// Runs for ever.
pub(crate) async fn run(app: Arc<App>) {
    let mut timer = tokio::time::interval(TIMER);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "contracts could not be looked after; trying again");
        }
    }
}

/// Looks once.
pub(crate) async fn pass(app: &App) -> sqlx::Result<()> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let due = store::due(&mut tx, &service::today(app)).await?;
    drop(tx);
    for tenant in due {
        versions::begin(app, tenant).await?;
    }
    Ok(())
}
