//! All SQL about accounts, one-time links and the sessions of the web.

use super::failures::Failures;
use crate::db::{Tx, like, on};
use wire::ids::{TenantId, UserId};

/// A person's account as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UserRow {
    /// The person.
    pub id: UserId,
    /// Their organisation.
    pub tenant_id: TenantId,
    /// Their address, in lower case.
    pub email: String,
    /// Their login name inside sessions.
    pub login: String,
    /// Their name.
    pub full_name: String,
    /// The stored form of the role.
    pub role: String,
    /// `invited`, `active`, `suspended` or `removed`; of somebody removed only what records refer to is kept.
    pub state: String,
    /// PHC string; none before the first sign-in.
    pub password_hash: Option<String>,
    /// The last sign-in, Unix milliseconds.
    pub last_sign_in_ms: Option<i64>,
}

/// A session of the web with its person.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct WebSessionRow {
    /// Whose.
    pub tenant_id: TenantId,
    /// Who.
    pub user_id: UserId,
    /// The token of its forms.
    pub csrf: String,
    /// When it began, Unix milliseconds.
    pub created_at_ms: i64,
    /// When it was last used, Unix milliseconds; kept to the minute.
    pub last_seen_ms: i64,
    /// The person's name.
    pub full_name: String,
    /// The person's role.
    pub role: String,
    /// The organisation's names.
    pub tenant_name_ja: String,
    /// The organisation's names.
    pub tenant_name_en: String,
}

const INSERT_USER: &str = "INSERT INTO users
    (id, tenant_id, email, login, full_name, role, state, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, 'invited', $7)";
const USER: &str = "SELECT id, tenant_id, email, login, full_name, role, state, password_hash, last_sign_in_ms FROM users";
const USER_BY_EMAIL: &str =
    "SELECT id, tenant_id, email, login, full_name, role, state, password_hash, last_sign_in_ms
    FROM users WHERE email = $1";
const USER_BY_ID: &str =
    "SELECT id, tenant_id, email, login, full_name, role, state, password_hash, last_sign_in_ms
    FROM users WHERE tenant_id = $1 AND id = $2";
const COUNT_USERS: &str = "SELECT count(*) FROM users WHERE tenant_id = $1 AND state <> 'removed'
    AND ($2 = '' OR lower(full_name) LIKE $2 ESCAPE '!' OR email LIKE $2 ESCAPE '!')";
const SUSPENDED: &str = "SELECT id FROM users WHERE state IN ('suspended', 'removed')";
const LOCK_PEOPLE: &str = "UPDATE tenants SET code = code WHERE id = $1";
const OTHER_ADMINISTRATORS: &str = "SELECT count(*) FROM users
    WHERE tenant_id = $1 AND id <> $2 AND role = 'administrator' AND state = 'active'";
const SET_DETAILS: &str =
    "UPDATE users SET full_name = $1, role = $2 WHERE tenant_id = $3 AND id = $4";
const SET_STATE: &str = "UPDATE users SET state = $1 WHERE tenant_id = $2 AND id = $3";
const REMOVE_USER: &str = "UPDATE users SET state = 'removed', email = $1, password_hash = NULL
    WHERE tenant_id = $2 AND id = $3";
const SET_PASSWORD: &str =
    "UPDATE users SET password_hash = $1, state = 'active' WHERE tenant_id = $2 AND id = $3";
const SET_SIGNED_IN: &str =
    "UPDATE users SET last_sign_in_ms = $1 WHERE tenant_id = $2 AND id = $3";
const INSERT_LINK: &str = "INSERT INTO sign_in_links
    (token_hash, tenant_id, user_id, expires_at_ms) VALUES ($1, $2, $3, $4)";
const DROP_LINKS: &str =
    "DELETE FROM sign_in_links WHERE tenant_id = $1 AND user_id = $2 AND used_at_ms IS NULL";
const LINK: &str = "SELECT tenant_id, user_id FROM sign_in_links
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const USE_LINK: &str = "UPDATE sign_in_links SET used_at_ms = $2
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const INSERT_WEB: &str = "INSERT INTO web_sessions
    (token_hash, tenant_id, user_id, csrf, created_at_ms, last_seen_ms) VALUES ($1, $2, $3, $4, $5, $5)";
const WEB: &str =
    "SELECT w.tenant_id, w.user_id, w.csrf, w.created_at_ms, w.last_seen_ms, u.full_name, u.role,
    t.name_ja AS tenant_name_ja, t.name_en AS tenant_name_en
    FROM web_sessions w JOIN users u ON u.id = w.user_id JOIN tenants t ON t.id = w.tenant_id
    WHERE w.token_hash = $1 AND u.state = 'active'";
