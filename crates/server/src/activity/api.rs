//! `/api/v1/activity`: the activity log for programs.

use super::{
    service::{self, ReadError},
    store::{Row, Search},
};
use crate::{
    api::{ApiError, ApiProblem, Caller, Shown},
    app::{self, App},
};
use axum::{
    Json, Router,
    extract::{Query, State},
    routing::get,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, OpenApi, ToSchema};

const PER_PAGE: u64 = 100;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/activity", get(list))
}

/// One record.
#[derive(Debug, Serialize, ToSchema)]
struct ActivityRecord {
    /// The record.
    #[schema(format = "uuid")]
    id: String,
    /// Its place in the log.
    index: i64,
    /// When (RFC 3339, UTC).
    #[schema(format = DateTime)]
    at: String,
    /// Who; empty for the service.
    #[schema(example = "Misaki Sato (API: reports)")]
    who: String,
    /// From where.
    #[schema(example = "192.0.2.15")]
    address: String,
    /// What happened.
    #[schema(example = "identity.signed_in")]
    what: String,
    /// To which thing, or the result.
    detail: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Part of a name, thing or address.
    q: String,
    /// What happened; exactly so.
    #[param(example = "identity.signed_in")]
    what: String,
    /// Which page, from 1; each has 100 records.
    page: i32,
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(denied) => denied.into(),
            ReadError::Database(error) => error.into(),
        }
    }
}

fn shown(row: Row) -> ActivityRecord {
    ActivityRecord {
        id: row.id.to_string(),
        index: row.leaf_index,
        at: app::moment(row.at_ms).format(&Rfc3339).unwrap_or_default(),
        who: row.who,
        address: row.address,
        what: row.what,
        detail: row.detail,
    }
}

/// The latest records of the last 31 days, the newest first.
#[utoipa::path(get, path = "/api/v1/activity", tag = "activity", params(Wanted), responses((status = 200, body = Shown<ActivityRecord>), (status = 400, body = ApiProblem), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem)))]
async fn list(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Shown<ActivityRecord>>, ApiError> {
    let search = Search {
        text: wanted.q.trim().chars().take(100).collect(),
        what: wanted.what.chars().take(100).collect(),
        from_ms: 0,
        to_ms: i64::MAX,
        ..Search::default()
    };
    let page = u64::try_from(wanted.page).unwrap_or_default().max(1);
    let found = service::search(&app, &actor, &search, page, PER_PAGE).await?;
    Ok(Json(Shown {
        items: found.rows.into_iter().map(shown).collect(),
        page: found.page,
        total: found.total,
    }))
}
