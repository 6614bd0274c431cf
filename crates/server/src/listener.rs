//! The customer listener's router: all slices' routes, and what holds for every answer.

use crate::{
    access, activity, api,
    app::App,
    desktops, doors, evidence, grants, help,
    identity::{self, scim},
    overview,
    portal::{self, ErrorPage, Problem, Ui},
    refusals, sessions, tenancy,
};
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use std::{sync::Arc, time::Duration};

/// The largest request body, in bytes: forms only.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// A request that takes longer, its body included, is given up.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// Everything that browsers can reach.
pub(crate) fn customer_router(app: Arc<App>) -> Router {
    Router::new()
        .merge(desktops::http::routes())
        .merge(overview::http::routes())
        .merge(identity::http::routes())
        .merge(sessions::http::routes())
        .merge(activity::http::routes())
        .merge(access::http::routes())
        .merge(grants::http::routes())
        .merge(help::http::routes())
        .merge(evidence::http::routes())
        .merge(tenancy::contract::http::routes())
        .merge(tenancy::boundary::http::routes())
        .merge(tenancy::branding::http::routes())
        .merge(tenancy::inventory::http::routes())
        .merge(tenancy::inventory::api::routes())
        .merge(api::http::routes())
        .merge(identity::api::routes())
        .merge(identity::scim::http::routes())
        .merge(activity::api::routes())
        .merge(evidence::api::routes())
        .merge(desktops::api::routes())
        .merge(sessions::api::routes())
        .merge(tenancy::contract::api::routes())
        .merge(portal::routes())
        .route("/healthz", get(|| async { "ok\n" }))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            refusals::recorded,
        ))
        .route_layer(middleware::from_fn(listed))
        .fallback(|| async { problem(Problem::NotFound) })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

/// What is reached by the devices' own name: no pages, and no connection that lives on.
pub(crate) fn device_router(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    routes
        .layer(DefaultBodyLimit::max(0))
        .layer(middleware::from_fn(once))
        .with_state(app)
}

async fn once(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(REQUEST_LIMIT, next.run(request)).await;
    let mut answer = answer.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response());
    secure("", answer.headers_mut(), false);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let site = Site {
        own_url: &app.config.public_url,
        connections: &app.gateways.origins().join(" "),
        is_console: false,
    };
    guarded(site, request, next).await
}

/// One of the two sites.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    /// How browsers name it.
    pub(crate) own_url: &'a str,
    /// The origins to which its scripts may connect besides.
    pub(crate) connections: &'a str,
    pub(crate) is_console: bool,
}

/// Before a request: it must not come from another site. After it: a page for what went wrong, and the headers.
pub(crate) async fn guarded(site: Site<'_>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let path = request
        .uri()
        .path_and_query()
        .map_or_else(|| "/".to_owned(), ToString::to_string);
    let is_asset = request.uri().path().contains("/assets/");
    let mut answer = if is_cross_site(site.own_url, request.method(), &headers) {
        problem(Problem::FormExpired)
    } else {
        match tokio::time::timeout(REQUEST_LIMIT, next.run(request)).await {
            Ok(answer) => answer,
            Err(_) => problem(Problem::TryAgain),
        }
    };
    let allow = answer.headers_mut().remove(header::ALLOW);
    // Programs are not sent pages.
    if path.starts_with("/api/") {
        if is_error(&answer) && !is_told(&answer, "application/problem+json") {
            answer = api::of_status(answer.status());
        }
    } else if path.starts_with("/scim/") {
        if is_error(&answer) && !is_told(&answer, scim::MEDIA_TYPE) {
            answer = scim::of_status(answer.status());
        }
    } else if let Some(problem) = problem_of(&answer) {
        let status = answer.status();
        let ui = Ui::guest(&headers, &path);
        let ui = if site.is_console { ui.of_console() } else { ui };
        answer = ErrorPage::answer(ui, problem);
        *answer.status_mut() = status;
    }
    if let Some(methods) = allow {
        answer.headers_mut().insert(header::ALLOW, methods);
    }
    secure(site.connections, answer.headers_mut(), is_asset);
    answer
}

fn is_error(answer: &Response) -> bool {
    answer.status().is_client_error() || answer.status().is_server_error()
}

/// Whether what is wrong is said already, in the form for programs.
fn is_told(answer: &Response, form: &str) -> bool {
    let media_type = answer.headers().get(header::CONTENT_TYPE);
    media_type.is_some_and(|value| value == form)
}

/// A route that is in no list of who may use it is not there: it is refused until it names its right.
async fn listed(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let path = matched.map_or("", MatchedPath::as_str);
    if doors::is_listed(request.method(), path) {
        next.run(request).await
    } else if let Some(methods) = doors::methods(path) {
        let allow = [(header::ALLOW, methods)];
        (StatusCode::METHOD_NOT_ALLOWED, allow).into_response()
    } else {
        problem(Problem::NotFound)
    }
}

/// What the reader is told instead of the answer: what a handler said, or what the framework's own refusals of requests
/// amount to, since their texts are for programmers.
fn problem_of(answer: &Response) -> Option<Problem> {
    if let Some(problem) = answer.extensions().get::<Problem>() {
        return Some(*problem);
    }
    let is_page = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    match answer.status() {
        _ if is_page => None,
        // A script's answer, which nobody reads.
        StatusCode::UNAUTHORIZED => None,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::BAD_REQUEST => {
            Some(Problem::NotFound)
        }
        status if status.is_client_error() => Some(Problem::FormExpired),
        status if status.is_server_error() => Some(Problem::TryAgain),
        _ => None,
    }
}

/// Whether a request that changes something was made by another site's page. Browsers say so in `Sec-Fetch-Site`, and
/// all of them in `Origin`; the form token is checked besides.
fn is_cross_site(own_url: &str, method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let other_site = text("sec-fetch-site").is_some_and(|site| site != "same-origin");
    let other_origin = text("origin").is_some_and(|origin| origin != own_url);
    other_site || other_origin
}

fn secure(connections: &str, headers: &mut HeaderMap, is_asset: bool) {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
         connect-src 'self' {connections}; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed = [
        (
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "clipboard-read=(self), clipboard-write=(self), fullscreen=(self), keyboard-map=(self), camera=(), \
             geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if !is_asset {
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
}

/// An answer that becomes the page of the problem.
pub(crate) fn problem(problem: Problem) -> Response {
    let mut answer = StatusCode::NOT_FOUND.into_response();
    *answer.status_mut() = problem.status();
    *answer.body_mut() = Body::empty();
    answer.extensions_mut().insert(problem);
    answer
}
