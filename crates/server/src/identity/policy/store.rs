//! All SQL about what is asked of people.

use super::rules::Rules;
use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

const RULES: &str = "SELECT rules FROM sign_in_rules WHERE tenant_id = $1 AND role = $2";
const ALL: &str = "SELECT role, rules FROM sign_in_rules WHERE tenant_id = $1";
const SAVE: &str =
    "INSERT INTO sign_in_rules (tenant_id, role, rules, at_ms, id) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, role) DO UPDATE SET rules = excluded.rules, at_ms = excluded.at_ms";
const ZONE: &str = "SELECT time_zone FROM tenants WHERE id = $1";
const EVERYWHERE: &str = "SELECT r.tenant_id, r.role, r.rules, t.time_zone
    FROM sign_in_rules r JOIN tenants t ON t.id = r.tenant_id";
const OF_ROLE: &str = "SELECT id FROM users WHERE tenant_id = $1 AND role = $2";
const BARE: &str = "SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.role = $2 AND u.state = 'active'
    AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.tenant_id = u.tenant_id AND p.user_id = u.id)
    AND NOT EXISTS (SELECT 1 FROM authenticators a WHERE a.id = u.id AND a.confirmed_at_ms IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM federated_people f WHERE f.user_id = u.id AND f.factor_at_ms IS NOT NULL)";
const WITHOUT_PASSKEY: &str =
    "SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.role = $2 AND u.state = 'active'
    AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.tenant_id = u.tenant_id AND p.user_id = u.id)";
const WEB_SESSIONS: &str = "SELECT w.id, w.tenant_id, u.role, w.created_at_ms, w.last_seen_ms
    FROM web_sessions w JOIN users u ON u.id = w.user_id WHERE u.state = 'active'";
const SET_PROVEN: &str = "UPDATE web_sessions SET token_hash = $1, proven_at_ms = $2
    WHERE tenant_id = $3 AND user_id = $4 AND token_hash = $5";

/// The rules of an organisation somewhere.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) tenant_id: TenantId,
    pub(super) role: String,
    pub(super) rules: String,
    pub(super) time_zone: String,
}

/// The times of a session of the web, and the role of its person.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct WebSession {
    pub(super) id: Uuid,
    pub(super) tenant_id: TenantId,
    pub(super) role: String,
    pub(super) created_at_ms: i64,
    pub(super) last_seen_ms: i64,
}

/// Rules in their stored form. What cannot be read lets nobody in: it is an error.
pub(crate) fn read(text: &str) -> sqlx::Result<Rules> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) async fn rules(tx: &mut Tx, tenant: TenantId, role: &str) -> sqlx::Result<Rules> {
    let text: Option<String> =
        on!(tx, c => sqlx::query_scalar(RULES).bind(tenant).bind(role).fetch_optional(c).await)?;
    text.map_or_else(|| Ok(Rules::default()), |text| read(&text))
}

/// By role; a role that is not there has the rules of the beginning.
pub(super) async fn all(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<(String, Rules)>> {
    let rows: Vec<(String, String)> =
        on!(tx, c => sqlx::query_as(ALL).bind(tenant).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(role, text)| Ok((role, read(&text)?)))
        .collect()
}

pub(super) async fn save(
    tx: &mut Tx,
    (tenant, role): (TenantId, &str),
    rules: &Rules,
    (id, now_ms): (Uuid, i64),
) -> sqlx::Result<()> {
    let text = serde_json::to_string(rules).map_err(|error| sqlx::Error::Encode(error.into()))?;
    on!(tx, c => sqlx::query(SAVE).bind(tenant).bind(role).bind(text).bind(now_ms).bind(id)
        .execute(c).await.map(drop))
}

/// The organisation's zone, a name of the IANA database.
pub(super) async fn zone(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<String> {
    on!(tx, c => sqlx::query_scalar(ZONE).bind(tenant).fetch_one(c).await)
}

/// Every organisation's rules.
pub(super) async fn everywhere(tx: &mut Tx) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(EVERYWHERE).fetch_all(c).await)
}

/// Sessions of the web of everybody who may work.
pub(super) async fn web_sessions(tx: &mut Tx) -> sqlx::Result<Vec<WebSession>> {
    on!(tx, c => sqlx::query_as(WEB_SESSIONS).fetch_all(c).await)
}

/// Everybody of a role.
pub(super) async fn of_role(
    tx: &mut Tx,
    tenant: TenantId,
    role: &str,
) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(OF_ROLE).bind(tenant).bind(role).fetch_all(c).await)
}

/// Everybody of a role who may work and has no second factor.
pub(super) async fn bare(tx: &mut Tx, tenant: TenantId, role: &str) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(BARE).bind(tenant).bind(role).fetch_all(c).await)
}

/// Everybody of a role who may work and has no passkey.
pub(super) async fn without_passkey(
    tx: &mut Tx,
    tenant: TenantId,
    role: &str,
) -> sqlx::Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(WITHOUT_PASSKEY).bind(tenant).bind(role).fetch_all(c).await)
}

/// The session of the web goes on under another secret, proven now. Its forms stay good.
pub(super) async fn set_proven(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    (old, new): (&str, &str),
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_PROVEN).bind(new).bind(now_ms).bind(tenant).bind(user).bind(old)
        .execute(c).await.map(drop))
}
