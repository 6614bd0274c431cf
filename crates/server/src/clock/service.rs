//! Samples of the clock, and who is told when nothing keeps it right.

use super::store::{self, Sample};
use crate::{
    activity::{self, Record, What},
    app::{App, ClockState},
    db::{Scope, Tx},
};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// How long samples are kept, in milliseconds: as long as the records whose times rest on them.
const SAMPLES_MS: i64 = 31 * DAY_MS;
/// The same for changes of the state: as long as the operators' work log.
const CHANGES_MS: i64 = 366 * DAY_MS;

/// What is known of the clocks.
#[derive(Debug)]
pub(crate) struct History {
    /// Where the state became another, the newest first.
    pub(crate) changes: Vec<Sample>,
    /// The newest samples.
    pub(crate) samples: Vec<Sample>,
}

/// The newest changes and samples of all machines. Whose right to see them it is asks the caller.
pub(crate) async fn history(app: &App) -> sqlx::Result<History> {
    const CHANGES: i64 = 50;
    const SAMPLES: i64 = 60;
    let mut tx = app.db.read(Scope::Nobody).await?;
    Ok(History {
        changes: store::changes(&mut tx, CHANGES).await?,
        samples: store::newest(&mut tx, SAMPLES).await?,
    })
}

/// Whether operators must do something about this machine's clock.
pub(crate) fn is_alarming(app: &App) -> bool {
    app.clock.reading().state == ClockState::Unsynchronised
}

/// Keeps what the kernel says now. A change of the state is recorded in the service's own log, in the same transaction,
/// and told in the process's log.
pub(super) async fn sample(app: &App) -> sqlx::Result<()> {
    let said = app.clock.sample();
    let state = said.reading.state;
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let last = store::last(&mut tx, &app.node).await?;
    let before = last.map(|last| last.state);
    let changed = before.as_deref() != Some(state.name());
    let row = Sample {
        node: app.node.clone(),
        at_ms: now_ms,
        state: state.name().to_owned(),
        error_us: said.reading.error_us.map(i64::from),
        offset_us: said.offset_us,
        changed: i64::from(changed),
    };
    store::insert(&mut tx, &row).await?;
    if changed {
        record(app, &mut tx, state).await?;
    }
    store::expire(&mut tx, now_ms - CHANGES_MS, now_ms - SAMPLES_MS).await?;
    tx.commit().await?;
    if changed {
        tell(app, state);
    }
    Ok(())
}

async fn record(app: &App, tx: &mut Tx, state: ClockState) -> sqlx::Result<()> {
    let what = match state {
        ClockState::Synchronised => What::ClockSynchronised,
        ClockState::Unsynchronised | ClockState::Unknown => What::ClockLost,
    };
    let record = Record {
        tenant: None,
        user: None,
        who: "",
        address: "",
        what,
        subject: None,
        detail: &app.node,
    };
    activity::append_record(app, tx, &record).await
}

/// The process's log is what watches a provider has anyway.
pub(super) fn tell(app: &App, state: ClockState) {
    let node = app.node.as_str();
    match state {
        ClockState::Synchronised => tracing::info!(node, "the clock is kept right"),
        ClockState::Unsynchronised => tracing::error!(
            node,
            "ALARM: nothing keeps the clock right; records are marked as unsynchronised. Is the NTP service running?"
        ),
        ClockState::Unknown => tracing::error!(
            node,
            "the kernel does not say how the clock is; records say that it is unknown"
        ),
    }
}
