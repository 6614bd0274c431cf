//! All SQL about operators.

use crate::db::{Tx, on};
use uuid::Uuid;

/// An operator as they are kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct OperatorRow {
    pub(crate) id: Uuid,
    /// The name inside the certificate.
    pub(crate) login: String,
    pub(crate) full_name: String,
    /// The stored form of a role.
    pub(crate) role: String,
    /// `invited`, `active` or `suspended`.
    pub(crate) state: String,
    /// The secret of the one-time codes, sealed.
    pub(crate) totp: String,
    /// The last time step of which a code was used.
    pub(crate) totp_step: i64,
    /// The digest of the one certificate that opens; none of those from before it was kept, of whom each has one.
    pub(crate) certificate: Option<String>,
}

/// An operator's session of the web.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub(crate) operator_id: Uuid,
    pub(crate) full_name: String,
    pub(crate) role: String,
    pub(crate) csrf: String,
    pub(crate) created_at_ms: i64,
    pub(crate) last_seen_ms: i64,
    /// As [`OperatorRow::certificate`].
    pub(crate) certificate: Option<String>,
}

/// A session host or gateway, as operators see it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct MachineRow {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) enrolled_at_ms: i64,
    pub(crate) seen_at_ms: Option<i64>,
    pub(crate) draining_since_ms: Option<i64>,
    /// Sessions on it that are not over.
    pub(crate) sessions: i64,
}

/// A customer, as operators see it: how much of what, and nothing that the customer stores.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct CustomerRow {
    pub(crate) code: String,
    pub(crate) name_ja: String,
    pub(crate) name_en: String,
    pub(crate) created_at_ms: i64,
    pub(crate) people: i64,
    pub(crate) sessions: i64,
}

/// How much of a customer's contract is used.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LimitRow {
    pub(crate) code: String,
    pub(crate) name_ja: String,
    pub(crate) name_en: String,
    pub(crate) people: i64,
    pub(crate) max_people: i64,
    pub(crate) sessions: i64,
    pub(crate) max_sessions: i64,
}

const LIVE_SESSIONS: &str =
    "SELECT count(*) FROM operator_sessions WHERE created_at_ms > $1 AND last_seen_ms > $2";
/// Nobody has used a code whose time step is zero.
const LIVE_WITHOUT_CODE: &str = "SELECT count(*)
    FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
    WHERE s.created_at_ms > $1 AND s.last_seen_ms > $2 AND o.state = 'active' AND o.totp_step = 0";
const INSERT: &str = "INSERT INTO operators
    (id, login, full_name, role, state, totp, totp_step, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const GET: &str = "SELECT id, login, full_name, role, state, totp, totp_step, certificate FROM operators WHERE id = $1";
const BY_LOGIN: &str = "SELECT id, login, full_name, role, state, totp, totp_step, certificate FROM operators WHERE login = $1";
/// A code works once: whoever is second to use its time step changes nothing. Nor does a code of a secret that was replaced
/// meanwhile.
const USE_STEP: &str = "UPDATE operators SET totp_step = $2, state = 'active', last_sign_in_ms = $3
    WHERE id = $1 AND totp_step < $2 AND state <> 'suspended' AND totp = $4";
const INSERT_LINK: &str =
    "INSERT INTO operator_links (token_hash, operator_id, expires_at_ms) VALUES ($1, $2, $3)";
const LINK: &str = "SELECT operator_id FROM operator_links
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const USE_LINK: &str = "UPDATE operator_links SET used_at_ms = $2
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const INSERT_SESSION: &str = "INSERT INTO operator_sessions
    (token_hash, operator_id, csrf, created_at_ms, last_seen_ms) VALUES ($1, $2, $3, $4, $4)";
const SESSION: &str =
    "SELECT s.operator_id, o.full_name, o.role, s.csrf, s.created_at_ms, s.last_seen_ms, o.certificate
    FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
    WHERE s.token_hash = $1 AND o.state = 'active'";
const TOUCH: &str = "UPDATE operator_sessions SET last_seen_ms = $2 WHERE token_hash = $1";
const DROP_SESSION: &str = "DELETE FROM operator_sessions WHERE token_hash = $1";
const MACHINES: &str =
    "SELECT m.id, m.kind, m.enrolled_at_ms, m.seen_at_ms, m.draining_since_ms, count(s.id) AS sessions
    FROM machines m LEFT JOIN sessions s ON s.host_id = m.id AND s.state <> 'ended'
    GROUP BY m.id, m.kind, m.enrolled_at_ms, m.seen_at_ms, m.draining_since_ms
    ORDER BY m.kind DESC, m.enrolled_at_ms, m.id";
const CUSTOMERS: &str = "SELECT t.code, t.name_ja, t.name_en, t.created_at_ms,
    (SELECT count(*) FROM users u WHERE u.tenant_id = t.id) AS people,
    (SELECT count(*) FROM sessions s WHERE s.tenant_id = t.id AND s.state <> 'ended') AS sessions
    FROM tenants t ORDER BY t.code";
const LIMITS: &str = "SELECT t.code, t.name_ja, t.name_en, c.max_people, c.max_sessions,
    (SELECT count(*) FROM users u WHERE u.tenant_id = t.id AND u.state <> 'removed') AS people,
    (SELECT count(*) FROM sessions s WHERE s.tenant_id = t.id AND s.state <> 'ended') AS sessions
    FROM tenants t JOIN contracts c ON c.tenant_id = t.id
    WHERE c.version = (SELECT d.version FROM contracts d
        WHERE d.tenant_id = t.id AND d.withdrawn_at_ms IS NULL AND d.counts_from <= $1
        ORDER BY d.counts_from DESC, d.version DESC LIMIT 1) ORDER BY t.code";
const DRAIN: &str = "UPDATE machines SET draining_since_ms = $2
    WHERE id = $1 AND kind = 'host' AND draining_since_ms IS NULL";
const RESUME: &str = "UPDATE machines SET draining_since_ms = NULL
    WHERE id = $1 AND kind = 'host' AND draining_since_ms IS NOT NULL";
const TENANTS_ON: &str =
    "SELECT DISTINCT tenant_id FROM sessions WHERE host_id = $1 AND state <> 'ended'";

pub(super) async fn insert(tx: &mut Tx, row: &OperatorRow, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(&row.login).bind(&row.full_name).bind(&row.role)
        .bind(&row.state).bind(&row.totp).bind(row.totp_step).bind(now_ms).execute(c).await.map(drop))
}

