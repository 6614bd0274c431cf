//! What every request to the portal brings: the reader, and their proof that a form is ours.

use crate::{
    actor::{Actor, Grant, Role},
    app::App,
    client_address, grants,
    identity::{Client, Gate, WebSessionRow, browser_of, gate, service},
    portal::{Key, Lang, Problem, Ui, UserBadge, local_url},
    refusals,
    rights::{self, Action, Denied},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use std::{net::SocketAddr, sync::Arc};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// The cookie of the session of the web. The prefix makes browsers refuse it from other hosts or without TLS.
pub(crate) const SESSION_COOKIE: &str = "__Host-nagaya";
/// The cookie that ties a form before sign-in to the browser that asked for it.
pub(crate) const GUEST_COOKIE: &str = "__Host-nagaya-guest";
/// The cookie of a sign-in whose password was right and whose second factor is missing.
pub(crate) const STEP_COOKIE: &str = "__Host-nagaya-step";
/// The cookie of a sign-in that is at an organisation's own provider.
pub(crate) const FEDERATION_COOKIE: &str = "__Host-nagaya-federation";
/// The header in which scripts send the form token.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// A reader who has signed in. Others are sent to sign in, or answered 401 where a script asks.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) actor: Actor,
    pub(crate) ui: Ui,
    /// The secret of the session of the web.
    pub(crate) token: String,
    /// By what its person names it.
    pub(crate) session: Uuid,
}

/// A reader, signed in or not.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) ui: Ui,
    pub(crate) client: Client,
    /// The guest cookie's value, when the browser brought one.
    pub(crate) guest: Option<String>,
    /// The secret of a sign-in that waits for its second factor, good or not.
    pub(crate) step: Option<String>,
    /// What the browser keeps of a sign-in at an organisation's own provider, good or not.
    pub(crate) federation: Option<String>,
    /// The secret of the session of the web that the browser brought, good or not.
    pub(crate) session: Option<String>,
}

/// Why a request is not served. The reader is told what to do; the log is told why.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No such thing, or another customer's.
    NotFound,
    /// The policies say no.
    Forbidden,
    /// It takes an elevation for the service base, and the operator has none in force.
    NotElevated,
    /// The form's token is missing or wrong.
    FormExpired,
    /// As many sessions run as the contract allows.
    SessionsFull,
    /// The organisation has no contract in force.
    NoContract,
    /// Something of ours.
    Internal(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Denied> for Failure {
    fn from(_: Denied) -> Self {
        Self::Forbidden
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = match self {
            Self::NotFound => Problem::NotFound,
            Self::Forbidden => Problem::Forbidden,
            Self::NotElevated => Problem::NotElevated,
            Self::FormExpired => Problem::FormExpired,
            Self::SessionsFull => Problem::SessionsFull,
            Self::NoContract => Problem::NoContract,
            Self::Internal(why) => {
                tracing::error!(why, "a request failed");
                Problem::TryAgain
            }
        };
        // The middleware in `listener` puts the page in the reader's language.
        let mut answer = problem.status().into_response();
        answer.extensions_mut().insert(problem);
        answer
    }
}

impl SignedIn {
    /// Checks that a form came from our page.
    pub(crate) fn check_form(&self, csrf: &str) -> Result<(), Failure> {
        same(csrf, &self.ui.csrf)
    }

    /// Checks that a script's request came from our page.
    pub(crate) fn check_header(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let csrf = headers
            .get(CSRF_HEADER)
            .and_then(|value| value.to_str().ok());
        self.check_form(csrf.unwrap_or_default())
    }
}

impl Guest {
    /// Checks that a form before sign-in came from a page that this browser asked for.
    pub(crate) fn check_form(&self, csrf: &str) -> Result<(), Failure> {
        same(csrf, self.guest.as_deref().unwrap_or_default())
    }
}

pub(crate) fn same(given: &str, own: &str) -> Result<(), Failure> {
    if !own.is_empty() && bool::from(given.as_bytes().ct_eq(own.as_bytes())) {
        Ok(())
    } else {
        Err(Failure::FormExpired)
    }
}

impl FromRequestParts<Arc<App>> for Guest {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self {
            ui: Ui::guest(&parts.headers, path(parts)),
            client: client(parts, app),
            step: cookie(&parts.headers, STEP_COOKIE).map(str::to_owned),
            guest: cookie(&parts.headers, GUEST_COOKIE).map(str::to_owned),
            federation: cookie(&parts.headers, FEDERATION_COOKIE).map(str::to_owned),
            session: cookie(&parts.headers, SESSION_COOKIE).map(str::to_owned),
        })
    }
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let token = cookie(&parts.headers, SESSION_COOKIE).map(str::to_owned);
        let Some(token) = token else {
            return Err(not_signed_in(parts));
        };
        let address = address(parts, app);
        let visit = service::web_session(app, &token, &address)
            .await
            .map_err(|error| Failure::from(error).into_response())?;
        let visit = visit.and_then(|visit| Some((Role::from_name(&visit.row.role)?, visit)));
        let Some((role, visit)) = visit else {
            return Err(not_signed_in(parts));
        };
        if let Some(answer) = sent_elsewhere(parts, &visit, app.clock.now_ms()) {
            return Err(answer);
        }
        let row = visit.row;
        let grants = grants_of(app, &row)
            .await
            .map_err(|error| Failure::from(error).into_response())?;
        let mut guest = Ui::guest(&parts.headers, path(parts));
        guest.brand = row.brand(guest.lang);
        let tenant_name = match guest.lang {
            Lang::Ja => row.tenant_name_ja,
            Lang::En => row.tenant_name_en,
        };
        let actor = Actor {
            tenant: row.tenant_id,
            user: row.user_id,
            role,
            full_name: row.full_name,
            address,
            scopes: None,
            grants,
        };
        refusals::note(parts, || actor.asker());
        let badge = UserBadge {
            full_name: actor.full_name.clone(),
            tenant_name,
            role: role_key(role),
            desktops: rights::authorize(&actor, Action::ViewDesktops).is_ok(),
            administrator: rights::authorize(&actor, Action::ListUsers).is_ok(),
            branding: rights::authorize(&actor, Action::ManageUsers).is_ok(),
            terms_wait: row.terms_wait && rights::authorize(&actor, Action::AcceptTerms).is_ok(),
            codes: rights::authorize(&actor, Action::ViewServiceCode).is_ok()
                || grants::service::looks_after_some(&actor),
        };
        Ok(Self {
            actor,
            ui: guest.signed_in(badge, &row.csrf),
            token,
            session: row.id,
        })
    }
}

