//! The console's page of a customer's email domains.

use crate::{
    operators::pages::OperatorBadge,
    portal::{Key, Ui},
};
use askama::Template;
use time::OffsetDateTime;

/// `GET /console/customers/CODE/domains`, and the answer to a `POST` (`domain`, `act`, `csrf`) that did nothing.
#[derive(Template)]
#[template(path = "operators/domains/domains.html")]
pub(super) struct DomainsPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    /// The customer's name in the reader's language.
    pub(super) name: String,
    /// Its code.
    pub(super) code: String,
    /// Until when the reader may act on this customer.
    pub(super) until: Option<OffsetDateTime>,
    /// What was done just now.
    pub(super) done: Option<Key>,
    /// What was typed to be confirmed, and what is wrong with it.
    pub(super) confirm: (String, Option<Key>),
    /// What was typed to be withdrawn, and what is wrong with it.
    pub(super) withdraw: (String, Option<Key>),
    /// An act was refused, since nobody has approved it or its time is over.
    pub(super) not_elevated: bool,
}

impl DomainsPage {
    /// Whether the forms are there: with an elevation, or with what was typed while there was one.
    fn acts(&self) -> bool {
        self.until.is_some() || self.not_elevated
    }

    fn elevated_until(&self, at: &OffsetDateTime) -> String {
        self.ui
            .t1("console.contract.elevated", "until", self.ui.time(at))
    }
}