pub(super) async fn get(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<OperatorRow>> {
    on!(tx, c => sqlx::query_as(GET).bind(id).fetch_optional(c).await)
}

pub(super) async fn by_login(tx: &mut Tx, login: &str) -> sqlx::Result<Option<OperatorRow>> {
    on!(tx, c => sqlx::query_as(BY_LOGIN).bind(login).fetch_optional(c).await)
}

/// Uses a code's time step; `false` when it, or a later one, was used before, or the operator may not come in.
pub(super) async fn use_step(
    tx: &mut Tx,
    row: &OperatorRow,
    step: i64,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE_STEP).bind(row.id).bind(step).bind(now_ms).bind(&row.totp).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

pub(super) async fn insert_link(
    tx: &mut Tx,
    hash: &str,
    operator: Uuid,
    expires_at_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_LINK).bind(hash).bind(operator).bind(expires_at_ms)
        .execute(c).await.map(drop))
}

pub(super) async fn link(tx: &mut Tx, hash: &str, now_ms: i64) -> sqlx::Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar(LINK).bind(hash).bind(now_ms).fetch_optional(c).await)
}

pub(super) async fn use_link(tx: &mut Tx, hash: &str, now_ms: i64) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE_LINK).bind(hash).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

pub(super) async fn insert_session(
    tx: &mut Tx,
    hash: &str,
    operator: Uuid,
    csrf: &str,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_SESSION).bind(hash).bind(operator).bind(csrf).bind(now_ms)
        .execute(c).await.map(drop))
}

pub(super) async fn session(tx: &mut Tx, hash: &str) -> sqlx::Result<Option<SessionRow>> {
    on!(tx, c => sqlx::query_as(SESSION).bind(hash).fetch_optional(c).await)
}

pub(super) async fn touch(tx: &mut Tx, hash: &str, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(TOUCH).bind(hash).bind(now_ms).execute(c).await.map(drop))
}

pub(super) async fn drop_session(tx: &mut Tx, hash: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_SESSION).bind(hash).execute(c).await.map(drop))
}

pub(super) async fn machines(tx: &mut Tx) -> sqlx::Result<Vec<MachineRow>> {
    on!(tx, c => sqlx::query_as(MACHINES).fetch_all(c).await)
}

pub(super) async fn customers(tx: &mut Tx) -> sqlx::Result<Vec<CustomerRow>> {
    on!(tx, c => sqlx::query_as(CUSTOMERS).fetch_all(c).await)
}

/// What each customer's contract allows, and how much of it is used: by the version of each contract that counts on a day in Japan.
pub(super) async fn limits(tx: &mut Tx, today: &str) -> sqlx::Result<Vec<LimitRow>> {
    on!(tx, c => sqlx::query_as(LIMITS).bind(today).fetch_all(c).await)
}

pub(super) async fn drain(tx: &mut Tx, host: Uuid, now_ms: i64) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(DRAIN).bind(host).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

pub(super) async fn resume(tx: &mut Tx, host: Uuid) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(RESUME).bind(host).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// The customers who have sessions on a host.
pub(super) async fn tenants_on(tx: &mut Tx, host: Uuid) -> sqlx::Result<Vec<wire::ids::TenantId>> {
    on!(tx, c => sqlx::query_scalar(TENANTS_ON).bind(host).fetch_all(c).await)
}

/// Sessions that began and were used since the given moments, and those among them that began without a code.
pub(super) async fn live_sessions(
    tx: &mut Tx,
    (began_ms, used_ms): (i64, i64),
) -> sqlx::Result<(i64, i64)> {
    let all = on!(&mut *tx, c => sqlx::query_scalar(LIVE_SESSIONS).bind(began_ms).bind(used_ms).fetch_one(c).await)?;
    let bare = on!(tx, c => sqlx::query_scalar(LIVE_WITHOUT_CODE).bind(began_ms).bind(used_ms).fetch_one(c).await)?;
    Ok((all, bare))
}
