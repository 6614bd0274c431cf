//! What a directory is told when nothing was done (RFC 7644, section 3.12).

use super::matching::Misfit;
use crate::{
    api::ApiError,
    identity::lifecycle::LifecycleError,
    portal::{Key, Lang},
    rights::Denied,
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::borrow::Cow;

/// The media type of everything that SCIM says (RFC 7644, section 3.1).
pub(crate) const MEDIA_TYPE: &str = "application/scim+json";
const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why nothing was done.
#[derive(Clone, Debug)]
pub(super) struct ScimError {
    status: StatusCode,
    /// One of RFC 7644, table 9.
    kind: Option<&'static str>,
    detail: Cow<'static, str>,
}

impl ScimError {
    pub(super) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
        }
    }

    /// The request is wrong, in a way that the standard has a word for.
    pub(super) fn bad(kind: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: Some(kind),
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such resource")
    }

    pub(super) fn mutability(name: &str) -> Self {
        Self::bad("mutability", format!("{name} cannot be changed"))
    }

    fn internal(why: &str) -> Self {
        tracing::error!(why, "a call of SCIM failed");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Something failed on our side; please try again",
        )
    }
}

impl From<sqlx::Error> for ScimError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(&error.to_string())
    }
}

impl From<Denied> for ScimError {
    fn from(_: Denied) -> Self {
        let text = "The token's person may not do this, or its scopes do not include it";
        Self::new(StatusCode::FORBIDDEN, text)
    }
}

impl From<Misfit> for ScimError {
    fn from(error: Misfit) -> Self {
        Self::bad("invalidFilter", error.to_string())
    }
}

impl From<ApiError> for ScimError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::NoToken => Self::new(
                StatusCode::UNAUTHORIZED,
                "A valid API token is needed: Authorization: Bearer ngy_…",
            ),
            ApiError::Internal(why) => Self::internal(&why),
            _ => Denied.into(),
        }
    }
}

impl From<LifecycleError> for ScimError {
    fn from(error: LifecycleError) -> Self {
        let conflict = |text| Self::new(StatusCode::CONFLICT, text);
        match error {
            LifecycleError::NotFound => Self::not_found(),
            LifecycleError::Denied(denied) => denied.into(),
            LifecycleError::Wrong(wrong) => {
                let key = wrong.email.or(wrong.full_name).or(wrong.role);
                let key = key.unwrap_or(Key("person.error.role_missing"));
                let text = Lang::En.text(key.0);
                match key.0 {
                    "person.error.email_taken" => Self {
                        kind: Some("uniqueness"),
                        ..conflict(text)
                    },
                    "person.error.no_room" => conflict(text),
                    _ => Self::bad("invalidValue", text),
                }
            }
            LifecycleError::Yourself => conflict("Nobody does this to themselves"),
            LifecycleError::LastAdministrator => conflict("The last administrator stays one"),
            LifecycleError::State => conflict("This does not fit the account's state"),
            LifecycleError::Wait { .. } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Several invitations were sent to this address just now; try again in 15 minutes",
            ),
            other => Self::internal(&other.to_string()),
        }
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": [SCHEMA],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.into();
        }
        let mut answer = (self.status, body.to_string()).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"nagaya\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        answer
    }
}

/// What the framework, or a route that is not there, refused: the same form, without its words.
pub(crate) fn of_status(status: StatusCode) -> Response {
    let detail = match status {
        StatusCode::NOT_FOUND => "There is no such resource",
        StatusCode::METHOD_NOT_ALLOWED => "Not in this way",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "Send application/scim+json",
        status if status.is_client_error() => "The request cannot be read",
        _ => "Something failed on our side; please try again",
    };
    ScimError::new(status, detail).into_response()
}
