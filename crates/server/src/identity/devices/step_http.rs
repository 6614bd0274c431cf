//! `/sign-in/device` of the portal, and the one route of the devices' own name.

use super::{
    super::{http::Next, policy::rules::Rules, service::WEB_SESSION_MAX_MS},
    certificate::Refusal,
    page::CheckPage,
    step::{self, Taken},
};
use crate::{
    app::{self, App},
    portal::{self, local_path, local_url},
    two_names::Arrived,
    visit::{self, Failure, SESSION_COOKIE, SignedIn, is_led_here, set_cookie},
};
use axum::{
    Extension, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
    routing::get,
};
use std::sync::Arc;

/// The path of the devices' own name. It is no path of the portal's.
const LOOK: &str = "/device/{ticket}";
/// Where the portal explains, and where one begins again.
const START: &str = "/sign-in/device";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in/device", get(show))
        .route("/sign-in/device/go", get(go))
        .route("/sign-in/device/seen/{result}", get(seen))
}

/// What browsers reach by the devices' own name.
pub(crate) fn device_routes() -> Router<Arc<App>> {
    Router::new().route(LOOK, get(look))
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    check_page(&app, signed, &query.next, None).await
}

async fn check_page(
    app: &App,
    signed: SignedIn,
    next: &str,
    refused: Option<Refusal>,
) -> Result<Response, Failure> {
    let next = local_path(next).to_owned();
    let rules: Rules = step::rules(app, &signed.actor).await?;
    let shown = step::shown(app, &signed.actor, signed.session).await?;
    let page = CheckPage {
        ui: signed.ui,
        is_required: rules.device_certificate,
        go: local_url("/sign-in/device/go", &[("next", &next)]),
        shown: shown.map(|(name, until_ms)| (name, app::moment(until_ms))),
        refused,
        next,
    };
    let status = match refused {
        Some(_) => StatusCode::UNAUTHORIZED,
        None => StatusCode::OK,
    };
    Ok(portal::page(status, &page))
}

async fn go(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    headers: HeaderMap,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    let next = local_path(&query.next);
    if is_led_here(&headers) {
        return Ok(Redirect::to(&local_url(START, &[("next", next)])).into_response());
    }
    let to = step::begin(&app, &signed.actor, signed.session, next).await?;
    Ok(Redirect::to(&to).into_response())
}

async fn seen(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(result): Path<String>,
) -> Result<Response, Failure> {
    let own = (signed.session, signed.token.as_str());
    match step::take(&app, &signed.actor, own, &result).await? {
        Taken::Shown { session, next } => {
            let cookie = set_cookie(SESSION_COOKIE, &session.token, WEB_SESSION_MAX_MS / 1000);
            let cookies = AppendHeaders([(header::SET_COOKIE, cookie)]);
            Ok((cookies, Redirect::to(&next)).into_response())
        }
        Taken::Refused { why, next } => check_page(&app, signed, &next, Some(why)).await,
        Taken::Gone => Ok(Redirect::to(START).into_response()),
    }
}

/// Sees the certificate and sends the browser back, whatever it is: only the portal has pages.
async fn look(
    State(app): State<Arc<App>>,
    Extension(arrived): Extension<Arrived>,
    Path(ticket): Path<String>,
    parts: Parts,
) -> Response {
    let Arrived::Device(shown) = arrived else {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    };
    let address = visit::address(&parts, &app);
    let result = step::look(&app, &ticket, &shown, &address).await;
    let result = result.unwrap_or_else(|error| {
        tracing::error!(%error, "a device's certificate could not be looked at");
        None
    });
    let own = &app.config.public_url;
    let to = match result {
        Some(result) => format!("{own}{START}/seen/{result}"),
        None => format!("{own}{START}"),
    };
    Redirect::to(&to).into_response()
}
