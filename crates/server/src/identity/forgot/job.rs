//! Looks at requests for new links, one after the other.

use super::service;
use crate::app::App;
use std::sync::Arc;

/// Runs for ever.
pub async fn run(app: Arc<App>) {
    loop {
        app.asked.some().await;
        pass(&app).await;
    }
}

/// Looks at all that wait.
pub async fn pass(app: &App) {
    while let Some(request) = app.asked.pop() {
        if let Err(error) = service::look_at(app, &request).await {
            tracing::error!(%error, "a request for a new link could not be looked at");
        }
    }
}
