//! `GET /evidence` and `GET /evidence/ID`.

use super::{
    Outcome,
    page::{self, ControlPage, EvidencePage},
    service::{self, ReadError},
};
use crate::{
    app::App,
    portal,
    visit::{Failure, SignedIn},
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/evidence", get(list))
        .route("/evidence/{control}", get(show))
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(denied) => denied.into(),
            ReadError::Database(error) => error.into(),
        }
    }
}

/// Which promises are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    state: String,
}

impl Filter {
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        Outcome::from_name(&self.state)
    }
}

async fn list(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let standings = service::of_customer(&app, &signed.actor).await?;
    let (counts, rows) = page::rows(standings, filter.outcome());
    let page = EvidencePage {
        ui: signed.ui,
        counts,
        rows,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(control): Path<String>,
) -> Result<Response, Failure> {
    let standing = service::control_of_customer(&app, &signed.actor, &control).await?;
    let page = ControlPage {
        ui: signed.ui,
        row: page::row(standing.ok_or(Failure::NotFound)?),
    };
    Ok(portal::page(StatusCode::OK, &page))
}
