//! `GET /activity` and what belongs to it: files, the live tail, and the log as a C2SP tlog-tiles server.

use super::{
    What,
    acts::Outcome,
    export, label, outcome_label,
    page::{ActivityPage, ActivityRow, KindOption, RowsPart},
    service::{self, Export, ReadError},
    store::{Row, Search},
    tile::Tile,
};
use crate::{
    app::{self, App},
    portal::{self, Key, Paging},
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use futures_util::stream;
use serde::Deserialize;
use std::sync::Arc;
use time::{Date, UtcOffset, format_description::BorrowedFormatItem, macros};

const PER_PAGE: u64 = 50;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Days are those of Japan, as all times of the service.
const JAPAN: UtcOffset = macros::offset!(+9);
const DATE: &[BorrowedFormatItem<'_>] = macros::format_description!("[year]-[month]-[day]");

pub(crate) fn routes() -> Router<Arc<App>> {
    super::stream::http::routes()
        .route("/activity", get(list))
        .route("/activity/new", get(newer))
        .route("/activity/export", post(records))
        .route("/activity/bundle", post(bundle))
        .route("/activity/log/key", get(key))
        .route("/activity/log/checkpoint", get(checkpoint))
        .route("/activity/log/tile/{*path}", get(tile))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    kind: String,
    outcome: String,
    /// A day, `2027-01-15`; that and the days after it.
    from: String,
    /// A day; that and the days before it.
    to: String,
    /// Records before this moment, Unix milliseconds: where an earlier search stopped.
    before: Option<i64>,
    page: u64,
    /// The place of the first record that the live tail has not seen.
    after: i64,
    csrf: String,
    format: String,
    whole: Option<String>,
}

impl Filter {
    fn search(&self) -> Search {
        let from_ms = day_ms(&self.from).unwrap_or(0);
        let to_ms = day_ms(&self.to).map_or(i64::MAX, |ms| ms + DAY_MS);
        Search {
            text: self.q.trim().chars().take(100).collect(),
            what: What::from_name(&self.kind)
                .map_or("", What::name)
                .to_owned(),
            outcome: Outcome::from_name(&self.outcome)
                .map_or("", Outcome::name)
                .to_owned(),
            from_ms,
            to_ms: to_ms.min(self.before.unwrap_or(i64::MAX)),
        }
    }
}

/// When a day begins in Japan, Unix milliseconds.
fn day_ms(text: &str) -> Option<i64> {
    let day = Date::parse(text, DATE).ok()?;
    let begin = day.midnight().assume_offset(JAPAN);
    i64::try_from(begin.unix_timestamp_nanos() / 1_000_000).ok()
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(denied) => denied.into(),
            ReadError::Database(error) => error.into(),
        }
    }
}

async fn list(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let search = filter.search();
    let found = service::search(&app, &signed.actor, &search, filter.page, PER_PAGE).await?;
    let vkey = service::key(&app, &signed.actor).await?;
    let kinds = What::ALL
        .iter()
        .map(|what| KindOption {
            value: what.name().to_owned(),
            label: label(*what),
        })
        .collect();
    let outcomes = Outcome::ALL
        .into_iter()
        .map(|outcome| KindOption {
            value: outcome.name().to_owned(),
            label: outcome_label(outcome),
        })
        .collect();
    let now_ms = app.clock.now_ms();
    // Newer records would not be at the top of a later page, or belong on one about the past.
    let is_live = found.page == 1 && search.to_ms > now_ms;
    let mut page = ActivityPage {
        ui: signed.ui,
        rows: found.rows.into_iter().map(shown).collect(),
        query: search.text,
        kinds,
        kind: search.what,
        outcomes,
        outcome: search.outcome,
        from: day_ms(&filter.from).map_or_else(String::new, |_| filter.from.clone()),
        to: day_ms(&filter.to).map_or_else(String::new, |_| filter.to.clone()),
        before: filter.before,
        first_day: day_of(now_ms - found.kept_days * DAY_MS),
        kept_days: found.kept_days,
        last_day: day_of(now_ms),
        paging: Paging {
            page: found.page,
            per_page: PER_PAGE,
            total: found.total,
        },
        earlier: None,
        live_from: is_live.then_some(found.next_index),
        may_stream: rights::authorize(&signed.actor, Action::ManageUsers).is_ok(),
        vkey,
    };
    page.earlier = found.earlier_ms.map(|ms| page.earlier_url(ms));
    Ok(portal::page(StatusCode::OK, &page))
}

