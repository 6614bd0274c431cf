//! The pages of elevations.

use super::{service, state::MINUTES, store::Row};
use crate::{
    app::moment,
    operators::pages::OperatorBadge,
    portal::{Key, Lang, Paging, Ui, local_url},
    tenancy::text_of,
};
use askama::Template;
use std::fmt::Display;
use time::OffsetDateTime;
use uuid::Uuid;

/// One elevation, for readers.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) id: Uuid,
    pub(super) who: String,
    /// The customer's name in the reader's language and its code; none for the service base.
    pub(super) customer: Option<(String, String)>,
    pub(super) purpose: String,
    pub(super) ticket: String,
    pub(super) minutes: i64,
    pub(super) state: Key,
    pub(super) tone: &'static str,
    pub(super) asked_at: OffsetDateTime,
    pub(super) until: Option<OffsetDateTime>,
    pub(super) decided: Option<(String, OffsetDateTime)>,
    pub(super) decision: String,
    pub(super) ended: Option<(String, OffsetDateTime)>,
    pub(super) acts: i64,
}

/// Which elevations a list shows, by the stored form of their state.
pub(super) const STATES: [(&str, Key); 6] = [
    ("", Key("elevation.state.all")),
    ("asked", Key("elevation.state.asked")),
    ("approved", Key("elevation.state.approved")),
    ("refused", Key("elevation.state.refused")),
    ("lapsed", Key("elevation.state.lapsed")),
    ("ended", Key("elevation.state.ended")),
];

/// `GET /console/elevations`.
#[derive(Template)]
#[template(path = "operators/elevation/list.html")]
pub(super) struct ListPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) rows: Vec<Shown>,
    pub(super) query: String,
    pub(super) state: String,
    pub(super) paging: Paging,
    /// Whether the reader sees everybody's.
    pub(super) sees_all: bool,
    pub(super) may_ask: bool,
    /// Nobody else could decide on what the reader asks for; and whether the reader could add somebody.
    pub(super) alone: Option<bool>,
}

/// `GET /console/elevations/ask`.
#[derive(Template)]
#[template(path = "operators/elevation/ask.html")]
pub(super) struct AskPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) draft: service::Draft,
    pub(super) wrong: service::Wrong,
    /// Codes and names.
    pub(super) customers: Vec<(String, String)>,
    /// Whether the reader works on the service base, too.
    pub(super) base: bool,
    /// Nobody else could decide on it; and whether the reader could add somebody.
    pub(super) alone: Option<bool>,
}

/// `GET /console/elevations/ID`.
#[derive(Template)]
#[template(path = "operators/elevation/one.html")]
pub(super) struct OnePage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) it: Shown,
    pub(super) may_decide: bool,
    pub(super) may_end: bool,
    /// The reader asked for it, and nobody has decided.
    pub(super) is_own_request: bool,
    /// Nobody else could decide on it; and whether the reader could add somebody.
    pub(super) alone: Option<bool>,
    /// What the reader typed, with what is wrong with it.
    pub(super) reason: String,
    pub(super) problem: Option<Key>,
}

impl Shown {
    /// As readers of a language see it at a moment: what has ended by itself is over, also before that is written down.
    pub(super) fn of(row: &Row, lang: Lang, now_ms: i64) -> Self {
        let is_over = row.state == "approved" && row.until_ms.is_none_or(|until| until <= now_ms);
        let (state, tone) = match row.state.as_str() {
            "asked" => (Key("elevation.state.asked"), "note"),
            "approved" if !is_over => (Key("elevation.state.approved"), "good"),
            "refused" => (Key("elevation.state.refused"), "bad"),
            "lapsed" => (Key("elevation.state.lapsed"), ""),
            _ => (Key("elevation.state.ended"), ""),
        };
        let names = row.name_ja.as_ref().zip(row.name_en.as_ref());
        let customer = names.map(|(ja, en)| {
            let code = row.code.clone().unwrap_or_default();
            (text_of(lang, ja, en).to_owned(), code)
        });
        let by = |who: &Option<String>, at_ms: Option<i64>| {
            Some((who.clone().unwrap_or_default(), moment(at_ms?)))
        };
        Self {
            id: row.id,
            who: row.who.clone(),
            customer,
            purpose: row.purpose.clone(),
            ticket: row.ticket.clone(),
            minutes: row.minutes,
            state,
            tone,
            asked_at: moment(row.asked_at_ms),
            until: row.until_ms.map(moment),
            decided: by(&row.decided_who, row.decided_at_ms),
            decision: row.decision.clone().unwrap_or_default(),
            ended: by(&row.ended_who, row.ended_at_ms),
            acts: row.acts,
        }
    }
}

/// A duration as the reader's language says it.
fn duration(ui: &Ui, minutes: i64) -> String {
    if minutes % 60 == 0 {
        ui.t1("elevation.hours", "hours", minutes / 60)
    } else {
        ui.t1("elevation.minutes", "minutes", minutes)
    }
}

impl ListPage {
    fn page_url(&self) -> String {
        let pairs = [("q", self.query.as_str()), ("state", self.state.as_str())];
        local_url("/console/elevations", &pairs)
    }

    fn states() -> [(&'static str, Key); 6] {
        STATES
    }

    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || !self.state.is_empty()
    }

    fn duration(&self, minutes: i64) -> String {
        duration(&self.ui, minutes)
    }
}

impl AskPage {
    /// What may be asked for: the value, its words, and whether it is chosen.
    fn durations(&self) -> Vec<(i64, String, bool)> {
        let chosen = |minutes: i64| self.draft.minutes == minutes.to_string();
        let option = |minutes| (minutes, duration(&self.ui, minutes), chosen(minutes));
        MINUTES.into_iter().map(option).collect()
    }
}

impl OnePage {
    fn heading(&self) -> String {
        let name = match &self.it.customer {
            Some((name, _)) => name.clone(),
            None => self.ui.t("elevation.base").to_owned(),
        };
        let values: [(&str, &dyn Display); 2] = [("who", &self.it.who), ("customer", &name)];
        self.ui.filled("elevation.heading", &values)
    }

    fn duration(&self) -> String {
        duration(&self.ui, self.it.minutes)
    }
}
