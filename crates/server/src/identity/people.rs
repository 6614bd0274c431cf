//! `GET /users`: the people of one's organisation, for administrators.

use super::{
    page::{AccountState, UserRow as Shown, UserSort, UsersPage},
    store::{self, UserOrder, UserRow},
};
use crate::{
    actor::Role,
    app::{self, App},
    notices::{self, Delivered},
    portal::{self, Key, Paging},
    rights::{self, Action},
    visit::{Failure, SignedIn, role_key},
};
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use std::sync::Arc;

const PER_PAGE: u64 = 25;
const PER_PAGE_ROWS: usize = 25;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    sort: String,
    order: String,
    page: u64,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ListUsers)?;
    let query: String = filter.q.trim().chars().take(100).collect();
    let order = UserOrder {
        by: UserSort::from_name(&filter.sort),
        descending: filter.order == "desc",
    };
    let tenant = signed.actor.tenant;
    let mut tx = app.db.read(tenant).await?;
    let found = store::users(&mut tx, tenant, &query, order).await?;
    let mut paging = Paging {
        page: Paging::asked(filter.page),
        per_page: PER_PAGE,
        total: found.len() as u64,
    };
    paging.page = paging.page.min(paging.pages());
    let offset = usize::try_from((paging.page - 1) * PER_PAGE).unwrap_or(usize::MAX);
    drop(tx);
    let mut links = notices::last_links(&app, &signed.actor)
        .await
        .map_err(|error| Failure::Internal(error.to_string()))?;
    let rows = found.into_iter().skip(offset).take(PER_PAGE_ROWS);
    let rows = rows.map(|row| {
        let mail = links.remove(&row.id);
        shown(row, mail)
    });
    let page = UsersPage {
        manages: rights::authorize(&signed.actor, Action::ManageUsers).is_ok(),
        ui: signed.ui,
        rows: rows.collect(),
        query,
        sort: order.by,
        descending: order.descending,
        paging,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

/// Where an account stands, of its stored form.
pub(super) fn account_state(state: &str) -> AccountState {
    match state {
        "active" => AccountState::Active,
        "invited" => AccountState::Invited,
        _ => AccountState::Locked,
    }
}

fn shown(row: UserRow, mail: Option<Delivered>) -> Shown {
    Shown {
        id: row.id,
        full_name: row.full_name,
        email: row.email,
        role: Role::from_name(&row.role).map_or(Key("role.user"), role_key),
        state: account_state(&row.state),
        last_sign_in: row.last_sign_in_ms.map(app::moment),
        mail,
    }
}
