//! All SQL about what checks answered.

use super::{Answer, Outcome};
use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::TenantId;

/// A span of time through which a check answered the same.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Span {
    pub(super) id: Uuid,
    pub(super) check_name: String,
    outcome: String,
    figures: String,
    refs: String,
    /// The first answer, Unix milliseconds.
    pub(super) from_ms: i64,
    /// The last one.
    pub(super) seen_ms: i64,
}

impl Span {
    /// What the check answered last. What cannot be read tells nothing.
    pub(super) fn answer(&self) -> Answer {
        Answer {
            outcome: Outcome::from_name(&self.outcome).unwrap_or(Outcome::CannotTell),
            figures: serde_json::from_str(&self.figures).unwrap_or_default(),
            refs: serde_json::from_str(&self.refs).unwrap_or_default(),
        }
    }
}

const CURRENT: &str =
    "SELECT id, check_name, outcome, figures, refs, from_ms, seen_ms FROM evidence_spans
    WHERE is_current = 1 AND check_name = $1 AND tenant_id = $2";
const ALL_CURRENT: &str =
    "SELECT id, check_name, outcome, figures, refs, from_ms, seen_ms FROM evidence_spans
    WHERE is_current = 1 ORDER BY check_name, tenant_id";
const CURRENT_OF: &str =
    "SELECT id, check_name, outcome, figures, refs, from_ms, seen_ms FROM evidence_spans
    WHERE is_current = 1 AND tenant_id = $1 ORDER BY check_name";
const HISTORY: &str =
    "SELECT id, check_name, outcome, figures, refs, from_ms, seen_ms FROM evidence_spans
    WHERE check_name = $1 AND tenant_id = $2 AND seen_ms >= $3 ORDER BY from_ms DESC, id DESC LIMIT 200";
const CONTINUE: &str =
    "UPDATE evidence_spans SET figures = $2, refs = $3, seen_ms = $4 WHERE id = $1";
const CLOSE: &str =
    "UPDATE evidence_spans SET is_current = 0 WHERE check_name = $1 AND tenant_id = $2";
const OPEN: &str = "INSERT INTO evidence_spans
    (id, check_name, tenant_id, outcome, figures, refs, from_ms, seen_ms, is_current)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1)";
const DROP_OLD: &str = "DELETE FROM evidence_spans WHERE is_current = 0 AND seen_ms < $1";

/// The span that goes on now.
pub(super) async fn current(
    tx: &mut Tx,
    check: &str,
    tenant: TenantId,
) -> sqlx::Result<Option<Span>> {
    on!(tx, c => sqlx::query_as(CURRENT).bind(check).bind(tenant).fetch_optional(c).await)
}

/// All spans that go on now, of whomever the transaction sees.
pub(super) async fn all_current(tx: &mut Tx) -> sqlx::Result<Vec<Span>> {
    on!(tx, c => sqlx::query_as(ALL_CURRENT).fetch_all(c).await)
}

/// The spans that go on now of one customer, or of the service.
pub(super) async fn current_of(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<Span>> {
    on!(tx, c => sqlx::query_as(CURRENT_OF).bind(tenant).fetch_all(c).await)
}

/// The latest spans of a check since a moment, the newest first.
pub(super) async fn history(
    tx: &mut Tx,
    check: &str,
    tenant: TenantId,
    since_ms: i64,
) -> sqlx::Result<Vec<Span>> {
    on!(tx, c => sqlx::query_as(HISTORY).bind(check).bind(tenant).bind(since_ms).fetch_all(c).await)
}

/// The span goes on with this answer.
pub(super) async fn go_on(
    tx: &mut Tx,
    span: &Span,
    answer: &Answer,
    now_ms: i64,
) -> sqlx::Result<()> {
    let (figures, refs) = texts(answer);
    on!(tx, c => sqlx::query(CONTINUE).bind(span.id).bind(figures).bind(refs).bind(now_ms)
        .execute(c).await.map(drop))
}

/// Another span begins with this answer.
pub(super) async fn begin(
    tx: &mut Tx,
    id: Uuid,
    (check, tenant): (&str, TenantId),
    answer: &Answer,
    now_ms: i64,
) -> sqlx::Result<()> {
    let (figures, refs) = texts(answer);
    on!(tx, c => sqlx::query(CLOSE).bind(check).bind(tenant).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(OPEN).bind(id).bind(check).bind(tenant).bind(answer.outcome.name())
        .bind(figures).bind(refs).bind(now_ms).execute(c).await.map(drop))
}

/// Forgets spans that were over before the moment.
pub(super) async fn drop_old(tx: &mut Tx, before_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD).bind(before_ms).execute(c).await.map(drop))
}

fn texts(answer: &Answer) -> (String, String) {
    // Numbers and texts always have a JSON form.
    let text = |value: serde_json::Result<String>| value.unwrap_or_default();
    (
        text(serde_json::to_string(&answer.figures)),
        text(serde_json::to_string(&answer.refs)),
    )
}
