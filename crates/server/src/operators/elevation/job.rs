//! The reconciler of elevations: what ended by itself is written down.

use super::service;
use crate::app::App;
use std::{sync::Arc, time::Duration};

const TIMER: Duration = Duration::from_secs(15);

/// Runs for ever.
pub(crate) async fn run(app: Arc<App>) {
    let mut timer = tokio::time::interval(TIMER);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "elevations could not be looked after; trying again");
        }
    }
}

/// Looks once.
pub(crate) async fn pass(app: &App) -> sqlx::Result<()> {
    service::reconcile(app).await
}
