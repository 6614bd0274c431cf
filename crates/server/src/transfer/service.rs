//! The use cases: a rehearsal beside a running service, and the move.

use super::store::{self, Reckoning, Sum, Table};
use crate::{
    activity::{self, LogFault},
    authority::{Authority, AuthorityError},
    config::ServeConfig,
    db::{self, Db, NotAlone, Scope, Tx},
    keys,
};
use std::time::Instant;

/// Rows that are read at once.
const PAGE: u32 = 2000;

/// What was moved, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Tables.
    pub tables: usize,
    /// Rows in all of them.
    pub rows: u64,
    /// Checkpoints of the activity logs that were recomputed from what arrived.
    pub checkpoints: u64,
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The keys, which stay where they are.
    #[error("cannot open the service's keys")]
    Keys(#[from] AuthorityError),
    /// A database.
    #[error("cannot use a database")]
    Database(#[from] sqlx::Error),
    /// A service is running on the source, or something else is moving it.
    #[error(
        "the service is running on this database: stop every `nagaya serve` first, or rehearse with --rehearse. Nothing was \
         changed"
    )]
    Running(#[source] NotAlone),
    /// The source was made by another version.
    #[error(
        "the database to move is of another version: start this version's service on it once, stop it, and try again"
    )]
    Version,
    /// There is something there already.
    #[error("the target is not empty: table {0} has rows. Name an empty database")]
    NotEmpty(String),
    /// The engines' tables are not the same.
    #[error("the two databases do not have the same tables: {0}")]
    Tables(String),
    /// What arrived is not what left.
    #[error(
        "table {table} did not arrive whole: {sent} rows were read and {arrived} are there, or they differ"
    )]
    Differs {
        /// Which table.
        table: String,
        /// How many rows the source has.
        sent: u64,
        /// How many the target has.
        arrived: u64,
    },
    /// A log cannot be proved from what arrived.
    #[error("an activity log is not what its checkpoints say")]
    Log(#[from] LogFault),
}

/// Copies everything that is in the database now, while the service goes on, checks it, and throws it away again.
pub async fn rehearse(
    config: &ServeConfig,
    to: &str,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Moved, TransferError> {
    let source = open_source(config).await?;
    let target = open_target(config, to).await?;
    let mut from = source.read(Scope::Everybody).await?;
    let mut into = target.begin(Scope::Everybody).await?;
    let key = Authority::open(&config.state_dir, 0)?
        .log_key
        .verifying_key();
    copy(&mut from, &mut into, &key, say).await
}

/// Moves everything. Nobody may use the source meanwhile; it stays as it is.
pub async fn run(
    config: &ServeConfig,
    to: &str,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Moved, TransferError> {
    let source = open_source(config).await?;
    let alone = source.alone().await.map_err(TransferError::Running)?;
    let target = open_target(config, to).await?;
    let mut from = source.begin(Scope::Everybody).await?;
    let tables = store::tables(&mut from).await?;
    store::hold_still(&mut from, &tables).await?;
    let mut into = target.begin(Scope::Everybody).await?;
    let key = Authority::open(&config.state_dir, 0)?
        .log_key
        .verifying_key();
    let moved = copy(&mut from, &mut into, &key, say).await?;
    into.commit().await?;
    drop(from);
    drop(alone);
    target.close().await;
    source.close().await;
    Ok(moved)
}

/// The source is not migrated: it stays untouched.
async fn open_source(config: &ServeConfig) -> Result<Db, TransferError> {
    let source = Db::open_as_it_is(&config.database_url(), keys::open_store(config)?).await?;
    if source.is_of_this_version().await? {
        Ok(source)
    } else {
        Err(TransferError::Version)
    }
}

async fn open_target(config: &ServeConfig, url: &str) -> Result<Db, TransferError> {
    Ok(Db::open(url, keys::open_store(config)?).await?)
}

async fn copy(
    from: &mut Tx,
    into: &mut Tx,
    key: &activity::LogKey,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Moved, TransferError> {
    let tables = same_tables(from, into).await?;
    for table in &tables {
        if !store::is_empty(into, table).await? {
            return Err(TransferError::NotEmpty(table.name.clone()));
        }
    }
    let mut moved = Moved::default();
    let mut sums = Vec::new();
    for table in &tables {
        let began = Instant::now();
        let sum = send(from, into, table, say).await?;
        let took = began.elapsed();
        say(&format!(
            "{}: {} rows copied in {took:.1?}",
            table.name, sum.rows
        ));
        moved.tables += 1;
        moved.rows += sum.rows;
        sums.push(sum);
    }
    for (table, sent) in tables.iter().zip(sums) {
        let arrived = reckon(into, table).await?;
        if arrived != sent {
            return Err(TransferError::Differs {
                table: table.name.clone(),
                sent: sent.rows,
                arrived: arrived.rows,
            });
        }
    }
    say("every table has arrived: the same number of rows, the same content");
    moved.checkpoints = activity::check_logs(into, key).await?;
    let checkpoints = moved.checkpoints;
    say(&format!(
        "activity logs: {checkpoints} checkpoints recomputed from what arrived, every signature is right"
    ));
    Ok(moved)
}

/// The tables in an order in which what a row refers to is there before it.
async fn same_tables(from: &mut Tx, into: &mut Tx) -> Result<Vec<Table>, TransferError> {
    let (mut tables, there) = (store::tables(from).await?, store::tables(into).await?);
    let differs = tables.iter().zip(&there).find(|(a, b)| a != b);
    if let Some((a, _)) = differs {
        return Err(TransferError::Tables(a.name.clone()));
    }
    if tables.len() != there.len() {
        let counts = format!("{} and {}", tables.len(), there.len());
        return Err(TransferError::Tables(counts));
    }
    tables.sort_by_key(|table| db::order_of_making(&table.name));
    Ok(tables)
}

async fn send(
    from: &mut Tx,
    into: &mut Tx,
    table: &Table,
    say: &mut (dyn FnMut(&str) + Send),
) -> sqlx::Result<Sum> {
    const TELL: u64 = 100_000;
    let mut reckoning = Reckoning::default();
    let mut last = None;
    loop {
        let rows = store::page(from, table, last.as_deref(), PAGE).await?;
        if rows.is_empty() {
            return Ok(reckoning.sum());
        }
        for row in &rows {
            reckoning.add(row);
        }
        store::insert(into, table, &rows).await?;
        if reckoning.rows() % TELL < rows.len() as u64 && reckoning.rows() >= TELL {
            say(&format!("{}: {} rows so far", table.name, reckoning.rows()));
        }
        last = rows.into_iter().next_back();
    }
}

async fn reckon(tx: &mut Tx, table: &Table) -> sqlx::Result<Sum> {
    let mut reckoning = Reckoning::default();
    let mut last = None;
    loop {
        let rows = store::page(tx, table, last.as_deref(), PAGE).await?;
        if rows.is_empty() {
            return Ok(reckoning.sum());
        }
        for row in &rows {
            reckoning.add(row);
        }
        last = rows.into_iter().next_back();
    }
}
