//! The management console's routes.

use super::{
    catalogue,
    console::{COOKIE, Entered},
    contracts_http, customers, dashboard, domains, door,
    elevation::http as elevations,
    help, inventory,
    pages::{
        ClockPage, ClockRow, Customer, CustomersPage, DOOR, EvidencePage, Machine, MachinesPage,
        OperatorBadge, WorkLogPage, WorkRow,
    },
    people::http as people,
    service::{self, ActError, Operator},
    store::{CustomerRow, MachineRow},
    withdrawal,
};
use crate::{
    activity::{self, What},
    app::{self, App, ClockState},
    clock::Sample,
    evidence,
    portal::{self, Key, Lang, Paging},
    rights::OperatorAction,
    visit::{Failure, same, set_cookie},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

const MACHINES: &str = "/console/machines";
const PER_PAGE: u64 = 50;
/// A machine that was not heard of for so long is away; its link says something every few seconds.
pub(super) const AWAY_MS: i64 = 60_000;

pub(super) fn routes() -> Router<Arc<App>> {
    door::routes()
        .merge(contracts_http::routes())
        .merge(withdrawal::routes())
        .merge(customers::routes())
        .merge(domains::http::routes())
        .merge(catalogue::routes())
        .merge(elevations::routes())
        .merge(people::routes())
        .merge(inventory::routes())
        .merge(help::routes())
        .merge(dashboard::routes())
        .route("/console/leave", post(leave))
        .route("/console/machines", get(machines))
        .route("/console/machines/{id}/drain", post(drain))
        .route("/console/machines/{id}/resume", post(resume))
        .route("/console/clock", get(clock))
        .route("/console/customers", get(customers))
        .route("/console/evidence", get(promises))
        .route("/console/work-log", get(work_log))
}

impl From<ActError> for Failure {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Denied(denied) => denied.into(),
            ActError::NotElevated => Self::NotElevated,
            ActError::Database(error) => error.into(),
        }
    }
}

