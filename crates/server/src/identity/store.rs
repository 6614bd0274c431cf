//! All SQL about accounts, one-time links and failed sign-ins.

pub(super) mod counts;

use super::failures::Failures;
use crate::{
    db::{Tx, on},
    keys::{Owner, Place},
    portal::Lang,
};
use std::cmp::Ordering;
use wire::ids::{TenantId, UserId};

/// A person's account. Address, login, name and password hash are sealed where it is kept.
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

const GONE: &str =
    "SELECT id FROM users WHERE tenant_id = $1 AND state IN ('suspended', 'removed')";
const GONE_SESSIONS: &str = "SELECT count(*) FROM web_sessions w JOIN users u ON u.id = w.user_id
    WHERE w.tenant_id = $1 AND u.state IN ('suspended', 'removed')";
const ADMINISTRATORS: &str = "SELECT count(*) FROM users
    WHERE tenant_id = $1 AND role = 'administrator' AND state IN ('active', 'invited')";
const INSERT_USER: &str = "INSERT INTO users
    (id, tenant_id, email, login, full_name, role, state, created_at_ms, changed_at_ms, email_index)
    VALUES ($1, $2, $3, $4, $5, $6, 'invited', $7, $7, $8)";
const USER_BY_EMAIL: &str =
    "SELECT id, tenant_id, email, login, full_name, role, state, password_hash, last_sign_in_ms
    FROM users WHERE email_index = $1";
const USER_BY_ID: &str =
    "SELECT id, tenant_id, email, login, full_name, role, state, password_hash, last_sign_in_ms
    FROM users WHERE tenant_id = $1 AND id = $2";
const USERS: &str =
    "SELECT id, tenant_id, email, login, full_name, role, state, password_hash, last_sign_in_ms
    FROM users WHERE tenant_id = $1 AND state <> 'removed'";
const SUSPENDED: &str = "SELECT id FROM users WHERE state IN ('suspended', 'removed')";
const REMOVED: &str = "SELECT id FROM users WHERE state = 'removed'";
const LOCK_PEOPLE: &str = "UPDATE tenants SET code = code WHERE id = $1";
const OTHER_ADMINISTRATORS: &str = "SELECT count(*) FROM users
    WHERE tenant_id = $1 AND id <> $2 AND role = 'administrator' AND state = 'active'";
const SET_DETAILS: &str = "UPDATE users SET full_name = $1, role = $2, changed_at_ms = $5 WHERE tenant_id = $3 AND id = $4";
const SET_STATE: &str =
    "UPDATE users SET state = $1, changed_at_ms = $4 WHERE tenant_id = $2 AND id = $3";
const REMOVE_USER: &str =
    "UPDATE users SET state = 'removed', email = $1, email_index = NULL, password_hash = NULL,
    external_id = NULL
    WHERE tenant_id = $2 AND id = $3";
const SET_PASSWORD: &str =
    "UPDATE users SET password_hash = $1, state = 'active' WHERE tenant_id = $2 AND id = $3";
const SET_SIGNED_IN: &str =
    "UPDATE users SET last_sign_in_ms = $1, language = coalesce($4, language)
    WHERE tenant_id = $2 AND id = $3";
const LANGUAGE: &str = "SELECT language FROM users WHERE tenant_id = $1 AND id = $2";
const INSERT_LINK: &str = "INSERT INTO sign_in_links
    (token_hash, tenant_id, user_id, expires_at_ms) VALUES ($1, $2, $3, $4)";
const DROP_LINKS: &str =
    "DELETE FROM sign_in_links WHERE tenant_id = $1 AND user_id = $2 AND used_at_ms IS NULL";
const LINKS: &str = "SELECT count(*) FROM sign_in_links WHERE tenant_id = $1 AND user_id = $2";
const LIVE_LINKS: &str = "SELECT user_id, expires_at_ms FROM sign_in_links
    WHERE tenant_id = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const LINK: &str = "SELECT tenant_id, user_id FROM sign_in_links
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const USE_LINK: &str = "UPDATE sign_in_links SET used_at_ms = $2
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
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

