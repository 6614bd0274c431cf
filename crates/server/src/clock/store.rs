//! All SQL about the clock.

use crate::db::{Tx, on};

/// What a machine's kernel said of its clock once.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Sample {
    /// The machine's name.
    pub(crate) node: String,
    /// When, Unix milliseconds.
    pub(crate) at_ms: i64,
    /// The stored form of [`crate::app::ClockState`].
    pub(crate) state: String,
    /// How far it may have been off at most, in microseconds.
    pub(crate) error_us: Option<i64>,
    /// What was still to be corrected, in microseconds.
    pub(crate) offset_us: i64,
    /// 1 where the state is another than before.
    pub(crate) changed: i64,
}

const INSERT: &str = "INSERT INTO clock_samples (node, at_ms, state, error_us, offset_us, changed)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const LAST: &str = "SELECT node, at_ms, state, error_us, offset_us, changed FROM clock_samples
    WHERE node = $1 ORDER BY at_ms DESC LIMIT 1";
const NEWEST: &str = "SELECT node, at_ms, state, error_us, offset_us, changed FROM clock_samples
    ORDER BY at_ms DESC, node LIMIT $1";
const CHANGES: &str = "SELECT node, at_ms, state, error_us, offset_us, changed FROM clock_samples
    WHERE changed = 1 ORDER BY at_ms DESC, node LIMIT $1";
const EXPIRE: &str = "DELETE FROM clock_samples WHERE at_ms < $1 OR (changed = 0 AND at_ms < $2)";

pub(super) async fn insert(tx: &mut Tx, row: &Sample) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(&row.node).bind(row.at_ms).bind(&row.state).bind(row.error_us)
        .bind(row.offset_us).bind(row.changed).execute(c).await.map(drop))
}

pub(super) async fn last(tx: &mut Tx, node: &str) -> sqlx::Result<Option<Sample>> {
    on!(tx, c => sqlx::query_as(LAST).bind(node).fetch_optional(c).await)
}

pub(super) async fn newest(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Sample>> {
    on!(tx, c => sqlx::query_as(NEWEST).bind(limit).fetch_all(c).await)
}

/// Those at which a machine's state was another than before.
pub(super) async fn changes(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Sample>> {
    on!(tx, c => sqlx::query_as(CHANGES).bind(limit).fetch_all(c).await)
}

/// Deletes changes from before the first moment and other samples from before the second, Unix milliseconds.
pub(super) async fn expire(tx: &mut Tx, changes_ms: i64, samples_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(EXPIRE).bind(changes_ms).bind(samples_ms).execute(c).await.map(drop))
}