/// What the person is besides, for one service code each.
async fn grants_of(app: &App, row: &WebSessionRow) -> sqlx::Result<Vec<Grant>> {
    let mut tx = app.db.read(row.tenant_id).await?;
    grants::service::of_person(&mut tx, row.tenant_id, row.user_id).await
}

pub(crate) fn role_key(role: Role) -> Key {
    match role {
        Role::User => Key("role.user"),
        Role::Administrator => Key("role.administrator"),
        Role::OperationsContact => Key("role.operations_contact"),
        Role::Auditor => Key("role.auditor"),
    }
}

/// What the organisation's rules ask of this request. Pages and forms are sent to where it is done, scripts are told by the
/// status.
fn sent_elsewhere(parts: &Parts, visit: &service::Visit, now_ms: i64) -> Option<Response> {
    let route = parts.extensions.get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let asked = (&parts.method, route, path(parts));
    let to = match gate(asked, &visit.row, &visit.rules, now_ms) {
        Gate::Open => return None,
        Gate::Device(next) => local_url("/sign-in/device", &[("next", &next)]),
        Gate::Enrol(to) => to.to_owned(),
        Gate::Prove(next) => local_url("/prove", &[("next", &next)]),
    };
    if parts.headers.contains_key(CSRF_HEADER) {
        return Some(StatusCode::UNAUTHORIZED.into_response());
    }
    Some(Redirect::to(&to).into_response())
}

/// Whether another site's page led the browser here, as it says itself: then nothing may happen unasked.
pub(crate) fn is_led_here(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Pages send the reader to sign in and back, forms to sign in; scripts are told by the status.
fn not_signed_in(parts: &Parts) -> Response {
    let accept = parts.headers.get(header::ACCEPT);
    let accept = accept.map_or("*/*", |value| value.to_str().unwrap_or_default());
    let wants_page = accept.contains("text/html");
    if parts.method == Method::GET && (wants_page || accept.contains("*/*")) {
        Redirect::to(&local_url("/sign-in", &[("next", path(parts))])).into_response()
    } else if wants_page {
        Redirect::to("/sign-in").into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// A cookie that scripts cannot read and other sites do not send along. `max_age_s` of zero removes it.
pub(crate) fn set_cookie(name: &str, value: &str, max_age_s: i64) -> HeaderValue {
    let text =
        format!("{name}={value}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

pub(crate) fn path(parts: &Parts) -> &str {
    parts
        .uri
        .path_and_query()
        .map_or("/", |path_and_query| path_and_query.as_str())
}

pub(crate) fn address(parts: &Parts, app: &App) -> String {
    let Some(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
        return String::new();
    };
    let (trusted, header) = (&app.config.trusted_proxies, app.config.forwarded_header);
    client_address::of(peer.0.ip(), &parts.headers, trusted, header).to_string()
}

/// From where and with what the request comes.
fn client(parts: &Parts, app: &App) -> Client {
    let agent = parts.headers.get(header::USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok());
    Client {
        address: address(parts, app),
        browser: browser_of(agent.unwrap_or_default()),
        lang: Some(Ui::guest(&parts.headers, path(parts)).lang),
    }
}

/// The value of a cookie (RFC 6265, section 4.2).
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n == name).then_some(value))
}
