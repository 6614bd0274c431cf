//! The list of what happened.

use super::{acts::Outcome, outcome_label};
use crate::{
    app::{ClockReading, ClockState},
    portal::{Key, Paging, Ui, local_url},
};
use askama::Template;
use std::fmt::Display;
use time::OffsetDateTime;

/// One record of the log.
#[derive(Clone, Debug)]
pub struct ActivityRow {
    /// When.
    pub at: OffsetDateTime,
    /// How the clock was then.
    pub clock: ClockReading,
    /// Who did it: a person's name, or empty for the service itself.
    pub who: String,
    /// What happened.
    pub what: Key,
    /// How it ended.
    pub outcome: Outcome,
    /// To what, or with what result; may be empty.
    pub detail: String,
    /// The address it came from; may be empty.
    pub address: String,
}

impl ActivityRow {
    /// Whether nothing kept the clock right, so that the reader must not rely on the time.
    fn is_unsure(&self) -> bool {
        self.clock.state == ClockState::Unsynchronised
    }

    fn outcome_label(&self) -> Key {
        outcome_label(self.outcome)
    }

    /// The badge's tone.
    fn tone(&self) -> &'static str {
        match self.outcome {
            Outcome::Success => "good",
            Outcome::Begun => "",
            Outcome::Refused | Outcome::Interrupted => "note",
            Outcome::Failed => "bad",
        }
    }
}

/// One choice of the filter by kind.
#[derive(Clone, Debug)]
pub struct KindOption {
    /// The value in the query (`kind`).
    pub value: String,
    /// What it is called.
    pub label: Key,
}

/// `GET /activity?q=&kind=&from=&to=&page=`: what happened in the reader's organisation, newest first.
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
    /// The outcomes to choose from.
    pub outcomes: Vec<KindOption>,
    /// The chosen outcome; empty for all.
    pub outcome: String,
    /// The first day that was chosen, `2027-01-15`; empty for all.
    pub from: String,
    /// The last day that was chosen; empty for all.
    pub to: String,
    /// The moment before which an earlier search stopped, if this one goes on from there; Unix milliseconds.
    pub before: Option<i64>,
    /// For how many days records keep what they say.
    pub kept_days: i64,
    /// The first day that can be chosen.
    pub first_day: String,
    /// The last day that can be chosen.
    pub last_day: String,
    /// Which part of the log.
    pub paging: Paging,
    /// Where the search goes on, when it has not looked at everything.
    pub earlier: Option<String>,
    /// The place from which on records are new, when new ones belong on this page.
    pub live_from: Option<i64>,
    /// Whether the reader says where the log is sent.
    pub may_stream: bool,
    /// The log's verifier key, when it holds anything.
    pub vkey: Option<String>,
}

/// `GET /activity/new`: rows that the page does not have yet.
#[derive(Template)]
#[template(path = "activity/rows.html")]
pub struct RowsPart {
    /// The reader.
    pub ui: Ui,
    /// The rows, the newest first.
    pub rows: Vec<ActivityRow>,
}

impl ActivityPage {
    fn lead(&self, tenant: &str) -> String {
        let values: [(&str, &dyn Display); 2] = [("tenant", &tenant), ("days", &self.kept_days)];
        self.ui.filled("activity.lead", &values)
    }

    /// Whether the list is narrowed down.
    fn is_filtered(&self) -> bool {
        let outcome = &self.outcome;
        [&self.query, &self.kind, outcome, &self.from, &self.to]
            .iter()
            .any(|field| !field.is_empty())
            || self.before.is_some()
    }

    /// This list, to which `&page=` is added.
    fn page_url(&self) -> String {
        self.url("/activity")
    }

    /// What is new in this list, to which `&after=` is added.
    fn live_url(&self) -> String {
        self.url("/activity/new")
    }

    /// Where a search goes on that stopped before a moment, Unix milliseconds.
    pub(super) fn earlier_url(&self, before: i64) -> String {
        let (query, kind) = (self.query.as_str(), self.kind.as_str());
        let (from, to, before) = (self.from.as_str(), self.to.as_str(), before.to_string());
        let days = [("from", from), ("to", to), ("before", before.as_str())];
        local_url(
            "/activity",
            &[
                &[("q", query), ("kind", kind), ("outcome", &self.outcome)],
                &days[..],
            ]
            .concat(),
        )
    }

    fn url(&self, path: &str) -> String {
        let (query, kind) = (self.query.as_str(), self.kind.as_str());
        let (from, to) = (self.from.as_str(), self.to.as_str());
        let before = self.before.map(|ms| ms.to_string());
        let mut pairs = vec![("q", query), ("kind", kind)];
        pairs.extend([
            ("outcome", self.outcome.as_str()),
            ("from", from),
            ("to", to),
        ]);
        pairs.extend(before.as_deref().map(|before| ("before", before)));
        local_url(path, &pairs)
    }
}
