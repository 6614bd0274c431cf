//! Use cases: writing messages, withdrawing them, and seeing what became of them.

use super::{
    letter::{Content, Letter},
    page::Delivered,
    store::{self, NewRow, Row},
};
use crate::{
    actor::Actor,
    app::{App, new_uuid},
    db::Tx,
    identity::{UserRow, service::LINK_MS},
    keys::{Owner, Place},
    rights::{self, Action, Denied},
};
use std::collections::HashMap;
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A notice that could not be sent for this long is old news, in milliseconds.
const NOTICE_MS: i64 = 48 * 60 * 60 * 1000;
/// How many of a person's messages are shown.
const SHOWN: i64 = 5;

/// Why nobody is told what became of messages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SeeError {
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Whether the service sends mail at all.
pub(crate) fn is_on(app: &App) -> bool {
    app.mailer.is_some()
}

/// Writes a message to a person, to be sent once the transaction is committed. Does nothing where the service sends no mail.
pub(crate) async fn post(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    content: Content,
) -> sqlx::Result<()> {
    if !is_on(app) {
        return Ok(());
    }
    let (id, now_ms) = (new_uuid(&app.clock), app.clock.now_ms());
    let (kind, is_link) = (content.kind(), content.token().is_some());
    let letter = Letter {
        to: user.email.clone(),
        name: user.full_name.clone(),
        content,
    };
    let owner = Owner::Tenant(user.tenant_id);
    let content = tx.seal(owner, place(id), &letter.bytes()).await?;
    let row = NewRow {
        id,
        tenant: user.tenant_id,
        user: user.id,
        kind,
        is_link,
        content: &content,
        now_ms,
        expires_at_ms: now_ms + if is_link { LINK_MS } else { NOTICE_MS },
    };
    store::insert(tx, &row).await
}

/// Links of a person that were not sent yet are worth nothing any more.
pub(crate) async fn withdraw_links(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<()> {
    store::withdraw_links(tx, (tenant, user), app.clock.now_ms()).await
}

/// Nothing is sent to somebody who was removed.
pub(crate) async fn withdraw(app: &App, tx: &mut Tx, user: &UserRow) -> sqlx::Result<()> {
    store::withdraw(tx, (user.tenant_id, user.id), app.clock.now_ms()).await
}

/// What became of the last messages to a person, the newest first.
pub(crate) async fn of_person(
    app: &App,
    actor: &Actor,
    user: UserId,
) -> Result<Vec<Delivered>, SeeError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let rows = store::of_person(&mut tx, (actor.tenant, user), SHOWN).await?;
    Ok(rows.iter().map(delivered).collect())
}

/// Of everybody in the organisation whose newest link by mail has not arrived, what became of it.
pub(crate) async fn last_links(
    app: &App,
    actor: &Actor,
) -> Result<HashMap<UserId, Delivered>, SeeError> {
    rights::authorize(actor, Action::ListUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let rows = store::last_links(&mut tx, actor.tenant).await?;
    Ok(rows
        .iter()
        .map(|row| (row.user_id, delivered(row)))
        .collect())
}

fn delivered(row: &Row) -> Delivered {
    Delivered::new(&row.kind, row.created_at_ms, row.state())
}

/// What a row says, opened.
pub(super) async fn opened(tx: &mut Tx, row: &Row) -> sqlx::Result<Option<Vec<u8>>> {
    let Some(content) = &row.content else {
        return Ok(None);
    };
    let owner = Owner::Tenant(row.tenant_id);
    tx.unseal(owner, place(row.id), content).await.map(Some)
}

fn place(row: Uuid) -> Place {
    Place {
        table: "mail_messages",
        column: "content",
        row,
    }
}
