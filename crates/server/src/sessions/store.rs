//! All SQL about sessions. Every statement names the customer, but for the reconciler's, which serves all of them.

pub(super) mod pulse;

use super::{attach::Promise, state::State};
use crate::db::{Tx, on};
use std::collections::HashMap;
use uuid::Uuid;
use wire::{
    control::EndReason,
    ids::{ConnectionId, DesktopId, HostId, SessionId, TenantId, UserId},
};

/// Why a session cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else saved it since it was read.
    #[error("the session changed while we were working on it")]
    Stale,
    /// The row holds what no state is.
    #[error("the session row holds an impossible state: {0}")]
    Corrupt(String),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who works in it.
    pub user: UserId,
    /// What it shows.
    pub desktop: DesktopId,
    /// How far it is.
    pub state: State,
    /// Counts the changes; a change is saved only over the version it was made from.
    pub version: i64,
    /// When somebody clicked, Unix milliseconds.
    pub requested_at_ms: i64,
    /// When a host was chosen.
    pub placed_at_ms: Option<i64>,
    /// When the host said that it runs.
    pub ready_at_ms: Option<i64>,
    /// When it was first shown.
    pub opened_at_ms: Option<i64>,
    /// When the state last changed.
    pub changed_at_ms: i64,
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: SessionId,
    tenant_id: TenantId,
    user_id: UserId,
    desktop_id: DesktopId,
    state: String,
    host_id: Option<HostId>,
    connection_id: Option<ConnectionId>,
    reason: Option<String>,
    version: i64,
    requested_at_ms: i64,
    placed_at_ms: Option<i64>,
    ready_at_ms: Option<i64>,
    opened_at_ms: Option<i64>,
    changed_at_ms: i64,
}

const LIVE_USERS: &str = "SELECT DISTINCT user_id FROM sessions WHERE tenant_id = $1 AND state NOT IN ('ending', 'ended')";
const CONNECTED_USERS: &str =
    "SELECT DISTINCT user_id FROM sessions WHERE tenant_id = $1 AND state = 'connected'";
const OF_TENANT: &str = "SELECT count(*) FROM sessions WHERE tenant_id = $1";
/// A session that is a customer's by one of its columns, and another's by what another column names.
const CROSSING: &str = "SELECT count(*) FROM sessions s
    LEFT JOIN desktops d ON d.id = s.desktop_id LEFT JOIN users u ON u.id = s.user_id
    WHERE (s.tenant_id = $1 OR d.tenant_id = $1 OR u.tenant_id = $1)
    AND NOT (COALESCE(d.tenant_id = s.tenant_id, FALSE) AND COALESCE(u.tenant_id = s.tenant_id, FALSE))";
const INSERT: &str = "INSERT INTO sessions
    (id, tenant_id, user_id, desktop_id, service_code, state, version, requested_at_ms, changed_at_ms)
    VALUES ($1, $2, $3, $4, $5, 'requested', 0, $6, $6) ON CONFLICT DO NOTHING";
const GET: &str = "SELECT id, tenant_id, user_id, desktop_id, state, host_id, connection_id, reason, version,
    requested_at_ms, placed_at_ms, ready_at_ms, opened_at_ms, changed_at_ms FROM sessions WHERE tenant_id = $1 AND id = $2";
const OF_USER: &str = "SELECT id, tenant_id, user_id, desktop_id, state, host_id, connection_id, reason, version,
    requested_at_ms, placed_at_ms, ready_at_ms, opened_at_ms, changed_at_ms FROM sessions
    WHERE tenant_id = $1 AND user_id = $2 AND state <> 'ended' ORDER BY requested_at_ms DESC, id DESC";
const NOT_ENDED: &str =
    "SELECT id, tenant_id, user_id, desktop_id, state, host_id, connection_id, reason, version,
    requested_at_ms, placed_at_ms, ready_at_ms, opened_at_ms, changed_at_ms FROM sessions
    WHERE state <> 'ended' ORDER BY requested_at_ms, id";
const ANY: &str = "SELECT id, tenant_id, user_id, desktop_id, state, host_id, connection_id, reason, version,
    requested_at_ms, placed_at_ms, ready_at_ms, opened_at_ms, changed_at_ms FROM sessions WHERE id = $1";
const SAVE: &str = "UPDATE sessions SET state = $1, host_id = $2, connection_id = $3, reason = $4,
    placed_at_ms = $5, ready_at_ms = $6, opened_at_ms = $7, changed_at_ms = $8, version = version + 1
    WHERE tenant_id = $9 AND id = $10 AND version = $11";

