//! All SQL about API tokens.

use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A token as it is kept: without its secret.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TokenRow {
    /// The token.
    pub id: Uuid,
    /// Whose organisation.
    pub tenant_id: TenantId,
    /// For whom it acts.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The names of its scopes, with spaces between them.
    pub scopes: String,
    /// When it was made, Unix milliseconds.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
    /// When it was last used, to the minute.
    pub last_used_ms: Option<i64>,
}

const INSERT: &str = "INSERT INTO api_tokens
    (id, tenant_id, user_id, name, scopes, token_hash, created_at_ms, expires_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const OF_USER: &str =
    "SELECT id, tenant_id, user_id, name, scopes, created_at_ms, expires_at_ms, last_used_ms
    FROM api_tokens WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at_ms DESC, id DESC";
const GET: &str =
    "SELECT id, tenant_id, user_id, name, scopes, created_at_ms, expires_at_ms, last_used_ms
    FROM api_tokens WHERE tenant_id = $1 AND user_id = $2 AND id = $3";
const BY_HASH: &str =
    "SELECT id, tenant_id, user_id, name, scopes, created_at_ms, expires_at_ms, last_used_ms
    FROM api_tokens WHERE token_hash = $1 AND expires_at_ms > $2";
const TOUCH: &str = "UPDATE api_tokens SET last_used_ms = $3 WHERE tenant_id = $1 AND id = $2";
const DELETE: &str = "DELETE FROM api_tokens WHERE tenant_id = $1 AND user_id = $2 AND id = $3";

pub(super) async fn insert(tx: &mut Tx, row: &TokenRow, hash: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(row.tenant_id).bind(row.user_id).bind(&row.name)
        .bind(&row.scopes).bind(hash).bind(row.created_at_ms).bind(row.expires_at_ms)
        .execute(c).await.map(drop))
}

pub(super) async fn of_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Vec<TokenRow>> {
    on!(tx, c => sqlx::query_as(OF_USER).bind(tenant).bind(user).fetch_all(c).await)
}

pub(super) async fn get(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    id: Uuid,
) -> sqlx::Result<Option<TokenRow>> {
    on!(tx, c => sqlx::query_as(GET).bind(tenant).bind(user).bind(id).fetch_optional(c).await)
}

/// The token of a secret's hash, if it has not ended.
pub(super) async fn by_hash(
    tx: &mut Tx,
    hash: &str,
    now_ms: i64,
) -> sqlx::Result<Option<TokenRow>> {
    on!(tx, c => sqlx::query_as(BY_HASH).bind(hash).bind(now_ms).fetch_optional(c).await)
}

pub(super) async fn touch(
    tx: &mut Tx,
    tenant: TenantId,
    id: Uuid,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(TOUCH).bind(tenant).bind(id).bind(now_ms).execute(c).await.map(drop))
}

pub(super) async fn delete(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    id: Uuid,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DELETE).bind(tenant).bind(user).bind(id).execute(c).await.map(drop))
}
