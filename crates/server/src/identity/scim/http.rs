//! `/scim/v2`: a customer's directory looks after its people. Parse, call one use case, answer.

use super::{
    discovery,
    error::{MEDIA_TYPE, ScimError},
    patch::Patch,
    query::{self, Query},
    resource, schema,
    service::{self, Change, Match},
};
use crate::{
    actor::{Actor, Scopes, TokenScope},
    api::{ApiError, Caller},
    app::App,
    rights::Denied,
};
use axum::{
    Router,
    body::Bytes,
    extract::{self, FromRequestParts, Path, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    let user = get(show_user)
        .put(put_user)
        .patch(patch_user)
        .delete(delete_user);
    let group = get(show_group)
        .put(put_group)
        .patch(patch_group)
        .delete(fixed_groups);
    Router::new()
        .route("/scim/v2/Users", get(list_users).post(create_user))
        .route("/scim/v2/Users/.search", post(search_users))
        .route("/scim/v2/Users/{id}", user)
        .route("/scim/v2/Groups", get(list_groups).post(fixed_groups))
        .route("/scim/v2/Groups/.search", post(search_groups))
        .route("/scim/v2/Groups/{id}", group)
        .route("/scim/v2/.search", post(search))
        .route("/scim/v2/Me", get(not_implemented))
        .route("/scim/v2/Bulk", post(not_implemented))
        .route("/scim/v2/ServiceProviderConfig", get(config))
        .route("/scim/v2/ResourceTypes", get(resource_types))
        .route("/scim/v2/ResourceTypes/{id}", get(resource_type))
        .route("/scim/v2/Schemas", get(schemas))
        .route("/scim/v2/Schemas/{id}", get(one_schema))
}

type Answered = Result<Response, ScimError>;
type Asked = Result<extract::Query<Query>, QueryRejection>;

/// For whom a directory calls. Its token must be made for this; here, and only here, it stands for seeing and changing
/// people.
#[derive(Clone, Debug)]
struct Directory(Actor);

impl FromRequestParts<Arc<App>> for Directory {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let refused = |error: ScimError| error.into_response();
        let caller = Caller::from_request_parts(parts, app).await;
        let Caller(mut actor) = caller.map_err(|error: ApiError| refused(error.into()))?;
        let scopes = actor.scopes.unwrap_or_default();
        if !scopes.has(TokenScope::Provisioning) {
            return Err(refused(Denied.into()));
        }
        let people = [TokenScope::PeopleRead, TokenScope::PeopleWrite];
        actor.scopes = Some(people.into_iter().collect::<Scopes>());
        Ok(Self(actor))
    }
}

fn base(app: &App) -> String {
    format!("{}/scim/v2", app.config.public_url)
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let mut answer = (status, body.to_string()).into_response();
    let media_type = HeaderValue::from_static(MEDIA_TYPE);
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    answer
}

/// A resource with its version, and what of it is asked for.
fn one(status: StatusCode, resource: Value, asked: Asked) -> Answered {
    let query = query_of(asked)?;
    let set = |name: HeaderName, value: &Value, answer: &mut Response| {
        let value = value
            .as_str()
            .and_then(|text| HeaderValue::from_str(text).ok());
        if let Some(value) = value {
            answer.headers_mut().insert(name, value);
        }
    };
    let meta = resource["meta"].clone();
    let mut answer = answer(status, &query::select(&query, resource));
    set(header::ETAG, &meta["version"], &mut answer);
    set(header::CONTENT_LOCATION, &meta["location"], &mut answer);
    if status == StatusCode::CREATED {
        set(header::LOCATION, &meta["location"], &mut answer);
    }
    Ok(answer)
}

/// A resource, unless the reader has it already (RFC 7232, section 3.2).
fn shown(resource: Value, headers: &HeaderMap, asked: Asked) -> Answered {
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| service::names(known, resource::version_of(&resource))) {
        let mut answer = one(StatusCode::NOT_MODIFIED, resource, asked)?;
        *answer.body_mut() = axum::body::Body::empty();
        return Ok(answer);
    }
    one(StatusCode::OK, resource, asked)
}

fn query_of(asked: Asked) -> Result<Query, ScimError> {
    let bad = |error: QueryRejection| ScimError::bad("invalidValue", error.body_text());
    asked.map(|extract::Query(query)| query).map_err(bad)
}

fn body<T: DeserializeOwned>(headers: &HeaderMap, bytes: &Bytes) -> Result<T, ScimError> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    if ![MEDIA_TYPE, "application/json"]
        .iter()
        .any(|known| given.eq_ignore_ascii_case(known))
    {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(ScimError::new(status, "Send application/scim+json"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        ScimError::bad("invalidSyntax", format!("The body cannot be read: {error}"))
    })
}

