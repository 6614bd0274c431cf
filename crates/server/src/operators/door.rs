//! The door of the management console: a certificate is shown already, a one-time code opens.

use super::{
    console::{AtTheDoor, COOKIE},
    pages::{DOOR, EnterPage},
    service::{self, SESSION_MAX_MS},
    store::OperatorRow,
};
use crate::{
    app::{App, secret_hash},
    identity::service::SignInError,
    one_time_code::Authenticator,
    portal::{self, Key},
    visit::{Failure, same, set_cookie},
};
use axum::{
    Form, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;
use totp_rs::Totp;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/enter", get(show_door).post(enter))
        .route("/console/first/{link}", get(show_first).post(enter_first))
}

/// Before there is a session, a form's token is bound to the certificate, which no other site's page can choose.
fn door_token(row: &OperatorRow) -> String {
    secret_hash(&format!("door {} {}", row.id, row.totp))
}

fn door_page(
    door: AtTheDoor,
    link: Option<(&str, &Totp)>,
    error: Option<Key>,
    retry_after_s: Option<u64>,
    status: StatusCode,
) -> Response {
    let csrf = door_token(&door.operator);
    let page = EnterPage {
        ui: door.ui.with_csrf(&csrf),
        badge: None,
        action: link.map_or(DOOR.to_owned(), |(link, _)| {
            format!("/console/first/{link}")
        }),
        first: link.and_then(|(_, totp)| Authenticator::new(totp)),
        needs_link: link.is_none() && door.operator.state == "invited",
        full_name: door.operator.full_name,
        error,
        retry_after_s,
    };
    portal::page(status, &page)
}

async fn show_door(door: AtTheDoor) -> Response {
    door_page(door, None, None, None, StatusCode::OK)
}

async fn show_first(
    State(app): State<Arc<App>>,
    door: AtTheDoor,
    Path(link): Path<String>,
) -> Result<Response, Failure> {
    let totp = first_totp(&app, &door.operator, &link).await?;
    Ok(door_page(
        door,
        Some((&link, &totp)),
        None,
        None,
        StatusCode::OK,
    ))
}

/// The codes of an operator whose link works.
async fn first_totp(app: &App, operator: &OperatorRow, link: &str) -> Result<Totp, Failure> {
    if !service::is_invited(app, operator, link).await? {
        return Err(Failure::NotFound);
    }
    service::totp(app, operator)
        .await?
        .ok_or_else(|| Failure::Internal("a secret of one-time codes cannot be used".to_owned()))
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
    #[serde(default)]
    csrf: String,
}

async fn enter(
    State(app): State<Arc<App>>,
    door: AtTheDoor,
    Form(form): Form<Code>,
) -> Result<Response, Failure> {
    same(&form.csrf, &door_token(&door.operator))?;
    let result = service::enter(&app, &door.operator, &form.code, None, &door.address).await;
    entered(result, |error, wait, status| {
        door_page(door, None, error, wait, status)
    })
}

async fn enter_first(
    State(app): State<Arc<App>>,
    door: AtTheDoor,
    Path(link): Path<String>,
    Form(form): Form<Code>,
) -> Result<Response, Failure> {
    same(&form.csrf, &door_token(&door.operator))?;
    let totp = first_totp(&app, &door.operator, &link).await?;
    let operator = &door.operator;
    let result = service::enter(&app, operator, &form.code, Some(&link), &door.address).await;
    entered(result, |error, wait, status| {
        door_page(door, Some((&link, &totp)), error, wait, status)
    })
}

fn entered(
    result: Result<String, SignInError>,
    again: impl FnOnce(Option<Key>, Option<u64>, StatusCode) -> Response,
) -> Result<Response, Failure> {
    match result {
        Ok(token) => {
            let cookie = set_cookie(COOKIE, &token, SESSION_MAX_MS / 1000);
            let cookies = AppendHeaders([(header::SET_COOKIE, cookie)]);
            Ok((cookies, Redirect::to("/console/")).into_response())
        }
        Err(SignInError::Refused) => {
            let error = Some(Key("console.enter.wrong"));
            Ok(again(error, None, StatusCode::UNAUTHORIZED))
        }
        Err(SignInError::Wait { wait_ms }) => {
            let seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000);
            let error = Some(Key("console.enter.too_many"));
            Ok(again(error, Some(seconds), StatusCode::TOO_MANY_REQUESTS))
        }
        Err(SignInError::Database(error)) => Err(error.into()),
    }
}
