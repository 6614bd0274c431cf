//! `/sign-in/code`, `/account/authenticator` and `/account/recovery-codes`.

use super::{
    super::{
        account::{http::refusal, service::ProofError},
        http::{Next, leave_old, signed_in, with_guest_cookie},
        passkeys,
        service::SignInError,
    },
    page::{Act, BeginPage, CodePage, CodesPage, EnrolPage, ProvePage},
    service::{self, Ways},
};
use crate::{
    app::App,
    portal::{self, Key, local_path},
    visit::{Failure, Guest, SignedIn, is_led_here},
};
use axum::{
    Form, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in/code", get(show_code).post(enter_code))
        .route("/account/authenticator", get(show_enrol).post(enrol))
        .route("/account/authenticator/remove", get(show_off).post(off))
        .route("/account/recovery-codes", get(show_codes).post(renew))
}

async fn show_code(
    State(app): State<Arc<App>>,
    guest: Guest,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    let Some(ways) = waiting(&app, &guest).await? else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let status = StatusCode::OK;
    Ok(code_page(&app, guest, (status, None), ways, &query.next))
}

/// How the sign-in that waits in this browser can go on; `None` when none waits.
async fn waiting(app: &App, guest: &Guest) -> Result<Option<Ways>, Failure> {
    let token = guest.step.as_deref().unwrap_or_default();
    match service::waiting(app, token).await? {
        Some(user) => Ok(Some(service::ways(app, &user).await?)),
        None => Ok(None),
    }
}

fn code_page(
    app: &App,
    guest: Guest,
    (status, error): (StatusCode, Option<String>),
    ways: Ways,
    next: &str,
) -> Response {
    with_guest_cookie(app, guest, |guest| {
        let page = CodePage {
            ui: guest.ui,
            error,
            ways,
            next: local_path(next).to_owned(),
        };
        portal::page(status, &page)
    })
}

#[derive(Deserialize)]
struct CodeForm {
    code: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    csrf: String,
}

async fn enter_code(
    State(app): State<Arc<App>>,
    guest: Guest,
    Form(form): Form<CodeForm>,
) -> Result<Response, Failure> {
    let Some(ways) = waiting(&app, &guest).await? else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let next = local_path(&form.next).to_owned();
    if guest.check_form(&form.csrf).is_err() {
        let error = guest.ui.t("sign_in.error.expired").to_owned();
        let problem = (StatusCode::FORBIDDEN, Some(error));
        return Ok(code_page(&app, guest, problem, ways, &next));
    }
    let token = guest.step.clone().unwrap_or_default();
    match service::second_step(&app, &token, &form.code, &guest.client).await {
        Ok(session) => {
            leave_old(&app, &guest).await?;
            Ok(signed_in(&session.token, &next))
        }
        Err(error) => step_refused(&app, guest, error, Key("factors.code.wrong"), &next).await,
    }
}

/// The second step once more, after a factor that was not taken: `refused` says so.
pub(in super::super) async fn step_refused(
    app: &App,
    guest: Guest,
    error: SignInError,
    refused: Key,
    next: &str,
) -> Result<Response, Failure> {
    let problem = match error {
        SignInError::Refused => {
            let error = guest.ui.label(refused).to_owned();
            (StatusCode::UNAUTHORIZED, Some(error))
        }
        SignInError::Wait { wait_ms } => {
            let seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000);
            let error = guest.ui.t1("sign_in.error.too_many", "seconds", seconds);
            (StatusCode::TOO_MANY_REQUESTS, Some(error))
        }
        SignInError::Database(error) => return Err(error.into()),
    };
    match waiting(app, &guest).await? {
        Some(ways) => Ok(code_page(app, guest, problem, ways, next)),
        None => Ok(Redirect::to("/sign-in").into_response()),
    }
}

/// Another site's link must not take away the secret that somebody's app was given just now: it is asked first.
async fn show_enrol(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if is_led_here(&headers) {
        return Ok(portal::page(StatusCode::OK, &BeginPage { ui: signed.ui }));
    }
    enrol_page(&app, signed, None).await
}

/// A first look makes a new secret; after an error it is the same, since the app may have it already.
async fn enrol_page(
    app: &App,
    signed: SignedIn,
    error: Option<String>,
) -> Result<Response, Failure> {
    let renew = error.is_none();
    let Some(authenticator) = service::enrol(app, &signed.actor, renew).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    let page = EnrolPage {
        ui: signed.ui,
        authenticator,
        error,
        offers_passkey: passkeys::relying_party(&app.config).is_some(),
    };
    Ok(portal::page(status(page.error.as_ref()), &page))
}

fn status(error: Option<&String>) -> StatusCode {
    match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    }
}

#[derive(Deserialize)]
struct EnrolForm {
    password: String,
    code: String,
    #[serde(default)]
    csrf: String,
}

async fn enrol(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<EnrolForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match service::confirm(
        &app,
        &signed.actor,
        signed.session,
        (form.password, &form.code),
    )
    .await
    {
        Ok(codes) => Ok(codes_page(signed, codes)),
        Err(error) => {
            let text = refusal(&signed.ui, error)?;
            enrol_page(&app, signed, Some(text)).await
        }
    }
}

pub(in super::super) fn codes_page(signed: SignedIn, codes: Vec<String>) -> Response {
    let ui = signed.ui;
    portal::page(StatusCode::OK, &CodesPage { ui, codes })
}

async fn show_off(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    prove_page(&app, signed, Act::TurnOff, None).await
}

async fn show_codes(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    prove_page(&app, signed, Act::NewCodes, None).await
}

async fn prove_page(
    app: &App,
    signed: SignedIn,
    act: Act,
    error: Option<ProofError>,
) -> Result<Response, Failure> {
    let own = service::own(app, &signed.actor).await?;
    let is_there = match act {
        Act::TurnOff => own.authenticator,
        Act::NewCodes => own.second_factor,
    };
    if !is_there {
        return Ok(Redirect::to("/account").into_response());
    }
    let error = error.map(|error| refusal(&signed.ui, error)).transpose()?;
    let page = ProvePage {
        asks_password: act == Act::TurnOff || service::has_password(app, &signed.actor).await?,
        ui: signed.ui,
        act,
        error,
    };
    Ok(portal::page(status(page.error.as_ref()), &page))
}

#[derive(Deserialize)]
struct ProveForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    csrf: String,
}

async fn off(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<ProveForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match service::remove(&app, &signed.actor, form.password).await {
        Ok(()) => Ok(Redirect::to("/account?done=off").into_response()),
        Err(error) => prove_page(&app, signed, Act::TurnOff, Some(error)).await,
    }
}

async fn renew(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<ProveForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match service::renew_codes(&app, &signed.actor, form.password).await {
        Ok(codes) => Ok(codes_page(signed, codes)),
        Err(error) => prove_page(&app, signed, Act::NewCodes, Some(error)).await,
    }
}
