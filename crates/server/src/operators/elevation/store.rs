//! All SQL about elevations.

use super::state::{Elevation, State};
use crate::db::{Tx, like, on};
use uuid::Uuid;
use wire::ids::TenantId;

/// An elevation as it is kept.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    /// The customer; none for the service base.
    pub(crate) tenant_id: Option<TenantId>,
    pub(crate) operator_id: Uuid,
    /// The name of who asked, at that time.
    pub(crate) who: String,
    /// What for.
    pub(crate) purpose: String,
    /// The ticket or change that it belongs to; may be empty.
    pub(crate) ticket: String,
    pub(crate) minutes: i64,
    pub(crate) asked_at_ms: i64,
    pub(crate) state: String,
    pub(crate) decided_by: Option<Uuid>,
    pub(crate) decided_who: Option<String>,
    pub(crate) decided_at_ms: Option<i64>,
    /// Why it was decided so.
    pub(crate) decision: Option<String>,
    pub(crate) until_ms: Option<i64>,
    /// Empty when it ended by itself.
    pub(crate) ended_who: Option<String>,
    pub(crate) ended_at_ms: Option<i64>,
    /// Acts that were done with it.
    pub(crate) acts: i64,
    pub(crate) code: Option<String>,
    pub(crate) name_ja: Option<String>,
    pub(crate) name_en: Option<String>,
}

/// What changes when an elevation becomes something else. What is empty stays as it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Change<'a> {
    pub(super) decided_by: Option<Uuid>,
    pub(super) decided_who: Option<&'a str>,
    pub(super) decided_at_ms: Option<i64>,
    pub(super) decision: Option<&'a str>,
    pub(super) until_ms: Option<i64>,
    pub(super) ended_who: Option<&'a str>,
    pub(super) ended_at_ms: Option<i64>,
}

/// For how long an operator had leave to act on a customer.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Span {
    pub(crate) who: String,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
}

const INSERT: &str = "INSERT INTO elevations
    (id, tenant_id, operator_id, who, purpose, ticket, minutes, asked_at_ms, state, acts)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'asked', 0)";
macro_rules! from {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.tenant_id, e.operator_id, e.who, e.purpose, e.ticket, e.minutes, e.asked_at_ms, e.state,
            e.decided_by, e.decided_who, e.decided_at_ms, e.decision, e.until_ms, e.ended_who, e.ended_at_ms, e.acts,
            t.code, t.name_ja, t.name_en FROM elevations e LEFT JOIN tenants t ON t.id = e.tenant_id ",
            $rest
        )
    };
}
macro_rules! found {
    () => {
        "WHERE ($1 = '' OR e.state = $1) AND ($3 = '' OR e.operator_id = $4) AND ($2 = ''
        OR lower(e.who) LIKE $2 ESCAPE '!' OR lower(e.purpose) LIKE $2 ESCAPE '!' OR lower(e.ticket) LIKE $2 ESCAPE '!'
        OR lower(t.code) LIKE $2 ESCAPE '!' OR lower(t.name_ja) LIKE $2 ESCAPE '!' OR lower(t.name_en) LIKE $2 ESCAPE '!')"
    };
}
const COUNT: &str = concat!(
    "SELECT count(*) FROM elevations e LEFT JOIN tenants t ON t.id = e.tenant_id ",
    found!()
);
/// Those that wait first, then those in force.
const PAGE: &str = concat!(
    from!(""),
    found!(),
    " ORDER BY CASE e.state WHEN 'asked' THEN 0 WHEN 'approved' THEN 1 ELSE 2 END, e.asked_at_ms DESC, e.id DESC
    LIMIT $5 OFFSET $6"
);
const GET: &str = from!("WHERE e.id = $1");
const OPEN_OF: &str =
    "SELECT id FROM elevations WHERE operator_id = $1 AND state IN ('asked', 'approved')";
const OPEN: &str = "SELECT id FROM elevations
    WHERE (state = 'approved' AND until_ms <= $1) OR (state = 'asked' AND asked_at_ms <= $2)";
