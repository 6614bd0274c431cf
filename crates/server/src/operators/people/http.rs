//! `/console/operators`: the owner looks after operators. Parse, call one use case, answer.

use super::{
    page::{ActPage, AddPage, ListPage, PapersPage, PersonPage, Shown, Sort, roles},
    service::{self, Act, Draft, Papers, PeopleError, Wrong},
    store::PersonRow,
};
use crate::{
    app::App,
    operators::{console::Entered, elevation::service as elevation, role::OperatorRole},
    portal::{self, Key, Paging},
    rights::OperatorAction,
    visit::{Failure, same},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

const LIST: &str = "/console/operators";
const PER_PAGE: u64 = 50;

pub(in crate::operators) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/operators", get(list))
        .route("/console/operators/add", get(show_add).post(add))
        .route("/console/operators/{id}", get(show).post(set_role))
        .route("/console/operators/{id}/{name}", get(ask_first).post(act))
}

impl From<PeopleError> for Failure {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NotFound => Self::NotFound,
            PeopleError::Act(error) => error.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    state: String,
    sort: String,
    order: String,
    page: u64,
    done: String,
}

async fn list(
    State(app): State<Arc<App>>,
    entered: Entered,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let query: String = filter.q.trim().chars().take(100).collect();
    let wanted = query.to_lowercase();
    let lang = entered.ui.lang;
    let mut rows = service::list(&app, &entered.operator).await?;
    rows.retain(|row| {
        let role = OperatorRole::from_name(&row.role);
        let role = role.map_or("", |role| lang.text(role.key().0));
        let texts = [row.full_name.as_str(), &row.login, role];
        let found = texts
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted));
        found && (filter.state.is_empty() || filter.state == row.state)
    });
    let (sort, descending) = (Sort::from_name(&filter.sort), filter.order == "desc");
    sort_rows(&mut rows, sort, descending);
    let paging = Paging {
        page: Paging::asked(filter.page),
        per_page: PER_PAGE,
        total: rows.len() as u64,
    };
    let now_ms = app.clock.now_ms();
    let skipped = usize::try_from((paging.page - 1) * PER_PAGE).unwrap_or(usize::MAX);
    let shown = rows.iter().skip(skipped).take(50);
    let page = ListPage {
        rows: shown.map(|row| Shown::of(row, now_ms)).collect(),
        may_add: entered.operator.could(OperatorAction::AddOperator).is_ok(),
        alone: elevation::is_alone(&app, &entered.operator).await?,
        badge: Some(entered.badge()),
        ui: entered.ui,
        query,
        state: filter.state,
        sort,
        descending,
        paging,
        done: (filter.done == "removed").then_some(Key("operators.done.removed")),
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn sort_rows(rows: &mut [PersonRow], sort: Sort, descending: bool) {
    match sort {
        Sort::Name => rows.sort_by(|a, b| a.full_name.cmp(&b.full_name)),
        Sort::LastSignIn => rows.sort_by_key(|row| row.last_sign_in_ms),
        Sort::Certificate => rows.sort_by_key(|row| row.certificate_until_ms),
    }
    if descending {
        rows.reverse();
    }
}

async fn show_add(State(app): State<Arc<App>>, entered: Entered) -> Result<Response, Failure> {
    entered.operator.could(OperatorAction::AddOperator)?;
    let draft = Draft {
        role: OperatorRole::Support.name().to_owned(),
        ..Draft::default()
    };
    add_page(&app, entered, draft, Wrong::default()).await
}

async fn add_page(
    app: &App,
    entered: Entered,
    draft: Draft,
    wrong: Wrong,
) -> Result<Response, Failure> {
    let status = if wrong == Wrong::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = AddPage {
        leave: elevation::leave(app, &entered.operator, OperatorAction::AddOperator).await?,
        badge: Some(entered.badge()),
        ui: entered.ui,
        draft,
        wrong,
        roles: roles(),
    };
    Ok(portal::page(status, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddForm {
    login: String,
    full_name: String,
    role: String,
    csrf: String,
}

async fn add(
    State(app): State<Arc<App>>,
    entered: Entered,
    Form(form): Form<AddForm>,
) -> Result<Response, Failure> {
    same(&form.csrf, &entered.ui.csrf)?;
    let draft = Draft {
        login: form.login,
        full_name: form.full_name,
        role: form.role,
    };
    match service::invite(&app, &entered.operator, &draft).await {
        Ok(papers) => Ok(papers_page(&app, entered, papers)),
        Err(PeopleError::Wrong(wrong)) => add_page(&app, entered, draft, wrong).await,
        Err(error) => Err(error.into()),
    }
}

/// Shown once: what is on it is kept nowhere.
fn papers_page(app: &App, entered: Entered, papers: Papers) -> Response {
    let url = &app.config.management_url;
    let file = papers.file.map(|file| (file.address(), file.password));
    let page = PapersPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        full_name: papers.full_name,
        login: papers.login,
        file,
        link: papers
            .link
            .map(|link| format!("{url}/console/first/{link}")),
    };
    portal::page(StatusCode::OK, &page)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    let done = match query.done.as_str() {
        "role" => Some(Key("operators.done.role")),
        "suspend" => Some(Key("operators.done.suspended")),
        "resume" => Some(Key("operators.done.resumed")),
        _ => None,
    };
    person_page(
        &app,
        entered,
        id,
        Said {
            done,
            ..Said::default()
        },
    )
    .await
}

/// What the page says besides who it is.
#[derive(Default)]
struct Said {
    role_error: Option<Key>,
    problem: Option<Key>,
    done: Option<Key>,
}

async fn person_page(
    app: &App,
    entered: Entered,
    id: Uuid,
    said: Said,
) -> Result<Response, Failure> {
    let row = service::person(app, &entered.operator, id).await?;
    let manage = OperatorAction::ManageOperator { other: id };
    let empower = OperatorAction::EmpowerOperator { other: id };
    let leave = elevation::leave(app, &entered.operator, empower).await?;
    let may = |act: &Act| act.fits(&row.state) && (leave.may() || !act.empowers());
    let acts = Act::ALL.into_iter().filter(may);
    let page = PersonPage {
        it: Shown::of(&row, app.clock.now_ms()),
        roles: roles(),
        acts: acts.collect(),
        may_manage: entered.operator.authorize(manage).is_ok(),
        leave,
        yourself: entered.operator.id == id,
        role: row.role,
        badge: Some(entered.badge()),
        ui: entered.ui,
        role_error: said.role_error,
        problem: said.problem,
        done: said.done,
    };
    let status = if said.problem.is_none() && said.role_error.is_none() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(portal::page(status, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RoleForm {
    role: String,
    csrf: String,
}

async fn set_role(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(id): Path<Uuid>,
    Form(form): Form<RoleForm>,
) -> Result<Response, Failure> {
    same(&form.csrf, &entered.ui.csrf)?;
    match service::set_role(&app, &entered.operator, id, &form.role).await {
        Ok(()) => Ok(Redirect::to(&format!("{LIST}/{id}?done=role")).into_response()),
        Err(PeopleError::Wrong(wrong)) => {
            let said = Said {
                role_error: wrong.role,
                ..Said::default()
            };
            person_page(&app, entered, id, said).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn ask_first(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((id, name)): Path<(Uuid, String)>,
) -> Result<Response, Failure> {
    let act = Act::from_name(&name).ok_or(Failure::NotFound)?;
    entered
        .operator
        .authorize(OperatorAction::ManageOperator { other: id })?;
    let row = service::person(&app, &entered.operator, id).await?;
    if !act.fits(&row.state) {
        return unfit(&app, entered, id).await;
    }
    let empower = OperatorAction::EmpowerOperator { other: id };
    if act.empowers()
        && !elevation::leave(&app, &entered.operator, empower)
            .await?
            .may()
    {
        return Err(Failure::NotElevated);
    }
    let page = ActPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        id,
        full_name: row.full_name,
        login: row.login,
        act,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn unfit(app: &App, entered: Entered, id: Uuid) -> Result<Response, Failure> {
    let said = Said {
        problem: Some(Key("operators.wrong.state")),
        ..Said::default()
    };
    person_page(app, entered, id, said).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ActForm {
    csrf: String,
}

async fn act(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((id, name)): Path<(Uuid, String)>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    let act = Act::from_name(&name).ok_or(Failure::NotFound)?;
    same(&form.csrf, &entered.ui.csrf)?;
    let papers = match service::act(&app, &entered.operator, id, act).await {
        Ok(papers) => papers,
        Err(PeopleError::State) => return unfit(&app, entered, id).await,
        Err(error) => return Err(error.into()),
    };
    Ok(match act {
        Act::Renew | Act::ResetCodes => papers_page(&app, entered, papers),
        Act::Remove => Redirect::to(&format!("{LIST}?done=removed")).into_response(),
        Act::Suspend | Act::Resume => {
            Redirect::to(&format!("{LIST}/{id}?done={}", act.name())).into_response()
        }
    })
}
