//! `GET /console/`: how the service stands, as far as the operator's role sees it; nothing that a customer has stored.

use super::{
    console::Entered,
    http::{AWAY_MS, work_row},
    pages::{OperatorBadge, WorkRow},
    service::{self, ActError, Operator},
    store::{LimitRow, MachineRow},
};
use crate::{
    activity,
    app::{self, App, ClockState},
    evidence::{self, Outcome},
    overview::Tile,
    portal::{self, Key, Lang, Ui},
    rights::OperatorAction,
    visit::Failure,
};
use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use certificates::FEW_DAYS;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// How many of the operators' last acts are shown.
const LAST_ACTS: u64 = 5;
/// From so many in a hundred on, a limit is nearly used.
const NEARLY: i64 = 90;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/console/", get(show))
}

/// How many sessions a host carries.
#[derive(Clone, Debug)]
pub struct HostLoad {
    /// The host.
    pub id: Uuid,
    /// Sessions on it that are not over.
    pub sessions: i64,
    /// Linked, away or draining.
    pub state: Key,
    /// The badge's tone.
    pub tone: &'static str,
}

/// A customer who can hardly have more.
#[derive(Clone, Debug)]
pub struct NearLimit {
    /// Its name in the reader's language.
    pub name: String,
    /// Its code.
    pub code: String,
    /// Accounts, and how many there may be.
    pub people: (i64, i64),
    /// Sessions, and how many there may be.
    pub sessions: (i64, i64),
}

/// How the service stands.
#[derive(Template)]
#[template(path = "operators/dashboard.html")]
pub struct DashboardPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// When it was so.
    pub at: OffsetDateTime,
    /// The figures.
    pub tiles: Vec<Tile>,
    /// Session hosts.
    pub hosts: Vec<HostLoad>,
    /// Customers whose limits are nearly used; `None` for those who see no customers' contracts.
    pub near: Option<Vec<NearLimit>>,
    /// What operators did last; `None` for those who read no work log.
    pub acts: Option<Vec<WorkRow>>,
}

impl NearLimit {
    fn people(&self, ui: &Ui) -> String {
        used(ui, self.people)
    }

    fn sessions(&self, ui: &Ui) -> String {
        used(ui, self.sessions)
    }
}

fn used(ui: &Ui, (used, most): (i64, i64)) -> String {
    ui.filled("contract.of", &[("used", &used), ("most", &most)])
}

