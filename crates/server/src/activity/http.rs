//! `GET /activity`.

use super::{
    What,
    page::{ActivityPage, ActivityRow, KindOption},
    store::{self, Search},
};
use crate::{
    app::{self, App},
    portal::{self, Key, Paging},
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

const PER_PAGE: u64 = 50;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/activity", get(list))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    kind: String,
    page: u64,
}

async fn list(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ReadActivity)?;
    let query: String = filter.q.trim().chars().take(100).collect();
    let kind = What::from_name(&filter.kind).map_or("", What::name);
    let search = Search {
        text: &query,
        what: kind,
    };
    let mut tx = app.db.read().await?;
    let tenant = signed.actor.tenant;
    let total = u64::try_from(store::count(&mut tx, tenant, &search).await?).unwrap_or_default();
    let mut paging = Paging {
        page: filter.page.max(1),
        per_page: PER_PAGE,
        total,
    };
    paging.page = paging.page.min(paging.pages());
    let offset = i64::try_from((paging.page - 1) * PER_PAGE).unwrap_or_default();
    let rows = store::page(&mut tx, tenant, &search, PER_PAGE.cast_signed(), offset).await?;
    let rows = rows.into_iter().map(shown).collect();
    let kinds = What::ALL
        .into_iter()
        .map(|what| KindOption {
            value: what.name().to_owned(),
            label: label(what),
        })
        .collect();
    let page = ActivityPage {
        ui: signed.ui,
        rows,
        query: query.clone(),
        kinds,
        kind: kind.to_owned(),
        paging,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn shown(row: store::Row) -> ActivityRow {
    ActivityRow {
        at: app::moment(row.at_ms),
        who: row.who,
        what: What::from_name(&row.what).map_or(Key("activity.what.other"), label),
        detail: row.detail,
        address: row.address,
    }
}

pub(crate) fn label(what: What) -> Key {
    match what {
        What::SignedIn => Key("activity.what.signed_in"),
        What::SignInRefused => Key("activity.what.sign_in_refused"),
        What::SignedOut => Key("activity.what.signed_out"),
        What::PasswordSet => Key("activity.what.password_set"),
        What::SessionRequested => Key("activity.what.session_requested"),
        What::SessionConnected => Key("activity.what.session_connected"),
        What::SessionDisconnected => Key("activity.what.session_disconnected"),
        What::SessionEndRequested => Key("activity.what.session_end_requested"),
        What::SessionEnded => Key("activity.what.session_ended"),
        What::TicketRefused => Key("activity.what.ticket_refused"),
        What::OperatorEntered => Key("activity.what.operator_entered"),
        What::OperatorRefused => Key("activity.what.operator_refused"),
        What::OperatorLeft => Key("activity.what.operator_left"),
        What::HostDrained => Key("activity.what.host_drained"),
        What::HostResumed => Key("activity.what.host_resumed"),
    }
}
