//! `/api/v1/people`: the people of an organisation, for programs. The same use cases as the portal's.

use super::{
    lifecycle::{self, Draft, Issued, LifecycleError, Wrong},
    lifecycle_page::Handover,
    page::UserSort,
    service::LINK_MS,
    store::{self, UserOrder, UserRow},
};
use crate::{
    api::{ApiError, ApiProblem, Caller, Shown},
    app::{self, App},
    portal::Lang,
    rights::{self, Action},
};
use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, OpenApi, ToSchema};
use wire::ids::UserId;

const PER_PAGE: usize = 100;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(
    paths(me, list, invite, show, change, remove, suspend, resume, link),
    components(schemas(ApiProblem))
)]
pub(crate) struct Doc;

pub(crate) fn routes() -> Router<Arc<App>> {
    let one = get(show).patch(change).delete(remove);
    Router::new()
        .route("/api/v1/me", get(me))
        .route("/api/v1/people", get(list).post(invite))
        .route("/api/v1/people/{id}", one)
        .route("/api/v1/people/{id}/suspend", post(suspend))
        .route("/api/v1/people/{id}/resume", post(resume))
        .route("/api/v1/people/{id}/link", post(link))
        .merge(super::register::api::routes())
}

/// A person of the organisation.
#[derive(Debug, Serialize, ToSchema)]
struct Person {
    /// The person.
    #[schema(format = "uuid")]
    id: String,
    /// Their name.
    #[schema(example = "Misaki Sato")]
    full_name: String,
    /// Their address.
    #[schema(example = "misaki.sato@example.jp")]
    email: String,
    /// What they are in the organisation.
    #[schema(value_type = PersonRole)]
    role: String,
    /// Where the account stands.
    #[schema(value_type = PersonState)]
    state: String,
    /// Their last sign-in (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_sign_in: Option<String>,
}

/// What a person is in the organisation.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // It only describes what is read and written as text.
enum PersonRole {
    OperationsContact,
    Administrator,
    User,
    Auditor,
}

/// Where an account stands: invited until the first sign-in, suspended while it is shut out.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // It only describes what is read and written as text.
enum PersonState {
    Invited,
    Active,
    Suspended,
}

/// For whom the token acts.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// The person.
    #[schema(format = "uuid")]
    id: String,
    /// Their organisation.
    #[schema(format = "uuid")]
    tenant: String,
    /// Their role.
    #[schema(value_type = PersonRole)]
    role: &'static str,
    /// The token's scopes, with spaces between them.
    #[schema(example = "people.read activity.read")]
    scopes: String,
}

/// A person to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    /// Their name, without control characters.
    #[schema(example = "Misaki Sato", min_length = 1, max_length = 100)]
    full_name: String,
    /// Their address, which nobody has yet.
    #[schema(example = "misaki.sato@example.jp", format = Email, max_length = 254)]
    email: String,
    /// Their role.
    #[schema(value_type = PersonRole, example = "user")]
    role: String,
    /// `show`, the default: the answer has the one-time link; `mail`: it is sent to the person and shown to nobody.
    #[serde(default)]
    handover: Handover,
}

/// How the link gets to the person.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct By {
    /// `show`, the default: the answer has the one-time link; `mail`: it is sent to the person and shown to nobody.
    handover: Handover,
}

/// What to change of a person; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Their name, without control characters.
    #[schema(example = "Misaki Suzuki", min_length = 1, max_length = 100)]
    full_name: Option<String>,
    /// Their role.
    #[schema(value_type = Option<PersonRole>, example = "auditor")]
    role: Option<String>,
}

/// A one-time link, to be handed over to the person or on its way to them by mail.
#[derive(Debug, Serialize, ToSchema)]
struct Link {
    /// For whom.
    person: Person,
    /// The address to open, unless it was sent by mail. It is shown this once.
    #[schema(example = "https://portal.example/welcome/Gz3…")]
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// How long it works, in milliseconds.
    #[schema(example = 86_400_000)]
    expires_in_ms: i64,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Part of a name or address.
    #[param(example = "sato")]
    q: String,
    /// Which page, from 1; each has 100 people.
    page: i32,
}