const TOUCH_WEB: &str = "UPDATE web_sessions SET last_seen_ms = $2 WHERE token_hash = $1";
const DROP_WEB: &str = "DELETE FROM web_sessions WHERE token_hash = $1";
const DROP_WEB_OF: &str = "DELETE FROM web_sessions WHERE tenant_id = $1 AND user_id = $2";
const DROP_WEB_OLD: &str = "DELETE FROM web_sessions WHERE created_at_ms < $1 OR last_seen_ms < $2";
const FAILURES: &str =
    "SELECT failures, blocked_until_ms, last_at_ms FROM sign_in_failures WHERE subject = $1";
const LOCK_FAILURES: &str =
    "INSERT INTO sign_in_failures (subject, failures, blocked_until_ms, last_at_ms)
    VALUES ($1, 0, 0, 0) ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failures.failures";
const DROP_OLD_FAILURES: &str =
    "DELETE FROM sign_in_failures WHERE last_at_ms < $1 AND blocked_until_ms < $1";
const SAVE_FAILURES: &str = "INSERT INTO sign_in_failures (subject, failures, blocked_until_ms, last_at_ms)
    VALUES ($1, $2, $3, $4) ON CONFLICT (subject) DO UPDATE SET
    failures = excluded.failures, blocked_until_ms = excluded.blocked_until_ms, last_at_ms = excluded.last_at_ms";
const DROP_FAILURES: &str = "DELETE FROM sign_in_failures WHERE subject = $1";

pub(crate) async fn insert_user(tx: &mut Tx, user: &UserRow, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_USER).bind(user.id).bind(user.tenant_id).bind(&user.email).bind(&user.login)
        .bind(&user.full_name).bind(&user.role).bind(now_ms).execute(c).await.map(drop))
}

pub(crate) async fn user_by_email(tx: &mut Tx, email: &str) -> sqlx::Result<Option<UserRow>> {
    on!(tx, c => sqlx::query_as(USER_BY_EMAIL).bind(email).fetch_optional(c).await)
}

pub(crate) async fn user(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
) -> sqlx::Result<Option<UserRow>> {
    on!(tx, c => sqlx::query_as(USER_BY_ID).bind(tenant).bind(id).fetch_optional(c).await)
}

pub(crate) async fn count_users(tx: &mut Tx, tenant: TenantId, text: &str) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(COUNT_USERS).bind(tenant).bind(like(text)).fetch_one(c).await)
}

/// One page of an organisation's people. `order` is one of our own constants.
pub(crate) async fn page_of_users(
    tx: &mut Tx,
    tenant: TenantId,
    text: &str,
    order: UserOrder,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<UserRow>> {
    let sql = format!(
        "{USER} WHERE tenant_id = $1 AND state <> 'removed' AND ($2 = '' OR lower(full_name) LIKE $2 ESCAPE '!' OR email LIKE $2 ESCAPE '!')
         ORDER BY {} LIMIT $3 OFFSET $4",
        order.sql()
    );
    // Put together from constants only.
    let sql = sqlx::AssertSqlSafe(sql);
    on!(tx, c => sqlx::query_as(sql).bind(tenant).bind(like(text)).bind(limit).bind(offset).fetch_all(c).await)
}

/// The orders in which people can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserOrder {
    /// By which column.
    pub by: super::page::UserSort,
    /// From the end.
    pub descending: bool,
}

impl UserOrder {
    fn sql(self) -> &'static str {
        use super::page::UserSort as S;
        match (self.by, self.descending) {
            (S::Name, false) => "full_name, id",
            (S::Name, true) => "full_name DESC, id",
            (S::Email, false) => "email, id",
            (S::Email, true) => "email DESC, id",
            (S::LastSignIn, false) => "COALESCE(last_sign_in_ms, 0), id",
            (S::LastSignIn, true) => "COALESCE(last_sign_in_ms, 0) DESC, id",
        }
    }
}

/// Everybody who may not work, of all customers.
pub(crate) async fn suspended(tx: &mut Tx) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(SUSPENDED).fetch_all(c).await)
}

pub(crate) async fn set_password(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    hash: &str,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_PASSWORD).bind(hash).bind(tenant).bind(id).execute(c).await.map(drop))
}

pub(crate) async fn set_signed_in(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_SIGNED_IN).bind(now_ms).bind(tenant).bind(id).execute(c).await.map(drop))
}

