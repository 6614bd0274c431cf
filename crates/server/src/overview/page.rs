//! The page of how things stand.

use super::{Chart, service::Facts};
use crate::{
    activity::{self, What},
    app,
    identity::Headcount,
    portal::{Key, Ui},
    tenancy::Overview,
};
use askama::Template;
use time::OffsetDateTime;

/// From so many in a hundred on, a limit is nearly used.
const NEARLY: i64 = 90;

/// A figure with the way to where one acts.
#[derive(Clone, Debug)]
pub struct Tile {
    /// By what the script finds it again; unique on the page.
    pub name: &'static str,
    /// What is counted.
    pub label: Key,
    /// How much.
    pub figure: String,
    /// More about it.
    pub notes: Vec<String>,
    /// The badge's tone, where something should be done; empty otherwise.
    pub tone: &'static str,
    /// Where one acts.
    pub href: String,
}

/// `GET /overview`.
#[derive(Template)]
#[template(path = "overview/overview.html")]
pub struct OverviewPage {
    /// The reader.
    pub ui: Ui,
    /// When it was so.
    pub at: OffsetDateTime,
    /// The figures.
    pub tiles: Vec<Tile>,
    /// Sessions of the last days.
    pub chart: Option<Chart>,
}

impl Tile {
    /// Whether something should be done.
    #[must_use]
    pub fn calls(&self) -> bool {
        matches!(self.tone, "bad" | "note")
    }
}

/// The page of what the reader may see.
pub(super) fn page(ui: Ui, facts: &Facts) -> OverviewPage {
    OverviewPage {
        at: app::moment(facts.at_ms),
        tiles: tiles(&ui, facts),
        chart: facts.pulse.as_ref().map(|pulse| Chart::of(&pulse.days)),
        ui,
    }
}

fn tiles(ui: &Ui, facts: &Facts) -> Vec<Tile> {
    let mut tiles = Vec::new();
    tiles.extend(facts.promises.map(|promises| promises_tile(ui, promises)));
    tiles.extend(facts.refused.map(|count| refused_tile(ui, count)));
    tiles.extend(
        facts
            .people
            .map(|people| people_tiles(ui, people))
            .into_iter()
            .flatten(),
    );
    tiles.extend(facts.pulse.as_ref().map(|pulse| Tile {
        name: "sessions",
        label: Key("overview.running"),
        figure: pulse.running.to_string(),
        notes: vec![ui.t1("overview.connected", "count", pulse.connected)],
        tone: "",
        href: of_kind(What::SessionRequested),
    }));
    if let Some(agreed) = &facts.contract {
        tiles.extend(agreed_tiles(ui, agreed));
    }
    tiles.extend(facts.tokens.map(|tokens| tokens_tile(ui, tokens)));
    tiles.extend(facts.export.as_ref().map(|export| Tile {
        name: "export",
        label: Key("overview.export"),
        figure: ui.time(&app::moment(export.at_ms)),
        notes: vec![
            ui.label(activity::label(export.what)).to_owned(),
            export.who.clone(),
        ],
        tone: "",
        href: of_kind(export.what),
    }));
    tiles
}

fn promises_tile(ui: &Ui, (short, all): (usize, usize)) -> Tile {
    let (tone, href) = if short > 0 {
        ("bad", "/evidence?state=falls_short")
    } else {
        ("", "/evidence")
    };
    Tile {
        name: "promises",
        label: Key("overview.promises"),
        figure: short.to_string(),
        notes: vec![ui.t1("overview.of_promises", "all", all)],
        tone,
        href: href.to_owned(),
    }
}

fn refused_tile(ui: &Ui, count: u64) -> Tile {
    Tile {
        name: "refused",
        label: Key("overview.refused"),
        figure: count.to_string(),
        notes: vec![ui.t("overview.last_day").to_owned()],
        tone: "",
        href: of_kind(What::SignInRefused),
    }
}

/// Where people stand, and how many of them have a second factor.
fn people_tiles(ui: &Ui, people: Headcount) -> [Tile; 2] {
    let bare = people.active - people.with_factor;
    [
        Tile {
            name: "people",
            label: Key("overview.people"),
            figure: people.active.to_string(),
            notes: vec![
                ui.t1("overview.invited", "count", people.invited),
                ui.t1("overview.suspended", "count", people.suspended),
            ],
            tone: "",
            href: "/users".to_owned(),
        },
        Tile {
            name: "factors",
            label: Key("overview.factors"),
            figure: of(ui, people.with_factor, people.active),
            notes: vec![ui.t1("overview.without_factor", "count", bare)],
            tone: if bare > 0 { "note" } else { "" },
            href: "/sign-in-rules".to_owned(),
        },
    ]
}

/// One's own tokens that end soon, and when the first of them does.
fn tokens_tile(ui: &Ui, (count, first_ms): (usize, Option<i64>)) -> Tile {
    let first = first_ms.map(|ms| ui.t1("overview.first_ends", "at", ui.time(&app::moment(ms))));
    Tile {
        name: "tokens",
        label: Key("overview.tokens"),
        figure: count.to_string(),
        notes: first.into_iter().collect(),
        tone: if count > 0 { "note" } else { "" },
        href: "/tokens".to_owned(),
    }
}

/// How much of the contract is used, until when it is good, and whether its terms still wait for somebody.
fn agreed_tiles(ui: &Ui, agreed: &Overview) -> Vec<Tile> {
    let Some(contract) = agreed.contract() else {
        return vec![Tile {
            name: "contract",
            label: Key("contract.title"),
            figure: ui.t("contract.not_in_force").to_owned(),
            notes: Vec::new(),
            tone: "bad",
            href: "/contract".to_owned(),
        }];
    };
    let until = contract.ends_on.as_deref();
    let period = until.map(|day| ui.t1("overview.until", "day", ui.day(day)));
    let coming = agreed.coming();
    let coming = coming
        .first()
        .map(|row| ui.t1("overview.coming", "day", ui.day(&row.counts_from)));
    let limit = |name, label, used: i64, most: i64| Tile {
        name,
        label,
        figure: of(ui, used, most),
        notes: Vec::new(),
        tone: if used * 100 >= most * NEARLY {
            "note"
        } else {
            ""
        },
        href: "/contract".to_owned(),
    };
    let mut tiles = vec![
        Tile {
            name: "contract",
            label: Key("contract.title"),
            figure: if agreed.in_force {
                ui.t("contract.in_force").to_owned()
            } else {
                ui.t("contract.not_in_force").to_owned()
            },
            notes: period.into_iter().chain(coming).collect(),
            tone: if agreed.in_force { "" } else { "bad" },
            href: "/contract".to_owned(),
        },
        limit(
            "people_limit",
            Key("overview.people_limit"),
            agreed.people,
            contract.max_people,
        ),
        limit(
            "sessions_limit",
            Key("overview.sessions_limit"),
            agreed.sessions,
            contract.max_sessions,
        ),
    ];
    if agreed.accepted().is_none() {
        tiles.push(Tile {
            name: "terms",
            label: Key("contract.terms"),
            figure: ui.t("contract.not_accepted").to_owned(),
            notes: Vec::new(),
            tone: "bad",
            href: "/terms".to_owned(),
        });
    }
    tiles
}

fn of(ui: &Ui, used: i64, most: i64) -> String {
    ui.filled("contract.of", &[("used", &used), ("most", &most)])
}

fn of_kind(what: What) -> String {
    format!("/activity?kind={}", what.name())
}
