//! All SQL about the records. Reading names the log, and a customer's log is the customer's.

pub(super) mod acts;
pub(super) mod retention;
pub(super) mod stream;
pub(super) mod tree;

use super::{appending::Entry, leaf, log};
use crate::{
    app::{ClockReading, ClockState},
    db::{Tx, like, on, rows::InsertRows},
};
use uuid::Uuid;

/// A record as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    /// The record.
    pub id: Uuid,
    /// Unix time in milliseconds.
    pub at_ms: i64,
    /// Who did it.
    pub user_id: Option<Uuid>,
    /// The name of who did it.
    pub who: String,
    /// From where.
    pub address: String,
    /// The stored form of [`super::What`].
    pub what: String,
    /// To which thing.
    pub subject_id: Option<Uuid>,
    /// The thing's name or the result.
    pub detail: String,
    /// Its place in the log.
    pub leaf_index: i64,
    /// The stored form of how the clock was; absent for records of the time before it was asked.
    pub clock: Option<String>,
    /// How far it may have been off at most, in microseconds.
    pub clock_error_us: Option<i64>,
    /// The stored form of [`super::acts::Outcome`].
    pub outcome: Option<String>,
}

/// The record of a beginning.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Begun {
    pub(super) tenant_id: Option<Uuid>,
    pub(super) user_id: Option<Uuid>,
    pub(super) who: String,
    pub(super) address: String,
    pub(super) what: String,
    pub(super) subject_id: Option<Uuid>,
    pub(super) detail: String,
}

impl Row {
    /// How the clock was when this was recorded.
    #[must_use]
    pub fn clock(&self) -> ClockReading {
        let state = self.clock.as_deref().and_then(ClockState::from_name);
        ClockReading {
            state: state.unwrap_or_default(),
            error_us: self.clock_error_us.and_then(|us| u32::try_from(us).ok()),
        }
    }
}

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Part of name, thing or address; empty for all.
    pub text: String,
    /// The stored form of what happened; empty for all.
    pub what: String,
    /// The stored form of how it ended; empty for all.
    pub outcome: String,
    /// From this moment on, Unix milliseconds.
    pub from_ms: i64,
    /// Until before this moment, Unix milliseconds.
    pub to_ms: i64,
}

/// A record of the time before it had a place in a log.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Unplaced {
    pub(super) id: Uuid,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) at_ms: i64,
    pub(super) user_id: Option<Uuid>,
    pub(super) who: String,
    pub(super) address: String,
    pub(super) what: String,
    pub(super) subject_id: Option<Uuid>,
    pub(super) detail: String,
}

/// Where a record stands, and what hides it there.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) log: Uuid,
    pub(super) index: i64,
    pub(super) salt: String,
    /// How the clock was.
    pub(super) clock: ClockReading,
}

/// A leaf with the record that it commits to, while that is there.
#[derive(Debug, sqlx::FromRow)]
pub struct Proved {
    pub(super) leaf: String,
    pub(super) salt: Option<String>,
    pub(super) id: Option<Uuid>,
    pub(super) user_id: Option<Uuid>,
    pub(super) who: Option<String>,
    pub(super) address: Option<String>,
    pub(super) what: Option<String>,
    pub(super) subject_id: Option<Uuid>,
    pub(super) detail: Option<String>,
    pub(super) outcome: Option<String>,
    pub(super) completes: Option<Uuid>,
    pub(super) form: Option<i64>,
}

const OLDEST: &str = "SELECT min(at_ms) FROM activity WHERE log_id = $1";
static INSERT: InsertRows = InsertRows::new(
    "INSERT INTO activity
    (id, tenant_id, at_ms, user_id, who, address, what, subject_id, detail, log_id, leaf_index, salt,
    clock, clock_error_us, outcome, completes, form)",
    17,
);
const BEGUN: &str =
    "SELECT tenant_id, user_id, who, address, what, subject_id, detail FROM activity WHERE id = $1";
const UNPLACED: &str =
    "SELECT id, tenant_id, at_ms, user_id, who, address, what, subject_id, detail FROM activity
    WHERE leaf_index IS NULL ORDER BY at_ms, id LIMIT 1000";
const PLACE: &str = "UPDATE activity SET log_id = $2, leaf_index = $3, salt = $4,
    clock = $5, clock_error_us = $6 WHERE id = $1";
const COUNT: &str = "SELECT count(*) FROM activity
    WHERE log_id = $1 AND ($2 = '' OR what = $2) AND at_ms >= $4 AND at_ms < $5
    AND ($3 = '' OR lower(who) LIKE $3 ESCAPE '!' OR lower(detail) LIKE $3 ESCAPE '!' OR address LIKE $3 ESCAPE '!')
    AND ($6 = '' OR outcome = $6)";
const PAGE: &str = "SELECT id, at_ms, user_id, who, address, what, subject_id, detail, leaf_index, clock, clock_error_us, outcome FROM activity
    WHERE log_id = $1 AND ($2 = '' OR what = $2) AND at_ms >= $4 AND at_ms < $5
    AND ($3 = '' OR lower(who) LIKE $3 ESCAPE '!' OR lower(detail) LIKE $3 ESCAPE '!' OR address LIKE $3 ESCAPE '!')
    AND ($8 = '' OR outcome = $8)
    ORDER BY at_ms DESC, leaf_index DESC LIMIT $6 OFFSET $7";
