//! The reconciler of the clock: a sample each minute, and an alarm each hour for as long as nothing keeps it right.

use super::service;
use crate::app::{App, ClockState};
use std::{sync::Arc, time::Duration};

const TIMER: Duration = Duration::from_mins(1);
/// Passes from one alarm to the next.
const ALARM_PASSES: u32 = 60;

/// Runs for ever.
pub async fn run(app: Arc<App>) {
    let mut timer = tokio::time::interval(TIMER);
    let mut passes = 0_u32;
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "the clock's state could not be kept; trying again");
        }
        passes = passes.wrapping_add(1);
        let state = app.clock.reading().state;
        if state != ClockState::Synchronised && passes.is_multiple_of(ALARM_PASSES) {
            service::tell(&app, state);
        }
    }
}

/// Looks once.
pub async fn pass(app: &App) -> sqlx::Result<()> {
    service::sample(app).await
}
