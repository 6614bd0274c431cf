//! `GET /access`.

use super::matrix;
use crate::{
    app::App,
    portal,
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{Router, http::StatusCode, response::Response, routing::get};
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/access", get(show))
}

async fn show(signed: SignedIn) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ViewAccess)?;
    let page = matrix::page(signed.ui);
    Ok(portal::page(StatusCode::OK, &page))
}