const IN_CODE: &str =
    "SELECT id, tenant_id, user_id, desktop_id, state, host_id, connection_id, reason, version,
    requested_at_ms, placed_at_ms, ready_at_ms, opened_at_ms, changed_at_ms FROM sessions
    WHERE tenant_id = $1 AND service_code = $2 AND state <> 'ended' ORDER BY requested_at_ms, id";
const PROMISE: &str = "INSERT INTO connections (id, tenant_id, session_id, web_session_id, at_ms)
    VALUES ($1, $2, $3, $4, $5)";
/// Those that can be opened no more and are not open.
const FORGET_OLD: &str =
    "DELETE FROM connections WHERE tenant_id = $1 AND session_id = $2 AND at_ms < $3
    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = $2 AND s.connection_id = connections.id)";
const FORGET: &str = "DELETE FROM connections WHERE tenant_id = $1 AND session_id = $2";
const OPENER: &str = "SELECT web_session_id FROM connections WHERE id = $1";
const OPENERS: &str = "SELECT s.id, c.web_session_id FROM sessions s
    JOIN connections c ON c.id = s.connection_id WHERE s.state = 'connected'";

/// How long a promise is remembered that nothing came of, in milliseconds: longer than its tickets are good.
const PROMISE_MS: i64 = 10 * 60 * 1000;

/// A session that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct New {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) desktop: DesktopId,
    /// The label that it takes over from what it shows.
    pub(super) service_code: Option<Uuid>,
}

/// A new session; `false` when the person has one of that desktop, which another click opened just now.
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    new: &New,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let inserted = on!(tx, c => sqlx::query(INSERT).bind(new.id).bind(tenant).bind(new.user).bind(new.desktop)
        .bind(new.service_code).bind(now_ms).execute(c).await.map(|r| r.rows_affected()))?;
    Ok(inserted == 1)
}

pub(super) async fn get(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(GET).bind(tenant).bind(id).fetch_optional(c).await)?;
    row.as_ref().map(decode).transpose()
}

/// A person's sessions that are not over, the newest first.
pub(super) async fn of_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<Row> =
        on!(tx, c => sqlx::query_as(OF_USER).bind(tenant).bind(user).fetch_all(c).await)?;
    rows.iter().map(decode).collect()
}

/// The sessions under a service code that are not over, the oldest first.
pub(super) async fn in_code(
    tx: &mut Tx,
    tenant: TenantId,
    code: Uuid,
) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<Row> =
        on!(tx, c => sqlx::query_as(IN_CODE).bind(tenant).bind(code).fetch_all(c).await)?;
    rows.iter().map(decode).collect()
}

/// Every session that is not over, for the reconciler.
pub(super) async fn not_ended(tx: &mut Tx) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(NOT_ENDED).fetch_all(c).await)?;
    // One damaged row must not hold up everybody else.
    let readable = |row: &Row| {
        decode(row)
            .inspect_err(|error| tracing::error!(session = %row.id, %error, "passed over"))
            .ok()
    };
    Ok(rows.iter().filter_map(readable).collect())
}

/// A session by its id alone, for what machines report.
pub(super) async fn any(tx: &mut Tx, id: SessionId) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(ANY).bind(id).fetch_optional(c).await)?;
    row.as_ref().map(decode).transpose()
}

