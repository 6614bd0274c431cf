//! The inventory for spreadsheets.

use super::Asset;
use crate::{activity, app, portal::Ui, tenancy::boundary::Side};
use time::format_description::well_known::Rfc3339;

/// With a byte order mark, heads in the reader's language; no cell is taken for a formula.
pub(super) fn sheet(ui: &Ui, assets: &[Asset]) -> String {
    let heads = [
        ui.t("inventory.column.kind"),
        ui.t("inventory.column.name"),
        ui.t("inventory.column.side"),
        ui.t("inventory.column.code"),
        ui.t("console.provider.region"),
        ui.t("inventory.column.key"),
        ui.t("inventory.column.created"),
        ui.t("inventory.column.id"),
    ];
    let mut text = format!("\u{feff}{}", activity::csv_row(&heads));
    for asset in assets {
        text.push_str(&line(ui, asset));
    }
    text
}

fn line(ui: &Ui, asset: &Asset) -> String {
    let side = match asset.kind.side() {
        Side::Customer => ui.t("inventory.customer"),
        Side::Provider => ui.t("inventory.provider"),
    };
    let key = asset.key.map_or_else(String::new, |key| format!("v{key}"));
    let at = asset.created_at_ms.map(app::moment);
    let at = at.and_then(|at| at.format(&Rfc3339).ok());
    activity::csv_row(&[
        ui.label(asset.kind.label),
        &asset.title(ui.lang),
        side,
        asset.service_code.as_deref().unwrap_or_default(),
        &asset.region,
        &key,
        &at.unwrap_or_default(),
        &asset.id.to_string(),
    ])
}
