//! `/account`: password, sessions of the web, sign-ins.

use super::{
    super::{
        factors, http::refused_password, page::NewPassword, passkeys, service::WEB_SESSION_MAX_MS,
    },
    page::{AccountPage, OwnSession, OwnSignIn},
    service::{self, ProofError},
};
use crate::{
    activity::{What, service as activity},
    api::service as tokens,
    app::{self, App},
    portal::{self, Key, Ui},
    sessions::service::{self as desktops, Opened},
    visit::{Failure, SESSION_COOKIE, SignedIn, set_cookie},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// How many sign-ins are shown.
const SIGN_INS: i64 = 20;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/account", get(show))
        .route("/account/password", post(change_password))
        .route("/account/sessions/{id}/end", post(end_session))
        .route("/account/sessions/end-others", post(end_others))
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Denied(denied) => denied.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

/// What is told beside a password that was asked for again; other errors are no answer to a form.
pub(in super::super) fn refusal(ui: &Ui, error: ProofError) -> Result<String, Failure> {
    match error {
        ProofError::Password => Ok(ui.t("account.error.password").to_owned()),
        ProofError::Code => Ok(ui.t("account.error.code").to_owned()),
        ProofError::Passkey => Ok(ui.t("passkeys.error.wrong").to_owned()),
        ProofError::Federated => Ok(ui.t("account.error.federated").to_owned()),
        ProofError::Required => Ok(ui.t("account.error.required").to_owned()),
        ProofError::Wait { wait_ms } => {
            let seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000);
            Ok(ui.t1("sign_in.error.too_many", "seconds", seconds))
        }
        other => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    let done = match query.done.as_str() {
        "password" => Some(Key("account.done.password")),
        "ended" => Some(Key("account.done.ended")),
        "off" => Some(Key("account.done.off")),
        "passkey-added" => Some(Key("passkeys.done.added")),
        "passkey-renamed" => Some(Key("passkeys.done.renamed")),
        "passkey-removed" => Some(Key("passkeys.done.removed")),
        _ => None,
    };
    account_page(&app, signed, done, None, NewPassword::default()).await
}

async fn account_page(
    app: &App,
    signed: SignedIn,
    done: Option<Key>,
    current_error: Option<String>,
    fields: NewPassword,
) -> Result<Response, Failure> {
    let actor = &signed.actor;
    let own = factors::service::own(app, actor).await?;
    let passkeys = match passkeys::relying_party(&app.config) {
        Some(_) => Some(passkeys::service::own(app, actor).await?),
        None => None,
    };
    let sessions = service::sessions(app, actor).await?;
    let sign_ins = activity::own_sign_ins(app, actor, SIGN_INS)
        .await
        .map_err(|error| Failure::Internal(error.to_string()))?;
    let status = if current_error.is_none() && fields.is_fine() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let (email, password) = service::own(app, actor).await?;
    let page = AccountPage {
        email,
        password,
        done,
        current_error,
        fields,
        authenticator: own.authenticator,
        second_factor: own.second_factor,
        passkeys: passkeys.map(|rows| rows.into_iter().map(passkeys::http::shown).collect()),
        recovery_codes: own.recovery_codes,
        tokens: tokens::list(app, actor)
            .await
            .map_err(|error| Failure::Internal(error.to_string()))?
            .len(),
        sessions: sessions
            .into_iter()
            .map(|row| OwnSession {
                id: row.id,
                here: row.id == signed.session,
                address: row.address,
                browser: row.browser,
                since: app::moment(row.created_at_ms),
                last_seen: app::moment(row.last_seen_ms),
            })
            .collect(),
        sign_ins: sign_ins
            .into_iter()
            .map(|row| OwnSignIn {
                at: app::moment(row.at_ms),
                refused: row.what == What::SignInRefused.name(),
                address: row.address,
            })
            .collect(),
        ui: signed.ui,
    };
    Ok(portal::page(status, &page))
}

#[derive(Deserialize)]
struct PasswordForm {
    current: String,
    password: String,
    repeat: String,
    #[serde(default)]
    csrf: String,
}

async fn change_password(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    if form.password != form.repeat {
        let wrong = NewPassword {
            repeat_error: Some(Key("welcome.error.different")),
            ..NewPassword::default()
        };
        return account_page(&app, signed, None, None, wrong).await;
    }
    let (actor, session) = (signed.actor.clone(), signed.session);
    let passwords = (form.current, form.password);
    match service::change_password(&app, &actor, session, passwords).await {
        Ok(renewed) => {
            // Connections of desktops that were opened elsewhere end, too.
            let elsewhere = Opened::NotIn(session);
            desktops::disconnect(&app, actor.tenant, actor.user, elsewhere).await?;
            let cookie = set_cookie(SESSION_COOKIE, &renewed.token, WEB_SESSION_MAX_MS / 1000);
            let cookies = AppendHeaders([(header::SET_COOKIE, cookie)]);
            Ok((cookies, Redirect::to("/account?done=password")).into_response())
        }
        Err(ProofError::New(refusal)) => {
            let wrong = refused_password(refusal)?;
            account_page(&app, signed, None, None, wrong).await
        }
        Err(error) => {
            let text = refusal(&signed.ui, error)?;
            account_page(&app, signed, None, Some(text), NewPassword::default()).await
        }
    }
}

#[derive(Debug, Deserialize)]
struct Plain {
    #[serde(default)]
    csrf: String,
}

async fn end_session(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    service::end_session(&app, &signed.actor, id).await?;
    ended(&app, &signed, Opened::In(id)).await
}

async fn end_others(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    service::end_others(&app, &signed.actor, signed.session).await?;
    ended(&app, &signed, Opened::NotIn(signed.session)).await
}

/// The desktops that were opened there are disconnected, and no others.
async fn ended(app: &App, signed: &SignedIn, there: Opened) -> Result<Response, Failure> {
    desktops::disconnect(app, signed.actor.tenant, signed.actor.user, there).await?;
    Ok(Redirect::to("/account?done=ended").into_response())
}
