//! `/devices`.

use super::{
    issue::LIVES_DAYS,
    page::{
        DeviceAct, DeviceActPage, DeviceItem, DeviceSort, DeviceState, DevicesPage, IssuePage,
        IssuedPage,
    },
    service::{self, DeviceError, Draft, Issued, Listed, Wrong},
    step_http, trust_http,
};
use crate::{
    app::{self, App},
    portal::{self, Paging},
    rights::{self, Action},
    visit::{Failure, SignedIn},
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

const PER_PAGE: u64 = 25;
const PER_PAGE_ROWS: usize = 25;
/// A certificate that ends within this time is told of, in milliseconds.
const SOON_MS: i64 = 30 * 24 * 60 * 60 * 1000;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/devices", get(list))
        .route("/devices/issue", get(show_issue).post(issue))
        .route("/devices/{id}/revoke", get(show_revoke).post(revoke))
        .route("/devices/{id}/renew", get(show_renew).post(renew))
        .merge(trust_http::routes())
        .merge(step_http::routes())
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Denied(denied) => denied.into(),
            DeviceError::NotFound => Self::NotFound,
            DeviceError::Database(error) => error.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    sort: String,
    order: String,
    page: u64,
    done: String,
}

async fn list(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let query: String = filter.q.trim().chars().take(100).collect();
    let sort = DeviceSort::from_name(&filter.sort);
    let descending = filter.order == "desc";
    let now_ms = app.clock.now_ms();
    let found = service::list(&app, &signed.actor, &query).await?;
    let mut rows: Vec<DeviceItem> = found
        .into_iter()
        .map(|listed| item(listed, now_ms))
        .collect();
    rows.sort_by(|a, b| {
        let order = match sort {
            DeviceSort::Name => a.name.cmp(&b.name),
            DeviceSort::Person => a.person.cmp(&b.person),
            DeviceSort::Until => a.until.cmp(&b.until),
            DeviceSort::Shown => a.shown.cmp(&b.shown),
        };
        let order = if descending { order.reverse() } else { order };
        order.then(b.id.cmp(&a.id))
    });
    let mut paging = Paging {
        page: Paging::asked(filter.page),
        per_page: PER_PAGE,
        total: rows.len() as u64,
    };
    paging.page = paging.page.min(paging.pages());
    let offset = usize::try_from((paging.page - 1) * PER_PAGE).unwrap_or(usize::MAX);
    let page = DevicesPage {
        manages: rights::authorize(&signed.actor, Action::ManageUsers).is_ok(),
        ui: signed.ui,
        rows: rows.into_iter().skip(offset).take(PER_PAGE_ROWS).collect(),
        query,
        sort,
        descending,
        paging,
        is_revoked: filter.done == "revoked",
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn item(Listed { row, person }: Listed, now_ms: i64) -> DeviceItem {
    let left_ms = row.not_after_ms - now_ms;
    let state = match row.revoked_at_ms {
        Some(_) => DeviceState::Revoked,
        None if left_ms <= 0 => DeviceState::Ended,
        None if left_ms < SOON_MS => DeviceState::EndsSoon,
        None => DeviceState::Good,
    };
    DeviceItem {
        id: row.id,
        name: row.name,
        person,
        is_own: row.kind == "own",
        serial: row.serial,
        until: app::moment(row.not_after_ms),
        shown: row.shown_at_ms.map(app::moment),
        state,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct IssueForm {
    person: String,
    name: String,
    days: String,
    csrf: String,
}

async fn show_issue(signed: SignedIn, Query(query): Query<IssueForm>) -> Result<Response, Failure> {
    let draft = Draft {
        person: query.person,
        days: LIVES_DAYS[0],
        ..Draft::default()
    };
    issue_page(signed, draft, Wrong::default())
}

fn issue_page(signed: SignedIn, draft: Draft, wrong: Wrong) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    let page = IssuePage {
        ui: signed.ui,
        lives: LIVES_DAYS.map(|days| (days, days == draft.days)).into(),
        draft,
        wrong,
    };
    let status = status(wrong != Wrong::default());
    Ok(portal::page(status, &page))
}

pub(super) fn status(is_wrong: bool) -> StatusCode {
    if is_wrong {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    }
}

async fn issue(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<IssueForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let draft = Draft {
        person: form.person,
        name: form.name,
        days: form.days.parse().unwrap_or_default(),
    };
    match service::issue(&app, &signed.actor, &draft).await {
        Ok(issued) => Ok(issued_page(signed, issued)),
        Err(DeviceError::Wrong(wrong)) => issue_page(signed, draft, wrong),
        Err(error) => Err(error.into()),
    }
}

fn issued_page(signed: SignedIn, issued: Issued) -> Response {
    let page = IssuedPage {
        ui: signed.ui,
        name: issued.name,
        person: issued.person,
        file_name: issued.file_name,
        file: issued.file.address(),
        password: issued.file.password,
        until: app::moment(issued.not_after_ms),
    };
    portal::page(StatusCode::OK, &page)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Plain {
    pub(super) csrf: String,
}

pub(super) fn id_of(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::NotFound)
}

async fn act_page(
    app: &App,
    signed: SignedIn,
    (act, id): (DeviceAct, Uuid),
    is_lockout: bool,
) -> Result<Response, Failure> {
    let listed = service::get(app, &signed.actor, id).await?;
    let page = DeviceActPage {
        ui: signed.ui,
        act,
        item: item(listed, app.clock.now_ms()),
        is_lockout,
    };
    Ok(portal::page(status(is_lockout), &page))
}

async fn show_revoke(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id_of(&id)?;
    act_page(&app, signed, (DeviceAct::Revoke, id), false).await
}

async fn revoke(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = id_of(&id)?;
    match service::revoke(&app, &signed.actor, id).await {
        Ok(()) => Ok(Redirect::to("/devices?done=revoked").into_response()),
        Err(DeviceError::Lockout) => act_page(&app, signed, (DeviceAct::Revoke, id), true).await,
        Err(error) => Err(error.into()),
    }
}

async fn show_renew(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id_of(&id)?;
    act_page(&app, signed, (DeviceAct::Renew, id), false).await
}

async fn renew(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let issued = service::renew(&app, &signed.actor, id_of(&id)?).await?;
    Ok(issued_page(signed, issued))
}
