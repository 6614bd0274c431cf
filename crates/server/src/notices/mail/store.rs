//! All SQL about messages.

use super::state::{State, Why};
use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A message as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) tenant_id: TenantId,
    pub(super) user_id: UserId,
    pub(super) kind: String,
    /// To whom and what, sealed; none once it is over.
    pub(super) content: Option<String>,
    pub(super) created_at_ms: i64,
    pub(super) expires_at_ms: i64,
    state: String,
    retry_at_ms: i64,
    failures: i64,
    why: String,
    settled_at_ms: Option<i64>,
}

impl Row {
    /// Attempts that failed.
    pub(super) fn failures(&self) -> i64 {
        self.failures
    }

    /// Why the last one did.
    pub(super) fn why(&self) -> Option<Why> {
        Why::from_name(&self.why)
    }

    /// Where it stands.
    pub(super) fn state(&self) -> State {
        let why = self.why();
        let at_ms = self.settled_at_ms.unwrap_or(self.created_at_ms);
        match self.state.as_str() {
            "sent" => State::Sent { at_ms },
            "failed" => State::Failed {
                at_ms,
                why: why.unwrap_or(Why::Late),
            },
            "waiting" => State::Waiting {
                failures: self.failures,
                retry_at_ms: self.retry_at_ms,
                why,
            },
            _ => State::Withdrawn { at_ms },
        }
    }
}

/// A message that is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewRow<'a> {
    pub(super) id: Uuid,
    pub(super) tenant: TenantId,
    pub(super) user: UserId,
    pub(super) kind: &'static str,
    /// Whether it carries a one-time link.
    pub(super) is_link: bool,
    pub(super) content: &'a str,
    pub(super) now_ms: i64,
    pub(super) expires_at_ms: i64,
}

const INSERT: &str = "INSERT INTO mail_messages (id, tenant_id, user_id, kind, is_link, content,
    created_at_ms, expires_at_ms, state, retry_at_ms, failures, why)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $7, 0, '')";
/// No customer's many messages hold up another's few.
const DUE: &str = "SELECT tenant_id, id FROM
    (SELECT tenant_id, id, retry_at_ms,
        row_number() OVER (PARTITION BY tenant_id ORDER BY retry_at_ms, id) AS turn
        FROM mail_messages WHERE state = 'waiting' AND retry_at_ms <= $1) due
    ORDER BY turn, retry_at_ms, id LIMIT $2";
const GET: &str =
    "SELECT id, tenant_id, user_id, kind, content, created_at_ms, expires_at_ms, state,
    retry_at_ms, failures, why, settled_at_ms FROM mail_messages WHERE tenant_id = $1 AND id = $2";
const OF_PERSON: &str =
    "SELECT id, tenant_id, user_id, kind, content, created_at_ms, expires_at_ms, state,
    retry_at_ms, failures, why, settled_at_ms FROM mail_messages
    WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at_ms DESC, id DESC LIMIT $3";
const LAST_LINKS: &str =
    "SELECT id, tenant_id, user_id, kind, content, created_at_ms, expires_at_ms, state,
    retry_at_ms, failures, why, settled_at_ms FROM mail_messages m
    WHERE tenant_id = $1 AND is_link AND state IN ('waiting', 'failed') AND NOT EXISTS
    (SELECT 1 FROM mail_messages n WHERE n.tenant_id = m.tenant_id AND n.user_id = m.user_id
        AND n.is_link AND n.id > m.id)";
const CLAIM: &str = "UPDATE mail_messages SET retry_at_ms = $3
    WHERE id = $1 AND state = 'waiting' AND retry_at_ms <= $2";
const SETTLE: &str =
    "UPDATE mail_messages SET state = $3, retry_at_ms = $4, failures = $5, why = $6,
    settled_at_ms = $7, content = CASE WHEN $7 IS NULL THEN content ELSE NULL END
    WHERE id = $1 AND state = 'waiting' AND retry_at_ms = $2";
const WITHDRAW_LINKS: &str =
    "UPDATE mail_messages SET state = 'withdrawn', content = NULL, settled_at_ms = $3
    WHERE tenant_id = $1 AND user_id = $2 AND state = 'waiting' AND is_link";
const WITHDRAW: &str =
    "UPDATE mail_messages SET state = 'withdrawn', content = NULL, settled_at_ms = $3
    WHERE tenant_id = $1 AND user_id = $2 AND state = 'waiting'";
const EXPIRED: &str = "SELECT tenant_id, id FROM mail_messages
    WHERE state = 'waiting' AND expires_at_ms <= $1 AND retry_at_ms <= $1 LIMIT 500";
