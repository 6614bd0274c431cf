//! The reconciler of the logs: every log that has grown gets a checkpoint, and content whose time is over is deleted.

use super::{
    acts, log, retention,
    store::{self, tree},
};
use crate::{app::App, db::Scope};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// How often it looks: a record is under a checkpoint after this time at the latest.
const TIMER: Duration = Duration::from_mins(1);

/// Runs for ever.
pub async fn run(app: Arc<App>) {
    let mut timer = tokio::time::interval(TIMER);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "the activity logs could not be reconciled; trying again");
        }
    }
}

/// Looks at every log once. The log of the logs comes last, since the others' checkpoints are its leaves.
pub async fn pass(app: &App) -> sqlx::Result<()> {
    acts::reconcile(app).await?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    let logs = tree::logs(&mut tx).await?;
    drop(tx);
    let others = logs.iter().map(|row| row.id).filter(|id| *id != log::LOGS);
    for id in others.chain([log::LOGS]) {
        log::checkpoint(app, id).await?;
        expire(app, id).await?;
    }
    Ok(())
}

/// Deletes what records said, with their salts, a part at a time. Their leaves stay.
async fn expire(app: &App, log: Uuid) -> sqlx::Result<()> {
    loop {
        let mut tx = app.db.begin(Scope::Everybody).await?;
        let before_ms = app.clock.now_ms() - retention::kept_ms(&mut tx, log).await?;
        let gone = store::expire(&mut tx, log, before_ms).await?;
        tx.commit().await?;
        if gone == 0 {
            return Ok(());
        }
    }
}
