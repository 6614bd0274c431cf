//! The reconciler of keys: what replaced keys sealed is sealed anew.

use super::service;
use crate::app::App;
use std::{sync::Arc, time::Duration};

/// How often it looks; for so long another process may still have a destroyed key in memory.
const TIMER: Duration = Duration::from_mins(1);

/// Runs for ever.
pub async fn run(app: Arc<App>) {
    let mut timer = tokio::time::interval(TIMER);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "sealed fields could not be reconciled; trying again");
        }
    }
}

/// Looks once.
pub async fn pass(app: &App) -> sqlx::Result<()> {
    service::reconcile(app).await
}
