//! `/console/help/{name}`: the service documents for operators.

use super::{console::Entered, pages::OperatorBadge};
use crate::{
    app::App,
    help::{self, FOR_OPERATORS},
    portal::{self, Ui},
    visit::Failure,
};
use askama::Template;
use axum::{Router, extract::Path, http::StatusCode, response::Response, routing::get};
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/console/help/{name}", get(show))
}

/// `GET /console/help/NAME`.
#[derive(Template)]
#[template(path = "operators/help.html")]
struct HelpPage {
    ui: Ui,
    badge: Option<OperatorBadge>,
    title: String,
    html: String,
}

/// Everybody who has entered may read how it is done.
async fn show(entered: Entered, Path(name): Path<String>) -> Result<Response, Failure> {
    if !FOR_OPERATORS.contains(&name.as_str()) {
        return Err(Failure::NotFound);
    }
    let found = help::document(entered.ui.lang, entered.ui.base, &name);
    let (title, html) = found.ok_or(Failure::NotFound)?;
    let page = HelpPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        title,
        html,
    };
    Ok(portal::page(StatusCode::OK, &page))
}