impl Entered {
    pub(super) fn badge(&self) -> OperatorBadge {
        let may = |action| self.operator.role.authorize(action).is_ok();
        OperatorBadge {
            full_name: self.operator.full_name.clone(),
            role: self.operator.role.key(),
            customers: may(OperatorAction::ListCustomers),
            evidence: may(OperatorAction::ViewEvidence),
            work_log: may(OperatorAction::ReadWorkLog),
            operators: may(OperatorAction::ListOperators),
            elevations: may(OperatorAction::ListOperators) || may(OperatorAction::AskElevation),
            waiting: self.waiting,
            clock_alarm: self.clock_alarm,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Plain {
    #[serde(default)]
    csrf: String,
}

async fn leave(
    State(app): State<Arc<App>>,
    entered: Entered,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    same(&form.csrf, &entered.ui.csrf)?;
    service::leave(&app, &entered.operator, &entered.token).await?;
    let gone = AppendHeaders([(header::SET_COOKIE, set_cookie(COOKIE, "", 0))]);
    Ok((gone, Redirect::to(DOOR)).into_response())
}

async fn machines(State(app): State<Arc<App>>, entered: Entered) -> Result<Response, Failure> {
    machines_page(&app, entered, None, StatusCode::OK).await
}

async fn machines_page(
    app: &App,
    entered: Entered,
    reasonless: Option<Uuid>,
    status: StatusCode,
) -> Result<Response, Failure> {
    let rows = service::machines(app, &entered.operator).await?;
    let now_ms = app.clock.now_ms();
    let page = MachinesPage {
        badge: Some(entered.badge()),
        rows: rows.iter().map(|row| shown(row, now_ms)).collect(),
        may_drain: entered
            .operator
            .role
            .authorize(OperatorAction::Drain)
            .is_ok(),
        ui: entered.ui,
        reasonless,
    };
    Ok(portal::page(status, &page))
}

fn shown(row: &MachineRow, now_ms: i64) -> Machine {
    let is_host = row.kind == "host";
    let (state, tone) = machine_state(row, now_ms);
    let kind = if is_host {
        Key("console.machine.host")
    } else {
        Key("console.machine.gateway")
    };
    Machine {
        id: row.id,
        kind,
        is_host,
        state,
        tone,
        sessions: row.sessions,
        seen_at: row.seen_at_ms.map(app::moment),
        enrolled_at: app::moment(row.enrolled_at_ms),
        is_draining: row.draining_since_ms.is_some(),
    }
}

/// Linked, away or draining, with the badge's tone.
pub(super) fn machine_state(row: &MachineRow, now_ms: i64) -> (Key, &'static str) {
    let is_away = row.seen_at_ms.is_none_or(|at| now_ms - at > AWAY_MS);
    match (is_away, row.draining_since_ms.is_some()) {
        (true, _) => (Key("console.machine.away"), ""),
        (false, true) => (Key("console.machine.draining"), "note"),
        (false, false) => (Key("console.machine.linked"), "good"),
    }
}

#[derive(Debug, Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    csrf: String,
}

async fn drain(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
    Form(form): Form<Reason>,
) -> Result<Response, Failure> {
    set_draining(&app, entered, id, true, form).await
}

async fn resume(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
    Form(form): Form<Reason>,
) -> Result<Response, Failure> {
    set_draining(&app, entered, id, false, form).await
}

async fn set_draining(
    app: &App,
    entered: Entered,
    id: Uuid,
    on: bool,
    form: Reason,
) -> Result<Response, Failure> {
    same(&form.csrf, &entered.ui.csrf)?;
    let reason: String = form.reason.trim().chars().take(200).collect();
    if reason.is_empty() {
        return machines_page(app, entered, Some(id), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    service::drain(app, &entered.operator, id, on, &reason).await?;
    Ok(Redirect::to(MACHINES).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    page: u64,
}

async fn customers(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let query: String = filter.q.trim().chars().take(100).collect();
    let wanted = query.to_lowercase();
    let lang = entered.ui.lang;
    let role = entered.operator.role;
    let may_add = role.authorize(OperatorAction::AddCustomer).is_ok();
    let rows = service::customers(&app, &entered.operator).await?;
    let found = |row: &CustomerRow| {
        let texts = [&row.code, &row.name_ja, &row.name_en];
        texts
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted))
    };
    let page = CustomersPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        rows: rows
            .into_iter()
            .filter(found)
            .map(|row| Customer {
                name: match lang {
                    Lang::Ja => row.name_ja,
                    Lang::En => row.name_en,
                },
                code: row.code,
                people: row.people,
                sessions: row.sessions,
                since: app::moment(row.created_at_ms),
            })
            .collect(),
        query,
        may_add,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn promises(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(filter): Query<evidence::Filter>,
) -> Result<Response, Failure> {
    let role = entered.operator.role.name();
    let standings = evidence::service::of_service(&app, role).await?;
    let (counts, rows) = evidence::rows(standings, filter.outcome());
    let page = EvidencePage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        counts,
        rows,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn clock(State(app): State<Arc<App>>, entered: Entered) -> Result<Response, Failure> {
    let history = service::clock(&app, &entered.operator).await?;
    let page = ClockPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        changes: history.changes.into_iter().map(clock_row).collect(),
        samples: history.samples.into_iter().map(clock_row).collect(),
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn clock_row(row: Sample) -> ClockRow {
    let (state, tone) = match ClockState::from_name(&row.state).unwrap_or_default() {
        ClockState::Synchronised => (Key("console.clock.synchronised"), "good"),
        ClockState::Unsynchronised => (Key("console.clock.unsynchronised"), "bad"),
        ClockState::Unknown => (Key("console.clock.unknown"), "note"),
    };
    ClockRow {
        at: app::moment(row.at_ms),
        node: row.node,
        state,
        tone,
        error_us: row.error_us,
        offset_us: row.offset_us,
    }
}

async fn work_log(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let Operator { role, .. } = &entered.operator;
    role.authorize(OperatorAction::ReadWorkLog)?;
    let query: String = filter.q.trim().chars().take(100).collect();
    let (total, rows) =
        activity::work_log(&app, &query, Paging::asked(filter.page), PER_PAGE).await?;
    let paging = Paging {
        page: Paging::asked(filter.page),
        per_page: PER_PAGE,
        total,
    };
    let page = WorkLogPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        rows: rows.into_iter().map(work_row).collect(),
        query,
        paging,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

/// A record of the work log as pages show it.
pub(super) fn work_row(row: activity::Row) -> WorkRow {
    WorkRow {
        at: app::moment(row.at_ms),
        who: row.who,
        what: What::from_name(&row.what).map_or(Key("activity.what.other"), activity::label),
        detail: row.detail,
        address: row.address,
    }
}
