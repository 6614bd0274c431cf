//! `/federation/start`, `/federation/callback`: out to an organisation's provider, and back.

use super::{
    attempt::{self, ATTEMPT_MS, Brought, Started, Wish},
    enter::{Came, EnterError, Shown, come_back},
    page::{LeavingPage, NotInPage},
};
use crate::{
    app::App,
    identity::{
        http::{self as sign_in, Next},
        service::{NewWebSession, WEB_SESSION_MAX_MS},
    },
    portal::{self, Key, Ui, local_path, local_url},
    visit::{FEDERATION_COOKIE, Failure, Guest, SESSION_COOKIE, SignedIn, is_led_here, set_cookie},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;
use wire::ids::TenantId;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/federation/start", post(start))
        .route("/federation/start/{code}", get(start_by_link))
        .route("/federation/callback", get(callback))
        .route("/federation/prove", get(prove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StartForm {
    email: String,
    next: String,
    csrf: String,
}

/// From the sign-in page: by the address's domain, whoever has the address.
async fn start(
    State(app): State<Arc<App>>,
    guest: Guest,
    Form(form): Form<StartForm>,
) -> Result<Response, Failure> {
    let next = local_path(&form.next).to_owned();
    if guest.check_form(&form.csrf).is_err() {
        let key = Key("sign_in.error.expired");
        return Ok(back_to_sign_in(&app, guest, form.email, next, key));
    }
    let Some(tenant) = attempt::whose(&app, &form.email).await? else {
        let key = Key("sign_in.error.no_federation");
        return Ok(back_to_sign_in(&app, guest, form.email, next, key));
    };
    let Some(started) = begin(&app, tenant, &guest, &next, form.email.trim()).await? else {
        let key = Key("sign_in.error.provider");
        return Ok(back_to_sign_in(&app, guest, form.email, next, key));
    };
    // A form may not lead to another site (`form-action`), a page that loads may.
    let page = LeavingPage::new(of_sign_in(guest.ui), &started.url, true);
    let mut answer = portal::page(StatusCode::OK, &page);
    keep(&mut answer, &started);
    Ok(answer)
}

/// By an organisation's own link.
async fn start_by_link(
    State(app): State<Arc<App>>,
    guest: Guest,
    headers: HeaderMap,
    Path(code): Path<String>,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    let next = local_path(&query.next).to_owned();
    let Some(tenant) = attempt::of_code(&app, &code).await? else {
        let key = Key("sign_in.error.no_federation");
        return Ok(back_to_sign_in(&app, guest, String::new(), next, key));
    };
    let Some(started) = begin(&app, tenant, &guest, &next, "").await? else {
        let key = Key("sign_in.error.provider");
        return Ok(back_to_sign_in(&app, guest, String::new(), next, key));
    };
    // Another site's link must not sign anybody in unasked: a provider that knows the browser asks nothing.
    let mut answer = if is_led_here(&headers) {
        let page = LeavingPage::new(of_sign_in(guest.ui), &started.url, false);
        portal::page(StatusCode::OK, &page)
    } else {
        Redirect::to(&started.url).into_response()
    };
    keep(&mut answer, &started);
    Ok(answer)
}

/// `None` when the provider cannot be asked now; why is the organisation's to know, by its own test.
async fn begin(
    app: &App,
    tenant: TenantId,
    guest: &Guest,
    next: &str,
    hint: &str,
) -> Result<Option<Started>, Failure> {
    let wish = Wish {
        browser: guest.federation.as_deref(),
        next,
        hint,
        address: &guest.client.address,
        session: None,
    };
    Ok(match attempt::start(app, tenant, wish).await? {
        Some(Ok(started)) => Some(started),
        Some(Err(trouble)) => {
            tracing::warn!(%tenant, %trouble, "an identity provider cannot be asked");
            None
        }
        None => None,
    })
}

fn back_to_sign_in(app: &App, guest: Guest, email: String, next: String, error: Key) -> Response {
    let guest = Guest {
        ui: of_sign_in(guest.ui),
        ..guest
    };
    let problem = (error, None, StatusCode::UNPROCESSABLE_ENTITY);
    sign_in::sign_in_page(app, guest, ("/sign-in", email), problem, next)
}

/// A page that cannot be loaded again, or whose address has secrets, leads on from the sign-in page.
fn of_sign_in(ui: Ui) -> Ui {
    Ui {
        path: "/sign-in".to_owned(),
        ..ui
    }
}

/// Somebody inside proves again who they are.
async fn prove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    guest: Guest,
    headers: HeaderMap,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    let next = local_path(&query.next);
    let ask = || Redirect::to(&local_url("/prove", &[("next", next)])).into_response();
    if is_led_here(&headers) {
        return Ok(ask());
    }
    let wish = Wish {
        browser: guest.federation.as_deref(),
        next,
        hint: "",
        address: &guest.client.address,
        session: Some(signed.session),
    };
    match attempt::start(&app, signed.actor.tenant, wish).await? {
        Some(Ok(started)) => {
            let mut answer = Redirect::to(&started.url).into_response();
            keep(&mut answer, &started);
            Ok(answer)
        }
        _ => Ok(ask()),
    }
}

async fn callback(
    State(app): State<Arc<App>>,
    guest: Guest,
    Query(brought): Query<Brought>,
) -> Result<Response, Failure> {
    let shown = Shown {
        browser: guest.federation.as_deref(),
        session: guest.session.as_deref(),
        client: &guest.client,
    };
    match come_back(&app, shown, &brought).await {
        Ok(Came::In(entered, next)) => {
            sign_in::leave_old(&app, &guest).await?;
            Ok(sign_in::entered_by(&entered, local_path(&next)))
        }
        Ok(Came::Proven(NewWebSession { token }, next)) => {
            let cookie = set_cookie(SESSION_COOKIE, &token, WEB_SESSION_MAX_MS / 1000);
            let cookies = AppendHeaders([(header::SET_COOKIE, cookie)]);
            Ok((cookies, Redirect::to(local_path(&next))).into_response())
        }
        Err(EnterError::Database(error)) => Err(error.into()),
        Err(error) => {
            let (status, problem) = match error {
                EnterError::Wait => (StatusCode::TOO_MANY_REQUESTS, Key("federation.not_in.wait")),
                EnterError::Refused => (StatusCode::FORBIDDEN, Key("federation.not_in.refused")),
                _ => (StatusCode::BAD_REQUEST, Key("federation.not_in.again")),
            };
            let page = NotInPage {
                ui: of_sign_in(guest.ui),
                problem,
            };
            Ok(portal::page(status, &page))
        }
    }
}

fn keep(answer: &mut Response, started: &Started) {
    let cookie: HeaderValue = set_cookie(FEDERATION_COOKIE, &started.browser, ATTEMPT_MS / 1000);
    answer.headers_mut().append(header::SET_COOKIE, cookie);
}
