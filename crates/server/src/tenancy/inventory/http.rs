//! `/inventory`: parse, call one use case, answer.

use super::{
    Asset, AssetKind, Sort, csv,
    page::{AssetRow, InventoryPage},
    service::{self, InventoryError, Search},
};
use crate::{
    app::{self, App},
    portal::{self, Lang, Paging},
    visit::{Failure, SignedIn},
};
use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

const PER_PAGE: usize = 50;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/inventory", get(show))
        .route("/inventory/assets.csv", get(sheet))
}

impl From<InventoryError> for Failure {
    fn from(error: InventoryError) -> Self {
        match error {
            InventoryError::Denied(denied) => denied.into(),
            InventoryError::Database(error) => error.into(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    kind: String,
    sort: String,
    order: String,
    page: u64,
}

impl Filter {
    fn search(&self) -> Search {
        Search {
            query: self.q.trim().chars().take(100).collect(),
            kind: AssetKind::from_name(&self.kind)
                .map_or_else(String::new, |kind| kind.name.to_owned()),
            sort: Sort::from_name(&self.sort),
            descending: self.order == "desc",
        }
    }
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let search = filter.search();
    let found = service::own(&app, &signed.actor, &search, signed.ui.lang).await?;
    let mut paging = Paging {
        page: filter.page.max(1),
        per_page: PER_PAGE as u64,
        total: found.len() as u64,
    };
    paging.page = paging.page.min(paging.pages());
    let skipped = usize::try_from(paging.page - 1).unwrap_or_default() * PER_PAGE;
    let lang = signed.ui.lang;
    let page = InventoryPage {
        ui: signed.ui,
        rows: found
            .iter()
            .skip(skipped)
            .take(PER_PAGE)
            .map(|asset| shown(asset, lang))
            .collect(),
        query: search.query,
        kind: search.kind,
        sort: search.sort,
        descending: search.descending,
        paging,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn shown(asset: &Asset, lang: Lang) -> AssetRow {
    AssetRow {
        kind: asset.kind.label,
        name: asset.title(lang),
        side: asset.kind.side(),
        service_code: asset.service_code.clone(),
        is_labelled: asset.kind.is_labelled,
        region: asset.region.clone(),
        key: asset.key,
        created: asset.created_at_ms.map(app::moment),
        id: asset.id.to_string(),
    }
}

async fn sheet(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let found = service::own(&app, &signed.actor, &filter.search(), signed.ui.lang).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"assets.csv\"",
        ),
    ];
    Ok((headers, csv::sheet(&signed.ui, &found)).into_response())
}
