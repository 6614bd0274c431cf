//! `/tokens`: a person's own API tokens; and the API's description.

use super::{
    openapi,
    page::{CreatedPage, RevokePage, ScopeOption, TokenItem, TokensPage},
    service::{self, Draft, LIVES_DAYS, TokenError, Wrong},
    store::TokenRow,
};
use crate::{
    actor::{Scopes, TokenScope},
    app::{self, App},
    portal::{self, Key},
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/tokens", get(list).post(create))
        .route("/tokens/{id}/revoke", get(show_revoke).post(revoke))
        .route("/api/v1/openapi.json", get(description))
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NotFound => Self::NotFound,
            TokenError::Denied(denied) => denied.into(),
            TokenError::Database(error) => error.into(),
            TokenError::Wrong(_) => Self::Internal(error.to_string()),
        }
    }
}

/// Several fields of one name are scopes, so the form is read as pairs.
type Pairs = Vec<(String, String)>;

fn field<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let found = pairs.iter().find(|(field, _)| field == name);
    found.map_or("", |(_, value)| value)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plain {
    csrf: String,
}

async fn list(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let draft = Draft {
        days: LIVES_DAYS[0],
        ..Draft::default()
    };
    tokens_page(&app, signed, draft, Wrong::default()).await
}

async fn create(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Failure> {
    signed.check_form(field(&pairs, "csrf"))?;
    let scopes = pairs.iter().filter(|(name, _)| name == "scope");
    let draft = Draft {
        name: field(&pairs, "name").to_owned(),
        scopes: scopes.map(|(_, value)| value.clone()).collect(),
        days: field(&pairs, "days").parse().unwrap_or_default(),
    };
    match service::create(&app, &signed.actor, &draft).await {
        Ok(secret) => {
            let page = CreatedPage {
                ui: signed.ui,
                name: draft.name.trim().to_owned(),
                secret,
                days: draft.days,
            };
            Ok(portal::page(StatusCode::OK, &page))
        }
        Err(TokenError::Wrong(wrong)) => tokens_page(&app, signed, draft, wrong).await,
        Err(error) => Err(error.into()),
    }
}

async fn tokens_page(
    app: &App,
    signed: SignedIn,
    draft: Draft,
    wrong: Wrong,
) -> Result<Response, Failure> {
    let now_ms = app.clock.now_ms();
    let rows = service::list(app, &signed.actor).await?;
    let option = |scope: TokenScope| ScopeOption {
        value: scope.name(),
        label: label(scope),
        chosen: draft.scopes.iter().any(|name| name == scope.name()),
    };
    let page = TokensPage {
        creates: rights::authorize(&signed.actor, Action::ManageTokens).is_ok(),
        ui: signed.ui,
        rows: rows.into_iter().map(|row| item(row, now_ms)).collect(),
        name: draft.name.clone(),
        options: TokenScope::ALL.map(option).into(),
        lives: LIVES_DAYS.map(|days| (days, days == draft.days)).into(),
        wrong,
    };
    let status = if wrong == Wrong::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(portal::page(status, &page))
}

async fn show_revoke(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let rows = service::list(&app, &signed.actor).await?;
    let id: Uuid = id.parse().map_err(|_| Failure::NotFound)?;
    let row = rows.into_iter().find(|row| row.id == id);
    let page = RevokePage {
        ui: signed.ui,
        row: item(row.ok_or(Failure::NotFound)?, app.clock.now_ms()),
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn revoke(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = id.parse().map_err(|_| Failure::NotFound)?;
    service::revoke(&app, &signed.actor, id).await?;
    Ok(Redirect::to("/tokens").into_response())
}

/// What the API can do, for programs and those who write them.
async fn description() -> Response {
    Json(openapi::document()).into_response()
}

fn item(row: TokenRow, now_ms: i64) -> TokenItem {
    let scopes = Scopes::from_text(&row.scopes);
    TokenItem {
        id: row.id,
        name: row.name,
        scopes: TokenScope::ALL
            .into_iter()
            .filter(|scope| scopes.has(*scope))
            .map(label)
            .collect(),
        created_at: app::moment(row.created_at_ms),
        expires_at: app::moment(row.expires_at_ms),
        has_ended: row.expires_at_ms <= now_ms,
        last_used: row.last_used_ms.map(app::moment),
    }
}

fn label(scope: TokenScope) -> Key {
    match scope {
        TokenScope::PeopleRead => Key("tokens.scope.people_read"),
        TokenScope::PeopleWrite => Key("tokens.scope.people_write"),
        TokenScope::ActivityRead => Key("tokens.scope.activity_read"),
        TokenScope::EvidenceRead => Key("tokens.scope.evidence_read"),
        TokenScope::Desktops => Key("tokens.scope.desktops"),
        TokenScope::Provisioning => Key("tokens.scope.provisioning"),
    }
}
