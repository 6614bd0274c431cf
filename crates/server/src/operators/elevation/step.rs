//! One step of an elevation: applied, kept, and written into the logs.

use super::{
    service::ElevationError,
    state::{Effect, Elevation, Event, State, Unfit},
    store::{self, Change, Row},
};
use crate::{
    activity::{self, Record, What},
    app::App,
    db::Tx,
    operators::service::Operator,
};
use std::fmt::Write as _;

/// Applies an event, keeps what comes of it and records it.
pub(super) async fn happen(
    app: &App,
    tx: &mut Tx,
    by: Option<&Operator>,
    row: &Row,
    (event, change): (Event, Change<'_>),
) -> Result<(), ElevationError> {
    let before: Elevation = row.elevation().ok_or(ElevationError::NotFound)?;
    let (after, effect) = before.apply(event)?;
    let what = match effect {
        Effect::None => return Ok(()),
        Effect::Approved => What::ElevationApproved,
        Effect::Refused => What::ElevationRefused,
        Effect::Lapsed => What::ElevationLapsed,
        Effect::Ended => What::ElevationEnded,
    };
    let until_ms = match after.state {
        State::Approved { until_ms, .. } => Some(until_ms),
        _ => None,
    };
    let change = Change { until_ms, ..change };
    if !store::change(tx, row.id, (before.state, after.state), &change).await? {
        return Err(Unfit::Over.into());
    }
    let told = Row {
        decision: change.decision.map(str::to_owned),
        ..row.clone()
    };
    Ok(record(app, tx, by, what, &told).await?)
}

/// Writes it into the work log and, when it is about a customer, into the customer's log.
pub(super) async fn record(
    app: &App,
    tx: &mut Tx,
    by: Option<&Operator>,
    what: What,
    row: &Row,
) -> sqlx::Result<()> {
    let detail = told(by, row);
    let of_customer = Record {
        tenant: row.tenant_id,
        user: None,
        who: by.map_or("", |by| &by.full_name),
        // Where an operator sits is the provider's own affair.
        address: "",
        what,
        subject: Some(row.id),
        detail: &detail,
    };
    let code = row.code.as_deref();
    let own_detail = code.map_or_else(|| detail.clone(), |code| format!("{code}: {detail}"));
    let own = Record {
        tenant: None,
        address: by.map_or("", |by| &by.address),
        detail: &own_detail,
        ..of_customer.clone()
    };
    let mut records = vec![own];
    if row.tenant_id.is_some() {
        records.push(of_customer);
    }
    activity::append_records(app, tx, &records).await
}

/// What readers of a log are told: for whom, unless it is who acts; what for, for how long, and why it was decided so.
fn told(by: Option<&Operator>, row: &Row) -> String {
    let mut text = String::new();
    if by.is_none_or(|by| by.id != row.operator_id) {
        text += &row.who;
        text += ": ";
    }
    if !row.ticket.is_empty() {
        text += &row.ticket;
        text += " ";
    }
    text += &row.purpose;
    // Writing to a text cannot fail.
    let _ = write!(text, " ({} min)", row.minutes);
    if let Some(decision) = &row.decision {
        text += " / ";
        text += decision;
    }
    text
}
