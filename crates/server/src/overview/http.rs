//! `/`: where each reader begins; `/overview`: how things stand.

use super::{page, service};
use crate::{
    app::App,
    portal,
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(first))
        .route("/overview", get(show))
}

/// Those who look after the organisation begin with how things stand, everybody else with their desktops.
async fn first(signed: SignedIn) -> Response {
    let looks_after = rights::authorize(&signed.actor, Action::ListUsers).is_ok();
    let to = if looks_after {
        "/overview"
    } else {
        "/desktops"
    };
    Redirect::to(to).into_response()
}

async fn show(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ListUsers)?;
    let facts = service::facts(&app, &signed.actor).await?;
    Ok(portal::page(StatusCode::OK, &page::page(signed.ui, &facts)))
}