/// Where a field of a person is sealed.
pub(super) fn place(id: UserId, column: &'static str) -> Place {
    Place {
        table: "users",
        column,
        row: id.0,
    }
}

async fn seal(
    tx: &mut Tx,
    (tenant, id): (TenantId, UserId),
    column: &'static str,
    value: &str,
) -> sqlx::Result<String> {
    let owner = Owner::Tenant(tenant);
    tx.seal(owner, place(id, column), value.as_bytes()).await
}

async fn open(tx: &mut Tx, row: UserRow) -> sqlx::Result<UserRow> {
    let owner = Owner::Tenant(row.tenant_id);
    let at = |column| place(row.id, column);
    Ok(UserRow {
        email: tx.unseal_text(owner, at("email"), &row.email).await?,
        login: tx.unseal_text(owner, at("login"), &row.login).await?,
        full_name: tx
            .unseal_text(owner, at("full_name"), &row.full_name)
            .await?,
        password_hash: match &row.password_hash {
            Some(hash) => Some(tx.unseal_text(owner, at("password_hash"), hash).await?),
            None => None,
        },
        ..row
    })
}

async fn open_found(tx: &mut Tx, row: Option<UserRow>) -> sqlx::Result<Option<UserRow>> {
    match row {
        Some(row) => open(tx, row).await.map(Some),
        None => Ok(None),
    }
}

/// By what an address is found while it is sealed.
async fn email_index(tx: &mut Tx, email: &str) -> sqlx::Result<String> {
    tx.index("users.email", email).await
}

pub(crate) async fn insert_user(tx: &mut Tx, user: &UserRow, now_ms: i64) -> sqlx::Result<()> {
    let row = (user.tenant_id, user.id);
    let email = seal(tx, row, "email", &user.email).await?;
    let login = seal(tx, row, "login", &user.login).await?;
    let full_name = seal(tx, row, "full_name", &user.full_name).await?;
    let index = email_index(tx, &user.email).await?;
    on!(tx, c => sqlx::query(INSERT_USER).bind(user.id).bind(user.tenant_id).bind(email).bind(login)
        .bind(full_name).bind(&user.role).bind(now_ms).bind(index).execute(c).await.map(drop))
}

pub(crate) async fn user_by_email(tx: &mut Tx, email: &str) -> sqlx::Result<Option<UserRow>> {
    let index = email_index(tx, email).await?;
    let row = on!(tx, c => sqlx::query_as(USER_BY_EMAIL).bind(index).fetch_optional(c).await)?;
    open_found(tx, row).await
}

pub(crate) async fn user(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
) -> sqlx::Result<Option<UserRow>> {
    let row =
        on!(tx, c => sqlx::query_as(USER_BY_ID).bind(tenant).bind(id).fetch_optional(c).await)?;
    open_found(tx, row).await
}

/// An organisation's people whose name or address holds a text, in an order. Names and addresses are sealed, so that they
/// are searched and sorted here and not in the database.
pub(crate) async fn users(
    tx: &mut Tx,
    tenant: TenantId,
    text: &str,
    order: UserOrder,
) -> sqlx::Result<Vec<UserRow>> {
    let rows: Vec<UserRow> = on!(tx, c => sqlx::query_as(USERS).bind(tenant).fetch_all(c).await)?;
    let text = text.to_lowercase();
    let mut found = Vec::new();
    for row in rows {
        let row = open(tx, row).await?;
        if row.full_name.to_lowercase().contains(&text) || row.email.contains(&text) {
            found.push(row);
        }
    }
    found.sort_by(|a, b| order.compare(a, b));
    Ok(found)
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
    fn compare(self, a: &UserRow, b: &UserRow) -> Ordering {
        use super::page::UserSort as S;
        let order = match self.by {
            S::Name => a.full_name.cmp(&b.full_name),
            S::Email => a.email.cmp(&b.email),
            // None, which is never, comes first.
            S::LastSignIn => a.last_sign_in_ms.cmp(&b.last_sign_in_ms),
        };
        let order = if self.descending {
            order.reverse()
        } else {
            order
        };
        order.then(a.id.0.cmp(&b.id.0))
    }
}