const SAME: &str = "SELECT count(*) FROM elevations
    WHERE operator_id = $1 AND (tenant_id = $2 OR (tenant_id IS NULL AND $2 IS NULL))
    AND ((state = 'approved' AND until_ms > $3) OR (state = 'asked' AND asked_at_ms > $4))";
/// Of two who change it at once, one finds it as it was.
const CHANGE: &str = "UPDATE elevations SET state = $3,
    decided_by = coalesce($4, decided_by), decided_who = coalesce($5, decided_who),
    decided_at_ms = coalesce($6, decided_at_ms), decision = coalesce($7, decision), until_ms = coalesce($8, until_ms),
    ended_who = coalesce($9, ended_who), ended_at_ms = coalesce($10, ended_at_ms)
    WHERE id = $1 AND state = $2";
/// Counts an act, and lets nobody end the elevation before the act's transaction does.
const USE: &str = "UPDATE elevations SET acts = acts + 1
    WHERE operator_id = $1 AND (tenant_id = $2 OR (tenant_id IS NULL AND $2 IS NULL))
    AND state = 'approved' AND until_ms > $3";
const UNTIL: &str = "SELECT max(until_ms) FROM elevations
    WHERE operator_id = $1 AND (tenant_id = $2 OR (tenant_id IS NULL AND $2 IS NULL))
    AND state = 'approved' AND until_ms > $3";
const WAITING: &str = "SELECT count(*) FROM elevations
    WHERE state = 'asked' AND operator_id <> $1 AND asked_at_ms > $2";
const DECIDERS: &str = "SELECT count(*) FROM operators
    WHERE id <> $1 AND state = 'active' AND role IN ('security', 'owner')";
const SPANS: &str = "SELECT who, decided_at_ms AS from_ms,
    CASE WHEN ended_at_ms IS NOT NULL AND ended_at_ms < until_ms THEN ended_at_ms ELSE until_ms END AS to_ms
    FROM elevations WHERE tenant_id = $1 AND until_ms IS NOT NULL AND decided_at_ms IS NOT NULL";
const SINCE: &str = "SELECT created_at_ms FROM tenants WHERE id = $1";
const APPROVED: &str = "SELECT count(*) FROM elevations WHERE until_ms IS NOT NULL";
const BY_ONESELF: &str = "SELECT count(*) FROM elevations
    WHERE until_ms IS NOT NULL AND (decided_by IS NULL OR decided_by = operator_id)";

impl Row {
    /// Where it stands; nothing when the row is damaged.
    pub(crate) fn elevation(&self) -> Option<Elevation> {
        let state = match (self.state.as_str(), self.decided_by, self.until_ms) {
            ("asked", ..) => State::Asked,
            ("approved", Some(by), Some(until_ms)) => State::Approved { by, until_ms },
            ("refused", ..) => State::Refused,
            ("lapsed", ..) => State::Lapsed,
            ("ended", ..) => State::Ended,
            _ => return None,
        };
        Some(Elevation {
            asked_by: self.operator_id,
            asked_at_ms: self.asked_at_ms,
            minutes: self.minutes,
            state,
        })
    }
}

pub(super) async fn insert(tx: &mut Tx, row: &Row) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(row.tenant_id).bind(row.operator_id).bind(&row.who)
        .bind(&row.purpose).bind(&row.ticket).bind(row.minutes).bind(row.asked_at_ms).execute(c).await.map(drop))
}

/// What a list shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    /// What is in the names, the purpose or the ticket.
    pub(crate) text: String,
    /// The stored form of a state; empty for every one.
    pub(crate) state: String,
    /// Of whom alone.
    pub(crate) of: Option<Uuid>,
}

