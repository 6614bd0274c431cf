//! Two engines, one SQL text. `$1` placeholders work in both SQLite and PostgreSQL.

use sqlx::{
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    str::FromStr as _,
    time::Duration,
};

/// Connections of SQLite that read.
const READERS: u32 = 4;

/// Every migration, in order. Each runs once, in a transaction of its own.
const MIGRATIONS: [(i64, &str); 5] = [
    (1, include_str!("../migrations/0001_first.sql")),
    (2, include_str!("../migrations/0002_one_live_session.sql")),
    (3, include_str!("../migrations/0003_relay_urls.sql")),
    (4, include_str!("../migrations/0004_operators.sql")),
    (5, include_str!("../migrations/0005_activity_log.sql")),
];

/// The database.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file, for one control plane process.
    Sqlite {
        /// One connection: writers stand in a fair queue instead of polling for the file's lock.
        write: sqlx::SqlitePool,
        /// Readers see the last commit and wait for nobody.
        read: sqlx::SqlitePool,
    },
    /// A server, for several.
    Postgres(sqlx::PgPool),
}

/// A transaction; dropped without [`Tx::commit`] it leaves no trace.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite: one that may write takes the write lock when it begins.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// On PostgreSQL.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// Runs `$body` once, on whichever engine `$tx` belongs to.
macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(t) => {
                let $c = &mut **t;
                $body
            }
            $crate::db::Tx::Postgres(t) => {
                let $c = &mut **t;
                $body
            }
        }
    };
}
pub(crate) use on;

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…` and brings its schema up to date.
    pub async fn open(url: &str) -> sqlx::Result<Self> {
        let db = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged record survives a power cut.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                // What is deleted, such as log content after its time, is overwritten.
                .pragma("secure_delete", "ON")
                // The command line may write beside the service.
                .busy_timeout(Duration::from_secs(10));
            keep_private(options.get_filename())?;
            let pool = |connections| SqlitePoolOptions::new().max_connections(connections);
            let write = pool(1).connect_with(options.clone()).await?;
            let read = pool(READERS).connect_with(options).await?;
            Self::Sqlite { write, read }
        } else {
            Self::Postgres(
                PgPoolOptions::new()
                    .max_connections(16)
                    .connect(url)
                    .await?,
            )
        };
        db.migrate().await?;
        Ok(db)
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads: one view of the data, and on SQLite no waiting for writers.
    pub async fn read(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        })
    }

    /// Closes all connections, and waits for those that are in use.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                write.close().await;
                read.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) async fn migrate(&self) -> sqlx::Result<()> {
        const TABLE: &str =
            "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)";
        const KNOWN: &str = "SELECT count(*) FROM schema_versions WHERE version = $1";
        const DONE: &str = "INSERT INTO schema_versions (version) VALUES ($1)";
        for (version, script) in MIGRATIONS {
            let mut tx = self.begin().await?;
            tx.lock_schema().await?;
            on!(&mut tx, c => sqlx::query(TABLE).execute(c).await.map(drop))?;
            let known: i64 =
                on!(&mut tx, c => sqlx::query_scalar(KNOWN).bind(version).fetch_one(c).await)?;
            if known == 0 {
                on!(&mut tx, c => sqlx::raw_sql(script).execute(c).await.map(drop))?;
                on!(&mut tx, c => sqlx::query(DONE).bind(version).execute(c).await.map(drop))?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}

/// The database's file holds what no other user of the machine may read. SQLite gives the files beside it the same mode.
fn keep_private(file: &Path) -> sqlx::Result<()> {
    let opened = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)?;
    Ok(opened.set_permissions(fs::Permissions::from_mode(0o600))?)
}

/// A pattern that finds the text anywhere, with the pattern characters of the text taken as they are.
pub(crate) fn like(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let escaped = text
        .to_lowercase()
        // No text holds it, and PostgreSQL refuses it.
        .replace('\0', "")
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}

impl Tx {
    /// Makes the changes last.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(t) => t.commit().await,
            Self::Postgres(t) => t.commit().await,
        }
    }

    /// Two processes that start at once migrate one after the other. SQLite's transactions do so by themselves.
    async fn lock_schema(&mut self) -> sqlx::Result<()> {
        if let Self::Postgres(t) = self {
            // Any number, as long as nothing else of ours uses it.
            sqlx::query("SELECT pg_advisory_xact_lock(4971001)")
                .execute(&mut **t)
                .await?;
        }
        Ok(())
    }
}
