//! What readers do with their organisation's log.

use super::{
    Record, What,
    acts::{self, Act, Outcome},
    bundle, export, log, retention,
    store::{self, Row, Search, tree},
    tile::{self, Tile},
};
use crate::{
    actor::Actor,
    app::App,
    portal::Ui,
    rights::{self, Action, Denied},
};
use std::sync::Arc;
use wire::ids::TenantId;

/// How many records one search looks at. One that is not found among them is searched for further back by the reader, so
/// that no search takes long however long the log is.
pub const WINDOW: i64 = 20_000;

/// Why a reader gets nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The policies say no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A part of what a search found.
#[derive(Debug)]
pub struct Found {
    /// This page of it, the newest first.
    pub rows: Vec<Row>,
    /// Which page it is: the last one when a later one was asked for.
    pub page: u64,
    /// How many there are among the records that were looked at.
    pub total: u64,
    /// Records before this moment, Unix milliseconds, were not looked at.
    pub earlier_ms: Option<i64>,
    /// The place of the next record of the log.
    pub next_index: i64,
    /// For how many days records keep what they say.
    pub kept_days: i64,
}

/// The latest records that a search finds, in the reader's organisation, of the days that are kept.
pub async fn search(
    app: &App,
    actor: &Actor,
    search: &Search,
    page: u64,
    per_page: u64,
) -> Result<Found, ReadError> {
    rights::authorize(actor, Action::ReadActivity)?;
    let log = log::of(Some(actor.tenant));
    let mut tx = app.db.read(actor.tenant).await?;
    let kept_days = retention::days(&mut tx, actor.tenant).await?;
    let mut search = visible(app, search, kept_days);
    let edge_ms = store::nth(&mut tx, log, &search, WINDOW).await?;
    if let Some(edge_ms) = edge_ms {
        search.from_ms = edge_ms + 1;
    }
    let total = store::count(&mut tx, log, &search).await?.cast_unsigned();
    let page = page.clamp(1, total.div_ceil(per_page).max(1));
    let offset = ((page - 1) * per_page).cast_signed();
    let rows = store::page(&mut tx, log, &search, per_page.cast_signed(), offset).await?;
    let next_index = tree::log(&mut tx, log).await?.map_or(0, |log| log.size);
    Ok(Found {
        rows,
        page,
        total,
        earlier_ms: edge_ms.map(|ms| ms + 1),
        next_index,
        kept_days,
    })
}

/// How often something happened since a moment, and the record of when it did last.
pub(crate) async fn latest(
    app: &App,
    actor: &Actor,
    what: What,
    from_ms: i64,
) -> Result<(u64, Option<Row>), ReadError> {
    let wanted = Search {
        what: what.name().to_owned(),
        from_ms,
        to_ms: i64::MAX,
        ..Search::default()
    };
    let found = search(app, actor, &wanted, 1, 1).await?;
    Ok((found.total, found.rows.into_iter().next()))
}

/// What a search finds among the records from a place on, the newest first and at most 100 places; and the next place.
pub async fn newer(
    app: &App,
    actor: &Actor,
    search: &Search,
    from: i64,
) -> Result<(Vec<Row>, i64), ReadError> {
    const MOST: i64 = 100;
    rights::authorize(actor, Action::ReadActivity)?;
    let log = log::of(Some(actor.tenant));
    let mut tx = app.db.read(actor.tenant).await?;
    let kept_days = retention::days(&mut tx, actor.tenant).await?;
    let search = visible(app, search, kept_days);
    let end = tree::log(&mut tx, log).await?.map_or(0, |log| log.size);
    let start = from.clamp((end - MOST).max(0), end);
    let rows = store::newer(&mut tx, log, &search, (start, end)).await?;
    Ok((rows, end))
}

/// One's own latest sign-ins and refused ones, the newest first.
pub async fn own_sign_ins(app: &App, actor: &Actor, limit: i64) -> Result<Vec<Row>, ReadError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let from_ms = app.clock.now_ms() - super::RETENTION_MS;
    let mut tx = app.db.read(actor.tenant).await?;
    let log = log::of(Some(actor.tenant));
    Ok(store::sign_ins(&mut tx, log, actor.user.0, from_ms, limit).await?)
}

/// Who was registered, or given a one-time link, since then, and when.
pub(crate) async fn links(
    tx: &mut crate::db::Tx,
    tenant: TenantId,
    from_ms: i64,
) -> sqlx::Result<Vec<(uuid::Uuid, i64)>> {
    store::links(tx, log::of(Some(tenant)), from_ms).await
}

/// A file that is being written.
#[derive(Debug)]
pub struct Export {
    file: File,
    app: Arc<App>,
    tenant: TenantId,
    /// That it is being taken; completed with the last part.
    act: Option<Act>,
}

#[derive(Debug)]
enum File {
    /// Records that a search found.
    Records(Box<export::Writer>),
    /// All records, with their proof.
    Bundle(bundle::Writer),
}