/// The day in Japan.
fn day_of(ms: i64) -> String {
    let day = app::moment(ms).to_offset(JAPAN).date();
    day.format(DATE).unwrap_or_default()
}

/// The rows since a place, as a part of the page; the next place in a header.
async fn newer(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let search = filter.search();
    let (rows, next) = service::newer(&app, &signed.actor, &search, filter.after).await?;
    let part = RowsPart {
        ui: signed.ui,
        rows: rows.into_iter().map(shown).collect(),
    };
    let mut answer = portal::page(StatusCode::OK, &part);
    answer
        .headers_mut()
        .insert("x-next", HeaderValue::from(next));
    Ok(answer)
}

async fn records(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(filter): Form<Filter>,
) -> Result<Response, Failure> {
    signed.check_form(&filter.csrf)?;
    rights::authorize(&signed.actor, Action::ReadActivity)?;
    let (format, media_type, ending) = match filter.format.as_str() {
        "csv" => (export::Format::Csv, "text/csv; charset=utf-8", "csv"),
        "jsonl" => (export::Format::JsonLines, "application/jsonl", "jsonl"),
        _ => return Err(Failure::NotFound),
    };
    let search = filter.search();
    let export = service::export(&app, &signed.actor, signed.ui, &search, format).await?;
    let name = format!("activity-{}.{ending}", day_of(app.clock.now_ms()));
    Ok(file(export, media_type, &name))
}

async fn bundle(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(filter): Form<Filter>,
) -> Result<Response, Failure> {
    signed.check_form(&filter.csrf)?;
    let export = service::proof_bundle(&app, &signed.actor, filter.whole.is_some()).await?;
    let export = export.ok_or(Failure::NotFound)?;
    let name = format!("activity-proof-{}.jsonl", day_of(app.clock.now_ms()));
    Ok(file(export, "application/jsonl", &name))
}

/// A file that is sent as it is written. An error after its beginning cuts it, which the browser tells the reader.
fn file(export: Export, media_type: &'static str, name: &str) -> Response {
    let parts = stream::try_unfold(export, |mut export| async {
        let part = export.next().await?;
        Ok::<_, sqlx::Error>(part.map(|part| (part, export)))
    });
    let mut answer = Body::from_stream(parts).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    answer
}

async fn key(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let key = service::key(&app, &signed.actor).await?;
    Ok(format!("{}\n", key.ok_or(Failure::NotFound)?).into_response())
}

async fn checkpoint(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let note = service::checkpoint(&app, &signed.actor).await?;
    Ok(note.ok_or(Failure::NotFound)?.into_response())
}

async fn tile(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(path): Path<String>,
) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ReadActivity)?;
    let tile = Tile::parse(&path).ok_or(Failure::NotFound)?;
    let body = service::tile(&app, &signed.actor, tile).await?;
    let body = body.ok_or(Failure::NotFound)?;
    let media_type = HeaderValue::from_static("application/octet-stream");
    Ok(([(header::CONTENT_TYPE, media_type)], body).into_response())
}

fn shown(row: Row) -> ActivityRow {
    ActivityRow {
        at: app::moment(row.at_ms),
        clock: row.clock(),
        who: row.who,
        what: What::from_name(&row.what).map_or(Key("activity.what.other"), label),
        outcome: row
            .outcome
            .as_deref()
            .and_then(Outcome::from_name)
            .unwrap_or(Outcome::Success),
        detail: row.detail,
        address: row.address,
    }
}