impl From<LifecycleError> for ApiError {
    fn from(error: LifecycleError) -> Self {
        match error {
            LifecycleError::NotFound => Self::NotFound,
            LifecycleError::Denied(_) => Self::Denied,
            LifecycleError::Wrong(wrong) => Self::Wrong(fields(wrong)),
            LifecycleError::Yourself => Self::Conflict("Nobody does this to themselves"),
            LifecycleError::LastAdministrator => Self::Conflict("The last administrator stays one"),
            LifecycleError::State => Self::Conflict("This does not fit the account's state"),
            LifecycleError::NoMail => Self::Conflict("This service sends no mail"),
            LifecycleError::Wait { .. } => Self::Conflict(
                "Several links were sent to this address just now; wait up to 15 minutes, or have the link shown",
            ),
            other => Self::Internal(other.to_string()),
        }
    }
}

fn fields(wrong: Wrong) -> std::collections::BTreeMap<&'static str, &'static str> {
    let all = [
        ("full_name", wrong.full_name),
        ("email", wrong.email),
        ("role", wrong.role),
    ];
    all.into_iter()
        .filter_map(|(field, key)| Some((field, Lang::En.text(key?.0))))
        .collect()
}

fn shown(row: UserRow) -> Person {
    Person {
        id: row.id.to_string(),
        full_name: row.full_name,
        email: row.email,
        role: row.role,
        state: row.state,
        last_sign_in: row
            .last_sign_in_ms
            .and_then(|ms| app::moment(ms).format(&Rfc3339).ok()),
    }
}

fn issued(app: &App, issued: Issued) -> Link {
    Link {
        link: Some(format!(
            "{}/welcome/{}",
            app.config.public_url, issued.token
        )),
        expires_in_ms: LINK_MS,
        person: shown(issued.user),
    }
}

fn mailed(user: UserRow) -> Link {
    Link {
        link: None,
        expires_in_ms: LINK_MS,
        person: shown(user),
    }
}

fn id_of(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound)
}

/// An object, and its fields: a list in their order would be taken for one.
fn body<T: DeserializeOwned>(
    given: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<T, ApiError> {
    let Json(fields) = given.map_err(|error| ApiError::Malformed(error.body_text()))?;
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| ApiError::Malformed(error.to_string()))
}

/// For whom the token acts, and what it may.
#[utoipa::path(get, path = "/api/v1/me", tag = "people", responses((status = 200, body = Me), (status = 401, body = ApiProblem)))]
async fn me(Caller(actor): Caller) -> Json<Me> {
    Json(Me {
        id: actor.user.to_string(),
        tenant: actor.tenant.to_string(),
        role: actor.role.name(),
        scopes: actor.scopes.unwrap_or_default().text(),
    })
}

/// The organisation's people, by name.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(Search), responses((status = 200, body = Shown<Person>), (status = 400, body = ApiProblem), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem)))]
async fn list(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Query(search): Query<Search>,
) -> Result<Json<Shown<Person>>, ApiError> {
    rights::authorize(&actor, Action::ListUsers)?;
    let order = UserOrder {
        by: UserSort::Name,
        descending: false,
    };
    let text: String = search.q.trim().chars().take(100).collect();
    let mut tx = app.db.read(actor.tenant).await?;
    let found = store::users(&mut tx, actor.tenant, &text, order).await?;
    let page = u64::try_from(search.page).unwrap_or_default().max(1);
    let total = found.len() as u64;
    let skipped = usize::try_from(page - 1).unwrap_or(usize::MAX);
    let rows = found.into_iter().skip(skipped.saturating_mul(PER_PAGE));
    Ok(Json(Shown {
        items: rows.take(PER_PAGE).map(shown).collect(),
        page,
        total,
    }))
}

