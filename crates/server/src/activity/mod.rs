//! The log of what happened. Each record is written in the transaction of the act that it tells of.

pub mod http;
pub mod page;
pub mod store;
#[cfg(test)]
mod tests;

pub(crate) use http::label;

use crate::{actor::Actor, app, app::App, db::Tx};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// What happened. The stored form is part of exports, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Signed out of the portal.
    SignedOut,
    /// Chose a password by a one-time link.
    PasswordSet,
    /// Asked for a desktop or application.
    SessionRequested,
    /// A browser was connected to a session.
    SessionConnected,
    /// The browser's connection ended.
    SessionDisconnected,
    /// Asked for a session's end.
    SessionEndRequested,
    /// A session is over.
    SessionEnded,
    /// A gateway refused a ticket.
    TicketRefused,
    /// An operator entered the management console.
    OperatorEntered,
    /// An operator's code was refused.
    OperatorRefused,
    /// An operator left the management console.
    OperatorLeft,
    /// An operator lets a session host take no new sessions.
    HostDrained,
    /// An operator lets a session host take sessions again.
    HostResumed,
}

impl What {
    /// Everything that can happen, as the filter offers it.
    pub const ALL: [Self; 15] = [
        Self::SignedIn,
        Self::SignInRefused,
        Self::SignedOut,
        Self::PasswordSet,
        Self::SessionRequested,
        Self::SessionConnected,
        Self::SessionDisconnected,
        Self::SessionEndRequested,
        Self::SessionEnded,
        Self::TicketRefused,
        Self::OperatorEntered,
        Self::OperatorRefused,
        Self::OperatorLeft,
        Self::HostDrained,
        Self::HostResumed,
    ];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "identity.signed_in",
            Self::SignInRefused => "identity.sign_in_refused",
            Self::SignedOut => "identity.signed_out",
            Self::PasswordSet => "identity.password_set",
            Self::SessionRequested => "session.requested",
            Self::SessionConnected => "session.connected",
            Self::SessionDisconnected => "session.disconnected",
            Self::SessionEndRequested => "session.end_requested",
            Self::SessionEnded => "session.ended",
            Self::TicketRefused => "gateway.ticket_refused",
            Self::OperatorEntered => "operator.entered",
            Self::OperatorRefused => "operator.refused",
            Self::OperatorLeft => "operator.left",
            Self::HostDrained => "host.drained",
            Self::HostResumed => "host.resumed",
        }
    }

    /// What happened, of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.name() == name)
    }
}

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
    let record = Record {
        tenant: Some(actor.tenant),
        user: Some(actor.user),
        who: &actor.full_name,
        address: &actor.address,
        what,
        subject: Some(subject),
        detail,
    };
    append_record(app, tx, &record).await
}

/// Records what the service, or somebody who is not signed in, did.
pub async fn append_record(app: &App, tx: &mut Tx, record: &Record<'_>) -> sqlx::Result<()> {
    let id = app::new_uuid(&app.clock);
    store::insert(tx, id, app.clock.now_ms(), record).await
}

/// A page of the work log: what is in no customer's log. Returns how many records there are in all.
pub(crate) async fn work_log(
    app: &App,
    query: &str,
    page: u64,
    per_page: u64,
) -> sqlx::Result<(u64, Vec<store::Row>)> {
    let mut tx = app.db.read().await?;
    let total = store::count_work(&mut tx, query).await?;
    let offset = i64::try_from((page - 1) * per_page).unwrap_or_default();
    let rows = store::page_of_work(&mut tx, query, per_page.cast_signed(), offset).await?;
    Ok((u64::try_from(total).unwrap_or_default(), rows))
}
