//! All SQL about the trees: indexes, leaves, hashes and checkpoints.

use crate::db::{Tx, on, rows::InsertRows};
use uuid::Uuid;

/// A log.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LogRow {
    /// The log; of a customer's, the customer's.
    pub(crate) id: Uuid,
    /// Its name in checkpoints.
    pub(crate) origin: String,
    /// How many leaves it has.
    pub(crate) size: i64,
}

/// A checkpoint.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct CheckpointRow {
    /// How many leaves there were.
    pub(crate) size: i64,
    /// The tree's right edge: hashes, with spaces between them.
    pub(crate) edge: String,
    /// As it was signed.
    pub(crate) note: String,
    /// When it was signed, Unix milliseconds.
    pub(crate) at_ms: i64,
    /// Where it stands in the log of the logs.
    pub(crate) logs_index: Option<i64>,
    /// The salt there.
    pub(crate) salt: Option<String>,
}

const NEXT: &str = "UPDATE activity_logs SET size = size + $2 WHERE id = $1 RETURNING size - $2";
const ADD: &str =
    "INSERT INTO activity_logs (id, origin, size) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
const LOG: &str = "SELECT id, origin, size FROM activity_logs WHERE id = $1";
const LOGS: &str = "SELECT id, origin, size FROM activity_logs ORDER BY id";
static INSERT_LEAVES: InsertRows =
    InsertRows::new("INSERT INTO activity_leaves (log_id, leaf_index, leaf)", 3);
const LEAVES: &str = "SELECT leaf FROM activity_leaves
    WHERE log_id = $1 AND leaf_index >= $2 AND leaf_index < $3 ORDER BY leaf_index";
const INSERT_NODE: &str = "INSERT INTO activity_nodes (log_id, level, node_index, hash)
    VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const NODES: &str = "SELECT hash FROM activity_nodes
    WHERE log_id = $1 AND level = $2 AND node_index >= $3 AND node_index < $4 ORDER BY node_index";
const INSERT_CHECKPOINT: &str =
    "INSERT INTO activity_checkpoints (log_id, size, edge, note, at_ms, logs_index, salt)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const CHECKPOINTS: &str =
    "SELECT size, edge, note, at_ms, logs_index, salt FROM activity_checkpoints
    WHERE log_id = $1 ORDER BY size";
const LAST_CHECKPOINT: &str =
    "SELECT size, edge, note, at_ms, logs_index, salt FROM activity_checkpoints
    WHERE log_id = $1 ORDER BY size DESC LIMIT 1";

/// Takes the log's next indexes; returns the first. Others wait for this transaction to end. `None` when there is no such log.
pub(crate) async fn next_indexes(tx: &mut Tx, log: Uuid, count: i64) -> sqlx::Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(NEXT).bind(log).bind(count).fetch_optional(c).await)
}

/// Adds an empty log unless it is there.
pub(crate) async fn add_log(tx: &mut Tx, log: Uuid, origin: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(ADD).bind(log).bind(origin).execute(c).await.map(drop))
}

pub(crate) async fn log(tx: &mut Tx, log: Uuid) -> sqlx::Result<Option<LogRow>> {
    on!(tx, c => sqlx::query_as(LOG).bind(log).fetch_optional(c).await)
}

pub(crate) async fn logs(tx: &mut Tx) -> sqlx::Result<Vec<LogRow>> {
    on!(tx, c => sqlx::query_as(LOGS).fetch_all(c).await)
}

/// Keeps leaves: log, index, text.
pub(crate) async fn insert_leaves(tx: &mut Tx, leaves: &[(Uuid, i64, String)]) -> sqlx::Result<()> {
    for (sql, leaves) in INSERT_LEAVES.parts(leaves) {
        on!(tx, c => {
            let mut insert = sqlx::query(sql);
            for (log, index, leaf) in leaves {
                insert = insert.bind(log).bind(index).bind(leaf);
            }
            insert.execute(c).await?;
        });
    }
    Ok(())
}

/// The leaves of a range, the end not included.
pub(crate) async fn leaves(
    tx: &mut Tx,
    log: Uuid,
    start: i64,
    end: i64,
) -> sqlx::Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar(LEAVES).bind(log).bind(start).bind(end).fetch_all(c).await)
}

/// Keeps the hash of a full subtree. It is the same whoever computes it.
pub(crate) async fn insert_node(
    tx: &mut Tx,
    log: Uuid,
    level: i64,
    index: i64,
    hash: &str,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_NODE).bind(log).bind(level).bind(index).bind(hash).execute(c).await.map(drop))
}

/// The hashes of full subtrees of 256^`level` leaves, of a range of them.
pub(crate) async fn nodes(
    tx: &mut Tx,
    log: Uuid,
    level: i64,
    start: i64,
    end: i64,
) -> sqlx::Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar(NODES).bind(log).bind(level).bind(start).bind(end).fetch_all(c).await)
}

pub(crate) async fn insert_checkpoint(
    tx: &mut Tx,
    log: Uuid,
    row: &CheckpointRow,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_CHECKPOINT).bind(log).bind(row.size).bind(&row.edge).bind(&row.note)
        .bind(row.at_ms).bind(row.logs_index).bind(&row.salt).execute(c).await.map(drop))
}

/// All of a log's checkpoints, the oldest first.
pub(crate) async fn checkpoints(tx: &mut Tx, log: Uuid) -> sqlx::Result<Vec<CheckpointRow>> {
    on!(tx, c => sqlx::query_as(CHECKPOINTS).bind(log).fetch_all(c).await)
}

pub(crate) async fn last_checkpoint(tx: &mut Tx, log: Uuid) -> sqlx::Result<Option<CheckpointRow>> {
    on!(tx, c => sqlx::query_as(LAST_CHECKPOINT).bind(log).fetch_optional(c).await)
}
