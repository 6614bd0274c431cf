//! `/account/passkeys`, and the ways in by passkey: at sign-in, as its second step and on `/prove`.
//!
//! A script asks for a challenge (`…/start`, JSON) and sends the authenticator's answer in a plain form, so that what comes
//! of it is a page as everywhere else.

use super::{
    super::{
        account::http::refusal,
        factors,
        http::{leave_old, sign_in_page, signed_in},
        policy::http::prove_page,
        service::{SignInError, WEB_SESSION_MAX_MS},
    },
    ceremony::CeremonyError,
    enter,
    page::{AddPage, EditPage, OwnPasskey, RemovePage},
    service::{self, PasskeyError},
    store::PasskeyRow,
};
use crate::{
    app::{self, App},
    portal::{self, Key, local_path, local_url},
    visit::{CSRF_HEADER, Failure, Guest, SESSION_COOKIE, SignedIn, set_cookie},
};
use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in/passkey", get(to_sign_in).post(sign_in))
        .route("/sign-in/passkey/start", post(start_sign_in))
        .route("/sign-in/code/passkey", get(to_code).post(second_step))
        .route("/sign-in/code/passkey/start", post(start_second_step))
        .route("/prove/passkey", get(to_prove).post(prove))
        .route("/prove/passkey/start", post(start_prove))
        .route("/account/passkeys/add", get(show_add).post(add))
        .route("/account/passkeys/add/start", post(start_add))
        .route("/account/passkeys/{id}", get(show_edit).post(rename))
        .route("/account/passkeys/{id}/remove", get(show_off).post(off))
}

impl From<PasskeyError> for Failure {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Denied(denied) => denied.into(),
            PasskeyError::NotFound => Self::NotFound,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<CeremonyError> for Failure {
    fn from(error: CeremonyError) -> Self {
        match error {
            CeremonyError::Database(error) => error.into(),
            CeremonyError::Flaw(_) | CeremonyError::None => Self::NotFound,
        }
    }
}

/// A passkey as its person sees it.
pub(in super::super) fn shown(row: PasskeyRow) -> OwnPasskey {
    OwnPasskey {
        id: row.id,
        name: row.name,
        added: app::moment(row.created_at_ms),
        last_used: row.last_used_ms.map(app::moment),
    }
}

/// An authenticator's answer, in a form.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    credential: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    csrf: String,
}

// What comes back by the browser's history or a choice of language is the page before it.
async fn to_sign_in() -> Redirect {
    Redirect::to("/sign-in")
}

async fn to_code() -> Redirect {
    Redirect::to("/sign-in/code")
}

async fn to_prove(_: SignedIn) -> Redirect {
    Redirect::to("/prove")
}

fn question(question: &impl Serialize) -> Response {
    Json(question).into_response()
}

fn check_header(guest: &Guest, headers: &HeaderMap) -> Result<(), Failure> {
    let csrf = headers.get(CSRF_HEADER);
    let csrf = csrf.and_then(|value| value.to_str().ok());
    guest.check_form(csrf.unwrap_or_default())
}

async fn start_sign_in(
    State(app): State<Arc<App>>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check_header(&guest, &headers)?;
    let token = guest.guest.unwrap_or_default();
    let asked = enter::ask_anybody(&app, &token, &guest.client.address).await?;
    Ok(question(&asked))
}

async fn sign_in(
    State(app): State<Arc<App>>,
    guest: Guest,
    Form(form): Form<Answer>,
) -> Result<Response, Failure> {
    let next = local_path(&form.next).to_owned();
    let (error, wait_ms, status) = if guest.check_form(&form.csrf).is_err() {
        (Key("sign_in.error.expired"), None, StatusCode::FORBIDDEN)
    } else {
        let token = guest.guest.clone().unwrap_or_default();
        match enter::sign_in(&app, &token, &form.credential, &guest.client).await {
            Ok(session) => {
                leave_old(&app, &guest).await?;
                return Ok(signed_in(&session.token, &next));
            }
            Err(SignInError::Refused) => {
                let error = Key("passkeys.error.sign_in");
                (error, None, StatusCode::UNAUTHORIZED)
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
        &app,
        guest,
        ("/sign-in", String::new()),
        problem,
        next,
    ))
}

async fn start_second_step(
    State(app): State<Arc<App>>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check_header(&guest, &headers)?;
    let token = guest.step.unwrap_or_default();
    let asked = enter::ask_waiting(&app, &token, &guest.client.address).await?;
    Ok(question(&asked.ok_or(Failure::FormExpired)?))
}

async fn second_step(
    State(app): State<Arc<App>>,
    guest: Guest,
    Form(form): Form<Answer>,
) -> Result<Response, Failure> {
    let next = local_path(&form.next).to_owned();
    if guest.check_form(&form.csrf).is_err() {
        return Ok(Redirect::to(&local_url("/sign-in/code", &[("next", &next)])).into_response());
    }
    let token = guest.step.clone().unwrap_or_default();
    match enter::second_step(&app, &token, &form.credential, &guest.client).await {
        Ok(session) => {
            leave_old(&app, &guest).await?;
            Ok(signed_in(&session.token, &next))
        }
        Err(error) => {
            let refused = Key("passkeys.error.wrong");
            factors::http::step_refused(&app, guest, error, refused, &next).await
        }
    }
}

async fn start_prove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    signed.check_header(&headers)?;
    let asked = enter::ask_again(&app, &signed.actor, &signed.token).await?;
    Ok(question(&asked))
}

