//! All SQL about one-time codes, recovery codes and sign-ins that wait for them.

use super::super::passkeys;
use crate::{
    db::{Tx, on},
    keys::{Owner, Place},
};
use wire::ids::{TenantId, UserId};

/// The secret of a person's one-time codes.
pub(super) struct Authenticator {
    pub(super) secret: Vec<u8>,
    /// Whether a first code has shown that the person's device has it.
    pub(super) is_confirmed: bool,
}

const PUT: &str =
    "INSERT INTO authenticators (id, tenant_id, secret, last_step) VALUES ($1, $2, $3, 0)";
const GET: &str =
    "SELECT secret, confirmed_at_ms FROM authenticators WHERE tenant_id = $1 AND id = $2";
const HAS_AUTHENTICATOR: &str = "SELECT count(*) FROM authenticators
    WHERE tenant_id = $1 AND id = $2 AND confirmed_at_ms IS NOT NULL";
/// A code works once: whoever is second to use its time step changes nothing.
const USE_STEP: &str = "UPDATE authenticators SET last_step = $3
    WHERE tenant_id = $1 AND id = $2 AND last_step < $3 AND confirmed_at_ms IS NOT NULL";
const CONFIRM: &str = "UPDATE authenticators SET last_step = $3, confirmed_at_ms = $4
    WHERE tenant_id = $1 AND id = $2 AND confirmed_at_ms IS NULL";
const DROP: &str = "DELETE FROM authenticators WHERE tenant_id = $1 AND id = $2";
const INSERT_CODE: &str =
    "INSERT INTO recovery_codes (tenant_id, user_id, code_hash) VALUES ($1, $2, $3)";
const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2";
const USE_CODE: &str = "UPDATE recovery_codes SET used_at_ms = $4
    WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3 AND used_at_ms IS NULL";
const CODES_LEFT: &str = "SELECT count(*) FROM recovery_codes
    WHERE tenant_id = $1 AND user_id = $2 AND used_at_ms IS NULL";
const INSERT_STEP: &str =
    "INSERT INTO sign_in_steps (token_hash, tenant_id, user_id, created_at_ms)
    VALUES ($1, $2, $3, $4)";
const STEP: &str =
    "SELECT s.tenant_id, s.user_id FROM sign_in_steps s JOIN users u ON u.id = s.user_id
    WHERE s.token_hash = $1 AND s.created_at_ms > $2 AND u.state = 'active'";
const USE_STEP_TOKEN: &str = "DELETE FROM sign_in_steps WHERE token_hash = $1";
const DROP_STEPS: &str = "DELETE FROM sign_in_steps WHERE tenant_id = $1 AND user_id = $2";
const DROP_OLD_STEPS: &str = "DELETE FROM sign_in_steps WHERE created_at_ms < $1";

type Who = (TenantId, UserId);

fn place(user: UserId) -> Place {
    Place {
        table: "authenticators",
        column: "secret",
        row: user.0,
    }
}

/// A secret that waits for its first code; one that was there is replaced.
pub(super) async fn put(tx: &mut Tx, (tenant, user): Who, secret: &[u8]) -> sqlx::Result<()> {
    let sealed = tx.seal(Owner::Tenant(tenant), place(user), secret).await?;
    drop_authenticator(tx, (tenant, user)).await?;
    on!(tx, c => sqlx::query(PUT).bind(user).bind(tenant).bind(sealed).execute(c).await.map(drop))
}

pub(super) async fn authenticator(
    tx: &mut Tx,
    (tenant, user): Who,
) -> sqlx::Result<Option<Authenticator>> {
    let row: Option<(String, Option<i64>)> =
        on!(tx, c => sqlx::query_as(GET).bind(tenant).bind(user).fetch_optional(c).await)?;
    let Some((sealed, confirmed)) = row else {
        return Ok(None);
    };
    let owner = Owner::Tenant(tenant);
    let secret = tx.unseal(owner, place(user), &sealed).await?;
    Ok(Some(Authenticator {
        secret,
        is_confirmed: confirmed.is_some(),
    }))
}

/// Whether the person has an authenticator app that gave a first code.
pub(super) async fn has_authenticator(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<bool> {
    let count: i64 = on!(tx, c => sqlx::query_scalar(HAS_AUTHENTICATOR).bind(tenant).bind(user)
        .fetch_one(c).await)?;
    Ok(count > 0)
}

/// Whether the person signs in with a second factor: an authenticator app or a passkey.
pub(super) async fn is_on(tx: &mut Tx, who: Who) -> sqlx::Result<bool> {
    Ok(has_authenticator(tx, who).await? || passkeys::store::count(tx, who).await? > 0)
}

/// Uses a code's time step; `false` when it, or a later one, was used before.
pub(super) async fn use_step(tx: &mut Tx, (tenant, user): Who, step: i64) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE_STEP).bind(tenant).bind(user).bind(step).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// The first code was right; `false` when somebody was faster.
pub(super) async fn confirm(
    tx: &mut Tx,
    (tenant, user): Who,
    step: i64,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(CONFIRM).bind(tenant).bind(user).bind(step).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

pub(super) async fn drop_authenticator(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP).bind(tenant).bind(user).execute(c).await.map(drop))
}

/// New recovery codes in the place of all that there were.
pub(super) async fn replace_codes(
    tx: &mut Tx,
    (tenant, user): Who,
    hashes: &[String],
) -> sqlx::Result<()> {
    drop_codes(tx, (tenant, user)).await?;
    for hash in hashes {
        on!(tx, c => sqlx::query(INSERT_CODE).bind(tenant).bind(user).bind(hash).execute(c).await.map(drop))?;
    }
    Ok(())
}

pub(super) async fn drop_codes(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_CODES).bind(tenant).bind(user).execute(c).await.map(drop))
}

/// Uses a recovery code; `false` when it is none or was used before.
pub(super) async fn use_code(
    tx: &mut Tx,
    (tenant, user): Who,
    hash: &str,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE_CODE).bind(tenant).bind(user).bind(hash).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

pub(super) async fn codes_left(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(CODES_LEFT).bind(tenant).bind(user).fetch_one(c).await)
}

pub(super) async fn insert_step(
    tx: &mut Tx,
    hash: &str,
    (tenant, user): Who,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_STEP).bind(hash).bind(tenant).bind(user).bind(now_ms)
        .execute(c).await.map(drop))
}

/// Whose sign-in waits, if it began after a moment.
pub(super) async fn step(tx: &mut Tx, hash: &str, after_ms: i64) -> sqlx::Result<Option<Who>> {
    on!(tx, c => sqlx::query_as(STEP).bind(hash).bind(after_ms).fetch_optional(c).await)
}

/// The sign-in waits no more; `false` when somebody was faster.
pub(super) async fn take_step(tx: &mut Tx, hash: &str) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(USE_STEP_TOKEN).bind(hash).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// None of a person's sign-ins waits any more.
pub(super) async fn drop_steps(tx: &mut Tx, (tenant, user): Who) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_STEPS).bind(tenant).bind(user).execute(c).await.map(drop))
}

pub(super) async fn drop_old_steps(tx: &mut Tx, before_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD_STEPS).bind(before_ms).execute(c).await.map(drop))
}
