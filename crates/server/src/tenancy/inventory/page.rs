//! The page of the inventory.

use super::{ASSETS, AssetKind, Sort};
use crate::{
    portal::{Key, Paging, Ui, local_url},
    tenancy::boundary::Side,
};
use askama::Template;
use time::OffsetDateTime;

/// One asset.
#[derive(Clone, Debug)]
pub struct AssetRow {
    /// What it is.
    pub kind: Key,
    /// What people call it.
    pub name: String,
    /// Who answers for it.
    pub side: Side,
    /// The service code that it bears.
    pub service_code: Option<String>,
    /// Whether it must bear one.
    pub is_labelled: bool,
    /// Where it is.
    pub region: String,
    /// The version of the key that seals it.
    pub key: Option<i64>,
    /// Since when it is there.
    pub created: Option<OffsetDateTime>,
    /// Its id.
    pub id: String,
}

/// `GET /inventory`.
#[derive(Template)]
#[template(path = "tenancy/inventory/inventory.html")]
pub struct InventoryPage {
    /// The reader.
    pub ui: Ui,
    /// This part of the list.
    pub rows: Vec<AssetRow>,
    /// What was searched for.
    pub query: String,
    /// The name of the kind that is shown; nothing for all.
    pub kind: String,
    /// By what the list is sorted.
    pub sort: Sort,
    /// Whether the order is reversed.
    pub descending: bool,
    /// Which part.
    pub paging: Paging,
}

impl AssetRow {
    fn side_key(&self) -> (Key, &'static str) {
        match self.side {
            Side::Customer => (Key("inventory.customer"), "good"),
            Side::Provider => (Key("inventory.provider"), ""),
        }
    }
}

impl InventoryPage {
    fn kinds() -> &'static [AssetKind] {
        &ASSETS
    }

    fn is_chosen(&self, kind: &AssetKind) -> bool {
        kind.name == self.kind
    }

    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || !self.kind.is_empty()
    }

    fn aria_sort(&self, column: Sort) -> &'static str {
        match (self.sort == column, self.descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }

    /// The list sorted by a column; a second click on the same column reverses the order.
    fn sorted_url(&self, column: Sort) -> String {
        let descending = self.sort == column && !self.descending;
        self.url(
            "/inventory",
            column,
            if descending { "desc" } else { "asc" },
        )
    }

    /// This list, to which `&page=` is added.
    fn page_url(&self) -> String {
        self.url("/inventory", self.sort, self.order())
    }

    fn csv_url(&self) -> String {
        self.url("/inventory/assets.csv", self.sort, self.order())
    }

    fn url(&self, path: &str, sort: Sort, order: &str) -> String {
        let pairs = [
            ("q", self.query.as_str()),
            ("kind", self.kind.as_str()),
            ("sort", sort.name()),
            ("order", order),
        ];
        local_url(path, &pairs)
    }

    fn order(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }
}
