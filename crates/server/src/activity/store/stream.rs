//! All SQL about where records are sent.

use super::Row;
use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::TenantId;

/// A collector as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct StreamRow {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: TenantId,
    pub(crate) kind: String,
    pub(crate) host: String,
    pub(crate) port: i64,
    pub(crate) path: String,
    pub(crate) ca_pem: String,
    pub(crate) client_pem: String,
    pub(crate) secret: String,
    pub(crate) next_index: i64,
    pub(crate) delivered_at_ms: Option<i64>,
    pub(crate) failed_at_ms: Option<i64>,
    pub(crate) error: String,
    pub(crate) failures: i64,
    pub(crate) retry_at_ms: i64,
}

const GET: &str = "SELECT id, tenant_id, kind, host, port, path, ca_pem, client_pem, secret, next_index,
    delivered_at_ms, failed_at_ms, error, failures, retry_at_ms FROM activity_streams WHERE tenant_id = $1";
const DUE: &str = "SELECT s.tenant_id FROM activity_streams s JOIN activity_logs l ON l.id = s.tenant_id
    WHERE s.retry_at_ms <= $1 AND s.next_index < l.size ORDER BY s.retry_at_ms, s.tenant_id LIMIT 100";
const REMOVE: &str = "DELETE FROM activity_streams WHERE tenant_id = $1";
const INSERT: &str = "INSERT INTO activity_streams (id, tenant_id, kind, host, port, path, ca_pem, client_pem, secret,
    next_index, delivered_at_ms, failed_at_ms, error, failures, retry_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
const CLAIM: &str =
    "UPDATE activity_streams SET retry_at_ms = $3 WHERE id = $1 AND retry_at_ms <= $2";
const DELIVERED: &str =
    "UPDATE activity_streams SET next_index = $2, delivered_at_ms = $3, error = '', failures = 0,
    retry_at_ms = $3 WHERE id = $1 AND next_index <= $2";
const FAILED: &str =
    "UPDATE activity_streams SET failed_at_ms = $2, error = $3, failures = failures + 1,
    retry_at_ms = $4 WHERE id = $1";
const RECORDS: &str =
    "SELECT id, at_ms, user_id, who, address, what, subject_id, detail, leaf_index, clock,
    clock_error_us, outcome FROM activity WHERE log_id = $1 AND leaf_index >= $2 AND leaf_index < $3
    ORDER BY leaf_index";

pub(crate) async fn get(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<StreamRow>> {
    on!(tx, c => sqlx::query_as(GET).bind(tenant).fetch_optional(c).await)
}

/// Customers with records to be sent now.
pub(crate) async fn due(tx: &mut Tx, now_ms: i64) -> sqlx::Result<Vec<TenantId>> {
    on!(tx, c => sqlx::query_scalar(DUE).bind(now_ms).fetch_all(c).await)
}

pub(crate) async fn remove(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(REMOVE).bind(tenant).execute(c).await.map(|done| done.rows_affected() > 0))
}

pub(crate) async fn insert(tx: &mut Tx, row: &StreamRow) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(row.tenant_id).bind(&row.kind).bind(&row.host).bind(row.port)
        .bind(&row.path).bind(&row.ca_pem).bind(&row.client_pem).bind(&row.secret).bind(row.next_index)
        .bind(row.delivered_at_ms).bind(row.failed_at_ms).bind(&row.error).bind(row.failures).bind(row.retry_at_ms)
        .execute(c).await.map(drop))
}

/// Whether the caller is the one who tries now.
pub(crate) async fn claim(tx: &mut Tx, id: Uuid, now_ms: i64, until_ms: i64) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(CLAIM).bind(id).bind(now_ms).bind(until_ms).execute(c).await
        .map(|done| done.rows_affected() > 0))
}

pub(crate) async fn delivered(tx: &mut Tx, id: Uuid, next: i64, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DELIVERED).bind(id).bind(next).bind(now_ms).execute(c).await.map(drop))
}

pub(crate) async fn failed(
    tx: &mut Tx,
    id: Uuid,
    error: &str,
    (now_ms, retry_at_ms): (i64, i64),
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(FAILED).bind(id).bind(now_ms).bind(error).bind(retry_at_ms).execute(c).await.map(drop))
}

/// Records at some places that still have their content, the end not included; the oldest first.
pub(crate) async fn records(
    tx: &mut Tx,
    log: Uuid,
    start: i64,
    end: i64,
) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(RECORDS).bind(log).bind(start).bind(end).fetch_all(c).await)
}
