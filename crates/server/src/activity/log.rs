//! The logs as trees: where a record stands, and the checkpoints that promise that it stays there.
//!
//! An index is given out under the lock of the log's row, in the transaction of the act, so no two leaves get the same and
//! none is left out. A checkpoint is signed only over leaves that are committed, and continues the last one's edge: a log
//! cannot fork unless the database loses what it had acknowledged.

use super::{
    appending::add_leaf,
    leaf,
    merkle::{Edge, Hash, Range, fold, leaf_hash, subtrees},
    note::{self, Checkpoint},
    store::tree::{self, CheckpointRow, LogRow},
    tile::HEIGHT,
};
use crate::{
    app::App,
    db::{Scope, Tx},
};
use sqlx::Error::Protocol;
use uuid::Uuid;
use wire::ids::TenantId;

/// The service's own log: what is no customer's.
pub const SERVICE: Uuid = Uuid::from_u128(1);
/// The log of the logs: every other log's checkpoints.
pub const LOGS: Uuid = Uuid::from_u128(2);
/// Leaves that are read at once.
const BATCH: u64 = 4096;

/// In which log a customer's, or nobody's, records are.
#[must_use]
pub fn of(tenant: Option<TenantId>) -> Uuid {
    tenant.map_or(SERVICE, |tenant| tenant.0)
}

/// Whose rows a log's are.
pub(super) fn scope(log: Uuid) -> Scope {
    match log {
        SERVICE | LOGS => Scope::Everybody,
        customer => Scope::Tenant(TenantId(customer)),
    }
}

/// The verifier key of a log, to be published.
#[must_use]
pub fn vkey(app: &App, origin: &str) -> String {
    note::vkey(origin, &app.authority.log_key.verifying_key())
}

/// The newest checkpoint of a log, made now if the log has grown since. `None` when the log holds nothing.
pub(super) async fn checkpoint(app: &App, log: Uuid) -> sqlx::Result<Option<CheckpointRow>> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let Some(row) = tree::log(&mut tx, log).await? else {
        return Ok(None);
    };
    let last = tree::last_checkpoint(&mut tx, log).await?;
    let grown = last.as_ref().is_none_or(|last| last.size < row.size);
    if !grown {
        return Ok(last);
    }
    let (edge, nodes) = grow(&mut tx, &row, last.as_ref()).await?;
    drop(tx);
    let signed = sign(app, &row, &edge, &nodes).await;
    match signed {
        Ok(signed) => Ok(Some(signed)),
        // Somebody else has signed the same in the meantime.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            let mut tx = app.db.read(Scope::Everybody).await?;
            tree::last_checkpoint(&mut tx, log).await
        }
        Err(error) => Err(error),
    }
}

/// A full subtree whose hash is kept: level of tiles, which of that level, hash.
type Node = (u32, u64, Hash);

/// The edge of the log as it is now, from that of its last checkpoint and the leaves since; with the subtrees that became
/// full.
async fn grow(
    tx: &mut Tx,
    log: &LogRow,
    last: Option<&CheckpointRow>,
) -> sqlx::Result<(Edge, Vec<Node>)> {
    let mut edge = last.map_or_else(|| Ok(Edge::default()), edge_of)?;
    let mut nodes = Vec::new();
    let size = log.size.cast_unsigned();
    while edge.size() < size {
        let end = size.min(edge.size() + BATCH);
        for leaf in leaf_hashes(tx, log.id, (edge.size(), end)).await? {
            edge.push(leaf, |height, index, hash| {
                if height % HEIGHT == 0 {
                    nodes.push((height / HEIGHT, index, *hash));
                }
            });
        }
    }
    Ok((edge, nodes))
}

