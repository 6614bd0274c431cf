//! Two engines, one SQL text. `$1` placeholders work in both SQLite and PostgreSQL.

mod alone;
mod reach;
pub(crate) mod rows;
pub(crate) mod walls;
#[cfg(test)]
mod walls_tests;

pub use alone::{Alone, NotAlone};

use crate::keys::{Keys, TxKeys};
use sqlx::{
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};
use wire::ids::TenantId;

/// Connections of SQLite that read.
const READERS: u32 = 4;

/// Every migration, in order. Each runs once, in a transaction of its own.
const MIGRATIONS: [(i64, &str); 27] = [
    (1, include_str!("../migrations/0001_first.sql")),
    (2, include_str!("../migrations/0002_one_live_session.sql")),
    (3, include_str!("../migrations/0003_relay_urls.sql")),
    (4, include_str!("../migrations/0004_operators.sql")),
    (5, include_str!("../migrations/0005_activity_log.sql")),
    (6, include_str!("../migrations/0006_data_keys.sql")),
    (7, include_str!("../migrations/0007_evidence.sql")),
    (8, include_str!("../migrations/0008_clock.sql")),
    (9, include_str!("../migrations/0009_acts.sql")),
    (10, include_str!("../migrations/0010_retention.sql")),
    (11, include_str!("../migrations/0011_api_tokens.sql")),
    (12, include_str!("../migrations/0012_streams.sql")),
    (13, include_str!("../migrations/0013_tenancy.sql")),
    (14, include_str!("../migrations/0014_factors.sql")),
    (15, include_str!("../migrations/0015_sign_in_rules.sql")),
    (16, include_str!("../migrations/0016_scim.sql")),
    (17, include_str!("../migrations/0017_devices.sql")),
    (18, include_str!("../migrations/0018_retired.sql")),
    (19, include_str!("../migrations/0019_branding.sql")),
    (20, include_str!("../migrations/0020_connections.sql")),
    (21, include_str!("../migrations/0021_federation.sql")),
    (22, include_str!("../migrations/0022_mail.sql")),
    (23, include_str!("../migrations/0023_passkeys.sql")),
    (24, include_str!("../migrations/0024_elevations.sql")),
    (25, include_str!("../migrations/0025_counted.sql")),
    (26, include_str!("../migrations/0026_contract_days.sql")),
    (27, include_str!("../migrations/0027_grants.sql")),
];

/// The database, with the keys of what is sealed in it.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Pools,
    keys: Arc<Keys>,
}