async fn show(State(app): State<Arc<App>>, entered: Entered) -> Result<Response, Failure> {
    let operator = &entered.operator;
    let may = |action| operator.role.authorize(action).is_ok();
    let now_ms = app.clock.now_ms();
    let machines = service::machines(&app, operator).await?;
    let mut tiles = machine_tiles(&machines, now_ms);
    tiles.push(clock_tile(&app, operator, &entered.ui).await?);
    tiles.push(certificate_tile(&app, &entered.ui));
    if may(OperatorAction::ViewEvidence) {
        tiles.push(promises_tile(&app, operator, &entered.ui).await?);
    }
    let near = if may(OperatorAction::ViewContract) {
        let rows = service::near_limits(&app, operator, NEARLY).await?;
        Some(
            rows.into_iter()
                .map(|row| near(row, entered.ui.lang))
                .collect(),
        )
    } else {
        None
    };
    let acts = if may(OperatorAction::ReadWorkLog) {
        let (_, rows) = activity::work_log(&app, "", 1, LAST_ACTS).await?;
        Some(rows.into_iter().map(work_row).collect())
    } else {
        None
    };
    let page = DashboardPage {
        badge: Some(entered.badge()),
        at: app::moment(now_ms),
        tiles,
        hosts: machines
            .iter()
            .filter(|row| row.kind == "host")
            .map(|row| load(row, now_ms))
            .collect(),
        near,
        acts,
        ui: entered.ui,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn is_away(row: &MachineRow, now_ms: i64) -> bool {
    row.seen_at_ms.is_none_or(|at| now_ms - at > AWAY_MS)
}

fn load(row: &MachineRow, now_ms: i64) -> HostLoad {
    let (state, tone) = super::http::machine_state(row, now_ms);
    HostLoad {
        id: row.id,
        sessions: row.sessions,
        state,
        tone,
    }
}

fn machine_tiles(machines: &[MachineRow], now_ms: i64) -> Vec<Tile> {
    let count =
        |fits: &dyn Fn(&MachineRow) -> bool| machines.iter().filter(|row| fits(row)).count();
    let away = count(&|row| is_away(row, now_ms));
    let draining = count(&|row| !is_away(row, now_ms) && row.draining_since_ms.is_some());
    let linked = machines.len() - away - draining;
    let sessions: i64 = machines.iter().map(|row| row.sessions).sum();
    let tile = |name, label, figure: String, tone| Tile {
        name,
        label,
        figure,
        notes: Vec::new(),
        tone,
        href: "/console/machines".to_owned(),
    };
    vec![
        tile(
            "linked",
            Key("console.machines.linked"),
            linked.to_string(),
            "",
        ),
        tile(
            "away",
            Key("console.machines.away"),
            away.to_string(),
            if away > 0 { "bad" } else { "" },
        ),
        tile(
            "draining",
            Key("console.machines.draining"),
            draining.to_string(),
            if draining > 0 { "note" } else { "" },
        ),
        tile(
            "sessions",
            Key("overview.running"),
            sessions.to_string(),
            "",
        ),
    ]
}

async fn clock_tile(app: &App, operator: &Operator, ui: &Ui) -> Result<Tile, ActError> {
    let history = service::clock(app, operator).await?;
    let newest = history.samples.first();
    let state = newest.and_then(|sample| ClockState::from_name(&sample.state));
    let (text, tone) = match state.unwrap_or_default() {
        ClockState::Synchronised => (Key("console.clock.synchronised"), ""),
        ClockState::Unsynchronised => (Key("console.clock.unsynchronised"), "bad"),
        ClockState::Unknown => (Key("console.clock.unknown"), "note"),
    };
    Ok(Tile {
        name: "clock",
        label: Key("console.nav.clock"),
        figure: ui.label(text).to_owned(),
        notes: newest
            .map(|sample| sample.node.clone())
            .into_iter()
            .collect(),
        tone,
        href: "/console/clock".to_owned(),
    })
}

/// How long the certificate of a public authority is good that browsers are shown.
fn certificate_tile(app: &App, ui: &Ui) -> Tile {
    let days = app.certificates.days_left(app.clock.now_s());
    let (figure, note, tone) = match days {
        None => (
            ui.t("console.certificate.own").to_owned(),
            ui.t("console.certificate.own_note").to_owned(),
            "",
        ),
        Some(days) if days < 0 => (
            ui.t("console.certificate.ended").to_owned(),
            ui.t("console.certificate.renew").to_owned(),
            "bad",
        ),
        Some(days) if days < FEW_DAYS => (
            ui.t1("tokens.days", "days", days),
            ui.t("console.certificate.renew").to_owned(),
            "bad",
        ),
        Some(days) => (
            ui.t1("tokens.days", "days", days),
            ui.t("console.certificate.left").to_owned(),
            "",
        ),
    };
    Tile {
        name: "certificate",
        label: Key("console.certificate.title"),
        figure,
        notes: vec![note],
        tone,
        href: "/console/help/operators".to_owned(),
    }
}

async fn promises_tile(app: &App, operator: &Operator, ui: &Ui) -> Result<Tile, Failure> {
    let standings = evidence::service::of_service(app, operator.role.name()).await?;
    let short = standings
        .iter()
        .filter(|standing| standing.outcome() == Outcome::FallsShort)
        .count();
    Ok(Tile {
        name: "promises",
        label: Key("overview.promises"),
        figure: short.to_string(),
        notes: vec![ui.t1("overview.of_promises", "all", standings.len())],
        tone: if short > 0 { "bad" } else { "" },
        href: if short > 0 {
            "/console/evidence?state=falls_short".to_owned()
        } else {
            "/console/evidence".to_owned()
        },
    })
}

fn near(row: LimitRow, lang: Lang) -> NearLimit {
    NearLimit {
        name: match lang {
            Lang::Ja => row.name_ja,
            Lang::En => row.name_en,
        },
        code: row.code,
        people: (row.people, row.max_people),
        sessions: (row.sessions, row.max_sessions),
    }
}
