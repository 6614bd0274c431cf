//! `/api/v1/people/import` and `/api/v1/people/export`: an organisation's people as a file, for programs.

use super::{
    super::{lifecycle::Issued, service::LINK_MS},
    http::csv,
    plan::{Plan, Problem, Step},
    reading::MOST_BYTES,
    service::{self, ImportError},
    words::{Action as Act, Column},
};
use crate::{
    api::{ApiError, ApiProblem, Caller},
    app::App,
    portal::Lang,
    rights::{self, Action},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State, rejection::BytesRejection},
    response::Response,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, OpenApi, ToSchema};

/// Told when it would do something else than what was shown, or nothing.
const NOT_AS_SHOWN: &str =
    "The file or the people are not as they were shown; ask again what it would do";

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(export, import), components(schemas(ApiProblem)))]
pub(crate) struct Doc;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    let limit = DefaultBodyLimit::max(MOST_BYTES);
    Router::new()
        .route("/api/v1/people/export", get(export))
        .route("/api/v1/people/import", post(import).layer(limit))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The `digest` of an answer to the same file: it is done. Without one, what it would do is told.
    digest: String,
}

/// What a file would do, or did.
#[derive(Debug, Serialize, ToSchema)]
struct Import {
    /// Whether it was done.
    done: bool,
    /// Names exactly this file and exactly these steps; sent back with the file, it is done.
    digest: String,
    /// The lines that do something.
    steps: Vec<ImportStep>,
    /// How many lines leave a person as they are.
    same: usize,
    /// Heads of columns that are not understood.
    unused_columns: Vec<String>,
    /// Why nothing is done.
    problems: Vec<ImportProblem>,
    /// One-time links of those who were added. They are kept nowhere.
    links: Vec<ImportLink>,
}

/// What a line does.
#[derive(Debug, Serialize, ToSchema)]
struct ImportStep {
    /// The line of the file, from 1.
    line: u64,
    /// Their address.
    email: String,
    /// Their name afterwards.
    full_name: String,
    /// Their role afterwards.
    role: String,
    /// What is done: `add`, `change`, `suspend`, `resume`, `remove`.
    actions: Vec<String>,
}

/// What keeps a file from being taken.
#[derive(Debug, Serialize, ToSchema)]
struct ImportProblem {
    /// The line of the file, from 1; none where the whole file is meant.
    line: Option<u64>,
    /// The column; none where the whole line is meant.
    column: Option<&'static str>,
    /// What is wrong and what to do.
    problem: String,
}

/// A one-time link, to be handed over to the person.
#[derive(Debug, Serialize, ToSchema)]
struct ImportLink {
    /// For whom.
    email: String,
    /// The address to open.
    link: String,
    /// How long it works, in milliseconds.
    expires_in_ms: i64,
}

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Denied(_) => Self::Denied,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl Import {
    fn of(plan: Plan) -> Self {
        Self {
            done: false,
            digest: plan.digest,
            steps: plan.steps.into_iter().map(step).collect(),
            same: plan.same,
            unused_columns: plan.unused,
            problems: plan.problems.iter().map(problem).collect(),
            links: Vec::new(),
        }
    }
}

fn step(step: Step) -> ImportStep {
    let action = |act: &Act| act.name().to_owned();
    ImportStep {
        line: step.line,
        email: step.email,
        full_name: step.full_name,
        role: step.role.name().to_owned(),
        actions: step.acts.iter().map(action).collect(),
    }
}

fn problem(problem: &Problem) -> ImportProblem {
    let label = |column: Column| Lang::En.text(column.label().0);
    ImportProblem {
        line: problem.line,
        column: problem.column.map(label),
        problem: problem.text(Lang::En),
    }
}

/// Everybody as CSV, in a form that can be imported again.
#[utoipa::path(get, path = "/api/v1/people/export", tag = "people", responses((status = 200, content_type = "text/csv", body = String), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem)))]
async fn export(State(app): State<Arc<App>>, Caller(actor): Caller) -> Result<Response, ApiError> {
    Ok(csv(service::export(&app, &actor, Lang::En).await?))
}

/// Tells what a CSV file of people would do, and, sent again with the digest of that answer, does it: all of it, or nothing.
#[utoipa::path(post, path = "/api/v1/people/import", tag = "people", params(Wanted), request_body(content = String, content_type = "text/csv"), responses((status = 200, body = Import), (status = 400, body = ApiProblem), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 409, body = ApiProblem)))]
async fn import(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Query(wanted): Query<Wanted>,
    given: Result<Bytes, BytesRejection>,
) -> Result<Json<Import>, ApiError> {
    rights::authorize(&actor, Action::ManageUsers)?;
    let file = given.map_err(|error| ApiError::Malformed(error.body_text()))?;
    if wanted.digest.is_empty() {
        let plan = service::preview(&app, &actor, &file).await?;
        return Ok(Json(Import::of(plan)));
    }
    let done = match service::apply(&app, &actor, &file, &wanted.digest).await {
        Err(ImportError::NotAsShown(_)) => return Err(ApiError::Conflict(NOT_AS_SHOWN)),
        done => done?,
    };
    let link = |issued: Issued| ImportLink {
        email: issued.user.email,
        link: format!("{}/welcome/{}", app.config.public_url, issued.token),
        expires_in_ms: LINK_MS,
    };
    Ok(Json(Import {
        done: true,
        links: done.links.into_iter().map(link).collect(),
        ..Import::of(done.plan)
    }))
}