const AFTER: &str = "SELECT id, at_ms, user_id, who, address, what, subject_id, detail, leaf_index, clock, clock_error_us, outcome FROM activity
    WHERE log_id = $1 AND ($2 = '' OR what = $2) AND at_ms >= $4 AND at_ms < $5
    AND ($3 = '' OR lower(who) LIKE $3 ESCAPE '!' OR lower(detail) LIKE $3 ESCAPE '!' OR address LIKE $3 ESCAPE '!')
    AND ($8 = '' OR outcome = $8)
    AND (at_ms > $4 OR leaf_index > $6) ORDER BY at_ms, leaf_index LIMIT $7";
const NEWER: &str = "SELECT id, at_ms, user_id, who, address, what, subject_id, detail, leaf_index, clock, clock_error_us, outcome FROM activity
    WHERE log_id = $1 AND ($2 = '' OR what = $2) AND at_ms >= $4 AND at_ms < $5
    AND ($3 = '' OR lower(who) LIKE $3 ESCAPE '!' OR lower(detail) LIKE $3 ESCAPE '!' OR address LIKE $3 ESCAPE '!')
    AND ($8 = '' OR outcome = $8)
    AND leaf_index >= $6 AND leaf_index < $7 ORDER BY leaf_index DESC";
const NTH: &str = "SELECT at_ms FROM activity WHERE log_id = $1 AND at_ms >= $2 AND at_ms < $3
    ORDER BY at_ms DESC, leaf_index DESC LIMIT 1 OFFSET $4";
const FIRST_SINCE: &str = "SELECT leaf_index FROM activity WHERE log_id = $1 AND at_ms >= $2
    ORDER BY at_ms, leaf_index LIMIT 1";
const PROVED: &str =
    "SELECT l.leaf, a.salt, a.id, a.user_id, a.who, a.address, a.what, a.subject_id, a.detail,
    a.outcome, a.completes, a.form
    FROM activity_leaves l
    LEFT JOIN activity a ON a.log_id = l.log_id AND a.leaf_index = l.leaf_index AND a.at_ms >= $4
    WHERE l.log_id = $1 AND l.leaf_index >= $2 AND l.leaf_index < $3 ORDER BY l.leaf_index";
const EXPIRE: &str = "DELETE FROM activity WHERE log_id = $1 AND leaf_index IN
    (SELECT leaf_index FROM activity WHERE log_id = $1 AND at_ms < $2 ORDER BY at_ms LIMIT 1000)";

/// What the index of sign-ins is made of, word for word.
const SIGN_INS: &str =
    "SELECT id, at_ms, user_id, who, address, what, subject_id, detail, leaf_index, clock, clock_error_us, outcome FROM activity
    WHERE log_id = $1 AND user_id = $2 AND at_ms >= $3
    AND what IN ('identity.signed_in', 'identity.sign_in_refused')
    ORDER BY at_ms DESC, leaf_index DESC LIMIT $4";
const LINKS: &str = "SELECT subject_id, at_ms FROM activity WHERE log_id = $1 AND at_ms >= $2
    AND subject_id IS NOT NULL
    AND what IN ('identity.user_invited', 'identity.link_issued', 'identity.link_requested')";
const COUNT_WORK: &str = "SELECT count(*) FROM activity WHERE tenant_id IS NULL
    AND ($1 = '' OR lower(who) LIKE $1 ESCAPE '!' OR lower(detail) LIKE $1 ESCAPE '!')";
const PAGE_OF_WORK: &str =
    "SELECT id, at_ms, user_id, who, address, what, subject_id, detail, leaf_index, clock, clock_error_us, outcome FROM activity
    WHERE tenant_id IS NULL
    AND ($1 = '' OR lower(who) LIKE $1 ESCAPE '!' OR lower(detail) LIKE $1 ESCAPE '!')
    ORDER BY at_ms DESC, id DESC LIMIT $2 OFFSET $3";

/// A person's latest sign-ins and refused ones, since a moment.
pub(super) async fn sign_ins(
    tx: &mut Tx,
    log: Uuid,
    user: Uuid,
    from_ms: i64,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(SIGN_INS).bind(log).bind(user).bind(from_ms).bind(limit)
        .fetch_all(c).await)
}

/// To whom links were given since then, and when.
pub(super) async fn links(tx: &mut Tx, log: Uuid, from_ms: i64) -> sqlx::Result<Vec<(Uuid, i64)>> {
    on!(tx, c => sqlx::query_as(LINKS).bind(log).bind(from_ms).fetch_all(c).await)
}

pub(super) async fn count_work(tx: &mut Tx, text: &str) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(COUNT_WORK).bind(like(text)).fetch_one(c).await)
}

pub(super) async fn page_of_work(
    tx: &mut Tx,
    text: &str,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(PAGE_OF_WORK).bind(like(text)).bind(limit).bind(offset).fetch_all(c).await)
}