/// A part of a list, and how long the list is.
pub(super) async fn page(
    tx: &mut Tx,
    search: &Search,
    (limit, offset): (i64, i64),
) -> sqlx::Result<(i64, Vec<Row>)> {
    let text = like(&search.text);
    let own = if search.of.is_some() { "own" } else { "" };
    let of = search.of.unwrap_or_default();
    let total = on!(&mut *tx, c => sqlx::query_scalar(COUNT).bind(&search.state).bind(&text).bind(own).bind(of)
        .fetch_one(c).await)?;
    let rows = on!(tx, c => sqlx::query_as(PAGE).bind(&search.state).bind(&text).bind(own).bind(of)
        .bind(limit).bind(offset).fetch_all(c).await)?;
    Ok((total, rows))
}

pub(super) async fn get(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<Row>> {
    on!(tx, c => sqlx::query_as(GET).bind(id).fetch_optional(c).await)
}

/// Those of an operator that are not over.
pub(super) async fn open_of(tx: &mut Tx, operator: Uuid) -> sqlx::Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar(OPEN_OF).bind(operator).fetch_all(c).await)
}

/// Those whose time is up: approved ones at `now_ms`, and those asked for before `asked_before_ms`.
pub(super) async fn due(tx: &mut Tx, now_ms: i64, asked_before_ms: i64) -> sqlx::Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar(OPEN).bind(now_ms).bind(asked_before_ms).fetch_all(c).await)
}

/// Whether the operator has one for the same already, waiting or in force.
pub(super) async fn has_same(
    tx: &mut Tx,
    (operator, tenant): (Uuid, Option<TenantId>),
    (now_ms, asked_after_ms): (i64, i64),
) -> sqlx::Result<bool> {
    let count: i64 = on!(tx, c => sqlx::query_scalar(SAME).bind(operator).bind(tenant).bind(now_ms)
        .bind(asked_after_ms).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Changes it from one state to another; `false` when it is no longer in the first.
pub(super) async fn change(
    tx: &mut Tx,
    id: Uuid,
    (from, to): (State, State),
    change: &Change<'_>,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(CHANGE).bind(id).bind(from.name()).bind(to.name()).bind(change.decided_by)
        .bind(change.decided_who).bind(change.decided_at_ms).bind(change.decision).bind(change.until_ms)
        .bind(change.ended_who).bind(change.ended_at_ms).execute(c).await.map(|r| r.rows_affected() == 1))
}

/// Uses what the operator has in force for the customer, or for the service base; `false` when that is nothing.
pub(super) async fn spend(
    tx: &mut Tx,
    operator: Uuid,
    tenant: Option<TenantId>,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE).bind(operator).bind(tenant).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() > 0))
}

/// Until when the operator may act on the customer, or on the service base.
pub(super) async fn until(
    tx: &mut Tx,
    operator: Uuid,
    tenant: Option<TenantId>,
    now_ms: i64,
) -> sqlx::Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(UNTIL).bind(operator).bind(tenant).bind(now_ms).fetch_one(c).await)
}

/// Requests of others on which nobody has decided.
pub(super) async fn waiting(tx: &mut Tx, operator: Uuid, asked_after_ms: i64) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(WAITING).bind(operator).bind(asked_after_ms).fetch_one(c).await)
}

/// How many others may decide.
pub(super) async fn deciders(tx: &mut Tx, operator: Uuid) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(DECIDERS).bind(operator).fetch_one(c).await)
}

/// When who had leave to act on the customer.
pub(super) async fn spans(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<Span>> {
    on!(tx, c => sqlx::query_as(SPANS).bind(tenant).fetch_all(c).await)
}

/// Since when the customer is one.
pub(super) async fn since(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(SINCE).bind(tenant).fetch_optional(c).await)
}

/// Elevations that were ever approved, and those that nobody else approved.
pub(super) async fn approvals(tx: &mut Tx) -> sqlx::Result<(i64, i64)> {
    let all = on!(&mut *tx, c => sqlx::query_scalar(APPROVED).fetch_one(c).await)?;
    let own = on!(tx, c => sqlx::query_scalar(BY_ONESELF).fetch_one(c).await)?;
    Ok((all, own))
}
