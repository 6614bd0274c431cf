//! `/users/invite` and `/users/ID`: an administrator looks after people. Parse, call one use case, answer.

use super::{
    lifecycle::{self, Draft, Issued, LifecycleError, Wrong},
    lifecycle_page::{Handover, InvitePage, LinkIssuedPage, PersonPage, RemovePage, RoleOption},
    people::account_state,
    service::LINK_MS,
};
use crate::{
    actor::Role,
    app::App,
    grants::service as grants,
    notices,
    portal::{self, Key, Ui},
    rights::{self, Action},
    visit::{Failure, SignedIn, role_key},
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
use wire::ids::UserId;

const HOUR_MS: i64 = 60 * 60 * 1000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/users/invite", get(show_invite).post(invite))
        .route("/users/{id}", get(show).post(edit))
        .route("/users/{id}/suspend", post(suspend))
        .route("/users/{id}/resume", post(resume))
        .route("/users/{id}/factors", post(reset_factors))
        .route("/users/{id}/tokens", post(revoke_tokens))
        .route("/users/{id}/link", post(reissue))
        .route("/users/{id}/remove", get(show_remove).post(remove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PersonForm {
    full_name: String,
    email: String,
    role: String,
    handover: Handover,
    csrf: String,
}

impl PersonForm {
    fn draft(self) -> Draft {
        Draft {
            full_name: self.full_name,
            email: self.email,
            role: self.role,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ActForm {
    handover: Handover,
    csrf: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

impl From<LifecycleError> for Failure {
    fn from(error: LifecycleError) -> Self {
        match error {
            LifecycleError::NotFound => Self::NotFound,
            LifecycleError::Denied(_) => Self::Forbidden,
            other => Self::Internal(other.to_string()),
        }
    }
}

async fn show_invite(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    let draft = Draft {
        role: Role::User.name().to_owned(),
        ..Draft::default()
    };
    let handover = notices::is_on(&app).then_some(Handover::Mail);
    Ok(invite_page(signed.ui, draft, Wrong::default(), handover))
}

async fn invite(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<PersonForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let handover = form.handover;
    let draft = form.draft();
    let done = match handover {
        Handover::Show => lifecycle::invite(&app, &signed.actor, &draft)
            .await
            .map(|issued| issued_page(&app, signed.ui.clone(), issued)),
        Handover::Mail => lifecycle::invite_by_mail(&app, &signed.actor, &draft)
            .await
            .map(|user| back(user.id, "invited")),
    };
    match done {
        Ok(answer) => Ok(answer),
        Err(error @ (LifecycleError::NoMail | LifecycleError::Wait { .. })) => {
            let wrong = Wrong {
                email: Some(refusal(error)?),
                ..Wrong::default()
            };
            let handover = notices::is_on(&app).then_some(handover);
            Ok(invite_page(signed.ui, draft, wrong, handover))
        }
        Err(LifecycleError::Wrong(wrong)) => {
            let handover = notices::is_on(&app).then_some(handover);
            Ok(invite_page(signed.ui, draft, wrong, handover))
        }
        Err(error) => Err(error.into()),
    }
}

fn invite_page(ui: Ui, draft: Draft, wrong: Wrong, handover: Option<Handover>) -> Response {
    let status = if wrong == Wrong::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = InvitePage {
        ui,
        draft,
        wrong,
        roles: roles(),
        handover,
    };
    portal::page(status, &page)
}

fn issued_page(app: &App, ui: Ui, issued: Issued) -> Response {
    let page = LinkIssuedPage {
        ui,
        full_name: issued.user.full_name,
        email: issued.user.email,
        link: format!("{}/welcome/{}", app.config.public_url, issued.token),
        hours: LINK_MS / HOUR_MS,
    };
    portal::page(StatusCode::OK, &page)
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    let done = match query.done.as_str() {
        "saved" => Some(Key("person.done.saved")),
        "suspended" => Some(Key("person.done.suspended")),
        "resumed" => Some(Key("person.done.resumed")),
        "factors" => Some(Key("person.done.factors")),
        "tokens" => Some(Key("person.done.tokens")),
        "invited" => Some(Key("person.done.invited")),
        "mailed" => Some(Key("person.done.mailed")),
        "granted" => Some(Key("grants.done.granted")),
        "revoked" => Some(Key("grants.done.revoked")),
        _ => None,
    };
    person_page(
        &app,
        signed,
        parse(&id)?,
        None,
        Wrong::default(),
        None,
        done,
    )
    .await
}

async fn edit(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<PersonForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    let draft = form.draft();
    match lifecycle::edit(&app, &signed.actor, id, &draft).await {
        Ok(()) => Ok(back(id, "saved")),
        Err(LifecycleError::Wrong(wrong)) => {
            person_page(&app, signed, id, Some(draft), wrong, None, None).await
        }
        Err(error) => {
            let wrong = Wrong {
                role: Some(refusal(error)?),
                ..Wrong::default()
            };
            person_page(&app, signed, id, Some(draft), wrong, None, None).await
        }
    }
}

async fn suspend(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    match lifecycle::suspend(&app, &signed.actor, id).await {
        Ok(()) => Ok(back(id, "suspended")),
        Err(error) => refused(&app, signed, id, error).await,
    }
}

async fn resume(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    match lifecycle::resume(&app, &signed.actor, id).await {
        Ok(()) => Ok(back(id, "resumed")),
        Err(error) => refused(&app, signed, id, error).await,
    }
}

async fn reissue(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    let done = match form.handover {
        Handover::Show => lifecycle::reissue(&app, &signed.actor, id)
            .await
            .map(|issued| issued_page(&app, signed.ui.clone(), issued)),
        Handover::Mail => lifecycle::reissue_by_mail(&app, &signed.actor, id)
            .await
            .map(|_| back(id, "mailed")),
    };
    match done {
        Ok(answer) => Ok(answer),
        Err(error) => refused(&app, signed, id, error).await,
    }
}

async fn reset_factors(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    match lifecycle::reset_factors(&app, &signed.actor, id).await {
        Ok(()) => Ok(back(id, "factors")),
        Err(error) => refused(&app, signed, id, error).await,
    }
}

async fn revoke_tokens(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    lifecycle::revoke_tokens(&app, &signed.actor, id).await?;
    Ok(back(id, "tokens"))
}

async fn show_remove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    remove_page(&app, signed, parse(&id)?, None).await
}

async fn remove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    match lifecycle::remove(&app, &signed.actor, id).await {
        Ok(()) => Ok(Redirect::to("/users").into_response()),
        Err(error) => {
            let problem = refusal(error)?;
            remove_page(&app, signed, id, Some(problem)).await
        }
    }
}

async fn remove_page(
    app: &App,
    signed: SignedIn,
    id: UserId,
    problem: Option<Key>,
) -> Result<Response, Failure> {
    let user = lifecycle::person(app, &signed.actor, id).await?;
    let page = RemovePage {
        ui: signed.ui,
        base: format!("/users/{id}"),
        full_name: user.full_name,
        email: user.email,
        problem,
    };
    Ok(portal::page(status(problem.is_some()), &page))
}

/// The person's page again, with the reason why an act was refused.
async fn refused(
    app: &App,
    signed: SignedIn,
    id: UserId,
    error: LifecycleError,
) -> Result<Response, Failure> {
    let problem = refusal(error)?;
    person_page(app, signed, id, None, Wrong::default(), Some(problem), None).await
}

pub(super) async fn person_page(
    app: &App,
    signed: SignedIn,
    id: UserId,
    draft: Option<Draft>,
    wrong: Wrong,
    problem: Option<Key>,
    done: Option<Key>,
) -> Result<Response, Failure> {
    let user = lifecycle::person(app, &signed.actor, id).await?;
    let typed = draft.unwrap_or(Draft {
        full_name: user.full_name.clone(),
        email: String::new(),
        role: user.role.clone(),
    });
    let page = PersonPage {
        base: format!("/users/{id}"),
        draft: Draft {
            email: user.email,
            ..typed
        },
        full_name: user.full_name,
        wrong,
        problem,
        done,
        roles: roles(),
        state: account_state(&user.state),
        yourself: signed.actor.user == id,
        factor: lifecycle::has_factor(app, &signed.actor, id).await?,
        tokens: lifecycle::tokens_of(app, &signed.actor, id).await?,
        sends_mail: notices::is_on(app),
        delivered: notices::of_person(app, &signed.actor, id)
            .await
            .map_err(|error| Failure::Internal(error.to_string()))?,
        grants: grants::of_user(app, &signed.actor, id).await?,
        codes: grants::codes(app, &signed.actor, signed.ui.lang).await?,
        is_auditor: user.role == Role::Auditor.name(),
        ui: signed.ui,
    };
    let refused = problem.is_some() || wrong != Wrong::default();
    Ok(portal::page(status(refused), &page))
}

/// What the reader is told about a guard that held; other errors are no answer to a form.
fn refusal(error: LifecycleError) -> Result<Key, Failure> {
    match error {
        LifecycleError::Yourself => Ok(Key("person.error.yourself")),
        LifecycleError::LastAdministrator => Ok(Key("person.error.last_administrator")),
        LifecycleError::State => Ok(Key("person.error.state")),
        LifecycleError::NoMail => Ok(Key("person.error.no_mail")),
        LifecycleError::Wait { .. } => Ok(Key("person.error.wait")),
        other => Err(other.into()),
    }
}

fn status(refused: bool) -> StatusCode {
    if refused {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    }
}

pub(super) fn back(id: UserId, done: &str) -> Response {
    Redirect::to(&format!("/users/{id}?done={done}")).into_response()
}

pub(super) fn parse(id: &str) -> Result<UserId, Failure> {
    id.parse().map_err(|_| Failure::NotFound)
}

fn roles() -> Vec<RoleOption> {
    let option = |role: Role| RoleOption {
        value: role.name(),
        label: role_key(role),
    };
    Role::ALL.into_iter().map(option).collect()
}