/// A new link; earlier unused ones of the person stop working.
pub(crate) async fn replace_link(
    tx: &mut Tx,
    hash: &str,
    tenant: TenantId,
    user: UserId,
    expires_at_ms: i64,
) -> sqlx::Result<()> {
    drop_links(tx, tenant, user).await?;
    on!(tx, c => sqlx::query(INSERT_LINK).bind(hash).bind(tenant).bind(user).bind(expires_at_ms)
        .execute(c).await.map(drop))
}

/// A person's unused links stop working.
pub(super) async fn drop_links(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_LINKS).bind(tenant).bind(user).execute(c).await.map(drop))
}

/// Whoever changes an organisation's people waits here for whoever does so now.
pub(super) async fn lock_people(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(LOCK_PEOPLE).bind(tenant).execute(c).await.map(drop))
}

/// How many others can administer the organisation now.
pub(super) async fn other_administrators(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(OTHER_ADMINISTRATORS).bind(tenant).bind(id).fetch_one(c).await)
}

pub(super) async fn set_details(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    full_name: &str,
    role: &str,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_DETAILS).bind(full_name).bind(role).bind(tenant).bind(id)
        .execute(c).await.map(drop))
}

pub(super) async fn set_state(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    state: &str,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_STATE).bind(state).bind(tenant).bind(id).execute(c).await.map(drop))
}

/// The row stays, since records and sessions refer to it; its address is free for others.
pub(super) async fn remove_user(tx: &mut Tx, tenant: TenantId, id: UserId) -> sqlx::Result<()> {
    let address = format!("removed:{id}");
    on!(tx, c => sqlx::query(REMOVE_USER).bind(address).bind(tenant).bind(id).execute(c).await.map(drop))
}

pub(crate) async fn link(
    tx: &mut Tx,
    hash: &str,
    now_ms: i64,
) -> sqlx::Result<Option<(TenantId, UserId)>> {
    on!(tx, c => sqlx::query_as(LINK).bind(hash).bind(now_ms).fetch_optional(c).await)
}

/// Marks the link as used; `false` when somebody was faster.
pub(crate) async fn use_link(tx: &mut Tx, hash: &str, now_ms: i64) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE_LINK).bind(hash).bind(now_ms).execute(c).await.map(|r| r.rows_affected() == 1))
}

pub(crate) async fn insert_web_session(
    tx: &mut Tx,
    hash: &str,
    tenant: TenantId,
    user: UserId,
    csrf: &str,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_WEB).bind(hash).bind(tenant).bind(user).bind(csrf).bind(now_ms)
        .execute(c).await.map(drop))
}

pub(crate) async fn web_session(tx: &mut Tx, hash: &str) -> sqlx::Result<Option<WebSessionRow>> {
    on!(tx, c => sqlx::query_as(WEB).bind(hash).fetch_optional(c).await)
}

pub(crate) async fn touch_web_session(tx: &mut Tx, hash: &str, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(TOUCH_WEB).bind(hash).bind(now_ms).execute(c).await.map(drop))
}

pub(crate) async fn drop_web_session(tx: &mut Tx, hash: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_WEB).bind(hash).execute(c).await.map(drop))
}

pub(crate) async fn drop_web_sessions_of(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_WEB_OF).bind(tenant).bind(user).execute(c).await.map(drop))
}

/// Removes what began before the first moment or was last used before the second.
pub(crate) async fn drop_old_web_sessions(
    tx: &mut Tx,
    began_ms: i64,
    seen_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_WEB_OLD).bind(began_ms).bind(seen_ms).execute(c).await.map(drop))
}

/// The failures so far; until the transaction's end nobody else counts for the same subject.
pub(crate) async fn failures(tx: &mut Tx, subject: &str) -> sqlx::Result<Failures> {
    on!(tx, c => sqlx::query(LOCK_FAILURES).bind(subject).execute(c).await.map(drop))?;
    let row: Option<(i64, i64, i64)> =
        on!(tx, c => sqlx::query_as(FAILURES).bind(subject).fetch_optional(c).await)?;
    Ok(
        row.map_or_else(Failures::default, |(count, until, last)| Failures {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            blocked_until_ms: until,
            last_at_ms: last,
        }),
    )
}

pub(crate) async fn save_failures(
    tx: &mut Tx,
    subject: &str,
    failures: Failures,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SAVE_FAILURES).bind(subject).bind(i64::from(failures.count))
        .bind(failures.blocked_until_ms).bind(failures.last_at_ms).execute(c).await.map(drop))
}

/// Removes counts that nobody needs any more.
pub(crate) async fn drop_old_failures(tx: &mut Tx, before_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD_FAILURES).bind(before_ms).execute(c).await.map(drop))
}

pub(crate) async fn drop_failures(tx: &mut Tx, subject: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_FAILURES).bind(subject).execute(c).await.map(drop))
}
