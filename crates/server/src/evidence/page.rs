//! The pages of the promises.

use super::{
    Answer, Check, Outcome, Side,
    service::{CheckStanding, Standing},
};
use crate::{
    app,
    portal::{Key, Ui},
};
use askama::Template;
use time::OffsetDateTime;

/// A promise in the list.
#[derive(Clone, Debug)]
pub struct PromiseRow {
    /// Its row in the list of commitments.
    pub id: &'static str,
    /// The clause of ISO/IEC 27017.
    pub clause: &'static str,
    /// Who answers for it.
    pub side: Key,
    /// The promise.
    pub promise: Key,
    /// Whether it holds.
    pub state: State,
    /// What shows it.
    pub checks: Vec<CheckRow>,
}

/// Whether something holds, to be shown.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// `evidence.state.*`.
    pub label: Key,
    /// The badge's tone.
    pub tone: &'static str,
}

/// A check of a promise.
#[derive(Clone, Debug)]
pub struct CheckRow {
    /// What it finds when all is well.
    pub says: Key,
    /// What it found.
    pub state: State,
    /// What it counted.
    pub figures: Vec<(Key, i64)>,
    /// What can be looked at for oneself.
    pub refs: Vec<String>,
    /// Since when it finds the same, and when it did last.
    pub span: Option<(OffsetDateTime, OffsetDateTime)>,
    /// Of how many customers it was asked, and of how many the promise holds.
    pub customers: Option<(usize, usize)>,
    /// What it found before, the newest first.
    pub history: Vec<PastRow>,
}

/// What a check found through a span of time.
#[derive(Clone, Debug)]
pub struct PastRow {
    /// What it found.
    pub state: State,
    /// What it counted last.
    pub figures: Vec<(Key, i64)>,
    /// From when.
    pub from: OffsetDateTime,
    /// Until when.
    pub seen: OffsetDateTime,
}

/// How many promises stand how, as a filter.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// How they stand.
    pub state: State,
    /// `state=` in the address.
    pub name: &'static str,
    /// How many.
    pub count: usize,
    /// Whether only these are shown.
    pub chosen: bool,
}

/// `GET /evidence`: the promises made to the reader's organisation.
#[derive(Template)]
#[template(path = "evidence/evidence.html")]
pub struct EvidencePage {
    /// The reader.
    pub ui: Ui,
    /// How many stand how.
    pub counts: Vec<Count>,
    /// Those that are shown.
    pub rows: Vec<PromiseRow>,
}

/// `GET /evidence/ID`: one promise and what its checks found in the last 31 days.
#[derive(Template)]
#[template(path = "evidence/control.html")]
pub struct ControlPage {
    /// The reader.
    pub ui: Ui,
    /// The promise.
    pub row: PromiseRow,
}

impl State {
    pub(crate) fn of(outcome: Outcome) -> Self {
        let (label, tone) = match outcome {
            Outcome::Holds => (Key("evidence.state.holds"), "good"),
            Outcome::CannotTell => (Key("evidence.state.cannot_tell"), ""),
            Outcome::FallsShort => (Key("evidence.state.falls_short"), "bad"),
        };
        Self { label, tone }
    }
}

/// The promises as they are shown, those alone that stand as the filter says; and how many stand how.
pub(crate) fn rows(
    standings: Vec<Standing>,
    filter: Option<Outcome>,
) -> (Vec<Count>, Vec<PromiseRow>) {
    let count = |outcome: Outcome| Count {
        state: State::of(outcome),
        name: outcome.name(),
        count: standings
            .iter()
            .filter(|standing| standing.outcome() == outcome)
            .count(),
        chosen: filter == Some(outcome),
    };
    let counts = Outcome::ALL.map(count).into();
    let shown = standings
        .into_iter()
        .filter(|standing| filter.is_none_or(|outcome| standing.outcome() == outcome));
    (counts, shown.map(row).collect())
}

pub(super) fn row(standing: Standing) -> PromiseRow {
    let control = standing.control;
    PromiseRow {
        id: control.id,
        clause: control.clause,
        side: match control.side {
            Side::Provider => Key("evidence.side.provider"),
            Side::Both => Key("evidence.side.both"),
        },
        promise: control.promise,
        state: State::of(standing.outcome()),
        checks: standing.checks.into_iter().map(check_row).collect(),
    }
}

fn check_row(standing: CheckStanding) -> CheckRow {
    let check = standing.check;
    CheckRow {
        says: check.says,
        state: State::of(standing.answer.outcome),
        figures: figures(check, &standing.answer),
        span: standing
            .span_ms
            .map(|(from, seen)| (app::moment(from), app::moment(seen))),
        customers: standing.customers,
        history: standing
            .history
            .iter()
            .map(|past| PastRow {
                state: State::of(past.answer.outcome),
                figures: figures(check, &past.answer),
                from: app::moment(past.from_ms),
                seen: app::moment(past.seen_ms),
            })
            .collect(),
        refs: standing.answer.refs,
    }
}

fn figures(check: &Check, answer: &Answer) -> Vec<(Key, i64)> {
    let names = check.figures.iter().copied();
    names.zip(answer.figures.iter().copied()).collect()
}