impl Export {
    /// The next part; `None` at the end. That it was taken whole, or not, is recorded then; of one that the reader does not
    /// wait for, the reconciler says that it was interrupted.
    pub async fn next(&mut self) -> sqlx::Result<Option<String>> {
        let part = match &mut self.file {
            File::Records(writer) => writer.next().await,
            File::Bundle(writer) => writer.next().await,
        };
        match &part {
            Ok(Some(_)) => {}
            Ok(None) => self.complete(Outcome::Success).await?,
            // What is told is why the file ends; that the record is missing too is the reconciler's affair.
            Err(_) => drop(self.complete(Outcome::Failed).await),
        }
        part
    }

    async fn complete(&mut self, outcome: Outcome) -> sqlx::Result<()> {
        if let Some(act) = self.act.take() {
            let mut tx = self.app.db.begin(self.tenant).await?;
            act.complete(&self.app, &mut tx, outcome).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Begins a file of what a search finds. That it is taken is recorded first.
pub async fn export(
    app: &Arc<App>,
    actor: &Actor,
    ui: Ui,
    search: &Search,
    format: export::Format,
) -> Result<Export, ReadError> {
    rights::authorize(actor, Action::ReadActivity)?;
    let name = match format {
        export::Format::Csv => "CSV",
        export::Format::JsonLines => "JSON Lines",
    };
    let act = begin_export(app, actor, name).await?;
    let log = log::of(Some(actor.tenant));
    let mut tx = app.db.read(actor.tenant).await?;
    let search = visible(app, search, retention::days(&mut tx, actor.tenant).await?);
    drop(tx);
    let writer = export::Writer::new(app, log, ui, search, format);
    Ok(exported(app, actor, File::Records(Box::new(writer)), act))
}

/// Begins a proof bundle. That it is taken is recorded first, and is in it.
pub async fn proof_bundle(
    app: &Arc<App>,
    actor: &Actor,
    whole: bool,
) -> Result<Option<Export>, ReadError> {
    rights::authorize(actor, Action::ReadActivity)?;
    let act = begin_export(app, actor, "nagaya-activity/1").await?;
    let log = log::of(Some(actor.tenant));
    let writer = bundle::Writer::new(app, log, whole).await?;
    Ok(writer.map(|writer| exported(app, actor, File::Bundle(writer), act)))
}

fn exported(app: &Arc<App>, actor: &Actor, file: File, act: Act) -> Export {
    Export {
        file,
        app: Arc::clone(app),
        tenant: actor.tenant,
        act: Some(act),
    }
}

async fn begin_export(app: &App, actor: &Actor, name: &str) -> sqlx::Result<Act> {
    let mut tx = app.db.begin(actor.tenant).await?;
    let log = log::of(Some(actor.tenant));
    let act = acts::begin(
        app,
        &mut tx,
        &Record::of(actor, What::LogExported, log, name),
    )
    .await?;
    tx.commit().await?;
    Ok(act)
}

/// The verifier key of the organisation's log; `None` when it holds nothing.
pub async fn key(app: &App, actor: &Actor) -> Result<Option<String>, ReadError> {
    rights::authorize(actor, Action::ReadActivity)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let row = tree::log(&mut tx, log::of(Some(actor.tenant))).await?;
    Ok(row.map(|row| log::vkey(app, &row.origin)))
}

/// The newest checkpoint of the organisation's log, signed now if the log has grown; `None` when it holds nothing.
pub async fn checkpoint(app: &App, actor: &Actor) -> Result<Option<String>, ReadError> {
    rights::authorize(actor, Action::ReadActivity)?;
    let row = log::checkpoint(app, log::of(Some(actor.tenant))).await?;
    Ok(row.map(|row| row.note))
}

/// A tile of the organisation's log; `None` when the log has not grown so far.
pub async fn tile(app: &App, actor: &Actor, tile: Tile) -> Result<Option<Vec<u8>>, ReadError> {
    rights::authorize(actor, Action::ReadActivity)?;
    let log = log::of(Some(actor.tenant));
    let Some(checkpoint) = log::checkpoint(app, log).await? else {
        return Ok(None);
    };
    let range = tile.range();
    let Some(range) = range.filter(|_| tile.is_in(checkpoint.size.cast_unsigned())) else {
        return Ok(None);
    };
    let mut tx = app.db.read(actor.tenant).await?;
    let body = if let Some(level) = tile.level {
        tile::hashes(&log::level_hashes(&mut tx, log, level, range).await?)
    } else {
        let (start, end) = (range.0.cast_signed(), range.1.cast_signed());
        tile::entries(&tree::leaves(&mut tx, log, start, end).await?)
    };
    Ok(Some(body))
}

/// A search of what is shown at all.
fn visible(app: &App, search: &Search, kept_days: i64) -> Search {
    const DAY_MS: i64 = 24 * 3600 * 1000;
    let kept_from_ms = app.clock.now_ms() - kept_days * DAY_MS;
    // No record has such characters, and PostgreSQL takes no text with a zero byte.
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect();
    Search {
        text: plain(&search.text),
        what: plain(&search.what),
        from_ms: search.from_ms.max(kept_from_ms),
        ..search.clone()
    }
}
