//! `/api/v1/assets`: the inventory of the token's organisation.

use super::{
    Asset, Sort,
    service::{self, InventoryError, Search},
};
use crate::{
    api::{ApiError, ApiProblem, Caller, Shown},
    app::{self, App},
    portal::Lang,
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

const PER_PAGE: usize = 100;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/assets", get(list))
}

impl From<InventoryError> for ApiError {
    fn from(error: InventoryError) -> Self {
        match error {
            InventoryError::Denied(denied) => denied.into(),
            InventoryError::Database(error) => error.into(),
        }
    }
}

/// An asset of the organisation.
#[derive(Debug, Serialize, ToSchema)]
struct AssetItem {
    /// `account`, `home`, `desktop`, `application`, `session`, `data_key`, `log` and so on.
    #[schema(example = "desktop")]
    kind: &'static str,
    /// Its id; of what has none of its own its person's, or the organisation's.
    #[schema(format = "uuid")]
    id: String,
    /// What people call it, in Japanese; may be empty. Names of people and their things need the scope `people.read` too.
    #[schema(example = "標準デスクトップ")]
    name_ja: String,
    /// The same in English.
    #[schema(example = "Standard desktop")]
    name_en: String,
    /// Who answers for it: `customer` or `provider`.
    #[schema(example = "customer")]
    side: &'static str,
    /// The service code that it bears.
    #[schema(example = "DESK-01")]
    #[serde(skip_serializing_if = "Option::is_none")]
    service_code: Option<String>,
    /// The region where it is; empty for a session that waits for a host, and for a home of somebody who works nowhere now.
    #[schema(example = "jp-east")]
    region: String,
    /// The version of the organisation's key that seals it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<i64>,
    /// Since when it is there (RFC 3339, UTC).
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Part of a name, a service code, a region or an id.
    q: String,
    /// A kind; exactly so.
    #[param(example = "desktop")]
    kind: String,
    /// Which page, from 1; each has 100 assets.
    page: i32,
}

/// The inventory of the token's organisation, kind by kind.
#[utoipa::path(get, path = "/api/v1/assets", tag = "assets", params(Filter), responses((status = 200, body = Shown<AssetItem>), (status = 400, body = ApiProblem), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem)))]
async fn list(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Shown<AssetItem>>, ApiError> {
    let search = Search {
        query: filter.q.trim().chars().take(100).collect(),
        kind: filter.kind,
        sort: Sort::Kind,
        descending: false,
    };
    let found = service::own(&app, &actor, &search, Lang::En).await?;
    let page = u64::try_from(filter.page).unwrap_or_default().max(1);
    let skipped = usize::try_from(page - 1).unwrap_or(usize::MAX);
    let rows = found.iter().skip(skipped.saturating_mul(PER_PAGE));
    Ok(Json(Shown {
        items: rows.take(PER_PAGE).map(item).collect(),
        page,
        total: found.len() as u64,
    }))
}

fn item(asset: &Asset) -> AssetItem {
    let at = asset.created_at_ms.map(app::moment);
    AssetItem {
        kind: asset.kind.name,
        id: asset.id.to_string(),
        name_ja: asset.title(Lang::Ja),
        name_en: asset.title(Lang::En),
        side: asset.kind.side().name(),
        service_code: asset.service_code.clone(),
        region: asset.region.clone(),
        key: asset.key,
        created: at.and_then(|at| at.format(&Rfc3339).ok()),
    }
}
