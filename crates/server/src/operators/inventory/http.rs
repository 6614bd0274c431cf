//! `/console/inventory`: parse, call one use case, answer.

use super::page::{CustomerRow, InventoryPage};
use crate::{
    activity,
    app::App,
    operators::console::Entered,
    portal::{self, Key, Lang, Paging, Ui},
    rights::OperatorAction,
    tenancy::{ASSETS, Numbers, assets, text_of},
    visit::Failure,
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

const PER_PAGE: usize = 20;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/inventory", get(show))
        .route("/console/inventory/assets.csv", get(sheet))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    sort: String,
    order: String,
    page: u64,
}

/// Whoever sees customers sees their numbers.
async fn numbers(app: &App, entered: &Entered) -> Result<Numbers, Failure> {
    entered
        .operator
        .role
        .authorize(OperatorAction::ListCustomers)?;
    Ok(assets::numbers(app).await?)
}

/// The customers that are searched for, in the order that is asked for.
fn found(numbers: Numbers, filter: &Filter, lang: Lang) -> Vec<CustomerRow> {
    let wanted: String = filter
        .q
        .trim()
        .chars()
        .take(100)
        .collect::<String>()
        .to_lowercase();
    let mut rows: Vec<CustomerRow> = numbers
        .customers
        .into_iter()
        .filter(|(row, _)| {
            let texts = [&row.code, &row.name_ja, &row.name_en];
            texts
                .iter()
                .any(|text| text.to_lowercase().contains(&wanted))
        })
        .map(|(row, numbers)| CustomerRow {
            name: text_of(lang, &row.name_ja, &row.name_en).to_owned(),
            code: row.code,
            numbers,
        })
        .collect();
    if filter.sort == "total" {
        rows.sort_by_key(CustomerRow::total);
    } else {
        rows.sort_by(|a, b| a.code.cmp(&b.code));
    }
    if filter.order == "desc" {
        rows.reverse();
    }
    rows
}

async fn show(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let numbers = numbers(&app, &entered).await?;
    let base = numbers
        .base
        .iter()
        .map(|(name, count)| (base_key(name), *count));
    let base = base.collect();
    let rows = found(numbers, &filter, entered.ui.lang);
    let mut paging = Paging {
        page: filter.page.max(1),
        per_page: PER_PAGE as u64,
        total: rows.len() as u64,
    };
    paging.page = paging.page.min(paging.pages());
    let skipped = usize::try_from(paging.page - 1).unwrap_or_default() * PER_PAGE;
    let page = InventoryPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        base,
        rows: rows.into_iter().skip(skipped).take(PER_PAGE).collect(),
        query: filter.q.trim().chars().take(100).collect(),
        sort: if filter.sort == "total" {
            "total"
        } else {
            "code"
        }
        .to_owned(),
        descending: filter.order == "desc",
        paging,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn base_key(name: &str) -> Key {
    match name {
        "host" => Key("inventory.base.host"),
        "gateway" => Key("inventory.base.gateway"),
        "operator" => Key("inventory.base.operator"),
        "region" => Key("inventory.base.region"),
        "offer" => Key("inventory.base.offer"),
        "terms" => Key("inventory.base.terms"),
        "base_key" => Key("inventory.base.key"),
        _ => Key("inventory.base.log"),
    }
}

async fn sheet(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let numbers = numbers(&app, &entered).await?;
    let rows = found(numbers, &filter, entered.ui.lang);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"assets.csv\"",
        ),
    ];
    Ok((headers, csv(&entered.ui, &rows)).into_response())
}

/// One line for each customer and kind; no cell is taken for a formula.
fn csv(ui: &Ui, rows: &[CustomerRow]) -> String {
    let heads = [
        ui.t("console.column.customer"),
        ui.t("console.column.code"),
        ui.t("inventory.column.kind"),
        ui.t("inventory.column.count"),
    ];
    let mut text = format!("\u{feff}{}", activity::csv_row(&heads));
    for row in rows {
        for (kind, number) in ASSETS.iter().zip(&row.numbers) {
            text.push_str(&activity::csv_row(&[
                &row.name,
                &row.code,
                ui.label(kind.label),
                &number.to_string(),
            ]));
        }
    }
    text
}
