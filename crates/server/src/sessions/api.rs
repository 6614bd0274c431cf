//! `/api/v1/sessions`: a program ends a session of the token's person.

use super::service::{self, SessionError};
use crate::{
    api::{ApiError, ApiProblem, Caller},
    app::App,
    rights::{self, Action},
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::delete,
};
use std::sync::Arc;
use utoipa::OpenApi;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(end))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/sessions/{id}", delete(end))
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotFound => Self::NotFound,
            SessionError::Denied(denied) => denied.into(),
            SessionError::Full => Self::Conflict("as many sessions run as the contract allows"),
            SessionError::NoContract => Self::Conflict("no contract is in force"),
            other => Self::Internal(other.to_string()),
        }
    }
}

/// Ends one of the person's own sessions; what is not saved in it is lost.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "desktops", params(("id" = String, Path)), responses((status = 204), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem)))]
async fn end(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    rights::authorize(&actor, Action::UseSession { owner: actor.user })?;
    let id = id.parse().map_err(|_| ApiError::NotFound)?;
    service::end(&app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
