//! Group commit: records that stand alone and come at the same time share a transaction.
//!
//! A refused sign-in or ticket changes nothing else, so its record needs no transaction of its own; and these are what
//! comes in thousands when somebody attacks. While one group is being committed the next one gathers, so that nobody
//! waits for company, and who records is answered only when their record is durable.

use super::{
    Record, What,
    acts::Outcome,
    appending::{self, Entry, Mark},
};
use crate::{
    app::App,
    db::{Db, Scope, Tx},
};
use sqlx::Error;
use std::{
    mem, slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// Records in one transaction at most: some ten milliseconds of work, for which the logs are locked.
const MOST: usize = 512;

/// The records that wait for their group.
#[derive(Clone, Debug, Default)]
pub struct Committer(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether a task is there that will take them.
    is_running: bool,
}

#[derive(Debug)]
struct Waiting {
    mark: Mark,
    record: Owned,
    /// Told once the record is durable, or will never be.
    done: oneshot::Sender<sqlx::Result<()>>,
}

/// A [`Record`] that outlives who made it.
#[derive(Debug)]
struct Owned {
    tenant: Option<TenantId>,
    user: Option<UserId>,
    who: String,
    address: String,
    what: What,
    subject: Option<Uuid>,
    detail: String,
}

impl Waiting {
    fn entry(&self) -> Entry<'_> {
        Entry {
            mark: &self.mark,
            record: self.record.record(),
        }
    }

    fn tell(self, result: sqlx::Result<()>) {
        // Nobody may wait for it any more.
        drop(self.done.send(result));
    }
}

impl Owned {
    fn of(record: &Record<'_>) -> Self {
        Self {
            tenant: record.tenant,
            user: record.user,
            who: record.who.to_owned(),
            address: record.address.to_owned(),
            what: record.what,
            subject: record.subject,
            detail: record.detail.to_owned(),
        }
    }

    fn record(&self) -> Record<'_> {
        Record {
            tenant: self.tenant,
            user: self.user,
            who: &self.who,
            address: &self.address,
            what: self.what,
            subject: self.subject,
            detail: &self.detail,
        }
    }
}

/// Records something by which nothing else changes. It is durable when this returns; that nobody waits for it any more does
/// not take it back. Nobody who holds a transaction that may write waits for this: on SQLite there is one at a time.
pub async fn record(app: &App, record: &Record<'_>) -> sqlx::Result<()> {
    let mark = Mark::new(app, record, (Outcome::of(record.what), None));
    let (done, outcome) = oneshot::channel();
    let waiting = Waiting {
        mark,
        record: Owned::of(record),
        done,
    };
    app.committer.add(app, waiting);
    outcome.await.unwrap_or(Err(Error::WorkerCrashed))
}

impl Committer {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, app: &App, waiting: Waiting) {
        let mut queue = self.queue();
        queue.waiting.push(waiting);
        if !mem::replace(&mut queue.is_running, true) {
            let running = Running(self.clone());
            let public_url = app.config.public_url.clone();
            tokio::spawn(run(running, app.db.clone(), public_url));
        }
    }

    /// Whether somebody waits. If not, nobody runs any more.
    fn goes_on(&self) -> bool {
        let mut queue = self.queue();
        queue.is_running = !queue.waiting.is_empty();
        queue.is_running
    }

    fn group(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let length = queue.waiting.len().min(MOST);
        queue.waiting.drain(..length).collect()
    }
}

/// Held by the task that commits. Should it panic, those who wait are told and the next record starts another.
struct Running(Committer);

impl Drop for Running {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        if mem::take(&mut queue.is_running) {
            queue.waiting.clear();
        }
    }
}

async fn run(running: Running, db: Db, public_url: String) {
    let committer = &running.0;
    while committer.goes_on() {
        // On SQLite this waits for other writers, and the group grows meanwhile.
        let tx = db.begin(Scope::Everybody).await;
        let group = committer.group();
        let result = match tx {
            Ok(tx) => write(tx, &public_url, &group).await,
            Err(error) => Err(error),
        };
        if group.len() > 1 && matches!(result, Err(Error::Database(_))) {
            one_by_one(&db, &public_url, group).await;
        } else {
            let text = result.map_err(|error| error.to_string());
            for one in group {
                one.tell(text.clone().map_err(Error::Protocol));
            }
        }
    }
}

/// What the database refuses fails alone, and not with all that came at the same time.
async fn one_by_one(db: &Db, public_url: &str, group: Vec<Waiting>) {
    for one in group {
        let result = match db.begin(Scope::Everybody).await {
            Ok(tx) => write(tx, public_url, slice::from_ref(&one)).await,
            Err(error) => Err(error),
        };
        one.tell(result);
    }
}

async fn write(mut tx: Tx, public_url: &str, group: &[Waiting]) -> sqlx::Result<()> {
    let mut entries: Vec<Entry<'_>> = group.iter().map(Waiting::entry).collect();
    appending::append_all(&mut tx, public_url, &mut entries).await?;
    tx.commit().await
}