/// Keeps records, each at its place in its log.
pub(super) async fn insert(tx: &mut Tx, records: &[(&Entry<'_>, i64)]) -> sqlx::Result<()> {
    /// Both of the fields that [`super::leaf::Content`] got later are in what is hashed.
    const FORM: i64 = 2;
    for (sql, records) in INSERT.parts(records) {
        on!(tx, c => {
            let mut insert = sqlx::query(sql);
            for (Entry { mark, record }, index) in records {
                insert = insert.bind(mark.id).bind(record.tenant).bind(mark.at_ms).bind(record.user)
                    .bind(record.who).bind(record.address).bind(record.what.name()).bind(record.subject)
                    .bind(record.detail).bind(log::of(record.tenant)).bind(index).bind(leaf::encode(&mark.salt))
                    .bind(mark.clock.state.name()).bind(mark.clock.error_us.map(i64::from))
                    .bind(mark.outcome.name()).bind(mark.completes).bind(FORM);
            }
            insert.execute(c).await?;
        });
    }
    Ok(())
}

/// The record of a beginning, while it is there.
pub(super) async fn begun(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<Begun>> {
    on!(tx, c => sqlx::query_as(BEGUN).bind(id).fetch_optional(c).await)
}

pub(super) async fn unplaced(tx: &mut Tx) -> sqlx::Result<Vec<Unplaced>> {
    on!(tx, c => sqlx::query_as(UNPLACED).fetch_all(c).await)
}

pub(super) async fn place(tx: &mut Tx, id: Uuid, place: &Place) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(PLACE).bind(id).bind(place.log).bind(place.index).bind(&place.salt)
        .bind(place.clock.state.name()).bind(place.clock.error_us.map(i64::from)).execute(c).await.map(drop))
}

pub(super) async fn count(tx: &mut Tx, log: Uuid, search: &Search) -> sqlx::Result<i64> {
    let text = like(&search.text);
    on!(tx, c => sqlx::query_scalar(COUNT).bind(log).bind(&search.what).bind(text).bind(search.from_ms)
        .bind(search.to_ms).bind(&search.outcome).fetch_one(c).await)
}

pub(super) async fn page(
    tx: &mut Tx,
    log: Uuid,
    search: &Search,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<Row>> {
    let text = like(&search.text);
    on!(tx, c => sqlx::query_as(PAGE).bind(log).bind(&search.what).bind(text).bind(search.from_ms)
        .bind(search.to_ms).bind(limit).bind(offset).bind(&search.outcome).fetch_all(c).await)
}

/// What a search finds after a record, given by its time and place, the oldest first.
pub(super) async fn after(
    tx: &mut Tx,
    log: Uuid,
    search: &Search,
    after: Option<(i64, i64)>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let text = like(&search.text);
    let (from_ms, index) = after.unwrap_or((search.from_ms, -1));
    on!(tx, c => sqlx::query_as(AFTER).bind(log).bind(&search.what).bind(text).bind(from_ms)
        .bind(search.to_ms).bind(index).bind(limit).bind(&search.outcome).fetch_all(c).await)
}

/// What a search finds among the records at some places, the end not included; the newest first.
pub(super) async fn newer(
    tx: &mut Tx,
    log: Uuid,
    search: &Search,
    (start, end): (i64, i64),
) -> sqlx::Result<Vec<Row>> {
    let text = like(&search.text);
    on!(tx, c => sqlx::query_as(NEWER).bind(log).bind(&search.what).bind(text).bind(search.from_ms)
        .bind(search.to_ms).bind(start).bind(end).bind(&search.outcome).fetch_all(c).await)
}

/// When the record was before which, among those of the search's time, there are `n` newer ones.
pub(super) async fn nth(
    tx: &mut Tx,
    log: Uuid,
    search: &Search,
    n: i64,
) -> sqlx::Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(NTH).bind(log).bind(search.from_ms).bind(search.to_ms).bind(n)
        .fetch_optional(c).await)
}

/// The place of the first record that is at least as young.
pub(super) async fn first_since(tx: &mut Tx, log: Uuid, from_ms: i64) -> sqlx::Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(FIRST_SINCE).bind(log).bind(from_ms).fetch_optional(c).await)
}

/// Leaves of a range with their records, of those that are young enough.
pub(super) async fn proved(
    tx: &mut Tx,
    log: Uuid,
    start: i64,
    end: i64,
    kept_from_ms: i64,
) -> sqlx::Result<Vec<Proved>> {
    on!(tx, c => sqlx::query_as(PROVED).bind(log).bind(start).bind(end).bind(kept_from_ms).fetch_all(c).await)
}

/// Deletes some records, with their salts, that are older. Returns how many.
pub(super) async fn expire(tx: &mut Tx, log: Uuid, before_ms: i64) -> sqlx::Result<u64> {
    on!(tx, c => sqlx::query(EXPIRE).bind(log).bind(before_ms).execute(c).await.map(|done| done.rows_affected()))
}

/// When the oldest record whose content is there was made.
pub(super) async fn oldest(tx: &mut Tx, log: Uuid) -> sqlx::Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(OLDEST).bind(log).fetch_one(c).await)
}
