//! `/api/v1/contract`: what the token's organisation has agreed on, and how much of it is used.

use super::{
    ContractRow,
    service::{self, ContractError},
};
use crate::{
    api::{ApiError, ApiProblem, Caller},
    app::App,
};
use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use std::sync::Arc;
use utoipa::{OpenApi, ToSchema};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(show))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/contract", get(show))
}

impl From<ContractError> for ApiError {
    fn from(error: ContractError) -> Self {
        match error {
            ContractError::Denied(denied) => denied.into(),
            ContractError::Database(error) => error.into(),
            ContractError::Code | ContractError::NotComing => Self::NotFound,
            ContractError::Wrong(_) | ContractError::OtherTerms => {
                Self::Internal(error.to_string())
            }
        }
    }
}

/// What the organisation has agreed on.
#[derive(Debug, Serialize, ToSchema)]
struct Contract {
    /// The number on paper.
    #[schema(example = "C-2026-0017")]
    number: String,
    /// Which version counts now, from 1 in the order in which they were written.
    version: i64,
    /// The day in Japan from which it counts; none for one that was written before versions had one.
    #[schema(format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    counts_from: Option<String>,
    /// Whether it is in force today.
    in_force: bool,
    /// The first day, in Japan.
    #[schema(format = Date)]
    starts_on: String,
    /// The last day, where one was agreed on.
    #[schema(format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_on: Option<String>,
    /// Codes of the regions where sessions may run.
    #[schema(example = json!(["jp-east"]))]
    regions: Vec<String>,
    /// For how many days the activity log keeps what records say.
    retention_days: i64,
    /// Accounts that there are.
    people: i64,
    /// Accounts that there may be.
    max_people: i64,
    /// Sessions that are not over.
    sessions: i64,
    /// Sessions that there may be at the same time.
    max_sessions: i64,
    /// The terms that go with it.
    terms_version: i64,
    /// Whether somebody of the organisation accepted them.
    terms_accepted: bool,
    /// What was bought; labels every resource.
    service_codes: Vec<ServiceCode>,
    /// Resources that bear no service code.
    unlabelled: i64,
    /// Versions whose day comes, the next one first.
    coming: Vec<ComingVersion>,
}

/// A version of the contract that counts from a day that comes.
#[derive(Debug, Serialize, ToSchema)]
struct ComingVersion {
    /// Which version.
    version: i64,
    /// The day in Japan from which it counts.
    #[schema(format = Date)]
    counts_from: String,
    /// The number on paper.
    #[schema(example = "C-2026-0017")]
    number: String,
    /// The contract's first day, in Japan.
    #[schema(format = Date)]
    starts_on: String,
    /// Its last day, where one was agreed on.
    #[schema(format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_on: Option<String>,
    /// Codes of the regions where sessions may run then.
    #[schema(example = json!(["jp-east"]))]
    regions: Vec<String>,
    /// For how many days the activity log keeps what records say then.
    retention_days: i64,
    /// Accounts that there may be then.
    max_people: i64,
    /// Sessions that there may be at the same time then.
    max_sessions: i64,
    /// The terms that go with it.
    terms_version: i64,
}

fn coming(row: &ContractRow) -> ComingVersion {
    ComingVersion {
        version: row.version,
        counts_from: row.counts_from.clone(),
        number: row.number.clone(),
        starts_on: row.starts_on.clone(),
        ends_on: row.ends_on.clone(),
        regions: row.regions(),
        retention_days: row.retention_days,
        max_people: row.max_people,
        max_sessions: row.max_sessions,
        terms_version: row.terms_version,
    }
}

/// A service code.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceCode {
    /// What people call it.
    #[schema(example = "DESK-01")]
    code: String,
    /// The service of the catalogue.
    service: String,
    /// Options.
    options: Vec<String>,
    /// Whether it has ended.
    ended: bool,
}

/// The contract of the token's organisation.
#[utoipa::path(get, path = "/api/v1/contract", tag = "contract", responses((status = 200, body = Contract), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem), (status = 404, body = ApiProblem)))]
async fn show(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
) -> Result<Json<Contract>, ApiError> {
    let of = service::own(&app, &actor).await?;
    let row = of.contract().ok_or(ApiError::NotFound)?;
    let code = |row: &super::ServiceCodeRow| ServiceCode {
        code: row.code.clone(),
        service: row.service.clone(),
        options: row.options.split_whitespace().map(str::to_owned).collect(),
        ended: row.ended_at_ms.is_some(),
    };
    Ok(Json(Contract {
        number: row.number.clone(),
        version: row.version,
        counts_from: Some(row.counts_from.clone()).filter(|day| !day.is_empty()),
        in_force: of.in_force,
        starts_on: row.starts_on.clone(),
        ends_on: row.ends_on.clone(),
        regions: row.regions(),
        retention_days: row.retention_days,
        people: of.people,
        max_people: row.max_people,
        sessions: of.sessions,
        max_sessions: row.max_sessions,
        terms_version: row.terms_version,
        terms_accepted: of.accepted().is_some(),
        service_codes: of.codes.iter().map(code).collect(),
        unlabelled: of.labels.unlabelled,
        coming: of.coming().into_iter().map(coming).collect(),
    }))
}
