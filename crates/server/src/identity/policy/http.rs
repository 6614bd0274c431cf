//! `/sign-in-rules`, and `/prove`.

use super::{
    super::{account::http::refusal, factors, http::Next, passkeys, service::WEB_SESSION_MAX_MS},
    draft::{Draft, Wrong},
    page::{ProveAgainPage, RoleRow, RulesEditPage, RulesPage},
    service::{self, RulesError},
};
use crate::{
    actor::Role,
    app::App,
    portal::{self, local_path},
    rights::{self, Action},
    visit::{Failure, SESSION_COOKIE, SignedIn, role_key, set_cookie},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in-rules", get(show))
        .route("/sign-in-rules/{role}", get(show_edit).post(save))
        .route("/prove", get(show_prove).post(prove))
}

impl From<RulesError> for Failure {
    fn from(error: RulesError) -> Self {
        match error {
            RulesError::Denied(denied) => denied.into(),
            RulesError::Database(error) => error.into(),
            RulesError::Wrong(_) => Self::Internal(error.to_string()),
        }
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
    let (roles, zone) = service::all(&app, &signed.actor).await?;
    let page = RulesPage {
        manages: rights::authorize(&signed.actor, Action::ManageUsers).is_ok(),
        ui: signed.ui,
        roles: roles
            .into_iter()
            .map(|of| RoleRow {
                name: of.role.name(),
                label: role_key(of.role),
                rules: of.rules,
                bare: of.bare,
                without_passkey: of.without_passkey,
            })
            .collect(),
        zone,
        is_saved: query.done == "saved",
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn show_edit(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(role): Path<String>,
) -> Result<Response, Failure> {
    let role = Role::from_name(&role).ok_or(Failure::NotFound)?;
    edit_page(&app, signed, role, None, Wrong::default()).await
}

async fn edit_page(
    app: &App,
    signed: SignedIn,
    role: Role,
    draft: Option<Draft>,
    wrong: Wrong,
) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    let (roles, zone) = service::all(app, &signed.actor).await?;
    let of = roles.into_iter().find(|of| of.role == role);
    let of = of.ok_or(Failure::NotFound)?;
    let status = if wrong.is_nothing() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = RulesEditPage {
        name: role.name(),
        label: role_key(role),
        draft: draft.unwrap_or_else(|| Draft::of(&of.rules)),
        wrong,
        address: signed.actor.address,
        ui: signed.ui,
        zone,
        bare: of.bare,
        without_passkey: of.without_passkey,
        offers_passkey: passkeys::relying_party(&app.config).is_some(),
    };
    Ok(portal::page(status, &page))
}

async fn save(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(role): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let role = Role::from_name(&role).ok_or(Failure::NotFound)?;
    let csrf = pairs.iter().find(|(name, _)| name == "csrf");
    signed.check_form(csrf.map_or("", |(_, value)| value))?;
    let draft = Draft::read(&pairs);
    match service::save(&app, &signed.actor, role, &draft).await {
        Ok(()) => Ok(Redirect::to("/sign-in-rules?done=saved").into_response()),
        Err(RulesError::Wrong(wrong)) => edit_page(&app, signed, role, Some(draft), *wrong).await,
        Err(error) => Err(error.into()),
    }
}

async fn show_prove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    prove_page(&app, signed, &query.next, None).await
}

pub(in super::super) async fn prove_page(
    app: &App,
    signed: SignedIn,
    next: &str,
    error: Option<String>,
) -> Result<Response, Failure> {
    let own = factors::service::own(app, &signed.actor).await?;
    let proofs = service::proofs(app, &signed.actor, &signed.token).await?;
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let page = ProveAgainPage {
        ui: signed.ui,
        asks_code: own.second_factor,
        password: proofs.password,
        provider: proofs.provider,
        offers_passkey: proofs.passkey,
        error,
        next: local_path(next).to_owned(),
    };
    Ok(portal::page(status, &page))
}

#[derive(Deserialize)]
struct ProveForm {
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    csrf: String,
}

async fn prove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<ProveForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let proof = (form.password, form.code.as_str());
    match service::prove(&app, &signed.actor, &signed.token, proof).await {
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
