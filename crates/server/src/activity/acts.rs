//! Acts that can fail half-way have two records: one when they begin, in the transaction that promises them, and one when
//! they end, which names the first. What a dead process left open is completed as interrupted, so that nothing stays
//! without an end.

use super::{
    Record, What, appending,
    store::{self, acts},
};
use crate::{
    app::App,
    db::{Scope, Tx},
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};
use uuid::Uuid;
use wire::ids::TenantId;

/// How long an act's process is believed to live after it was last heard of, in milliseconds; three passes of the
/// reconciler.
pub const LEASE_MS: i64 = 3 * 60 * 1000;

/// How an act ended. The stored form is part of what is hashed, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has begun; another record says how it ended.
    Begun,
    /// It was done.
    Success,
    /// It was not allowed.
    Refused,
    /// It could not be done.
    Failed,
    /// Nobody knows how far it came: its process died, or who had asked went away.
    Interrupted,
}

impl Outcome {
    /// Every outcome, as the filter offers them.
    pub const ALL: [Self; 5] = [
        Self::Success,
        Self::Refused,
        Self::Failed,
        Self::Interrupted,
        Self::Begun,
    ];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The outcome of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// The outcome of what is over once it is recorded.
    pub(super) fn of(what: What) -> Self {
        match what {
            What::SignInRefused
            | What::FederationRefused
            | What::ProofRefused
            | What::LinkRefused
            | What::PasskeySuspected
            | What::TicketRefused
            | What::TokenRefused
            | What::PeopleImportRefused
            | What::OperatorRefused
            | What::Refused => Self::Refused,
            What::MailFailed => Self::Failed,
            _ => Self::Success,
        }
    }
}

/// The acts that this process is doing now.
#[derive(Clone, Debug, Default)]
pub struct Running(Arc<Mutex<HashSet<Uuid>>>);

/// An act of this process. When it is dropped without [`Act::complete`], the reconciler completes it as interrupted.
#[derive(Debug)]
pub struct Act {
    id: Uuid,
    running: Running,
}

impl Running {
    fn insert(&self, id: Uuid) {
        if let Ok(mut ids) = self.0.lock() {
            ids.insert(id);
        }
    }

    fn remove(&self, id: Uuid) {
        if let Ok(mut ids) = self.0.lock() {
            ids.remove(&id);
        }
    }

    fn ids(&self) -> Vec<Uuid> {
        self.0
            .lock()
            .map_or_else(|_| Vec::new(), |ids| ids.iter().copied().collect())
    }
}

impl Drop for Act {
    fn drop(&mut self) {
        self.running.remove(self.id);
    }
}

impl Act {
    /// Records how it ended.
    pub async fn complete(self, app: &App, tx: &mut Tx, outcome: Outcome) -> sqlx::Result<()> {
        complete(app, tx, self.id, outcome, None).await
    }
}

/// Records the beginning of an act that this process does.
pub async fn begin(app: &App, tx: &mut Tx, record: &Record<'_>) -> sqlx::Result<Act> {
    let lease = app.clock.now_ms() + LEASE_MS;
    let id = open(app, tx, record, Some(lease)).await?;
    let running = app.acts.clone();
    running.insert(id);
    Ok(Act { id, running })
}

/// Records the beginning of an act that is finished by a reconciler, whichever process lives then; see [`complete_of`].
pub async fn begin_lasting(app: &App, tx: &mut Tx, record: &Record<'_>) -> sqlx::Result<()> {
    open(app, tx, record, None).await.map(drop)
}

async fn open(
    app: &App,
    tx: &mut Tx,
    record: &Record<'_>,
    lease: Option<i64>,
) -> sqlx::Result<Uuid> {
    let id = appending::append(app, tx, record, Outcome::Begun, None).await?;
    acts::insert(tx, id, record, lease).await?;
    Ok(id)
}

/// Records how the open act of this kind on this thing ended. Nothing when none is open. Without a detail, that of the
/// beginning is repeated.
pub async fn complete_of(
    app: &App,
    tx: &mut Tx,
    what: What,
    subject: Uuid,
    (outcome, detail): (Outcome, Option<&str>),
) -> sqlx::Result<()> {
    for id in acts::of_subject(tx, subject, what.name()).await? {
        complete(app, tx, id, outcome, detail).await?;
    }
    Ok(())
}

async fn complete(
    app: &App,
    tx: &mut Tx,
    id: Uuid,
    outcome: Outcome,
    detail: Option<&str>,
) -> sqlx::Result<()> {
    // Only one of those who complete it at once finds it.
    if !acts::delete(tx, id).await? {
        return Ok(());
    }
    let Some(begun) = store::begun(tx, id).await? else {
        return Ok(());
    };
    let Some(what) = What::from_name(&begun.what) else {
        return Ok(());
    };
    let record = Record {
        tenant: begun.tenant_id.map(TenantId),
        user: begun.user_id.map(wire::ids::UserId),
        who: &begun.who,
        address: &begun.address,
        what,
        subject: begun.subject_id,
        detail: detail.unwrap_or(&begun.detail),
    };
    appending::append(app, tx, &record, outcome, Some(id))
        .await
        .map(drop)
}

/// Says that this process lives, and completes what dead ones left open.
pub(super) async fn reconcile(app: &App) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    for id in app.acts.ids() {
        let mut tx = app.db.begin(Scope::Everybody).await?;
        acts::renew(&mut tx, id, now_ms + LEASE_MS).await?;
        tx.commit().await?;
    }
    loop {
        let mut tx = app.db.begin(Scope::Everybody).await?;
        let Some(id) = acts::expired(&mut tx, now_ms).await? else {
            return Ok(());
        };
        complete(app, &mut tx, id, Outcome::Interrupted, None).await?;
        tx.commit().await?;
        tracing::warn!(record = %id, "an act was interrupted");
    }
}