async fn sign(app: &App, log: &LogRow, edge: &Edge, nodes: &[Node]) -> sqlx::Result<CheckpointRow> {
    let checkpoint = Checkpoint {
        origin: log.origin.clone(),
        size: edge.size(),
        root: edge.root(),
    };
    let roots: Vec<String> = edge.roots().iter().map(|root| leaf::encode(root)).collect();
    let mut row = CheckpointRow {
        size: edge.size().cast_signed(),
        edge: roots.join(" "),
        note: checkpoint.sign(&app.authority.log_key),
        at_ms: app.clock.now_ms(),
        logs_index: None,
        salt: None,
    };
    let mut tx = app.db.begin(Scope::Everybody).await?;
    for (level, index, hash) in nodes {
        let hash = leaf::encode(hash);
        tree::insert_node(
            &mut tx,
            log.id,
            i64::from(*level),
            index.cast_signed(),
            &hash,
        )
        .await?;
    }
    if log.id != LOGS {
        let place = add_leaf(app, &mut tx, LOGS, row.at_ms, &row.note).await?;
        row.logs_index = Some(place.index);
        row.salt = Some(place.salt);
    }
    tree::insert_checkpoint(&mut tx, log.id, &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// The edge that was kept with a checkpoint.
pub(super) fn edge_of(row: &CheckpointRow) -> sqlx::Result<Edge> {
    let roots: Option<Vec<Hash>> = row.edge.split_whitespace().map(leaf::decode).collect();
    roots
        .and_then(|roots| Edge::new(row.size.cast_unsigned(), roots))
        .ok_or_else(|| broken("a checkpoint's edge cannot be read"))
}

/// The hashes that a proof asks for. The ranges must lie within a checkpoint's size.
pub(super) async fn proof(tx: &mut Tx, log: Uuid, ranges: &[Range]) -> sqlx::Result<Vec<Hash>> {
    let mut hashes = Vec::new();
    for range in ranges {
        hashes.push(fold(&roots(tx, log, *range).await?));
    }
    Ok(hashes)
}

/// The roots of a range's full subtrees, the largest first.
pub(super) async fn roots(tx: &mut Tx, log: Uuid, range: Range) -> sqlx::Result<Vec<Hash>> {
    let mut roots = Vec::new();
    for (height, index) in subtrees(range) {
        // What is kept, or the leaves, below it.
        let level = height / HEIGHT;
        let count = 1_u64 << (height % HEIGHT);
        let hashes = level_hashes(tx, log, level, (index * count, (index + 1) * count)).await?;
        let mut edge = Edge::default();
        for hash in hashes {
            edge.push(hash, |_, _, _| ());
        }
        roots.push(edge.root());
    }
    Ok(roots)
}

/// The hashes of a level of tiles, of a range.
pub(super) async fn level_hashes(
    tx: &mut Tx,
    log: Uuid,
    level: u32,
    range: Range,
) -> sqlx::Result<Vec<Hash>> {
    if level == 0 {
        return leaf_hashes(tx, log, range).await;
    }
    let (start, end) = (range.0.cast_signed(), range.1.cast_signed());
    let texts = tree::nodes(tx, log, i64::from(level), start, end).await?;
    let hashes: Option<Vec<Hash>> = texts.iter().map(|text| leaf::decode(text)).collect();
    hashes
        .filter(|hashes| hashes.len() as u64 == range.1 - range.0)
        .ok_or_else(|| broken("hashes of the log are missing or cannot be read"))
}

async fn leaf_hashes(tx: &mut Tx, log: Uuid, (start, end): Range) -> sqlx::Result<Vec<Hash>> {
    let leaves = tree::leaves(tx, log, start.cast_signed(), end.cast_signed()).await?;
    if leaves.len() as u64 != end - start {
        return Err(broken("leaves of the log are missing"));
    }
    let hash = |leaf: &String| leaf_hash(leaf.as_bytes());
    Ok(leaves.iter().map(hash).collect())
}

pub(super) fn broken(what: &str) -> sqlx::Error {
    Protocol(what.to_owned())
}
