//! Who uses a database: any number of services, or one move of everything that is in it.
//!
//! On SQLite a lock of a file beside the database, which ends with the process; on PostgreSQL an advisory lock, which ends
//! with its connection.

use super::{Db, Pools};
use sqlx::{Postgres, pool::PoolConnection};
use std::{
    fs::{self, TryLockError},
    io,
};

/// Any number, as long as nothing else of ours uses it; the other half of the key is the schema.
const LOCK: i32 = 4_971_002;

/// Held while a database is used; dropped, it is free again.
#[derive(Debug)]
pub struct Alone {
    _file: Option<fs::File>,
    _connection: Option<PoolConnection<Postgres>>,
}

/// Why a database cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NotAlone {
    /// A service uses it, or it is being moved.
    #[error("somebody else uses the database")]
    Used,
    /// The lock's file.
    #[error("cannot use the file beside the database that says who uses it")]
    File(#[from] io::Error),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

impl Db {
    /// For a service: others may serve from it as well, and nobody may move it.
    pub(crate) async fn serving(&self) -> Result<Alone, NotAlone> {
        self.lock(false).await
    }

    /// For a move: nobody else uses it.
    pub(crate) async fn alone(&self) -> Result<Alone, NotAlone> {
        self.lock(true).await
    }

    async fn lock(&self, alone: bool) -> Result<Alone, NotAlone> {
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                let options = write.connect_options();
                let path = options.get_filename().with_extension("in-use");
                let file = fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(path)?;
                let locked = if alone {
                    file.try_lock()
                } else {
                    file.try_lock_shared()
                };
                locked.map_err(|error| match error {
                    TryLockError::WouldBlock => NotAlone::Used,
                    TryLockError::Error(error) => NotAlone::File(error),
                })?;
                Ok(Alone {
                    _file: Some(file),
                    _connection: None,
                })
            }
            Pools::Postgres(pool) => {
                const ALONE: &str = "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))";
                const SERVING: &str =
                    "SELECT pg_try_advisory_lock_shared($1, hashtext(current_schema()))";
                let mut connection = pool.acquire().await?;
                let sql = if alone { ALONE } else { SERVING };
                let locked: bool = sqlx::query_scalar(sql)
                    .bind(LOCK)
                    .fetch_one(&mut *connection)
                    .await?;
                if !locked {
                    return Err(NotAlone::Used);
                }
                // Back in the pool it would keep the lock.
                connection.close_on_drop();
                Ok(Alone {
                    _file: None,
                    _connection: Some(connection),
                })
            }
        }
    }
}