fn matching(headers: &HeaderMap) -> Match {
    let value = headers.get(header::IF_MATCH);
    Match(value.map(|value| value.to_str().unwrap_or_default().to_owned()))
}

async fn list_users(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    asked: Asked,
) -> Answered {
    let query = query_of(asked)?;
    let all = service::users(&app, &actor).await?;
    listed(&query, all, Vec::new())
}

async fn list_groups(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    asked: Asked,
) -> Answered {
    let query = query_of(asked)?;
    let all = service::groups(&app, &actor).await?;
    listed(&query, Vec::new(), all)
}

async fn search_users(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let query = body(&headers, &bytes)?;
    listed(&query, service::users(&app, &actor).await?, Vec::new())
}

async fn search_groups(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let query = body(&headers, &bytes)?;
    listed(&query, Vec::new(), service::groups(&app, &actor).await?)
}

async fn search(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let query = body(&headers, &bytes)?;
    let users = service::users(&app, &actor).await?;
    listed(&query, users, service::groups(&app, &actor).await?)
}

fn listed(query: &Query, users: Vec<Value>, groups: Vec<Value>) -> Answered {
    let users = users.into_iter().map(|one| (one, schema::user()));
    let groups = groups.into_iter().map(|one| (one, schema::group()));
    let list = query::list(query, users.chain(groups).collect())?;
    Ok(answer(StatusCode::OK, &list))
}

async fn create_user(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    asked: Asked,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let made = service::create_user(&app, &actor, &body(&headers, &bytes)?).await?;
    one(StatusCode::CREATED, made, asked)
}

async fn show_user(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Answered {
    shown(service::user(&app, &actor, &id).await?, &headers, asked)
}

async fn put_user(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let change = Change::Replace(body(&headers, &bytes)?);
    let now = service::change_user(&app, &actor, &id, change, &matching(&headers)).await?;
    one(StatusCode::OK, now, asked)
}

async fn patch_user(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let change = Change::Patch(body::<Patch>(&headers, &bytes)?);
    let now = service::change_user(&app, &actor, &id, change, &matching(&headers)).await?;
    one(StatusCode::OK, now, asked)
}

async fn delete_user(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answered {
    service::remove_user(&app, &actor, &id, &matching(&headers)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn show_group(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Answered {
    shown(service::group(&app, &actor, &id).await?, &headers, asked)
}

async fn put_group(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let change = Change::Replace(body(&headers, &bytes)?);
    let now = service::change_group(&app, &actor, &id, change, &matching(&headers)).await?;
    one(StatusCode::OK, now, asked)
}

async fn patch_group(
    State(app): State<Arc<App>>,
    Directory(actor): Directory,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answered {
    let change = Change::Patch(body::<Patch>(&headers, &bytes)?);
    let now = service::change_group(&app, &actor, &id, change, &matching(&headers)).await?;
    one(StatusCode::OK, now, asked)
}

/// The roles are what they are: none is made, and none goes.
async fn fixed_groups(Directory(_): Directory) -> ScimError {
    let text = "The groups are the four roles; none is added or removed";
    ScimError::new(StatusCode::NOT_IMPLEMENTED, text)
}

async fn not_implemented(Directory(_): Directory) -> ScimError {
    ScimError::new(StatusCode::NOT_IMPLEMENTED, "This server does not do this")
}

async fn config(State(app): State<Arc<App>>, Directory(_): Directory) -> Response {
    answer(StatusCode::OK, &discovery::config(&base(&app)))
}

async fn resource_types(State(app): State<Arc<App>>, Directory(_): Directory) -> Answered {
    whole(discovery::resource_types(&base(&app)))
}

async fn resource_type(
    State(app): State<Arc<App>>,
    Directory(_): Directory,
    Path(id): Path<String>,
) -> Answered {
    pick(discovery::resource_types(&base(&app)), &id)
}

async fn schemas(State(app): State<Arc<App>>, Directory(_): Directory) -> Answered {
    whole(discovery::schemas(&base(&app)))
}

async fn one_schema(
    State(app): State<Arc<App>>,
    Directory(_): Directory,
    Path(id): Path<String>,
) -> Answered {
    pick(discovery::schemas(&base(&app)), &id)
}

fn whole(all: Vec<Value>) -> Answered {
    let all = all.into_iter().map(|one| (one, schema::user())).collect();
    Ok(answer(
        StatusCode::OK,
        &query::list(&Query::default(), all)?,
    ))
}

fn pick(all: Vec<Value>, id: &str) -> Answered {
    let found = all.into_iter().find(|one| one["id"] == id);
    let found = found.ok_or_else(ScimError::not_found)?;
    Ok(answer(StatusCode::OK, &found))
}