#[derive(Clone, Debug)]
enum Pools {
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
pub struct Tx {
    pub(crate) engine: Engine,
    pub(crate) keys: TxKeys,
}

/// On which engine a transaction runs.
#[derive(Debug)]
pub(crate) enum Engine {
    /// On SQLite: one that may write takes the write lock when it begins.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// On PostgreSQL.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// Whose rows a transaction may see and change. On PostgreSQL a policy of every table that holds customers' rows enforces
/// it (row-level security), so that a statement that forgets its `WHERE` reaches no other customer: see `db/walls.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One customer's. A [`TenantId`] does as well.
    Tenant(TenantId),
    /// No customer's: machines, counts of failed sign-ins, what operators are.
    Nobody,
    /// Everybody's and the service's own: for the service's own jobs and for finding out whose something is. Where it may
    /// be used is listed in `crates/xtask/src/rules/walls.rs`.
    Everybody,
}

impl From<TenantId> for Scope {
    fn from(tenant: TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

impl Scope {
    /// What PostgreSQL's policies look at, until the transaction's end. In the same message as its beginning, so that it
    /// costs no time and nothing can come in between.
    fn begin(self, begin: &str) -> sqlx::AssertSqlSafe<String> {
        let (tenant, everybody) = match self {
            Self::Tenant(tenant) => (tenant.to_string(), "off"),
            Self::Nobody => (String::new(), "off"),
            Self::Everybody => (String::new(), "on"),
        };
        sqlx::AssertSqlSafe(format!(
            "{begin}; SET LOCAL nagaya.tenant = '{tenant}'; SET LOCAL nagaya.everybody = '{everybody}'"
        ))
    }
}

/// Runs `$body` once, on whichever engine `$tx` belongs to.
macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {
        match &mut ($tx).engine {
            $crate::db::Engine::Sqlite(t) => {
                let $c = &mut **t;
                $body
            }
            $crate::db::Engine::Postgres(t) => {
                let $c = &mut **t;
                $body
            }
        }
    };
}
pub(crate) use on;

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…` and brings its schema up to date.
    pub async fn open(url: &str, keys: Keys) -> sqlx::Result<Self> {
        let db = Self::connect(url, keys, true).await?;
        db.migrate().await?;
        Ok(db)
    }

    /// Opens a database that is there and leaves its schema as it is.
    pub(crate) async fn open_as_it_is(url: &str, keys: Keys) -> sqlx::Result<Self> {
        Self::connect(url, keys, false).await
    }

    async fn connect(url: &str, keys: Keys, make: bool) -> sqlx::Result<Self> {
        let pools = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(make)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged record survives a power cut.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                // What is deleted, such as log content after its time, is overwritten.
                .pragma("secure_delete", "ON")
                // The command line may write beside the service.
                .busy_timeout(Duration::from_secs(10));
            if make {
                keep_private(options.get_filename())?;
            }
            let pool = |connections| SqlitePoolOptions::new().max_connections(connections);
            let write = pool(1).connect_with(options.clone()).await?;
            let read = pool(READERS).connect_with(options).await?;
            Pools::Sqlite { write, read }
        } else {
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .connect_with(reach::options(url)?)
                .await?;
            walls::check_role(&pool).await?;
            Pools::Postgres(pool)
        };
        let keys = Arc::new(keys);
        Ok(Self { pools, keys })
    }

    /// Begins a transaction that may write, of what a customer's tenant id or another [`Scope`] allows.
    pub async fn begin(&self, scope: impl Into<Scope>) -> sqlx::Result<Tx> {
        let engine = match &self.pools {
            Pools::Sqlite { write, .. } => {
                Engine::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres(pool) => {
                Engine::Postgres(pool.begin_with(scope.into().begin("BEGIN")).await?)
            }
        };
        Ok(self.tx(engine))
    }

    /// Begins a transaction that only reads: one view of the data, and on SQLite no waiting for writers.
    pub async fn read(&self, scope: impl Into<Scope>) -> sqlx::Result<Tx> {
        let engine = match &self.pools {
            Pools::Sqlite { read, .. } => Engine::Sqlite(read.begin().await?),
            Pools::Postgres(pool) => {
                const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Engine::Postgres(pool.begin_with(scope.into().begin(BEGIN)).await?)
            }
        };
        Ok(self.tx(engine))
    }

    fn tx(&self, engine: Engine) -> Tx {
        let keys = TxKeys::new(Arc::clone(&self.keys));
        Tx { engine, keys }
    }

    #[cfg(test)]
    pub(crate) fn postgres(&self) -> Option<&sqlx::PgPool> {
        match &self.pools {
            Pools::Postgres(pool) => Some(pool),
            Pools::Sqlite { .. } => None,
        }
    }

    /// The keys of what is sealed.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Whether the schema is what this version makes.
    pub(crate) async fn is_of_this_version(&self) -> sqlx::Result<bool> {
        const VERSIONS: &str = "SELECT version FROM schema_versions ORDER BY version";
        let mut tx = self.read(Scope::Everybody).await?;
        let there: Vec<i64> = on!(&mut tx, c => sqlx::query_scalar(VERSIONS).fetch_all(c).await)?;
        let ours = MIGRATIONS.iter().map(|(version, _)| *version);
        Ok(there.into_iter().eq(ours))
    }

    /// Lets the engine write over what was changed in a table, as far as it is allowed to.
    pub(crate) async fn scrub(&self, table: &'static str) -> sqlx::Result<()> {
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                // A reader of the old state holds it up; the next one comes around to it.
                let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
                sqlx::query(sql).execute(write).await.map(drop)
            }
            Pools::Postgres(pool) => {
                let sql = sqlx::AssertSqlSafe(format!("VACUUM {table}"));
                sqlx::query(sql).execute(pool).await.map(drop)
            }
        }
    }

    /// Closes all connections, and waits for those that are in use.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                write.close().await;
                read.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) async fn migrate(&self) -> sqlx::Result<()> {
        const TABLE: &str =
            "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)";
        const KNOWN: &str = "SELECT count(*) FROM schema_versions WHERE version = $1";
        const DONE: &str = "INSERT INTO schema_versions (version) VALUES ($1)";
        for (version, script) in MIGRATIONS {
            let mut tx = self.begin(Scope::Everybody).await?;
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
        if let Pools::Postgres(pool) = &self.pools {
            walls::build(pool).await?;
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

/// Where a table comes in the order in which migrations make them: what it refers to was made before it.
pub(crate) fn order_of_making(table: &str) -> (i64, usize) {
    let made = format!("CREATE TABLE {table} (");
    MIGRATIONS
        .iter()
        .find_map(|(version, script)| Some((*version, script.find(&made)?)))
        .unwrap_or((i64::MAX, 0))
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
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.engine, Engine::Sqlite(_))
    }

    /// Makes the changes last.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self.engine {
            Engine::Sqlite(t) => t.commit().await,
            Engine::Postgres(t) => t.commit().await,
        }
    }

    /// Whoever changes operators waits until another who does is done. SQLite's transactions do so by themselves.
    pub(crate) async fn lock_operators(&mut self) -> sqlx::Result<()> {
        if let Engine::Postgres(t) = &mut self.engine {
            sqlx::query("SELECT pg_advisory_xact_lock(4971002)")
                .execute(&mut **t)
                .await?;
        }
        Ok(())
    }

    /// Two processes that start at once migrate one after the other. SQLite's transactions do so by themselves.
    pub(crate) async fn lock_schema(&mut self) -> sqlx::Result<()> {
        if let Engine::Postgres(t) = &mut self.engine {
            // Any number, as long as nothing else of ours uses it.
            sqlx::query("SELECT pg_advisory_xact_lock(4971001)")
                .execute(&mut **t)
                .await?;
        }
        Ok(())
    }
}
