//! All SQL about acts that have begun and not ended.

use super::super::Record;
use crate::db::{Tx, on};
use uuid::Uuid;

const INSERT: &str =
    "INSERT INTO activity_acts (record_id, tenant_id, what, subject_id, lease_until_ms)
    VALUES ($1, $2, $3, $4, $5)";
const OF_SUBJECT: &str = "SELECT record_id FROM activity_acts WHERE subject_id = $1 AND what = $2";
const DELETE: &str = "DELETE FROM activity_acts WHERE record_id = $1";
const RENEW: &str = "UPDATE activity_acts SET lease_until_ms = $2 WHERE record_id = $1";
const EXPIRED: &str = "SELECT record_id FROM activity_acts WHERE lease_until_ms < $1
    ORDER BY lease_until_ms, record_id LIMIT 1";

pub(crate) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    record: &Record<'_>,
    lease: Option<i64>,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(record.tenant).bind(record.what.name()).bind(record.subject)
        .bind(lease).execute(c).await.map(drop))
}

pub(crate) async fn of_subject(tx: &mut Tx, subject: Uuid, what: &str) -> sqlx::Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar(OF_SUBJECT).bind(subject).bind(what).fetch_all(c).await)
}

/// Whether it was there.
pub(crate) async fn delete(tx: &mut Tx, id: Uuid) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(DELETE).bind(id).execute(c).await.map(|done| done.rows_affected() > 0))
}

pub(crate) async fn renew(tx: &mut Tx, id: Uuid, until_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(RENEW).bind(id).bind(until_ms).execute(c).await.map(drop))
}

/// One whose process was not heard of since the moment, Unix milliseconds.
pub(crate) async fn expired(tx: &mut Tx, now_ms: i64) -> sqlx::Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar(EXPIRED).bind(now_ms).fetch_optional(c).await)
}
