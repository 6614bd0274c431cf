//! `/console/elevations`: asking, deciding, ending. Parse, call one use case, answer.

use super::{
    page::{AskPage, ListPage, OnePage, STATES, Shown},
    service::{self, Decision, Draft, ElevationError, MAX_TEXT, Wrong},
    state::Unfit,
    store::Search,
};
use crate::{
    app::App,
    operators::{console::Entered, service::Operator},
    portal::{self, Key, Paging},
    rights::OperatorAction,
    tenancy::text_of,
    visit::{Failure, same},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

const PER_PAGE: u64 = 50;
const MINUTES: &str = "60";

pub(in crate::operators) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/elevations", get(list))
        .route("/console/elevations/ask", get(show_ask).post(ask))
        .route("/console/elevations/{id}", get(show))
        .route("/console/elevations/{id}/approve", post(approve))
        .route("/console/elevations/{id}/refuse", post(refuse))
        .route("/console/elevations/{id}/end", post(end))
}

impl From<ElevationError> for Failure {
    fn from(error: ElevationError) -> Self {
        match error {
            ElevationError::NotFound => Self::NotFound,
            ElevationError::Act(error) => error.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

fn may_add(operator: &Operator) -> bool {
    operator.could(OperatorAction::AddOperator).is_ok()
}

/// Whether the operator could add somebody, where nobody else could decide on what they ask for.
async fn alone(app: &App, operator: &Operator) -> sqlx::Result<Option<bool>> {
    let is_alone = service::is_alone(app, operator).await?;
    Ok(is_alone.then(|| may_add(operator)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    state: String,
    page: u64,
}

async fn list(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let query: String = filter.q.trim().chars().take(100).collect();
    let is_known = STATES.iter().any(|(name, _)| *name == filter.state);
    let state = if is_known {
        filter.state
    } else {
        String::new()
    };
    let page = Paging::asked(filter.page);
    let search = Search {
        text: query.clone(),
        state: state.clone(),
        of: None,
    };
    let offset = ((page - 1) * PER_PAGE).cast_signed();
    let range = (PER_PAGE.cast_signed(), offset);
    let listed = service::list(&app, &entered.operator, &search, range).await?;
    let (lang, now_ms) = (entered.ui.lang, app.clock.now_ms());
    let operator = &entered.operator;
    let page = ListPage {
        rows: listed
            .rows
            .iter()
            .map(|row| Shown::of(row, lang, now_ms))
            .collect(),
        sees_all: operator.authorize(OperatorAction::ListOperators).is_ok(),
        may_ask: operator.authorize(OperatorAction::AskElevation).is_ok(),
        alone: (listed.deciders == 0).then(|| may_add(operator)),
        paging: Paging {
            page,
            per_page: PER_PAGE,
            total: listed.total.unsigned_abs(),
        },
        badge: Some(entered.badge()),
        ui: entered.ui,
        query,
        state,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct For {
    customer: String,
}

async fn show_ask(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(wanted): Query<For>,
) -> Result<Response, Failure> {
    let draft = Draft {
        customer: wanted.customer,
        minutes: MINUTES.to_owned(),
        ..Draft::default()
    };
    ask_page(&app, entered, draft, Wrong::default()).await
}

async fn ask_page(
    app: &App,
    entered: Entered,
    draft: Draft,
    wrong: Wrong,
) -> Result<Response, Failure> {
    let customers = service::customers(app, &entered.operator).await?;
    let lang = entered.ui.lang;
    let named = |rows: Vec<crate::operators::store::CustomerRow>| {
        let rows = rows.into_iter().map(|row| {
            let name = text_of(lang, &row.name_ja, &row.name_en).to_owned();
            (row.code, name)
        });
        rows.collect()
    };
    let status = if wrong == Wrong::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = AskPage {
        customers: named(customers),
        base: service::works_on_base(&entered.operator),
        alone: alone(app, &entered.operator).await?,
        badge: Some(entered.badge()),
        ui: entered.ui,
        draft,
        wrong,
    };
    Ok(portal::page(status, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskForm {
    customer: String,
    purpose: String,
    ticket: String,
    minutes: String,
    csrf: String,
}

async fn ask(
    State(app): State<Arc<App>>,
    entered: Entered,
    Form(form): Form<AskForm>,
) -> Result<Response, Failure> {
    same(&form.csrf, &entered.ui.csrf)?;
    let draft = Draft {
        customer: form.customer,
        purpose: form.purpose,
        ticket: form.ticket,
        minutes: form.minutes,
    };
    match service::ask(&app, &entered.operator, &draft).await {
        Ok(id) => Ok(Redirect::to(&own(id)).into_response()),
        Err(ElevationError::Wrong(wrong)) => ask_page(&app, entered, draft, wrong).await,
        Err(error) => Err(error.into()),
    }
}

fn own(id: Uuid) -> String {
    format!("/console/elevations/{id}")
}

async fn show(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
) -> Result<Response, Failure> {
    one_page(&app, entered, id, String::new(), None).await
}

async fn one_page(
    app: &App,
    entered: Entered,
    id: Uuid,
    reason: String,
    problem: Option<Key>,
) -> Result<Response, Failure> {
    let row = service::one(app, &entered.operator, id).await?;
    let now_ms = app.clock.now_ms();
    let it = row.elevation().ok_or(Failure::NotFound)?;
    let (operator, asked_by) = (&entered.operator, row.operator_id);
    let is_own = operator.id == asked_by;
    let waits = row.state == "asked";
    let may = |action| operator.authorize(action).is_ok();
    let ends = may(OperatorAction::EndElevation { asked_by });
    let page = OnePage {
        may_decide: waits && may(OperatorAction::DecideElevation { asked_by }),
        may_end: ends && (it.is_in_force(now_ms) || waits && is_own),
        is_own_request: waits && is_own,
        alone: alone(app, operator).await?.filter(|_| waits && is_own),
        it: Shown::of(&row, entered.ui.lang, now_ms),
        badge: Some(entered.badge()),
        ui: entered.ui,
        reason,
        problem,
    };
    let status = if problem.is_none() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(portal::page(status, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReasonForm {
    reason: String,
    csrf: String,
}

async fn approve(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, Failure> {
    decide(&app, entered, id, Decision::Approve, form).await
}

async fn refuse(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, Failure> {
    decide(&app, entered, id, Decision::Refuse, form).await
}

async fn decide(
    app: &App,
    entered: Entered,
    id: Uuid,
    decision: Decision,
    form: ReasonForm,
) -> Result<Response, Failure> {
    same(&form.csrf, &entered.ui.csrf)?;
    let done = service::decide(app, &entered.operator, id, decision, &form.reason).await;
    answer(app, entered, id, form.reason, done).await
}

async fn end(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, Failure> {
    same(&form.csrf, &entered.ui.csrf)?;
    let done = service::end(&app, &entered.operator, id).await;
    answer(&app, entered, id, String::new(), done).await
}

/// The elevation's page, with what went wrong and what was typed.
async fn answer(
    app: &App,
    entered: Entered,
    id: Uuid,
    reason: String,
    done: Result<(), ElevationError>,
) -> Result<Response, Failure> {
    let problem = match done {
        Ok(()) => return Ok(Redirect::to(&own(id)).into_response()),
        Err(ElevationError::NoReason) => Key("elevation.wrong.reason"),
        Err(ElevationError::Unfit(Unfit::Over)) => Key("elevation.wrong.over"),
        Err(ElevationError::Unfit(Unfit::Oneself)) => return Err(Failure::Forbidden),
        Err(error) => return Err(error.into()),
    };
    let reason = reason.chars().take(MAX_TEXT).collect();
    one_page(app, entered, id, reason, Some(problem)).await
}
