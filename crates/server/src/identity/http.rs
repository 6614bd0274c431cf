//! Sign-in, sign-out and one-time links.

use super::{
    account, devices,
    factors::{self, Entered},
    federation, forgot, lifecycle_http,
    page::{LinkExpiredPage, NewPassword, SignInPage, WelcomePage},
    passkeys,
    password::Refusal,
    people,
    policy::{self, rules::Shut},
    register, rights_http,
    service::{self, SignInError, WEB_SESSION_MAX_MS, WelcomeError},
    store::UserRow,
};
use crate::{
    app::App,
    notices,
    portal::{self, Key, Lang, local_path, local_url},
    sessions::service::{self as sessions, Opened},
    tenancy,
    visit::{Failure, GUEST_COOKIE, Guest, SESSION_COOKIE, STEP_COOKIE, SignedIn, set_cookie},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;

/// How long a form before sign-in may be open, in seconds.
const GUEST_S: i64 = 60 * 60;
/// Where people sign in.
const SIGN_IN: &str = "/sign-in";

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in", get(show_sign_in).post(sign_in))
        .route("/at/{code}", get(show_at).post(sign_in_at))
        .route("/sign-out", post(sign_out))
        .route("/welcome/{token}", get(show_welcome).post(welcome))
        .route("/users", get(people::list))
        .merge(lifecycle_http::routes())
        .merge(register::http::routes())
        .merge(rights_http::routes())
        .merge(account::http::routes())
        .merge(factors::http::routes())
        .merge(devices::http::routes())
        .merge(forgot::http::routes())
        .merge(passkeys::http::routes())
        .merge(policy::http::routes())
        .merge(federation::http::routes())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Next {
    pub(super) next: String,
}

async fn show_sign_in(
    State(app): State<Arc<App>>,
    guest: Guest,
    Query(query): Query<Next>,
) -> Response {
    sign_in_form(&app, guest, SIGN_IN, &query.next)
}

/// The sign-in page with the look of an organisation that has one. Of a code that nobody has it is the same page without.
async fn show_at(
    State(app): State<Arc<App>>,
    mut guest: Guest,
    Path(code): Path<String>,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    let action = dress(&app, &mut guest, &code).await?;
    Ok(sign_in_form(&app, guest, &action, &query.next))
}

/// Gives the page the look of the organisation of a code; returns where its form goes.
async fn dress(app: &App, guest: &mut Guest, code: &str) -> Result<String, Failure> {
    // What cannot be a code is never asked for; the page is the same.
    if !tenancy::service::is_code(code) {
        return Ok(SIGN_IN.to_owned());
    }
    guest.ui.brand = tenancy::brand_at(app, code, guest.ui.lang).await?;
    Ok(format!("/at/{code}"))
}

fn sign_in_form(app: &App, guest: Guest, action: &str, next: &str) -> Response {
    let next = local_path(next).to_owned();
    with_guest_cookie(app, guest, |guest| {
        let page = SignInPage {
            ui: guest.ui,
            action: action.to_owned(),
            email: String::new(),
            error: None,
            retry_after_s: None,
            next,
            sends_mail: notices::is_on(app),
            offers_passkey: passkeys::relying_party(&app.config).is_some(),
        };
        portal::page(StatusCode::OK, &page)
    })
}

#[derive(Debug, Deserialize)]
struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    csrf: String,
}

async fn sign_in(
    State(app): State<Arc<App>>,
    guest: Guest,
    Form(form): Form<SignInForm>,
) -> Result<Response, Failure> {
    sign_in_from(&app, guest, SIGN_IN, form).await
}

/// People of any organisation sign in here: the look says nothing about who may.
async fn sign_in_at(
    State(app): State<Arc<App>>,
    mut guest: Guest,
    Path(code): Path<String>,
    Form(form): Form<SignInForm>,
) -> Result<Response, Failure> {
    let action = dress(&app, &mut guest, &code).await?;
    sign_in_from(&app, guest, &action, form).await
}

