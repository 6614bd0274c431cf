//! What the API answers when it does not do what it was asked (RFC 9457).

use crate::rights::Denied;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Why a call did nothing.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// No token, or one that is not good.
    NoToken,
    /// The token's person may not, or the token's scopes do not go so far.
    Denied,
    /// No such thing, or another customer's.
    NotFound,
    /// The request cannot be read.
    Malformed(String),
    /// A guard held: what, for people.
    Conflict(&'static str),
    /// Fields cannot be taken, and why each.
    Wrong(BTreeMap<&'static str, &'static str>),
    /// Something of ours.
    Internal(String),
}

/// The body of an answer that says why nothing was done: `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiProblem {
    /// The status of the answer, again.
    #[schema(example = 422)]
    status: u16,
    /// What it is, in few words.
    #[schema(example = "Some fields cannot be taken as they are")]
    title: &'static str,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What is wrong with each field.
    #[schema(example = json!({ "email": "Enter an email address." }))]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'static str, &'static str>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shown<T> {
    /// The rows.
    pub(crate) items: Vec<T>,
    /// Which page it is, from 1.
    pub(crate) page: u64,
    /// How many rows there are on all pages.
    pub(crate) total: u64,
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Denied> for ApiError {
    fn from(_: Denied) -> Self {
        Self::Denied
    }
}

impl ApiProblem {
    fn of(status: StatusCode, title: &'static str) -> Self {
        Self {
            status: status.as_u16(),
            title,
            detail: None,
            fields: BTreeMap::new(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut problem = match &self {
            Self::NoToken => ApiProblem::of(
                StatusCode::UNAUTHORIZED,
                "A valid API token is needed: Authorization: Bearer ngy_…",
            ),
            Self::Denied => ApiProblem::of(
                StatusCode::FORBIDDEN,
                "The token's person may not do this, or its scopes do not include it",
            ),
            Self::NotFound => ApiProblem::of(StatusCode::NOT_FOUND, "There is no such thing"),
            Self::Malformed(_) => {
                ApiProblem::of(StatusCode::BAD_REQUEST, "The request cannot be read")
            }
            Self::Conflict(title) => ApiProblem::of(StatusCode::CONFLICT, title),
            Self::Wrong(_) => ApiProblem::of(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Some fields cannot be taken as they are",
            ),
            Self::Internal(_) => ApiProblem::of(
                StatusCode::SERVICE_UNAVAILABLE,
                "Something failed on our side; please try again",
            ),
        };
        match self {
            Self::Malformed(detail) => problem.detail = Some(detail),
            Self::Wrong(fields) => problem.fields = fields,
            Self::Internal(why) => tracing::error!(why, "a call of the API failed"),
            _ => {}
        }
        answer(&problem)
    }
}

fn answer(problem: &ApiProblem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut answer = (status, Json(problem)).into_response();
    let headers = answer.headers_mut();
    let media_type = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, media_type);
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer realm=\"nagaya\"");
        headers.insert(header::WWW_AUTHENTICATE, scheme);
    }
    answer
}

/// What the framework, or a route that is not there, refused: the same form, without its words.
pub(crate) fn of_status(status: StatusCode) -> Response {
    answer(&match status {
        StatusCode::NOT_FOUND => ApiProblem::of(status, "There is no such thing"),
        StatusCode::METHOD_NOT_ALLOWED => ApiProblem::of(status, "Not in this way"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiProblem::of(status, "Send JSON"),
        StatusCode::UNAUTHORIZED => ApiProblem::of(status, "A valid API token is needed"),
        status if status.is_client_error() => ApiProblem::of(status, "The request cannot be read"),
        status => ApiProblem::of(status, "Something failed on our side; please try again"),
    })
}
