//! All SQL about rights for one service code.

use crate::db::{Tx, on};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A right as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct GrantRow {
    /// The grant.
    pub(super) id: Uuid,
    /// Who has it.
    pub(super) user_id: UserId,
    /// The stored form of the role.
    pub(super) role: String,
    /// For which service code.
    pub(super) service_code: Uuid,
    /// Who gave it.
    pub(super) granted_by: UserId,
    /// When, Unix milliseconds.
    pub(super) granted_at_ms: i64,
}

const OF_USER: &str =
    "SELECT id, user_id, role, service_code, granted_by, granted_at_ms FROM grants
    WHERE tenant_id = $1 AND user_id = $2 ORDER BY granted_at_ms, id";
const OF_CODE: &str =
    "SELECT id, user_id, role, service_code, granted_by, granted_at_ms FROM grants
    WHERE tenant_id = $1 AND service_code = $2 ORDER BY granted_at_ms, id";
const INSERT: &str = "INSERT INTO grants
    (id, tenant_id, user_id, role, service_code, granted_by, granted_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id, role, service_code) DO NOTHING";
const REMOVE: &str = "DELETE FROM grants WHERE tenant_id = $1 AND id = $2 AND service_code = $3";
const REMOVE_OF: &str = "DELETE FROM grants WHERE tenant_id = $1 AND user_id = $2";
const CLOSED: &str = "SELECT service_code FROM closed_codes WHERE tenant_id = $1";
const CLOSE: &str =
    "INSERT INTO closed_codes (id, tenant_id, service_code, closed_by, closed_at_ms)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (service_code) DO NOTHING";
const OPEN: &str = "DELETE FROM closed_codes WHERE tenant_id = $1 AND service_code = $2";
/// Codes that are closed, once for each person with a right in them; once without anybody where there is no such person.
const KEPT: &str = "SELECT k.service_code, g.user_id FROM closed_codes k
    LEFT JOIN grants g ON g.service_code = k.service_code AND g.tenant_id = k.tenant_id";
const COUNTS: &str =
    "SELECT service_code, count(*) FROM grants WHERE tenant_id = $1 GROUP BY service_code";
const ALL: &str = "SELECT count(*) FROM grants WHERE tenant_id = $1";
/// Grants of somebody who is gone or is another customer's, or for another customer's code.
const ASTRAY: &str = "SELECT count(*) FROM grants g
    LEFT JOIN users u ON u.id = g.user_id LEFT JOIN service_codes c ON c.id = g.service_code
    WHERE g.tenant_id = $1 AND NOT (COALESCE(u.tenant_id = g.tenant_id, FALSE)
    AND COALESCE(c.tenant_id = g.tenant_id, FALSE) AND COALESCE(u.state <> 'removed', FALSE))";

/// A person's rights.
pub(super) async fn of_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Vec<GrantRow>> {
    on!(tx, c => sqlx::query_as(OF_USER).bind(tenant).bind(user).fetch_all(c).await)
}

/// The rights in a service code.
pub(super) async fn of_code(
    tx: &mut Tx,
    tenant: TenantId,
    code: Uuid,
) -> sqlx::Result<Vec<GrantRow>> {
    on!(tx, c => sqlx::query_as(OF_CODE).bind(tenant).bind(code).fetch_all(c).await)
}

/// Gives a right; `false` when the person has it.
pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, row: &GrantRow) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(tenant).bind(row.user_id).bind(&row.role)
        .bind(row.service_code).bind(row.granted_by).bind(row.granted_at_ms)
        .execute(c).await.map(|r| r.rows_affected() == 1))
}

/// Takes a right in a service code away.
pub(super) async fn remove(
    tx: &mut Tx,
    tenant: TenantId,
    (id, code): (Uuid, Uuid),
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(REMOVE).bind(tenant).bind(id).bind(code).execute(c).await.map(drop))
}

/// Takes all of a person's rights away.
pub(super) async fn remove_of(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(REMOVE_OF).bind(tenant).bind(user).execute(c).await.map(drop))
}

/// The service codes whose desktops are for people with a right in them.
pub(super) async fn closed(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<HashSet<Uuid>> {
    let codes: Vec<Uuid> =
        on!(tx, c => sqlx::query_scalar(CLOSED).bind(tenant).fetch_all(c).await)?;
    Ok(codes.into_iter().collect())
}

/// Service codes that are kept for people with a right, of all customers: each with every such person.
pub(super) async fn kept(tx: &mut Tx) -> sqlx::Result<Vec<(Uuid, Option<UserId>)>> {
    on!(tx, c => sqlx::query_as(KEPT).fetch_all(c).await)
}

/// How many rights there are in each service code; those without any are not named.
pub(super) async fn counts(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<HashMap<Uuid, i64>> {
    let counts: Vec<(Uuid, i64)> =
        on!(tx, c => sqlx::query_as(COUNTS).bind(tenant).fetch_all(c).await)?;
    Ok(counts.into_iter().collect())
}

/// Keeps a service code's desktops for people with a right in it; `false` when they are.
pub(super) async fn close(
    tx: &mut Tx,
    tenant: TenantId,
    (id, code): (Uuid, Uuid),
    (by, now_ms): (UserId, i64),
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(CLOSE).bind(id).bind(tenant).bind(code).bind(by).bind(now_ms)
        .execute(c).await.map(|r| r.rows_affected() == 1))
}

/// Lets everybody of the organisation open a service code's desktops; `false` when they may.
pub(super) async fn open(tx: &mut Tx, tenant: TenantId, code: Uuid) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(OPEN).bind(tenant).bind(code).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// A customer's rights, and those that lead astray.
pub(super) async fn astray(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<(i64, i64)> {
    let all = on!(&mut *tx, c => sqlx::query_scalar(ALL).bind(tenant).fetch_one(c).await)?;
    let astray = on!(tx, c => sqlx::query_scalar(ASTRAY).bind(tenant).fetch_one(c).await)?;
    Ok((all, astray))
}
