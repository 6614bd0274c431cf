//! Every log of a database is recomputed and compared with all its checkpoints, and every record with its leaf: for what
//! was moved from another database.

use super::{
    merkle::{Edge, leaf_hash},
    note::{self, Checkpoint},
    store::{self, tree},
};
use crate::db::Tx;
use uuid::Uuid;

/// The key that checkpoints are signed with.
pub type LogKey = ed25519_dalek::VerifyingKey;

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// A checkpoint that is not signed by the key, or not for its log.
    #[error("log {log}: the checkpoint of {size} records is not signed by this service's key")]
    Signature {
        /// Which log.
        log: Uuid,
        /// Which checkpoint.
        size: i64,
    },
    /// The leaves give another root.
    #[error("log {log}: the records are not those of the checkpoint of {size} records")]
    Root {
        /// Which log.
        log: Uuid,
        /// Which checkpoint.
        size: i64,
    },
    /// A leaf is missing.
    #[error("log {log}: records are missing before {size}")]
    Missing {
        /// Which log.
        log: Uuid,
        /// Before which place.
        size: i64,
    },
    /// A record is not what its leaf commits to.
    #[error("log {log}: record {index} is not what was recorded")]
    Record {
        /// Which log.
        log: Uuid,
        /// Which record.
        index: i64,
    },
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

const BATCH: i64 = 4096;

/// Checks all logs. Returns how many checkpoints there are.
pub async fn check_logs(tx: &mut Tx, key: &LogKey) -> Result<u64, LogFault> {
    let mut count = 0;
    for log in tree::logs(tx).await? {
        let vkey = note::vkey(&log.origin, key);
        let mut edge = Edge::default();
        for row in tree::checkpoints(tx, log.id).await? {
            let (log, size) = (log.id, row.size);
            let checkpoint = Checkpoint::open(&row.note, &vkey)
                .map_err(|_| LogFault::Signature { log, size })?;
            grow(tx, log, &mut edge, size).await?;
            if checkpoint.size != edge.size() || checkpoint.root != edge.root() {
                return Err(LogFault::Root { log, size });
            }
            count += 1;
        }
        grow(tx, log.id, &mut edge, log.size).await?;
    }
    Ok(count)
}

/// Adds a log's leaves up to a size, and compares the records that are there with them.
async fn grow(tx: &mut Tx, log: Uuid, edge: &mut Edge, size: i64) -> Result<(), LogFault> {
    let mut next = edge.size().cast_signed();
    while next < size {
        let end = size.min(next + BATCH);
        let rows = store::proved(tx, log, next, end, i64::MIN).await?;
        if rows.len() as u64 != (end - next).unsigned_abs() {
            return Err(LogFault::Missing { log, size });
        }
        for (index, row) in (next..).zip(rows) {
            if !row.fits() {
                return Err(LogFault::Record { log, index });
            }
            edge.push(leaf_hash(row.leaf.as_bytes()), |_, _, _| ());
        }
        next = end;
    }
    Ok(())
}
