//! All SQL about operators as people. What they enter with is in `operators/store.rs`.

use crate::db::{Tx, on};
use uuid::Uuid;

/// An operator as lists show them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct PersonRow {
    pub(crate) id: Uuid,
    pub(crate) login: String,
    pub(crate) full_name: String,
    /// The stored form of a role.
    pub(crate) role: String,
    /// `invited`, `active` or `suspended`.
    pub(crate) state: String,
    pub(crate) created_at_ms: i64,
    pub(crate) last_sign_in_ms: Option<i64>,
    /// Until when the certificate is good; unknown of those from before it was kept.
    pub(crate) certificate_until_ms: Option<i64>,
}

const ALL: &str =
    "SELECT id, login, full_name, role, state, created_at_ms, last_sign_in_ms, certificate_until_ms
    FROM operators ORDER BY full_name, id";
const SET_ROLE: &str = "UPDATE operators SET role = $2 WHERE id = $1";
const SUSPEND: &str = "UPDATE operators SET state = 'suspended' WHERE id = $1";
/// Who never used a code has to come with a link first.
const RESUME: &str = "UPDATE operators SET state = CASE WHEN totp_step > 0 THEN 'active' ELSE 'invited' END WHERE id = $1";
const SET_CERTIFICATE: &str =
    "UPDATE operators SET certificate = $2, certificate_until_ms = $3 WHERE id = $1";
const SET_CODES: &str =
    "UPDATE operators SET totp = $2, totp_step = 0, state = 'invited' WHERE id = $1";
const DROP_SESSIONS: &str = "DELETE FROM operator_sessions WHERE operator_id = $1";
const DROP_LINKS: &str = "DELETE FROM operator_links WHERE operator_id = $1";
const REMOVE: &str = "DELETE FROM operators WHERE id = $1";

pub(super) async fn all(tx: &mut Tx) -> sqlx::Result<Vec<PersonRow>> {
    on!(tx, c => sqlx::query_as(ALL).fetch_all(c).await)
}

pub(super) async fn set_role(tx: &mut Tx, id: Uuid, role: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_ROLE).bind(id).bind(role).execute(c).await.map(drop))
}

pub(super) async fn suspend(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SUSPEND).bind(id).execute(c).await.map(drop))
}

pub(super) async fn resume(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(RESUME).bind(id).execute(c).await.map(drop))
}

/// From now on this certificate opens, and no earlier one.
pub(super) async fn set_certificate(
    tx: &mut Tx,
    id: Uuid,
    digest: &str,
    until_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_CERTIFICATE).bind(id).bind(digest).bind(until_ms).execute(c).await.map(drop))
}

/// Another secret of one-time codes, sealed; the first of them comes with a link.
pub(super) async fn set_codes(tx: &mut Tx, id: Uuid, totp: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_CODES).bind(id).bind(totp).execute(c).await.map(drop))
}

/// Ends every session of the console that an operator has.
pub(super) async fn drop_sessions(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_SESSIONS).bind(id).execute(c).await.map(drop))
}

/// Takes back the links that were not used.
pub(super) async fn drop_links(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_LINKS).bind(id).execute(c).await.map(drop))
}

/// Removes the operator, of whom nothing else is there any more.
pub(super) async fn remove(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(REMOVE).bind(id).execute(c).await.map(drop))
}
