//! `/api/v1/commitments`: what is promised to the organisation, and whether it holds.

use super::{
    Standing,
    service::{self, ReadError},
};
use crate::{
    api::{ApiError, ApiProblem, Caller},
    app::{self, App},
    portal::Lang,
};
use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use utoipa::{OpenApi, ToSchema};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/commitments", get(list))
}

/// A promise and how it stands.
#[derive(Debug, Serialize, ToSchema)]
struct Commitment {
    /// Its row in the list of commitments.
    #[schema(example = "5.6")]
    id: &'static str,
    /// The clause of ISO/IEC 27017.
    #[schema(example = "9.4.4")]
    clause: &'static str,
    /// Who keeps it.
    #[schema(value_type = KeptBy)]
    side: &'static str,
    /// The promise in Japanese.
    promise_ja: &'static str,
    /// The promise in English.
    promise_en: &'static str,
    /// Whether it holds now.
    #[schema(value_type = CommitmentOutcome)]
    outcome: &'static str,
    /// What shows it.
    checks: Vec<CommitmentCheck>,
}

/// Who keeps a promise: the provider, or the provider and the organisation.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // It only describes what is written as text.
enum KeptBy {
    Provider,
    Both,
}

/// Whether a promise holds. What was not looked at for a while cannot be told.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // It only describes what is written as text.
enum CommitmentOutcome {
    Holds,
    CannotTell,
    FallsShort,
}

/// A check of a promise.
#[derive(Debug, Serialize, ToSchema)]
struct CommitmentCheck {
    /// The check.
    #[schema(example = "routes_are_listed")]
    name: &'static str,
    /// Whether it holds now.
    #[schema(value_type = CommitmentOutcome)]
    outcome: &'static str,
    /// What it counted, in the check's own order.
    figures: Vec<i64>,
    /// What can be looked at for oneself.
    refs: Vec<String>,
    /// When it last ran (RFC 3339, UTC).
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(denied) => denied.into(),
            ReadError::Database(error) => error.into(),
        }
    }
}

fn shown(standing: Standing) -> Commitment {
    let control = standing.control;
    Commitment {
        id: control.id,
        clause: control.clause,
        side: control.side.name(),
        promise_ja: Lang::Ja.text(control.promise.0),
        promise_en: Lang::En.text(control.promise.0),
        outcome: standing.outcome().name(),
        checks: standing
            .checks
            .into_iter()
            .map(|check| CommitmentCheck {
                name: check.check.name,
                outcome: check.answer.outcome.name(),
                figures: check.answer.figures,
                refs: check.answer.refs,
                checked_at: check
                    .span_ms
                    .and_then(|(_, seen)| app::moment(seen).format(&Rfc3339).ok()),
            })
            .collect(),
    }
}

/// What is promised to the organisation, and whether it holds now.
#[utoipa::path(get, path = "/api/v1/commitments", tag = "evidence", responses((status = 200, body = Vec<Commitment>), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem)))]
async fn list(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
) -> Result<Json<Vec<Commitment>>, ApiError> {
    let standings = service::of_customer(&app, &actor).await?;
    Ok(Json(standings.into_iter().map(shown).collect()))
}
