//! All SQL about passkeys and challenges that wait for an answer.

use crate::{
    db::{Tx, on},
    keys::{Owner, Place},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A passkey.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct PasskeyRow {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: TenantId,
    pub(crate) user_id: UserId,
    /// base64url.
    pub(crate) credential_id: String,
    /// `COSE_Key`, base64url.
    pub(crate) public_key: String,
    /// By what the authenticator knows the person, base64url.
    pub(crate) user_handle: String,
    /// Of the last signature.
    pub(crate) sign_count: i64,
    /// What its person calls it.
    pub(crate) name: String,
    /// Unix milliseconds.
    pub(crate) created_at_ms: i64,
    /// Unix milliseconds; `None` until it is used.
    pub(crate) last_used_ms: Option<i64>,
}

/// A challenge that waits for its answer. Of secrets the hash is kept.
#[derive(Debug)]
pub(super) struct Ceremony<'a> {
    pub(super) challenge_hash: &'a str,
    pub(super) bound_hash: &'a str,
    pub(super) purpose: &'a str,
    pub(super) user_handle: &'a str,
    pub(super) from_hash: &'a str,
    pub(super) now_ms: i64,
}

const INSERT: &str = "INSERT INTO passkeys
    (id, tenant_id, user_id, credential_id, public_key, user_handle, sign_count, name, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const OF: &str = "SELECT id, tenant_id, user_id, credential_id, public_key, user_handle, sign_count, name,
    created_at_ms, last_used_ms FROM passkeys WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at_ms, id";
const BY_CREDENTIAL: &str =
    "SELECT id, tenant_id, user_id, credential_id, public_key, user_handle, sign_count, name,
    created_at_ms, last_used_ms FROM passkeys WHERE credential_id = $1";
const COUNT: &str = "SELECT count(*) FROM passkeys WHERE tenant_id = $1 AND user_id = $2";
/// An authenticator that counts must count upwards, also where two answers come at once; one that does not says zero.
const USE: &str = "UPDATE passkeys SET sign_count = $3, last_used_ms = $4
    WHERE tenant_id = $1 AND id = $2 AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))";
const RENAME: &str =
    "UPDATE passkeys SET name = $4 WHERE tenant_id = $1 AND user_id = $2 AND id = $3";
const REMOVE: &str = "DELETE FROM passkeys WHERE tenant_id = $1 AND user_id = $2 AND id = $3";
const REMOVE_OF: &str = "DELETE FROM passkeys WHERE tenant_id = $1 AND user_id = $2";
const BEGIN: &str = "INSERT INTO passkey_ceremonies
    (challenge_hash, bound_hash, purpose, user_handle, from_hash, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6)";
/// Whoever is second to answer finds nothing.
const TAKE: &str = "DELETE FROM passkey_ceremonies
    WHERE challenge_hash = $1 AND bound_hash = $2 AND purpose = $3 AND created_at_ms > $4 RETURNING user_handle";
const WAITING_FROM: &str = "SELECT count(*) FROM passkey_ceremonies WHERE from_hash = $1";
const DROP_OLD: &str = "DELETE FROM passkey_ceremonies WHERE created_at_ms <= $1";

type Who = (TenantId, UserId);

fn place(id: Uuid) -> Place {
    Place {
        table: "passkeys",
        column: "name",
        row: id,
    }
}

/// Adds a passkey. A credential id that anybody has already is an error of the database.
pub(super) async fn insert(tx: &mut Tx, row: &PasskeyRow) -> sqlx::Result<()> {
    let owner = Owner::Tenant(row.tenant_id);
    let name = tx.seal(owner, place(row.id), row.name.as_bytes()).await?;
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(row.tenant_id).bind(row.user_id)
        .bind(&row.credential_id).bind(&row.public_key).bind(&row.user_handle).bind(row.sign_count)
        .bind(name).bind(row.created_at_ms).execute(c).await.map(drop))
}

/// A person's passkeys, the oldest first.
pub(crate) async fn of(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<Vec<PasskeyRow>> {
    let mut rows: Vec<PasskeyRow> =
        on!(tx, c => sqlx::query_as(OF).bind(tenant).bind(user).fetch_all(c).await)?;
    for row in &mut rows {
        let owner = Owner::Tenant(row.tenant_id);
        row.name = tx.unseal_text(owner, place(row.id), &row.name).await?;
    }
    Ok(rows)
}

/// The passkey of a credential id, whose ever it is; its name stays sealed.
pub(super) async fn by_credential(tx: &mut Tx, id: &str) -> sqlx::Result<Option<PasskeyRow>> {
    on!(tx, c => sqlx::query_as(BY_CREDENTIAL).bind(id).fetch_optional(c).await)
}

/// How many a person has.
pub(crate) async fn count(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(COUNT).bind(tenant).bind(user).fetch_one(c).await)
}

/// Notes that it was used; `false` when its counter does not go on from the last one.
pub(super) async fn use_it(
    tx: &mut Tx,
    (tenant, id): (TenantId, Uuid),
    sign_count: i64,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE).bind(tenant).bind(id).bind(sign_count).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

pub(super) async fn rename(
    tx: &mut Tx,
    (tenant, user): Who,
    id: Uuid,
    name: &str,
) -> sqlx::Result<bool> {
    let owner = Owner::Tenant(tenant);
    let name = tx.seal(owner, place(id), name.as_bytes()).await?;
    on!(tx, c => sqlx::query(RENAME).bind(tenant).bind(user).bind(id).bind(name).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// Removes one of a person's; `false` when it is not there.
pub(super) async fn remove(tx: &mut Tx, (tenant, user): Who, id: Uuid) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(REMOVE).bind(tenant).bind(user).bind(id).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

pub(crate) async fn remove_of(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(REMOVE_OF).bind(tenant).bind(user).execute(c).await.map(drop))
}

pub(super) async fn begin(tx: &mut Tx, ceremony: &Ceremony<'_>) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(BEGIN).bind(ceremony.challenge_hash).bind(ceremony.bound_hash)
        .bind(ceremony.purpose).bind(ceremony.user_handle).bind(ceremony.from_hash)
        .bind(ceremony.now_ms).execute(c).await.map(drop))
}

/// Uses a challenge up that was made after a moment; returns the user handle that was kept with it.
pub(super) async fn take(
    tx: &mut Tx,
    (challenge_hash, bound_hash): (&str, &str),
    purpose: &str,
    after_ms: i64,
) -> sqlx::Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar(TAKE).bind(challenge_hash).bind(bound_hash).bind(purpose)
        .bind(after_ms).fetch_optional(c).await)
}

/// How many challenges an address waits to answer.
pub(super) async fn waiting_from(tx: &mut Tx, from_hash: &str) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(WAITING_FROM).bind(from_hash).fetch_one(c).await)
}

pub(super) async fn drop_old(tx: &mut Tx, until_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD).bind(until_ms).execute(c).await.map(drop))
}
