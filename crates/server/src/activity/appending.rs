//! Appending to the logs.
//!
//! An index is given out under the lock of the log's row, in the transaction of the act, so no two leaves get the same and
//! none is left out.

use super::{
    Record,
    acts::Outcome,
    leaf::{self, Content, Leaf, Salt},
    log::{self, broken},
    merkle::Hash,
    store::{self, Place, tree},
};
use crate::{
    app::{self, App, ClockReading},
    db::{Scope, Tx},
};
use uuid::Uuid;
use wire::ids::TenantId;

/// What a record gets when it is made, before it has a place.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) id: Uuid,
    pub(super) at_ms: i64,
    /// How the clock was.
    pub(super) clock: ClockReading,
    pub(super) salt: Salt,
    /// What the leaf says of the content.
    content: Hash,
    pub(super) outcome: Outcome,
    /// The record of the beginning of what this one says the end of.
    pub(super) completes: Option<Uuid>,
}

impl Mark {
    pub(super) fn new(
        app: &App,
        record: &Record<'_>,
        (outcome, completes): (Outcome, Option<Uuid>),
    ) -> Self {
        let id = app::new_uuid(&app.clock);
        let salt = app::random();
        let content = Content::of(id, record, (outcome, completes)).text();
        Self {
            id,
            at_ms: app.clock.now_ms(),
            clock: app.clock.reading(),
            content: leaf::commit(&salt, &content),
            salt,
            outcome,
            completes,
        }
    }
}

/// A record that is to be appended.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) mark: &'a Mark,
    pub(super) record: Record<'a>,
}

impl Entry<'_> {
    fn log(&self) -> Uuid {
        log::of(self.record.tenant)
    }
}

/// Appends a record; `completes` is that of the beginning of what this one says the end of. Returns its id.
pub(super) async fn append(
    app: &App,
    tx: &mut Tx,
    record: &Record<'_>,
    outcome: Outcome,
    completes: Option<Uuid>,
) -> sqlx::Result<Uuid> {
    let mark = Mark::new(app, record, (outcome, completes));
    let record = record.clone();
    let entry = Entry {
        mark: &mark,
        record,
    };
    append_all(tx, &app.config.public_url, &mut [entry]).await?;
    Ok(mark.id)
}

/// Appends records that are over once they are recorded.
pub(super) async fn append_records(
    app: &App,
    tx: &mut Tx,
    records: &[Record<'_>],
) -> sqlx::Result<()> {
    let mark = |record: &Record<'_>| Mark::new(app, record, (Outcome::of(record.what), None));
    let marks: Vec<Mark> = records.iter().map(mark).collect();
    let entries = marks.iter().zip(records.iter().cloned());
    let mut entries: Vec<Entry<'_>> = entries
        .map(|(mark, record)| Entry { mark, record })
        .collect();
    append_all(tx, &app.config.public_url, &mut entries).await
}

/// Appends records of any logs, in the order in which they stand. Logs are locked in the order of their ids, so that no two
/// who do this wait for each other.
pub(super) async fn append_all(
    tx: &mut Tx,
    public_url: &str,
    entries: &mut [Entry<'_>],
) -> sqlx::Result<()> {
    entries.sort_by_key(Entry::log);
    let mut leaves = Vec::with_capacity(entries.len());
    let mut records = Vec::with_capacity(entries.len());
    for of_log in entries.chunk_by(|a, b| a.log() == b.log()) {
        let log = of_log[0].log();
        let count = i64::try_from(of_log.len()).unwrap_or(i64::MAX);
        let first = next_indexes(tx, public_url, log, count).await?;
        for (entry, index) in of_log.iter().zip(first..) {
            let leaf = Leaf {
                log,
                index: index.cast_unsigned(),
                at_ms: entry.mark.at_ms,
                clock: entry.mark.clock,
                content: entry.mark.content,
            };
            leaves.push((log, index, leaf.text()));
            records.push((entry, index));
        }
    }
    tree::insert_leaves(tx, &leaves).await?;
    store::insert(tx, &records).await
}

/// Gives records of the time before there were trees their places. Done once, when the service starts.
pub(super) async fn adopt(app: &App) -> sqlx::Result<()> {
    loop {
        let mut tx = app.db.begin(Scope::Everybody).await?;
        let rows = store::unplaced(&mut tx).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let content = Content {
                id: row.id,
                user: row.user_id,
                who: &row.who,
                address: &row.address,
                what: &row.what,
                subject: row.subject_id,
                detail: &row.detail,
                outcome: None,
                completes: None,
            };
            let log = log::of(row.tenant_id.map(TenantId));
            let place = add_leaf(app, &mut tx, log, row.at_ms, &content.text()).await?;
            store::place(&mut tx, row.id, &place).await?;
        }
        tx.commit().await?;
    }
}

/// Appends a leaf of which there is no record.
pub(super) async fn add_leaf(
    app: &App,
    tx: &mut Tx,
    log: Uuid,
    at_ms: i64,
    content: &str,
) -> sqlx::Result<Place> {
    let salt: Salt = app::random();
    let index = next_indexes(tx, &app.config.public_url, log, 1).await?;
    let leaf = Leaf {
        log,
        index: index.cast_unsigned(),
        at_ms,
        clock: app.clock.reading(),
        content: leaf::commit(&salt, content),
    };
    tree::insert_leaves(tx, &[(log, index, leaf.text())]).await?;
    Ok(Place {
        log,
        index,
        salt: leaf::encode(&salt),
        clock: leaf.clock,
    })
}

/// The first of the next indexes; the log is made with its first record.
async fn next_indexes(tx: &mut Tx, public_url: &str, log: Uuid, count: i64) -> sqlx::Result<i64> {
    if let Some(index) = tree::next_indexes(tx, log, count).await? {
        return Ok(index);
    }
    let host = public_url.trim_start_matches("https://");
    tree::add_log(tx, log, &format!("{host}/log/{log}")).await?;
    let index = tree::next_indexes(tx, log, count).await?;
    index.ok_or_else(|| broken("a log that was just added is not there"))
}