async fn prove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Answer>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match enter::prove(&app, &signed.actor, &signed.token, &form.credential).await {
        Ok(session) => {
            let cookie = set_cookie(SESSION_COOKIE, &session.token, WEB_SESSION_MAX_MS / 1000);
            let cookies = AppendHeaders([(header::SET_COOKIE, cookie)]);
            Ok((cookies, Redirect::to(local_path(&form.next))).into_response())
        }
        Err(error) => {
            let text = refusal(&signed.ui, error)?;
            prove_page(&app, signed, &form.next, Some(text)).await
        }
    }
}

async fn show_add(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    add_page(&app, signed, String::new(), None).await
}

async fn add_page(
    app: &App,
    signed: SignedIn,
    name: String,
    error: Option<PasskeyError>,
) -> Result<Response, Failure> {
    if super::relying_party(&app.config).is_none() {
        return Err(Failure::NotFound);
    }
    let (name_error, error) = match error {
        None => (None, None),
        Some(PasskeyError::Name) => (Some(Key("passkeys.error.name")), None),
        Some(PasskeyError::Answer) => (None, Some(Key("passkeys.error.add"))),
        Some(PasskeyError::Taken) => (None, Some(Key("passkeys.error.taken"))),
        Some(PasskeyError::Full) => (None, Some(Key("passkeys.error.full"))),
        Some(other) => return Err(other.into()),
    };
    let own = factors::service::own(app, &signed.actor).await?;
    let page = AddPage {
        ui: signed.ui,
        name,
        name_error,
        error,
        is_first: !own.second_factor,
    };
    let is_fine = page.name_error.is_none() && page.error.is_none();
    Ok(portal::page(status(is_fine), &page))
}

fn status(is_fine: bool) -> StatusCode {
    if is_fine {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

async fn start_add(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    signed.check_header(&headers)?;
    let creation = service::begin_adding(&app, &signed.actor, &signed.token).await?;
    Ok(question(&creation))
}

#[derive(Deserialize)]
struct AddForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    credential: String,
    #[serde(default)]
    csrf: String,
}

async fn add(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<AddForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let (session, made) = (
        (signed.token.as_str(), signed.session),
        (form.name.as_str(), form.credential.as_str()),
    );
    match service::add(&app, &signed.actor, session, made).await {
        Ok(Some(codes)) => Ok(factors::http::codes_page(signed, codes)),
        Ok(None) => Ok(Redirect::to("/account?done=passkey-added").into_response()),
        Err(error) => add_page(&app, signed, form.name, Some(error)).await,
    }
}

async fn show_edit(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<Uuid>,
) -> Result<Response, Failure> {
    let row = service::one(&app, &signed.actor, id).await?;
    let name = row.name.clone();
    Ok(edit_page(signed, row, name, None))
}

fn edit_page(signed: SignedIn, row: PasskeyRow, name: String, name_error: Option<Key>) -> Response {
    let page = EditPage {
        ui: signed.ui,
        passkey: shown(row),
        name,
        name_error,
    };
    portal::page(status(page.name_error.is_none()), &page)
}

#[derive(Deserialize)]
struct NameForm {
    name: String,
    #[serde(default)]
    csrf: String,
}

async fn rename(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<Uuid>,
    Form(form): Form<NameForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match service::rename(&app, &signed.actor, id, &form.name).await {
        Ok(()) => Ok(Redirect::to("/account?done=passkey-renamed").into_response()),
        Err(PasskeyError::Name) => {
            let row = service::one(&app, &signed.actor, id).await?;
            let error = Some(Key("passkeys.error.name"));
            Ok(edit_page(signed, row, form.name, error))
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_off(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<Uuid>,
) -> Result<Response, Failure> {
    remove_page(&app, signed, id, None).await
}

async fn remove_page(
    app: &App,
    signed: SignedIn,
    id: Uuid,
    error: Option<Key>,
) -> Result<Response, Failure> {
    let row = service::one(app, &signed.actor, id).await?;
    let own = factors::service::own(app, &signed.actor).await?;
    let page = RemovePage {
        ui: signed.ui,
        passkey: shown(row),
        is_last: !own.authenticator && own.passkeys == 1,
        error,
    };
    Ok(portal::page(status(page.error.is_none()), &page))
}

#[derive(Deserialize)]
struct Plain {
    #[serde(default)]
    csrf: String,
}

async fn off(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match service::remove(&app, &signed.actor, id).await {
        Ok(()) => Ok(Redirect::to("/account?done=passkey-removed").into_response()),
        Err(PasskeyError::Required) => {
            let error = Some(Key("passkeys.error.required"));
            remove_page(&app, signed, id, error).await
        }
        Err(error) => Err(error.into()),
    }
}
