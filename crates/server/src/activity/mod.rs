//! The log of what happened. Each record is written in the transaction of the act that it tells of.
//!
//! Each customer has a log of its own: an append-only Merkle tree, whose checkpoints are signed ([`log`], [`merkle`],
//! [`note`]). What a record says goes when its time is over; that it was there, and when, stays provable ([`leaf`]).

pub mod acts;
#[cfg(test)]
mod acts_tests;
pub(crate) mod api;
mod appending;
mod audit;
pub mod bundle;
pub(crate) mod checks;
mod committer;
#[cfg(test)]
mod committer_tests;
#[cfg(test)]
mod crash_tests;
pub mod export;
#[cfg(test)]
mod export_tests;
pub mod http;
pub mod job;
pub mod leaf;
pub mod log;
#[cfg(test)]
mod log_tests;
pub mod merkle;
pub mod note;
pub mod page;
pub mod retention;
pub mod service;
pub mod store;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod tile;
pub mod verify;
#[cfg(test)]
mod verify_tests;
mod what;

pub use acts::{Act, Outcome, begin, begin_lasting, complete_of};
pub(crate) use api::Doc as ApiDoc;
pub use audit::{LogFault, LogKey, check_logs};
pub use committer::{Committer, record};
pub(crate) use export::csv_row;
pub use retention::{MOST_DAYS, STANDARD_DAYS, days as kept_days, set_days as set_kept_days};
pub use store::Row;
pub use what::{What, label};

use crate::{
    actor::Actor,
    app::App,
    db::{Scope, Tx},
    portal::Key,
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// How long what a record says is kept and shown, unless a contract asks for longer ([`retention`]): 31 times 24 hours, in milliseconds.
pub const RETENTION_MS: i64 = 31 * 24 * 3600 * 1000;

/// One record.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// In whose log; `None` when nobody can tell whose it is.
    pub tenant: Option<TenantId>,
    /// Who did it; `None` for the service.
    pub user: Option<UserId>,
    /// Their name at that time.
    pub who: &'a str,
    /// From where.
    pub address: &'a str,
    /// What.
    pub what: What,
    /// To which thing.
    pub subject: Option<Uuid>,
    /// Its name, or the result; for readers.
    pub detail: &'a str,
}

/// Records what a person did.
pub async fn append(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    what: What,
    subject: Uuid,
    detail: &str,
) -> sqlx::Result<()> {
    append_record(app, tx, &Record::of(actor, what, subject, detail)).await
}

impl<'a> Record<'a> {
    /// A record of what a person does.
    #[must_use]
    pub fn of(actor: &'a Actor, what: What, subject: Uuid, detail: &'a str) -> Self {
        Self {
            tenant: Some(actor.tenant),
            user: Some(actor.user),
            who: &actor.full_name,
            address: &actor.address,
            what,
            subject: Some(subject),
            detail,
        }
    }
}

/// Records what the service, or somebody who is not signed in, did.
pub async fn append_record(app: &App, tx: &mut Tx, record: &Record<'_>) -> sqlx::Result<()> {
    let outcome = Outcome::of(record.what);
    appending::append(app, tx, record, outcome, None)
        .await
        .map(drop)
}

/// Records several things that happened in one transaction, also of several customers.
pub async fn append_records(app: &App, tx: &mut Tx, records: &[Record<'_>]) -> sqlx::Result<()> {
    appending::append_records(app, tx, records).await
}

/// Gives records of the time before there were trees their places in the logs.
pub async fn adopt(app: &App) -> sqlx::Result<()> {
    appending::adopt(app).await
}

/// What the portal calls an outcome.
pub(crate) fn outcome_label(outcome: Outcome) -> Key {
    match outcome {
        Outcome::Begun => Key("activity.outcome.begun"),
        Outcome::Success => Key("activity.outcome.success"),
        Outcome::Refused => Key("activity.outcome.refused"),
        Outcome::Failed => Key("activity.outcome.failed"),
        Outcome::Interrupted => Key("activity.outcome.interrupted"),
    }
}

/// A page of the work log: what is in no customer's log. Returns how many records there are in all.
pub(crate) async fn work_log(
    app: &App,
    query: &str,
    page: u64,
    per_page: u64,
) -> sqlx::Result<(u64, Vec<store::Row>)> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let total = store::count_work(&mut tx, query).await?;
    let offset = (page.max(1) - 1).saturating_mul(per_page);
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let rows = store::page_of_work(&mut tx, query, per_page.cast_signed(), offset).await?;
    Ok((u64::try_from(total).unwrap_or_default(), rows))
}

/// When some things were done to a customer since a moment, and by whom, of what the log still says.
pub(crate) async fn done_since(
    tx: &mut Tx,
    tenant: TenantId,
    kinds: &[What],
    from_ms: i64,
) -> sqlx::Result<Vec<(i64, String)>> {
    let mut done = Vec::new();
    for what in kinds {
        let search = store::Search {
            what: what.name().to_owned(),
            from_ms,
            to_ms: i64::MAX,
            ..store::Search::default()
        };
        let rows = store::after(
            tx,
            log::of(Some(tenant)),
            &search,
            None,
            i64::from(u16::MAX),
        )
        .await?;
        done.extend(rows.into_iter().map(|row| (row.at_ms, row.who)));
    }
    Ok(done)
}
