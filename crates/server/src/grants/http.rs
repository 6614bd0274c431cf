//! `/service-codes`. Parse, call one use case, answer.

use super::{
    page::{CodeAccessPage, CodePage, CodesPage},
    service::{self, GrantError, Whom},
};
use crate::{
    actor::Role,
    app::App,
    portal::{self, Key, Paging},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

const PER_PAGE: u64 = 25;
const PER_PAGE_ROWS: usize = 25;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/service-codes", get(list))
        .route("/service-codes/{id}", get(show))
        .route("/service-codes/{id}/grants", post(grant))
        .route("/service-codes/{id}/revoke", post(revoke))
        .route("/service-codes/{id}/access", get(ask).post(set_access))
}

impl From<GrantError> for Failure {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::NotFound | GrantError::Nobody => Self::NotFound,
            GrantError::Denied(denied) => denied.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

async fn list(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let codes = service::codes(&app, &signed.actor, signed.ui.lang).await?;
    let page = CodesPage {
        ui: signed.ui,
        codes,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
    q: String,
    page: u64,
}

/// What a code's page says besides the code.
#[derive(Default)]
struct Said {
    asked: Asked,
    /// An address and a role.
    typed: (String, String),
    wrong: Option<GrantError>,
    done: Option<Key>,
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let done = match asked.done.as_str() {
        "granted" => Some(Key("grants.done.granted")),
        "there" => Some(Key("grants.done.there")),
        "revoked" => Some(Key("grants.done.revoked")),
        "access" => Some(Key("grants.done.access")),
        _ => None,
    };
    let said = Said {
        asked,
        typed: (String::new(), Role::User.name().to_owned()),
        wrong: None,
        done,
    };
    code_page(&app, signed, parse(&id)?, said).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GrantForm {
    csrf: String,
    email: String,
    role: String,
}

async fn grant(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<GrantForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    let whom = Whom::Email(&form.email);
    match service::grant(&app, &signed.actor, id, whom, &form.role).await {
        Ok(true) => Ok(back(id, "granted")),
        Ok(false) => Ok(back(id, "there")),
        Err(
            error @ (GrantError::Nobody
            | GrantError::Auditor
            | GrantError::Role
            | GrantError::Ended),
        ) => {
            let said = Said {
                typed: (form.email, form.role),
                wrong: Some(error),
                ..Said::default()
            };
            code_page(&app, signed, id, said).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn code_page(app: &App, signed: SignedIn, id: Uuid, said: Said) -> Result<Response, Failure> {
    let mut of = service::overview(app, &signed.actor, id, signed.ui.lang).await?;
    let query: String = said.asked.q.trim().chars().take(100).collect();
    of.grants.retain(|given| given.has(&query));
    let mut paging = Paging {
        page: Paging::asked(said.asked.page),
        per_page: PER_PAGE,
        total: of.grants.len() as u64,
    };
    paging.page = paging.page.min(paging.pages());
    let offset = usize::try_from((paging.page - 1) * PER_PAGE).unwrap_or(usize::MAX);
    let shown = of.grants.into_iter().skip(offset).take(PER_PAGE_ROWS);
    of.grants = shown.collect();
    let (wrong_email, wrong_role) = match said.wrong {
        Some(GrantError::Role) => (None, Some(Key("grants.error.role"))),
        Some(GrantError::Auditor) => (Some(Key("grants.error.auditor")), None),
        Some(GrantError::Ended) => (Some(Key("grants.error.ended")), None),
        Some(_) => (Some(Key("grants.error.nobody")), None),
        None => (None, None),
    };
    let status = if wrong_email.is_some() || wrong_role.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = CodePage {
        ui: signed.ui,
        of,
        query,
        paging,
        typed: said.typed,
        wrong_email,
        wrong_role,
        done: said.done,
    };
    Ok(portal::page(status, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RevokeForm {
    csrf: String,
    grant: String,
}

async fn revoke(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<RevokeForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let (id, grant) = (parse(&id)?, form.grant.parse().unwrap_or_default());
    service::revoke(&app, &signed.actor, id, grant).await?;
    Ok(back(id, "revoked"))
}

async fn ask(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let lang = signed.ui.lang;
    let of = service::overview(&app, &signed.actor, parse(&id)?, lang).await?;
    let page = CodeAccessPage {
        ui: signed.ui,
        code: of.code,
        sessions: of.sessions.len(),
    };
    Ok(portal::page(StatusCode::OK, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccessForm {
    csrf: String,
    /// `closed`, or whatever else for open.
    access: String,
}

async fn set_access(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<AccessForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    service::set_closed(&app, &signed.actor, id, form.access == "closed").await?;
    Ok(back(id, "access"))
}

fn back(id: Uuid, done: &str) -> Response {
    Redirect::to(&format!("/service-codes/{id}?done={done}")).into_response()
}

fn parse(id: &str) -> Result<Uuid, Failure> {
    id.parse().map_err(|_| Failure::NotFound)
}
