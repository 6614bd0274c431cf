//! The reconciler of mail: what waits is sent, what is old is given up, what is over is forgotten. It takes no input and may
//! run twice, in several processes: the worst is a message sent again under the same Message-ID.

use super::{
    letter::{self, Around, Letter},
    message::{self, To},
    send::Mailer,
    service,
    state::{Effect, Event, State, Why},
    store::{self, Row},
};
use crate::{
    activity::{self, Record, What},
    app::App,
    db::{Scope, Tx},
    identity, tenancy,
};
use futures_util::{StreamExt as _, stream};
use lettre::Message;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;
use wire::ids::TenantId;

const TIMER: Duration = Duration::from_secs(2);
/// Messages of one pass, and of those sent at the same time: as many connections a mail server takes from anybody.
const BATCH: i64 = 100;
const AT_ONCE: usize = 4;
/// Nobody else tries for so long, in milliseconds: longer than one delivery may take.
const CLAIM_MS: i64 = 2 * 60 * 1000;
/// What became of a message is shown for so long, in milliseconds.
const KEEP_MS: i64 = 31 * 24 * 60 * 60 * 1000;

/// Runs for ever.
pub async fn run(app: Arc<App>) {
    let mut timer = tokio::time::interval(TIMER);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "mail could not be sent; trying again");
        }
    }
}

/// Sends what is due.
pub async fn pass(app: &App) -> sqlx::Result<()> {
    tidy(app).await?;
    let Some(mailer) = &app.mailer else {
        return Ok(());
    };
    let mut tx = app.db.read(Scope::Everybody).await?;
    let due = store::due(&mut tx, app.clock.now_ms(), BATCH).await?;
    drop(tx);
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, async |(tenant, id)| {
            if let Err(error) = one(app, mailer, tenant, id).await {
                tracing::error!(%tenant, %error, "a message could not be reconciled");
            }
        })
        .await;
    Ok(())
}

/// Gives up what nobody needs any more, and forgets what was over long ago.
async fn tidy(app: &App) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(Scope::Everybody).await?;
    let expired = store::expired(&mut tx, now_ms).await?;
    drop(tx);
    for (tenant, id) in expired {
        let mut tx = app.db.begin(tenant).await?;
        if let Some((row, claimed_ms)) = claim(&mut tx, tenant, id, now_ms).await? {
            settle(app, &mut tx, &row, claimed_ms, Event::TimeIsUp).await?;
            tx.commit().await?;
        }
    }
    let mut tx = app.db.begin(Scope::Everybody).await?;
    store::drop_old(&mut tx, now_ms - KEEP_MS).await?;
    tx.commit().await
}

async fn one(app: &App, mailer: &Mailer, tenant: TenantId, id: Uuid) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(tenant).await?;
    let Some((row, claimed_ms)) = claim(&mut tx, tenant, id, now_ms).await? else {
        return Ok(());
    };
    let message = written(app, mailer, &mut tx, &row).await?;
    tx.commit().await?;
    let sent = match message {
        Ok(message) => mailer.send(message).await,
        Err(why) => Err(why),
    };
    if let Err(why) = sent {
        tracing::warn!(%tenant, message = %id, why = why.name(), "a message was not sent");
    }
    let event = sent.map_or_else(Event::NotSent, |()| Event::Sent);
    let mut tx = app.db.begin(tenant).await?;
    settle(app, &mut tx, &row, claimed_ms, event).await?;
    tx.commit().await
}

/// Takes a message for oneself, until when.
async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    id: Uuid,
    now_ms: i64,
) -> sqlx::Result<Option<(Row, i64)>> {
    let until_ms = now_ms + CLAIM_MS;
    if !store::claim(tx, id, now_ms, until_ms).await? {
        return Ok(None);
    }
    let row = store::get(tx, tenant, id).await?;
    Ok(row.map(|row| (row, until_ms)))
}

/// The message in words. What cannot be opened, since the customer's keys were destroyed, is no reason to stop.
async fn written(
    app: &App,
    mailer: &Mailer,
    tx: &mut Tx,
    row: &Row,
) -> sqlx::Result<Result<Message, Why>> {
    let opened = match service::opened(tx, row).await {
        Ok(opened) => opened,
        Err(sqlx::Error::Decode(_)) => None,
        Err(error) => return Err(error),
    };
    let letter = opened
        .ok_or(Why::Sealed)
        .and_then(|bytes| Letter::of(&bytes));
    let tenant = tenancy::service::get(tx, row.tenant_id).await?;
    let (Ok(letter), Some(tenant)) = (letter, tenant) else {
        return Ok(Err(Why::Sealed));
    };
    let around = Around {
        portal: &app.config.public_url,
        tenant: &tenant,
        lang: identity::language(tx, row.tenant_id, row.user_id).await?,
        at_ms: row.created_at_ms,
        until_ms: row.expires_at_ms,
    };
    let words = letter::write(&letter, &around);
    let to = To {
        address: &letter.to,
        name: &letter.name,
    };
    Ok(message::build(
        &mailer.from,
        to,
        (row.id, row.created_at_ms),
        &words,
    ))
}

/// Keeps what became of a message, and records one that was given up.
async fn settle(
    app: &App,
    tx: &mut Tx,
    row: &Row,
    claimed_ms: i64,
    event: Event,
) -> sqlx::Result<()> {
    let before = State::Waiting {
        failures: row.failures(),
        retry_at_ms: claimed_ms,
        why: row.why(),
    };
    let now_ms = app.clock.now_ms();
    let (state, effect) = before.apply(event, now_ms, row.expires_at_ms);
    let is_ours = store::settle(tx, row.id, claimed_ms, state).await?;
    if is_ours && effect == Effect::EraseAndRecord {
        let record = Record {
            tenant: Some(row.tenant_id),
            user: None,
            who: "",
            address: "",
            what: What::MailFailed,
            subject: Some(row.user_id.0),
            detail: &name(tx, row).await?,
        };
        activity::append_record(app, tx, &record).await?;
    }
    Ok(())
}

/// The name of the person, as far as it can be read.
async fn name(tx: &mut Tx, row: &Row) -> sqlx::Result<String> {
    match identity::name(tx, row.tenant_id, row.user_id).await {
        Err(sqlx::Error::Decode(_)) => Ok(String::new()),
        name => name,
    }
}