/// Everybody who may not work, of all customers.
pub(crate) async fn suspended(tx: &mut Tx) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(SUSPENDED).fetch_all(c).await)
}

/// Everybody who was removed, of all customers.
pub(crate) async fn removed(tx: &mut Tx) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(REMOVED).fetch_all(c).await)
}

pub(crate) async fn set_password(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    hash: &str,
) -> sqlx::Result<()> {
    let hash = seal(tx, (tenant, id), "password_hash", hash).await?;
    on!(tx, c => sqlx::query(SET_PASSWORD).bind(hash).bind(tenant).bind(id).execute(c).await.map(drop))
}

pub(crate) async fn set_signed_in(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    (now_ms, lang): (i64, Option<Lang>),
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_SIGNED_IN).bind(now_ms).bind(tenant).bind(id).bind(lang.map(Lang::tag))
        .execute(c).await.map(drop))
}

/// The tag of the language in which a person last signed in.
pub(super) async fn language(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
) -> sqlx::Result<Option<String>> {
    let tag: Option<Option<String>> =
        on!(tx, c => sqlx::query_scalar(LANGUAGE).bind(tenant).bind(id).fetch_optional(c).await)?;
    Ok(tag.flatten())
}

/// A new link.
pub(super) async fn add_link(
    tx: &mut Tx,
    hash: &str,
    tenant: TenantId,
    user: UserId,
    expires_at_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_LINK).bind(hash).bind(tenant).bind(user).bind(expires_at_ms)
        .execute(c).await.map(drop))
}

/// Whether a link was ever made for a person that was not taken back.
pub(super) async fn had_link(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
) -> sqlx::Result<bool> {
    let links: i64 =
        on!(tx, c => sqlx::query_scalar(LINKS).bind(tenant).bind(user).fetch_one(c).await)?;
    Ok(links > 0)
}

/// A customer's links that work now: whose, and until when.
pub(super) async fn live_links(
    tx: &mut Tx,
    tenant: TenantId,
    now_ms: i64,
) -> sqlx::Result<Vec<(UserId, i64)>> {
    on!(tx, c => sqlx::query_as(LIVE_LINKS).bind(tenant).bind(now_ms).fetch_all(c).await)
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
    (full_name, role): (&str, &str),
    now_ms: i64,
) -> sqlx::Result<()> {
    let full_name = seal(tx, (tenant, id), "full_name", full_name).await?;
    on!(tx, c => sqlx::query(SET_DETAILS).bind(full_name).bind(role).bind(tenant).bind(id).bind(now_ms)
        .execute(c).await.map(drop))
}

pub(super) async fn set_state(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    state: &str,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_STATE).bind(state).bind(tenant).bind(id).bind(now_ms).execute(c).await.map(drop))
}

/// The row stays, since records and sessions refer to it; its address is free for others.
pub(super) async fn remove_user(tx: &mut Tx, tenant: TenantId, id: UserId) -> sqlx::Result<()> {
    let address = seal(tx, (tenant, id), "email", "").await?;
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

/// Everybody of a customer who may not work any more.
pub(super) async fn gone(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(GONE).bind(tenant).fetch_all(c).await)
}

/// Sessions of the web of people who may not work any more.
pub(super) async fn gone_sessions(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(GONE_SESSIONS).bind(tenant).fetch_one(c).await)
}

/// The stored forms of a customer's passwords.
pub(super) async fn password_hashes(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<String>> {
    let rows: Vec<UserRow> = on!(tx, c => sqlx::query_as(USERS).bind(tenant).fetch_all(c).await)?;
    let mut hashes = Vec::new();
    for row in rows {
        hashes.extend(open(tx, row).await?.password_hash);
    }
    Ok(hashes)
}

/// Administrators who are there or are invited.
pub(super) async fn administrators(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(ADMINISTRATORS).bind(tenant).fetch_one(c).await)
}
