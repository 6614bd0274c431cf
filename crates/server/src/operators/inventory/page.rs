//! The console's page of assets.

use crate::{
    operators::pages::OperatorBadge,
    portal::{Key, Paging, Ui, local_url},
    tenancy::{ASSETS, AssetKind},
};
use askama::Template;

/// A customer in numbers.
#[derive(Clone, Debug)]
pub struct CustomerRow {
    /// Its name in the reader's language.
    pub name: String,
    /// Its code.
    pub code: String,
    /// How much it has of each kind, in the order of [`ASSETS`].
    pub numbers: Vec<i64>,
}

/// `GET /console/inventory`.
#[derive(Template)]
#[template(path = "operators/inventory/inventory.html")]
pub struct InventoryPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// The provider's own: what, and how much.
    pub base: Vec<(Key, i64)>,
    /// This part of the customers.
    pub rows: Vec<CustomerRow>,
    /// What was searched for.
    pub query: String,
    /// The column by which the list is sorted: `code` or a kind's name.
    pub sort: String,
    /// Whether the order is reversed.
    pub descending: bool,
    /// Which part.
    pub paging: Paging,
}

impl CustomerRow {
    /// What it has, kind by kind.
    fn kinds(&self) -> impl Iterator<Item = (&'static AssetKind, i64)> + '_ {
        ASSETS.iter().zip(self.numbers.iter().copied())
    }

    /// All together.
    pub(super) fn total(&self) -> i64 {
        self.numbers.iter().sum()
    }
}

impl InventoryPage {
    fn page_url(&self) -> String {
        self.url("/console/inventory", &self.sort, self.descending)
    }

    fn csv_url(&self) -> String {
        self.url("/console/inventory/assets.csv", &self.sort, self.descending)
    }

    /// The list sorted by a column; a second click on the same column reverses the order.
    fn sorted_url(&self, column: &str) -> String {
        let descending = self.sort == column && !self.descending;
        self.url("/console/inventory", column, descending)
    }

    fn url(&self, path: &str, sort: &str, descending: bool) -> String {
        let order = if descending { "desc" } else { "asc" };
        let pairs = [("q", self.query.as_str()), ("sort", sort), ("order", order)];
        local_url(path, &pairs)
    }
}
