//! `/boundary`: who answers for what, and taking out what is the customer's.

use super::{
    export::{self, ExportError},
    page::BoundaryPage,
};
use crate::{
    app::App,
    portal,
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/boundary", get(show))
        .route("/boundary/export", post(take_out))
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Denied(denied) => denied.into(),
            ExportError::Database(error) => error.into(),
        }
    }
}

async fn show(signed: SignedIn) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ViewContract)?;
    let page = BoundaryPage { ui: signed.ui };
    Ok(portal::page(StatusCode::OK, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plain {
    csrf: String,
}

async fn take_out(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let text = export::export(&app, &signed.actor).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"stored-data.jsonl\"",
        ),
    ];
    Ok((headers, text).into_response())
}
