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
            let running = Running::new(self);
            let public_url = app.config.public_url.clone();
            tokio::spawn(run(running, app.db.clone(), public_url));
        }
    }

    fn group(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let length = queue.waiting.len().min(MOST);
        queue.waiting.drain(..length).collect()
    }
}

/// Held by the task that commits. Should it panic, those who wait are told and the next record starts another.
struct Running {
    committer: Committer,
    /// It found nobody waiting and gave its place up: what the queue holds from then on is another task's.
    is_over: bool,
}

impl Running {
    fn new(committer: &Committer) -> Self {
        Self {
            committer: committer.clone(),
            is_over: false,
        }
    }

    /// Whether somebody waits. If not, nobody runs any more.
    fn goes_on(&mut self) -> bool {
        let mut queue = self.committer.queue();
        queue.is_running = !queue.waiting.is_empty();
        self.is_over = !queue.is_running;
        queue.is_running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            let mut queue = self.committer.queue();
            queue.is_running = false;
            queue.waiting.clear();
        }
    }
}

async fn run(mut running: Running, db: Db, public_url: String) {
    while running.goes_on() {
        // On SQLite this waits for other writers, and the group grows meanwhile.
        let tx = db.begin(Scope::Everybody).await;
        let group = running.committer.group();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::worlds;

    #[tokio::test]
    async fn a_task_that_gave_up_its_place_drops_nothing_of_the_next() {
        let worlds = worlds().await;
        let app = &worlds[0].app;
        let record = Record {
            tenant: None,
            user: None,
            who: "",
            address: "",
            what: What::TicketRefused,
            subject: None,
            detail: "",
        };
        let committer = Committer::default();
        let mut former = Running::new(&committer);
        assert!(!former.goes_on());
        // Between the two the next record comes and starts another task, which has not taken it yet.
        let (done, mut outcome) = oneshot::channel();
        let mark = Mark::new(app, &record, (Outcome::of(record.what), None));
        committer.queue().is_running = true;
        committer.queue().waiting.push(Waiting {
            mark,
            record: Owned::of(&record),
            done,
        });
        drop(former);
        assert!(committer.queue().is_running);
        assert_eq!(committer.group().len(), 1);
        assert!(outcome.try_recv().is_err());
    }
}
