//! What shows that the logs are whole, and that they keep and forget when they should.

use super::{
    leaf, log,
    merkle::{Edge, fold},
    note::Checkpoint,
    retention,
    store::{self, tree},
    tile::HEIGHT,
};
use crate::{
    app::{App, ClockState},
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use std::sync::Arc;
use uuid::Uuid;
use wire::ids::TenantId;

/// The job that forgets runs every minute; an hour lets it be late.
const LATE_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// How many of the newest records are compared with their leaves.
const NEWEST: i64 = 200;
/// Another tile is hashed anew in every span of this length, so that by and by all are.
const TURN_MS: i64 = 60_000;

/// What the contract says, 31 days at least, is there to be read, and nothing older.
pub(crate) const RETENTION: Check = Check {
    name: "activity.retention",
    says: Key("evidence.check.retention"),
    figures: &[Key("evidence.figure.oldest_days")],
    run: Run::Customer(|app, tenant| Box::pin(retention(app, tenant))),
};

/// A customer's log is what its checkpoints promised.
pub(crate) const INTEGRITY: Check = Check {
    name: "activity.integrity",
    says: Key("evidence.check.integrity"),
    figures: &WHOLE,
    run: Run::Customer(|app, tenant| Box::pin(whole(app, log::of(Some(tenant))))),
};

/// The operators' work log is what its checkpoints promised.
pub(crate) const WORK_LOG: Check = Check {
    name: "activity.work_log",
    says: Key("evidence.check.work_log"),
    figures: &WHOLE,
    run: Run::Service(|app| Box::pin(whole(app, log::SERVICE))),
};

/// Something keeps the clock right on which all records rest.
pub(crate) const CLOCK: Check = Check {
    name: "activity.clock",
    says: Key("evidence.check.clock"),
    figures: &[Key("evidence.figure.clock_error_us")],
    run: Run::Service(|app| {
        Box::pin(async {
            let reading = app.clock.reading();
            let error_us = reading.error_us.map(i64::from);
            match reading.state {
                ClockState::Unknown => Err(CannotTell("nobody watches the clock".to_owned())),
                state => Ok(Answer::of(
                    state == ClockState::Synchronised,
                    error_us.into_iter().collect(),
                )),
            }
        })
    }),
};

const WHOLE: [Key; 3] = [
    Key("evidence.figure.records"),
    Key("evidence.figure.hashed"),
    Key("evidence.figure.compared"),
];

async fn retention(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let oldest_ms = store::oldest(&mut tx, log::of(Some(tenant))).await?;
    let kept_ms = retention::kept_ms(&mut tx, tenant.0).await?;
    let age_ms = oldest_ms.map_or(0, |at_ms| app.clock.now_ms() - at_ms);
    let holds = age_ms <= kept_ms + LATE_MS;
    Ok(Answer::of(holds, vec![age_ms / DAY_MS]))
}

/// Verifies the newest checkpoint, builds its root from what is kept, hashes a tile's leaves anew, and compares the newest
/// records with their leaves.
async fn whole(app: &Arc<App>, log: Uuid) -> Result<Answer, CannotTell> {
    match compare(app, log).await {
        Ok((holds, figures, origin)) => Ok(Answer::of(holds, figures).with_ref(origin)),
        // What the tree needs is not there, or cannot be read.
        Err(sqlx::Error::Protocol(why)) => {
            tracing::error!(%log, why, "a log is not whole");
            Ok(Answer::of(false, vec![]))
        }
        Err(error) => Err(error.into()),
    }
}

async fn compare(app: &App, log: Uuid) -> sqlx::Result<(bool, Vec<i64>, String)> {
    let Some(row) = log::checkpoint(app, log).await? else {
        return Ok((true, vec![0, 0, 0], String::new()));
    };
    let mut tx = app.db.read(log::scope(log)).await?;
    let origin = tree::log(&mut tx, log).await?.map(|row| row.origin);
    let origin = origin.unwrap_or_default();
    let opened = Checkpoint::open(&row.note, &log::vkey(app, &origin));
    let size = row.size.cast_unsigned();
    let root = fold(&log::roots(&mut tx, log, (0, size)).await?);
    let signed = opened.is_ok_and(|checkpoint| checkpoint.size == size && checkpoint.root == root);

    let tiles = size >> HEIGHT;
    let turn = (app.clock.now_ms() / TURN_MS).cast_unsigned();
    let (mut tile_holds, mut hashed) = (true, 0);
    if let Some(tile) = turn.checked_rem(tiles) {
        let range = (tile << HEIGHT, (tile + 1) << HEIGHT);
        let mut edge = Edge::default();
        for hash in log::level_hashes(&mut tx, log, 0, range).await? {
            edge.push(hash, |_, _, _| ());
        }
        let kept = log::level_hashes(&mut tx, log, 1, (tile, tile + 1)).await?;
        tile_holds = kept == [edge.root()];
        hashed = 1_i64 << HEIGHT;
    }
    let from = (row.size - NEWEST).max(0);
    let rows = store::proved(&mut tx, log, from, row.size, 0).await?;
    let compared = rows.len();
    let records_hold = rows.iter().all(store::Proved::fits);
    let holds = signed && tile_holds && records_hold;
    let figures = vec![
        row.size,
        hashed,
        i64::try_from(compared).unwrap_or_default(),
    ];
    Ok((
        holds,
        figures,
        format!("{origin} {size} {}", leaf::encode(&root)),
    ))
}