/// Invites a person. The answer holds the one-time link for their first sign-in, unless it is sent by mail.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = NewPerson, responses((status = 201, body = Link), (status = 400, body = ApiProblem), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 409, body = ApiProblem), (status = 422, body = ApiProblem)))]
async fn invite(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    given: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    rights::authorize(&actor, Action::ManageUsers)?;
    let person: NewPerson = body(given)?;
    let draft = Draft {
        full_name: person.full_name,
        email: person.email,
        role: person.role,
    };
    let link = match person.handover {
        Handover::Show => issued(&app, lifecycle::invite(&app, &actor, &draft).await?),
        Handover::Mail => mailed(lifecycle::invite_by_mail(&app, &actor, &draft).await?),
    };
    Ok((StatusCode::CREATED, Json(link)))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "people", params(("id" = String, Path)), responses((status = 200, body = Person), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem)))]
async fn show(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<Json<Person>, ApiError> {
    rights::authorize(&actor, Action::ListUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let row = store::user(&mut tx, actor.tenant, id_of(&id)?).await?;
    let row = row.filter(|row| row.state != "removed");
    Ok(Json(shown(row.ok_or(ApiError::NotFound)?)))
}

/// Changes a person's name or role.
#[utoipa::path(patch, path = "/api/v1/people/{id}", tag = "people", params(("id" = String, Path)), request_body = Change, responses((status = 200, body = Person), (status = 400, body = ApiProblem), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem), (status = 409, body = ApiProblem), (status = 422, body = ApiProblem)))]
async fn change(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    given: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<Json<Person>, ApiError> {
    rights::authorize(&actor, Action::ManageUsers)?;
    let change: Change = body(given)?;
    let id = id_of(&id)?;
    let change = lifecycle::Change {
        full_name: change.full_name,
        role: change.role,
    };
    let user = lifecycle::change(&app, &actor, id, change).await?;
    Ok(Json(shown(user)))
}

/// Removes a person: their sign-in, their links and their desktops end at once.
#[utoipa::path(delete, path = "/api/v1/people/{id}", tag = "people", params(("id" = String, Path)), responses((status = 204), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem), (status = 409, body = ApiProblem)))]
async fn remove(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    rights::authorize(&actor, Action::ManageUsers)?;
    lifecycle::remove(&app, &actor, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Suspends a person: they are out at once, and can be let in again.
#[utoipa::path(post, path = "/api/v1/people/{id}/suspend", tag = "people", params(("id" = String, Path)), responses((status = 204), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem), (status = 409, body = ApiProblem)))]
async fn suspend(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    rights::authorize(&actor, Action::ManageUsers)?;
    lifecycle::suspend(&app, &actor, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a suspended person in again.
#[utoipa::path(post, path = "/api/v1/people/{id}/resume", tag = "people", params(("id" = String, Path)), responses((status = 204), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem), (status = 409, body = ApiProblem)))]
async fn resume(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    rights::authorize(&actor, Action::ManageUsers)?;
    lifecycle::resume(&app, &actor, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new one-time link; an earlier one that was not used ends.
#[utoipa::path(post, path = "/api/v1/people/{id}/link", tag = "people", params(("id" = String, Path), By), responses((status = 200, body = Link), (status = 400, body = ApiProblem), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem), (status = 409, body = ApiProblem)))]
async fn link(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    Query(by): Query<By>,
) -> Result<Json<Link>, ApiError> {
    rights::authorize(&actor, Action::ManageUsers)?;
    let id = id_of(&id)?;
    Ok(Json(match by.handover {
        Handover::Show => issued(&app, lifecycle::reissue(&app, &actor, id).await?),
        Handover::Mail => mailed(lifecycle::reissue_by_mail(&app, &actor, id).await?),
    }))
}
