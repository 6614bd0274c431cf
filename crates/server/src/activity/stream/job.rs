//! The reconciler of streams: what collectors do not have is sent to them. It takes no input and may run twice: the worst is
//! a record sent again.

use super::{
    super::{
        log,
        store::{Row, stream as store, tree},
    },
    otlp,
    send::{self, SendError},
    service, syslog,
    target::Kind,
};
use crate::{app::App, db::Scope};
use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;
use wire::ids::TenantId;

const TIMER: Duration = Duration::from_secs(2);
/// Places of the log that are sent at once.
const BATCH: i64 = 500;
/// Nobody else tries for so long, in milliseconds: longer than one delivery may take.
const CLAIM_MS: i64 = 30_000;
/// The first wait after a failure, and the longest, in milliseconds; it doubles from one to the other.
const FIRST_WAIT_MS: i64 = 5_000;
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;

/// Runs for ever.
pub async fn run(app: Arc<App>) {
    let mut timer = tokio::time::interval(TIMER);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "records could not be streamed; trying again");
        }
    }
}

/// Sends each collector that has something due its next records. They do not wait for each other.
pub async fn pass(app: &App) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(Scope::Everybody).await?;
    let due = store::due(&mut tx, now_ms).await?;
    drop(tx);
    for (tenant, done) in join_all(
        due.into_iter()
            .map(async |tenant| (tenant, one(app, tenant).await)),
    )
    .await
    {
        if let Err(error) = done {
            tracing::error!(%tenant, %error, "a stream could not be reconciled");
        }
    }
    Ok(())
}

async fn one(app: &App, tenant: TenantId) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(tenant).await?;
    let Some(row) = store::get(&mut tx, tenant).await? else {
        return Ok(());
    };
    if !store::claim(&mut tx, row.id, now_ms, now_ms + CLAIM_MS).await? {
        return Ok(());
    }
    let log = log::of(Some(tenant));
    let size = tree::log(&mut tx, log).await?.map_or(0, |log| log.size);
    let end = size.min(row.next_index + BATCH);
    let records = store::records(&mut tx, log, row.next_index, end).await?;
    let (target, secret) = service::opened(&mut tx, &row).await?;
    tx.commit().await?;
    let sent = if records.is_empty() {
        Ok(())
    } else {
        let bytes = bytes(app, target.kind, log, &records);
        let private = app.config.private_log_destinations;
        send::send(&target, &secret, &bytes, private).await
    };
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(tenant).await?;
    match sent {
        Ok(()) => store::delivered(&mut tx, row.id, end, now_ms).await?,
        Err(error) => {
            tracing::warn!(%tenant, error = error.name(), "a collector could not be reached");
            let wait_ms = wait_ms(row.failures);
            store::failed(&mut tx, row.id, error.name(), (now_ms, now_ms + wait_ms)).await?;
        }
    }
    tx.commit().await
}

/// The form of the kind.
pub(super) fn bytes(app: &App, kind: Kind, log: Uuid, rows: &[Row]) -> Vec<u8> {
    let host = app.config.public_url.trim_start_matches("https://");
    let host = host.split(':').next().unwrap_or(host);
    match kind {
        Kind::Syslog => rows
            .iter()
            .flat_map(|row| syslog::frame(host, log, row))
            .collect(),
        Kind::Otlp => otlp::body(host, log, rows),
    }
}

/// How long to wait after so many failures before this one.
fn wait_ms(failures: i64) -> i64 {
    let doublings = u32::try_from(failures.clamp(0, 20)).unwrap_or_default();
    (FIRST_WAIT_MS << doublings).min(LONGEST_WAIT_MS)
}

/// Why the last delivery failed, when it did.
pub(super) fn error_of(name: &str) -> Option<SendError> {
    SendError::from_name(name)
}