const DROP_OLD: &str = "DELETE FROM mail_messages WHERE settled_at_ms < $1";
const WAITING: &str = "SELECT count(*) FROM mail_messages
    WHERE tenant_id = $1 AND state = 'waiting' AND created_at_ms <= $2";
const KEPT: &str = "SELECT count(*) FROM mail_messages
    WHERE tenant_id = $1 AND content IS NOT NULL AND (state <> 'waiting' OR expires_at_ms <= $2)";
const SETTLED: &str =
    "SELECT count(*) FROM mail_messages WHERE tenant_id = $1 AND state <> 'waiting'";

pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(row.tenant).bind(row.user).bind(row.kind)
        .bind(row.is_link).bind(row.content).bind(row.now_ms).bind(row.expires_at_ms)
        .execute(c).await.map(drop))
}

/// Messages to be sent now, of all customers in turn.
pub(super) async fn due(
    tx: &mut Tx,
    now_ms: i64,
    limit: i64,
) -> sqlx::Result<Vec<(TenantId, Uuid)>> {
    on!(tx, c => sqlx::query_as(DUE).bind(now_ms).bind(limit).fetch_all(c).await)
}

/// Messages that nobody shall send any more.
pub(super) async fn expired(tx: &mut Tx, now_ms: i64) -> sqlx::Result<Vec<(TenantId, Uuid)>> {
    on!(tx, c => sqlx::query_as(EXPIRED).bind(now_ms).fetch_all(c).await)
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: Uuid) -> sqlx::Result<Option<Row>> {
    on!(tx, c => sqlx::query_as(GET).bind(tenant).bind(id).fetch_optional(c).await)
}

/// A person's messages, the newest first.
pub(super) async fn of_person(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(OF_PERSON).bind(tenant).bind(user).bind(limit).fetch_all(c).await)
}

/// Of everybody whose newest link by mail has not left, that message.
pub(super) async fn last_links(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(LAST_LINKS).bind(tenant).fetch_all(c).await)
}

/// Whether the caller is the one who tries now; nobody else does until then.
pub(super) async fn claim(tx: &mut Tx, id: Uuid, now_ms: i64, until_ms: i64) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(CLAIM).bind(id).bind(now_ms).bind(until_ms).execute(c).await
        .map(|done| done.rows_affected() == 1))
}

/// Keeps what became of a message that was claimed until then. What it says goes when it is over. `false` when somebody
/// else has it by now, or it was withdrawn.
pub(super) async fn settle(
    tx: &mut Tx,
    id: Uuid,
    claimed_ms: i64,
    state: State,
) -> sqlx::Result<bool> {
    let (retry_at_ms, failures, why, settled_at_ms) = match state {
        State::Waiting {
            failures,
            retry_at_ms,
            why,
        } => (retry_at_ms, failures, why, None),
        State::Sent { at_ms } | State::Withdrawn { at_ms } => (at_ms, 0, None, Some(at_ms)),
        State::Failed { at_ms, why } => (at_ms, 0, Some(why), Some(at_ms)),
    };
    on!(tx, c => sqlx::query(SETTLE).bind(id).bind(claimed_ms).bind(state.name()).bind(retry_at_ms)
        .bind(failures).bind(why.map_or("", Why::name)).bind(settled_at_ms).execute(c).await
        .map(|done| done.rows_affected() == 1))
}

/// A person's messages with links that were not sent yet are not sent any more.
pub(super) async fn withdraw_links(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(WITHDRAW_LINKS).bind(tenant).bind(user).bind(now_ms).execute(c).await.map(drop))
}

/// None of a person's messages is sent any more.
pub(super) async fn withdraw(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(WITHDRAW).bind(tenant).bind(user).bind(now_ms).execute(c).await.map(drop))
}

/// Forgets messages that were over before then.
pub(super) async fn drop_old(tx: &mut Tx, before_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD).bind(before_ms).execute(c).await.map(drop))
}

/// How many of a customer's messages wait that were written by then.
pub(super) async fn waiting(tx: &mut Tx, tenant: TenantId, by_ms: i64) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(WAITING).bind(tenant).bind(by_ms).fetch_one(c).await)
}

/// How many of a customer's messages are over, and how many say something that should be erased.
pub(super) async fn settled(
    tx: &mut Tx,
    tenant: TenantId,
    expired_ms: i64,
) -> sqlx::Result<(i64, i64)> {
    let settled = on!(tx, c => sqlx::query_scalar(SETTLED).bind(tenant).fetch_one(c).await)?;
    let kept =
        on!(tx, c => sqlx::query_scalar(KEPT).bind(tenant).bind(expired_ms).fetch_one(c).await)?;
    Ok((settled, kept))
}
