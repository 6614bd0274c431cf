//! All SQL about machines and the tokens with which they enrol.

use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::HostId;

/// An enrolled machine as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MachineRow {
    /// `host` or `gateway`.
    pub kind: String,
    /// Names for its certificate, separated by spaces.
    pub names: String,
    /// Where it stands; none for the region that the configuration names.
    pub region: Option<String>,
}

const INSERT_TOKEN: &str = "INSERT INTO enrol_tokens (token_hash, kind, names, region, expires_at_ms) VALUES ($1, $2, $3, $4, $5)";
const TOKEN: &str = "SELECT kind, names, region FROM enrol_tokens
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const USE_TOKEN: &str = "UPDATE enrol_tokens SET used_at_ms = $2
    WHERE token_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2";
const INSERT_MACHINE: &str =
    "INSERT INTO machines (id, kind, names, region, enrolled_at_ms) VALUES ($1, $2, $3, $4, $5)";
const MACHINE: &str = "SELECT kind, names, region FROM machines WHERE id = $1";
const SET_RELAY: &str = "UPDATE machines SET relay_url = $1 WHERE id = $2";
const RELAYS: &str = "SELECT DISTINCT relay_url FROM machines WHERE relay_url IS NOT NULL";
const DRAINING: &str = "SELECT id FROM machines WHERE draining_since_ms IS NOT NULL";
const REGIONS: &str = "SELECT id, coalesce(region, $1) FROM machines WHERE kind = 'host'";
const SEEN: &str = "UPDATE machines SET seen_at_ms = $1 WHERE id = $2";
const COUNT_SEEN: &str = "SELECT count(*) FROM machines WHERE kind = $1 AND seen_at_ms >= $2";

pub(super) async fn insert_token(
    tx: &mut Tx,
    hash: &str,
    row: &MachineRow,
    expires_at_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_TOKEN).bind(hash).bind(&row.kind).bind(&row.names).bind(&row.region)
        .bind(expires_at_ms).execute(c).await.map(drop))
}

/// What a token is for, while it works; using it takes it away from everybody else.
pub(super) async fn use_token(
    tx: &mut Tx,
    hash: &str,
    now_ms: i64,
) -> sqlx::Result<Option<MachineRow>> {
    let row: Option<MachineRow> =
        on!(tx, c => sqlx::query_as(TOKEN).bind(hash).bind(now_ms).fetch_optional(c).await)?;
    let used = on!(tx, c => sqlx::query(USE_TOKEN).bind(hash).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))?;
    Ok(row.filter(|_| used))
}

pub(super) async fn insert_machine(
    tx: &mut Tx,
    id: Uuid,
    row: &MachineRow,
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_MACHINE).bind(id).bind(&row.kind).bind(&row.names).bind(&row.region).bind(now_ms)
        .execute(c).await.map(drop))
}

pub(super) async fn machine(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<MachineRow>> {
    on!(tx, c => sqlx::query_as(MACHINE).bind(id).fetch_optional(c).await)
}

/// Where each session host stands.
pub(super) async fn regions(tx: &mut Tx, own_region: &str) -> sqlx::Result<Vec<(HostId, String)>> {
    on!(tx, c => sqlx::query_as(REGIONS).bind(own_region).fetch_all(c).await)
}

pub(super) async fn seen(tx: &mut Tx, id: Uuid, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SEEN).bind(now_ms).bind(id).execute(c).await.map(drop))
}

pub(super) async fn count_seen(tx: &mut Tx, kind: &str, since_ms: i64) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(COUNT_SEEN).bind(kind).bind(since_ms).fetch_one(c).await)
}

pub(super) async fn set_relay(tx: &mut Tx, id: Uuid, relay_url: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_RELAY).bind(relay_url).bind(id).execute(c).await.map(drop))
}

pub(super) async fn relays(tx: &mut Tx) -> sqlx::Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar(RELAYS).fetch_all(c).await)
}

/// The hosts that take no new sessions.
pub(super) async fn draining(tx: &mut Tx) -> sqlx::Result<Vec<HostId>> {
    on!(tx, c => sqlx::query_scalar(DRAINING).fetch_all(c).await)
}