/// Saves the new state only if nobody else saved since the session was read.
pub(super) async fn save(
    tx: &mut Tx,
    session: &Session,
    state: State,
    now_ms: i64,
) -> Result<(), StoreError> {
    let placed = session
        .placed_at_ms
        .or_else(|| state.host().map(|_| now_ms));
    let runs = matches!(state, State::Ready { .. } | State::Connected { .. });
    let ready = session.ready_at_ms.or_else(|| runs.then_some(now_ms));
    let shown = matches!(state, State::Connected { .. });
    let opened = session.opened_at_ms.or_else(|| shown.then_some(now_ms));
    let (name, connection, reason) = encode(state);
    let saved = on!(tx, c => sqlx::query(SAVE).bind(name).bind(state.host()).bind(connection).bind(reason)
        .bind(placed).bind(ready).bind(opened).bind(now_ms).bind(session.tenant).bind(session.id)
        .bind(session.version).execute(c).await.map(|r| r.rows_affected()))?;
    if saved == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

fn encode(state: State) -> (&'static str, Option<ConnectionId>, Option<&'static str>) {
    match state {
        State::Requested => ("requested", None, None),
        State::Starting { .. } => ("starting", None, None),
        State::Ready { .. } => ("ready", None, None),
        State::Connected { connection, .. } => ("connected", Some(connection), None),
        State::Ending { reason, .. } => ("ending", None, Some(reason_name(reason))),
        State::Ended { reason } => ("ended", None, Some(reason_name(reason))),
    }
}

fn decode(row: &Row) -> Result<Session, StoreError> {
    let reason = row.reason.as_deref().and_then(reason_from_name);
    let state = match (row.state.as_str(), row.host_id, row.connection_id, reason) {
        ("requested", None, None, None) => State::Requested,
        ("starting", Some(host), None, None) => State::Starting { host },
        ("ready", Some(host), None, None) => State::Ready { host },
        ("connected", Some(host), Some(connection), None) => State::Connected { host, connection },
        ("ending", Some(host), None, Some(reason)) => State::Ending { host, reason },
        ("ended", None, None, Some(reason)) => State::Ended { reason },
        (other, ..) => return Err(StoreError::Corrupt(other.to_owned())),
    };
    Ok(Session {
        id: row.id,
        tenant: row.tenant_id,
        user: row.user_id,
        desktop: row.desktop_id,
        state,
        version: row.version,
        requested_at_ms: row.requested_at_ms,
        placed_at_ms: row.placed_at_ms,
        ready_at_ms: row.ready_at_ms,
        opened_at_ms: row.opened_at_ms,
        changed_at_ms: row.changed_at_ms,
    })
}

const REASONS: [(EndReason, &str); 6] = [
    (EndReason::SignedOut, "signed_out"),
    (EndReason::Stopped, "stopped"),
    (EndReason::StartFailed, "start_failed"),
    (EndReason::NoSuchApplication, "no_such_application"),
    (EndReason::Crashed, "crashed"),
    (EndReason::Lost, "lost"),
];

/// The stored form of why a session ended; also what the web client is told.
pub(super) fn reason_name(reason: EndReason) -> &'static str {
    REASONS
        .iter()
        .find(|(r, _)| *r == reason)
        .map_or("lost", |(_, name)| name)
}

fn reason_from_name(name: &str) -> Option<EndReason> {
    REASONS
        .iter()
        .find(|(_, n)| *n == name)
        .map(|(reason, _)| *reason)
}

/// Remembers which session of the web asks for a connection.
pub(super) async fn promise(
    tx: &mut Tx,
    session: &Session,
    promise: &Promise,
    now_ms: i64,
) -> sqlx::Result<()> {
    let old_ms = now_ms - PROMISE_MS;
    on!(&mut *tx, c => sqlx::query(FORGET_OLD).bind(session.tenant).bind(session.id).bind(old_ms)
        .execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(PROMISE).bind(promise.connection).bind(session.tenant).bind(session.id)
        .bind(promise.web_session).bind(now_ms).execute(c).await.map(drop))
}

/// Forgets who asked for connections of a session that is over.
pub(super) async fn forget_promises(tx: &mut Tx, session: &Session) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(FORGET).bind(session.tenant).bind(session.id).execute(c).await.map(drop))
}

/// The session of the web that opened a connection, where that is known.
pub(super) async fn opener(tx: &mut Tx, connection: ConnectionId) -> sqlx::Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar(OPENER).bind(connection).fetch_optional(c).await)
}

/// The session of the web that opened each connection that is open, of all customers.
pub(super) async fn openers(tx: &mut Tx) -> sqlx::Result<HashMap<SessionId, Uuid>> {
    let rows: Vec<(SessionId, Uuid)> = on!(tx, c => sqlx::query_as(OPENERS).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// Whose sessions are not over.
pub(super) async fn live_users(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(LIVE_USERS).bind(tenant).fetch_all(c).await)
}

/// Who looks at a desktop now.
pub(super) async fn connected_users(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(CONNECTED_USERS).bind(tenant).fetch_all(c).await)
}

/// A customer's sessions, and those that join it to another customer.
pub(super) async fn crossing(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<(i64, i64)> {
    let all = on!(&mut *tx, c => sqlx::query_scalar(OF_TENANT).bind(tenant).fetch_one(c).await)?;
    let crossing = on!(tx, c => sqlx::query_scalar(CROSSING).bind(tenant).fetch_one(c).await)?;
    Ok((all, crossing))
}