async fn sign_in_from(
    app: &App,
    guest: Guest,
    action: &str,
    form: SignInForm,
) -> Result<Response, Failure> {
    let next = local_path(&form.next).to_owned();
    let (error, wait_ms, status) = if guest.check_form(&form.csrf).is_err() {
        (Key("sign_in.error.expired"), None, StatusCode::FORBIDDEN)
    } else {
        match service::sign_in(app, &form.email, form.password, &guest.client).await {
            Ok(entered) => {
                leave_old(app, &guest).await?;
                return Ok(entered_by(&entered, &next));
            }
            Err(SignInError::Refused) => {
                (Key("sign_in.error.wrong"), None, StatusCode::UNAUTHORIZED)
            }
            Err(SignInError::Wait { wait_ms }) => (
                Key("sign_in.error.too_many"),
                Some(wait_ms),
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Err(SignInError::Database(error)) => return Err(error.into()),
        }
    };
    let problem = (error, wait_ms, status);
    Ok(sign_in_page(
        app,
        guest,
        (action, form.email),
        problem,
        next,
    ))
}

/// The sign-in page after something went wrong: what, how long to wait in milliseconds, and the answer's status.
pub(super) fn sign_in_page(
    app: &App,
    guest: Guest,
    (action, email): (&str, String),
    (error, wait_ms, status): (Key, Option<i64>, StatusCode),
    next: String,
) -> Response {
    with_guest_cookie(app, guest, |guest| {
        let page = SignInPage {
            ui: guest.ui,
            action: action.to_owned(),
            email,
            error: Some(error),
            retry_after_s: wait_ms.map(|ms| u64::try_from(ms).unwrap_or_default().div_ceil(1000)),
            next,
            sends_mail: notices::is_on(app),
            offers_passkey: passkeys::relying_party(&app.config).is_some(),
        };
        portal::page(status, &page)
    })
}

#[derive(Debug, Deserialize)]
struct CsrfForm {
    #[serde(default)]
    csrf: String,
}

async fn sign_out(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<CsrfForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    service::sign_out(&app, &signed.actor, &signed.token).await?;
    let (tenant, user) = (signed.actor.tenant, signed.actor.user);
    sessions::disconnect(&app, tenant, user, Opened::In(signed.session)).await?;
    let gone = AppendHeaders([
        (header::SET_COOKIE, set_cookie(SESSION_COOKIE, "", 0)),
        // Nothing of the organisation stays in a browser that others may use. Cookies stay: language and appearance.
        (
            HeaderName::from_static("clear-site-data"),
            HeaderValue::from_static("\"cache\", \"storage\""),
        ),
    ]);
    Ok((gone, Redirect::to("/sign-in")).into_response())
}

async fn show_welcome(
    State(app): State<Arc<App>>,
    guest: Guest,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    match service::link_owner(&app, &token).await? {
        Some(user) => welcome_page(&app, guest, &token, user, None, NewPassword::default()).await,
        None => Ok(link_expired(&app, guest)),
    }
}

#[derive(Debug, Deserialize)]
struct WelcomeForm {
    password: String,
    repeat: String,
    #[serde(default)]
    csrf: String,
}

async fn welcome(
    State(app): State<Arc<App>>,
    guest: Guest,
    Path(token): Path<String>,
    Form(form): Form<WelcomeForm>,
) -> Result<Response, Failure> {
    let Some(user) = service::link_owner(&app, &token).await? else {
        return Ok(link_expired(&app, guest));
    };
    if guest.check_form(&form.csrf).is_err() {
        let error = Some(Key("welcome.error.expired"));
        let fields = NewPassword::default();
        let mut again = welcome_page(&app, guest, &token, user, error, fields).await?;
        *again.status_mut() = StatusCode::FORBIDDEN;
        return Ok(again);
    }
    if form.password != form.repeat {
        let error = Some(Key("welcome.error.different"));
        let wrong = NewPassword {
            repeat_error: error,
            ..NewPassword::default()
        };
        return welcome_page(&app, guest, &token, user, None, wrong).await;
    }
    match service::welcome(&app, &token, form.password, &guest.client).await {
        Ok(entered) => {
            leave_old(&app, &guest).await?;
            sessions::disconnect(&app, user.tenant_id, user.id, Opened::Anywhere).await?;
            Ok(entered_by(&entered, "/"))
        }
        Err(WelcomeError::Link) => Ok(link_expired(&app, guest)),
        Err(WelcomeError::Shut(shut)) => {
            let problem = Some(match shut {
                Shut::Network => Key("welcome.error.network"),
                Shut::Hours => Key("welcome.error.hours"),
            });
            let fields = NewPassword::default();
            welcome_page(&app, guest, &token, user, problem, fields).await
        }
        Err(WelcomeError::Federated) => {
            let problem = Some(Key("welcome.error.federated"));
            let fields = NewPassword::default();
            welcome_page(&app, guest, &token, user, problem, fields).await
        }
        Err(WelcomeError::Password(refusal)) => {
            let wrong = refused_password(refusal)?;
            welcome_page(&app, guest, &token, user, None, wrong).await
        }
        Err(WelcomeError::Database(error)) => Err(error.into()),
    }
}

async fn welcome_page(
    app: &App,
    guest: Guest,
    token: &str,
    user: UserRow,
    problem: Option<Key>,
    fields: NewPassword,
) -> Result<Response, Failure> {
    let tenant = tenancy::service::names(app, user.tenant_id).await?;
    let status = if problem.is_none() && fields.is_fine() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(with_guest_cookie(app, guest, |guest| {
        let tenant_name = match guest.ui.lang {
            Lang::Ja => tenant.ja,
            Lang::En => tenant.en,
        };
        let page = WelcomePage {
            ui: guest.ui,
            email: user.email,
            full_name: user.full_name,
            tenant_name,
            action: format!("/welcome/{token}"),
            token: token.to_owned(),
            problem,
            fields,
        };
        portal::page(status, &page)
    }))
}

fn link_expired(app: &App, guest: Guest) -> Response {
    let page = LinkExpiredPage {
        ui: guest.ui,
        sends_mail: notices::is_on(app),
    };
    portal::page(StatusCode::GONE, &page)
}

/// What is shown beside the field of a new password.
pub(super) fn refused_password(refusal: Refusal) -> Result<NewPassword, Failure> {
    match refusal {
        Refusal::Weak { weakness, hints } => Ok(NewPassword {
            password_error: Some(weakness.label()),
            hints,
            ..NewPassword::default()
        }),
        other => Err(Failure::Internal(other.to_string())),
    }
}

/// The session that the browser brought to a sign-in is replaced, not kept beside the new one.
pub(super) async fn leave_old(app: &App, guest: &Guest) -> Result<(), Failure> {
    if let Some(token) = &guest.session {
        service::forget(app, token).await?;
    }
    Ok(())
}

/// Into the portal, or to the second factor.
pub(super) fn entered_by(entered: &Entered, next: &str) -> Response {
    match entered {
        Entered::In(session) => signed_in(&session.token, next),
        Entered::Step(token) => {
            let cookie = set_cookie(STEP_COOKIE, token, factors::STEP_MS / 1000);
            let to = local_url("/sign-in/code", &[("next", next)]);
            let cookies = AppendHeaders([(header::SET_COOKIE, cookie)]);
            (cookies, Redirect::to(&to)).into_response()
        }
    }
}

/// The cookie of the new session; always a new one, so that a session can be neither planted nor kept.
pub(super) fn signed_in(token: &str, next: &str) -> Response {
    let cookies = AppendHeaders([
        (
            header::SET_COOKIE,
            set_cookie(SESSION_COOKIE, token, WEB_SESSION_MAX_MS / 1000),
        ),
        (header::SET_COOKIE, set_cookie(GUEST_COOKIE, "", 0)),
        (header::SET_COOKIE, set_cookie(STEP_COOKIE, "", 0)),
    ]);
    (cookies, Redirect::to(next)).into_response()
}

/// Renders a page with a form for somebody who is not signed in: its token is also in a cookie of this browser.
pub(super) fn with_guest_cookie(
    app: &App,
    mut guest: Guest,
    render: impl FnOnce(Guest) -> Response,
) -> Response {
    let token = guest
        .guest
        .take()
        .filter(|token| token.len() == 43 && token.is_ascii())
        .unwrap_or_else(|| app.new_secret());
    guest.ui = guest.ui.with_csrf(&token);
    let mut answer = render(guest);
    answer.headers_mut().append(
        header::SET_COOKIE,
        set_cookie(GUEST_COOKIE, &token, GUEST_S),
    );
    answer
}
