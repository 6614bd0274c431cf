//! The list of what happened.

use crate::portal::{Key, Paging, Ui, local_url};
use askama::Template;
use time::OffsetDateTime;

/// One record of the log.
#[derive(Clone, Debug)]
pub struct ActivityRow {
    /// When.
    pub at: OffsetDateTime,
    /// Who did it: a person's name, or empty for the service itself.
    pub who: String,
    /// What happened.
    pub what: Key,
    /// To what, or with what result; may be empty.
    pub detail: String,
    /// The address it came from; may be empty.
    pub address: String,
}

/// One choice of the filter by kind.
#[derive(Clone, Debug)]
pub struct KindOption {
    /// The value in the query (`kind`).
    pub value: String,
    /// What it is called.
    pub label: Key,
}

/// `GET /activity?q=&kind=&page=`: what happened in the reader's organisation, newest first.
#[derive(Template)]
#[template(path = "activity/activity.html")]
pub struct ActivityPage {
    /// The reader.
    pub ui: Ui,
    /// This page of the log.
    pub rows: Vec<ActivityRow>,
    /// What was searched for, as typed.
    pub query: String,
    /// The kinds to choose from.
    pub kinds: Vec<KindOption>,
    /// The chosen kind; empty for all.
    pub kind: String,
    /// Which part of the log.
    pub paging: Paging,
}

impl ActivityPage {
    /// Whether the list is narrowed down.
    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || !self.kind.is_empty()
    }

    /// This list, to which `&page=` is added.
    fn page_url(&self) -> String {
        local_url("/activity", &[("q", &self.query), ("kind", &self.kind)])
    }
}
