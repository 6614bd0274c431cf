//! All SQL about showing a certificate: tickets, what was seen, and which people have shown one.

use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A session of the web that was sent to show a certificate.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in super::super) struct CheckRow {
    pub(in super::super) tenant_id: TenantId,
    pub(in super::super) user_id: UserId,
    pub(in super::super) session_id: Uuid,
    pub(in super::super) next: String,
    pub(in super::super) certificate_id: Option<Uuid>,
    pub(in super::super) refusal: Option<String>,
}

const DROP_OLD: &str = "DELETE FROM device_checks WHERE created_at_ms < $1";
const DROP_OF: &str = "DELETE FROM device_checks WHERE tenant_id = $1 AND session_id = $2";
const INSERT: &str = "INSERT INTO device_checks
    (ticket_hash, tenant_id, user_id, session_id, next, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6)";
const WAITING: &str = "SELECT tenant_id, user_id, session_id, next, certificate_id, refusal
    FROM device_checks WHERE ticket_hash = $1 AND created_at_ms > $2 AND seen_at_ms IS NULL";
const SEEN: &str = "UPDATE device_checks
    SET result_hash = $3, seen_at_ms = $4, certificate_id = $5, refusal = $6
    WHERE tenant_id = $1 AND ticket_hash = $2 AND seen_at_ms IS NULL";
const RESULT: &str = "SELECT tenant_id, user_id, session_id, next, certificate_id, refusal
    FROM device_checks WHERE tenant_id = $1 AND result_hash = $2 AND seen_at_ms > $3";
const TAKE: &str = "DELETE FROM device_checks WHERE tenant_id = $1 AND result_hash = $2";
const SET_SHOWN: &str = "UPDATE web_sessions SET device_id = $1, token_hash = $2
    WHERE tenant_id = $3 AND id = $4 AND token_hash = $5";
const SET_SHOWN_AT: &str =
    "UPDATE device_certificates SET shown_at_ms = $3 WHERE tenant_id = $1 AND id = $2";
const SAVE_USE: &str = "INSERT INTO device_uses (tenant_id, user_id, certificate_id, at_ms)
    VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, certificate_id) DO UPDATE SET at_ms = excluded.at_ms";
const HAS_SHOWN: &str =
    "SELECT count(*) FROM web_sessions w JOIN device_certificates d ON d.id = w.device_id
    WHERE w.tenant_id = $1 AND w.user_id = $2 AND d.revoked_at_ms IS NULL AND d.not_after_ms > $3";
const SHOWN_IN: &str = "SELECT device_id FROM web_sessions
    WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND device_id IS NOT NULL";
const WITHOUT: &str = "SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.role = $2 AND u.state = 'active'
    AND NOT EXISTS (SELECT 1 FROM device_uses s JOIN device_certificates d ON d.id = s.certificate_id
        WHERE s.user_id = u.id AND s.at_ms > $3 AND d.revoked_at_ms IS NULL AND d.not_after_ms > $4)";
const REVOKED_INSIDE: &str =
    "SELECT count(*) FROM web_sessions w JOIN device_certificates d ON d.id = w.device_id
    WHERE w.tenant_id = $1 AND d.revoked_at_ms IS NOT NULL";

pub(in super::super) async fn drop_old(tx: &mut Tx, before_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD).bind(before_ms).execute(c).await.map(drop))
}

/// A new ticket of a session; an earlier one ends.
pub(in super::super) async fn insert(
    tx: &mut Tx,
    (tenant, user, session): (TenantId, UserId, Uuid),
    (hash, next): (&str, &str),
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OF).bind(tenant).bind(session).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(INSERT).bind(hash).bind(tenant).bind(user).bind(session).bind(next)
        .bind(now_ms).execute(c).await.map(drop))
}

/// The check of a ticket that was not used and was made after a moment.
pub(in super::super) async fn waiting(
    tx: &mut Tx,
    hash: &str,
    after_ms: i64,
) -> sqlx::Result<Option<CheckRow>> {
    on!(tx, c => sqlx::query_as(WAITING).bind(hash).bind(after_ms).fetch_optional(c).await)
}

/// What was seen; `false` when somebody was faster.
pub(in super::super) async fn set_seen(
    tx: &mut Tx,
    tenant: TenantId,
    (ticket, result): (&str, &str),
    seen: (Option<Uuid>, Option<&str>),
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(SEEN).bind(tenant).bind(ticket).bind(result).bind(now_ms).bind(seen.0)
        .bind(seen.1).execute(c).await.map(|r| r.rows_affected() == 1))
}

/// Uses up a result that came after a moment; `None` when there is none, or somebody was faster.
pub(in super::super) async fn take(
    tx: &mut Tx,
    tenant: TenantId,
    hash: &str,
    after_ms: i64,
) -> sqlx::Result<Option<CheckRow>> {
    let row: Option<CheckRow> = on!(tx, c => sqlx::query_as(RESULT).bind(tenant).bind(hash).bind(after_ms)
        .fetch_optional(c).await)?;
    let taken = on!(tx, c => sqlx::query(TAKE).bind(tenant).bind(hash).execute(c).await
        .map(|r| r.rows_affected() == 1))?;
    Ok(row.filter(|_| taken))
}

/// A session of the web has shown a certificate, and goes on under another secret; `false` when it is not there.
pub(in super::super) async fn set_shown(
    tx: &mut Tx,
    row: &CheckRow,
    certificate: Uuid,
    (old, new): (&str, &str),
    now_ms: i64,
) -> sqlx::Result<bool> {
    let (tenant, user) = (row.tenant_id, row.user_id);
    let done = on!(tx, c => sqlx::query(SET_SHOWN).bind(certificate).bind(new).bind(tenant).bind(row.session_id)
        .bind(old).execute(c).await.map(|r| r.rows_affected() == 1))?;
    on!(tx, c => sqlx::query(SET_SHOWN_AT).bind(tenant).bind(certificate).bind(now_ms)
        .execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(SAVE_USE).bind(tenant).bind(user).bind(certificate).bind(now_ms)
        .execute(c).await.map(drop))?;
    Ok(done)
}

/// Whether a person is signed in somewhere with a certificate that is good now.
pub(in super::super) async fn has_shown(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    now_ms: i64,
) -> sqlx::Result<bool> {
    let count: i64 = on!(tx, c => sqlx::query_scalar(HAS_SHOWN).bind(tenant).bind(user).bind(now_ms)
        .fetch_one(c).await)?;
    Ok(count > 0)
}

/// The certificate that was shown in a session of the web.
pub(in super::super) async fn shown_in(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    session: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar(SHOWN_IN).bind(tenant).bind(user).bind(session)
        .fetch_optional(c).await)
}

/// Everybody of a role who has shown no certificate since a moment that is good now.
pub(in super::super) async fn without(
    tx: &mut Tx,
    (tenant, role): (TenantId, &str),
    (since_ms, now_ms): (i64, i64),
) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(WITHOUT).bind(tenant).bind(role).bind(since_ms).bind(now_ms)
        .fetch_all(c).await)
}

/// Sessions of the web in which a certificate was shown that is revoked now.
pub(in super::super) async fn revoked_inside(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(REVOKED_INSIDE).bind(tenant).fetch_one(c).await)
}
