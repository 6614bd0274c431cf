//! `/help`: the service documents, for everybody: somebody who cannot sign in needs them most.

use super::{
    FOR_CUSTOMERS,
    page::{DocumentPage, ListPage},
    render::document,
};
use crate::{
    app::App,
    portal::{self, Ui},
    visit::{Failure, Guest, SignedIn},
};
use axum::{Router, extract::Path, http::StatusCode, response::Response, routing::get};
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/help", get(list))
        .route("/help/{name}", get(show))
}

/// Whoever reads it: with their own head where they have signed in.
fn reader(signed: Result<SignedIn, Response>, guest: Guest) -> Ui {
    signed.map_or(guest.ui, |signed| signed.ui)
}

async fn list(signed: Result<SignedIn, Response>, guest: Guest) -> Response {
    let ui = reader(signed, guest);
    let row = |name| Some((name, document(ui.lang, ui.base, name)?.0));
    let rows = FOR_CUSTOMERS.into_iter().filter_map(row).collect();
    portal::page(StatusCode::OK, &ListPage { ui, rows })
}

async fn show(
    signed: Result<SignedIn, Response>,
    guest: Guest,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let ui = reader(signed, guest);
    if !FOR_CUSTOMERS.contains(&name.as_str()) {
        return Err(Failure::NotFound);
    }
    let (title, html) = document(ui.lang, ui.base, &name).ok_or(Failure::NotFound)?;
    Ok(portal::page(
        StatusCode::OK,
        &DocumentPage { ui, title, html },
    ))
}
