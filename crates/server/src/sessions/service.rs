//! Use cases: launch, connect, end. Authorise, write state and record in one transaction, then wake the reconciler.

use super::{
    attach::Promise,
    state::{Effect, Event, Refused, State},
    store::{self, Session, StoreError, reason_name},
};
use crate::{
    activity::{self, Outcome, Record, What},
    actor::Actor,
    app::{App, new_uuid},
    db::Tx,
    desktops::service as desktops,
    grants::service as grants,
    portal::Lang,
    rights::{self, Action, Denied},
    tenancy::{Room, contracts},
};
use serde::Serialize;
use uuid::Uuid;
use wire::{
    control::{EndReason, ToHost},
    ids::{DesktopId, SessionId, TenantId, UserId},
    rights::Rights,
    ticket::{self, Claims, Side},
};

pub use super::{
    oversight::{InCode, in_code},
    parting::{Opened, disconnect, disconnect_one, end_all},
};

/// A relay closes when nothing moved for this long, in seconds. The display sends a keep-alive far more often, so
/// this only finds links that are dead.
const RELAY_IDLE_S: u32 = 120;
/// A relay closes after this long, in seconds; the browser comes back with a new ticket by itself.
const RELAY_MAX_S: u32 = 24 * 60 * 60;

/// How often a change is tried again when somebody else was faster.
pub(super) const TRIES: usize = 5;

/// When the browser asks again while a session starts, in milliseconds.
const STARTING_RETRY_MS: u32 = 150;
/// The same while no gateway or not the session's host is linked.
const UNREACHABLE_RETRY_MS: u32 = 1000;

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is none, or it is another customer's or another person's.
    #[error("no such desktop or session")]
    NotFound,
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// As many sessions run as the contract allows.
    #[error("as many sessions run as the contract allows")]
    Full,
    /// The organisation has no contract in force.
    #[error("no contract is in force")]
    NoContract,
    /// What happened does not fit the state.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The row.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// A session that is not over, for the list of desktops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// The session.
    pub id: SessionId,
    /// What it shows.
    pub desktop: DesktopId,
    /// When somebody clicked, Unix milliseconds.
    pub requested_at_ms: i64,
    /// Whether it is shown somewhere now.
    pub connected: bool,
}

/// What the web client is told when it wants to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Connect {
    /// Not yet; ask again.
    Starting {
        /// How far it is.
        steps: Steps,
        /// When to ask again, in milliseconds.
        retry_ms: u32,
    },
    /// Come with this.
    Ready {
        /// Where.
        relay_url: String,
        /// The single-use ticket.
        ticket: String,
        /// Where the time went.
        steps: Steps,
    },
    /// It is over.
    Ended {
        /// Why.
        reason: &'static str,
    },
}

/// Where a launch's time went, in milliseconds; none for what has not happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// From the click to the choice of a host.
    pub place_ms: Option<i64>,
    /// From there to a running session.
    pub start_ms: Option<i64>,
    /// From there to the first connection.
    pub connect_ms: Option<i64>,
    /// Since the click.
    pub total_ms: i64,
}

/// A person's sessions that a click leads back to.
pub async fn live_of(tx: &mut Tx, actor: &Actor) -> Result<Vec<Live>, sqlx::Error> {
    let sessions = match store::of_user(tx, actor.tenant, actor.user).await {
        Ok(sessions) => sessions,
        Err(StoreError::Database(error)) => return Err(error),
        Err(error) => return Err(sqlx::Error::Decode(error.into())),
    };
    Ok(sessions
        .into_iter()
        .filter(|session| session.state.is_live())
        .map(|session| Live {
            id: session.id,
            desktop: session.desktop,
            requested_at_ms: session.requested_at_ms,
            connected: matches!(session.state, State::Connected { .. }),
        })
        .collect())
}

/// Opens a desktop: back to the person's live session of it, else a new one.
pub async fn launch(
    app: &App,
    actor: &Actor,
    desktop: DesktopId,
) -> Result<SessionId, SessionError> {
    rights::authorize(actor, Action::Launch)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    // Another customer's desktop looks exactly like one that does not exist.
    let desktop = desktops::get(&mut tx, actor.tenant, desktop)
        .await?
        .ok_or(SessionError::NotFound)?;
    may_open(&mut tx, actor, desktop.service_code).await?;
    let id = app.new_id();
    let now_ms = app.clock.now_ms();
    let room = contracts::room_for_session(app, &mut tx, actor.tenant).await?;
    let new = store::New {
        id,
        user: actor.user,
        desktop: desktop.id,
        service_code: desktop.service_code,
    };
    if !store::insert(&mut tx, actor.tenant, &new, now_ms).await? {
        let live = live_of(&mut tx, actor).await?;
        let session = live.iter().find(|session| session.desktop == desktop.id);
        return session
            .map(|session| session.id)
            .ok_or(SessionError::Store(StoreError::Stale));
    }
    // What runs already is always found again; one more needs room. The transaction is dropped without it.
    match room {
        Room::Free => {}
        Room::Full => return Err(SessionError::Full),
        Room::NoContract => return Err(SessionError::NoContract),
    }
    let name = desktop.name(Lang::Ja);
    // It ends with the session's start, or its failure: see `launched`.
    let record = Record::of(actor, What::SessionRequested, id.0, name);
    activity::begin_lasting(app, &mut tx, &record).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(id)
}

/// Whether the actor may open what bears a service code; what they may not is as if it were not there.
pub(super) async fn may_open(
    tx: &mut Tx,
    actor: &Actor,
    label: Option<Uuid>,
) -> Result<(), SessionError> {
    let code = grants::code_of(tx, actor.tenant, label).await?;
    rights::authorize_in(actor, Action::Launch, code).map_err(|_| SessionError::NotFound)
}

/// A person's own session.
pub async fn own(tx: &mut Tx, actor: &Actor, id: SessionId) -> Result<Session, SessionError> {
    let session = store::get(tx, actor.tenant, id)
        .await?
        .ok_or(SessionError::NotFound)?;
    let owner = session.user;
    // A colleague's session looks like one that does not exist, too: its id alone says something.
    rights::authorize(actor, Action::UseSession { owner }).map_err(|_| SessionError::NotFound)?;
    Ok(session)
}

/// Gives the browser what it needs to see the session: a ticket, or how long to wait. The connection ends with the session
/// of the web that asks.
pub async fn connect(
    app: &App,
    actor: &Actor,
    web_session: Uuid,
    id: SessionId,
) -> Result<Connect, SessionError> {
    let mut tx = app.db.read(actor.tenant).await?;
    let session = own(&mut tx, actor, id).await?;
    let desktop = desktops::get(&mut tx, actor.tenant, session.desktop).await?;
    let label = desktop.and_then(|desktop| desktop.service_code);
    may_open(&mut tx, actor, label).await?;
    drop(tx);
    let steps = steps(&session, app.clock.now_ms());
    let starting = Connect::Starting {
        steps,
        retry_ms: STARTING_RETRY_MS,
    };
    let unreachable = Connect::Starting {
        steps,
        retry_ms: UNREACHABLE_RETRY_MS,
    };
    let host = match session.state {
        State::Requested | State::Starting { .. } => return Ok(starting),
        State::Ending { reason, .. } | State::Ended { reason } => {
            return Ok(Connect::Ended {
                reason: reason_name(reason),
            });
        }
        State::Ready { host } | State::Connected { host, .. } => host,
    };
    // Without a gateway, or while the host's agent is away, the desktop lives on and the browser keeps asking.
    let Some((gateway, relay_url)) = app.gateways.choose() else {
        return Ok(unreachable);
    };
    let connection = app.new_id();
    let now_s = app.clock.now_s();
    let claims = Claims {
        id: new_uuid(&app.clock),
        issued_at_s: now_s,
        expires_at_s: now_s + ticket::LIFETIME_S,
        tenant: session.tenant,
        user: session.user,
        session: session.id,
        gateway,
        connection,
        side: Side::Browser,
        rights: Rights::OWN_SESSION,
        idle_timeout_s: RELAY_IDLE_S,
        max_duration_s: RELAY_MAX_S,
    };
    let agents = Claims {
        id: new_uuid(&app.clock),
        side: Side::Agent,
        ..claims
    };
    let attach = ToHost::Attach {
        session: session.id,
        connection,
        gateway_url: relay_url.clone(),
        ticket: ticket::sign(&agents, &app.authority.ticket_key),
        rights: claims.rights,
    };
    if !app.hosts.send(host, attach) {
        return Ok(unreachable);
    }
    let promise = Promise {
        connection,
        gateway,
        web_session,
    };
    // Before the browser has its ticket, without which nothing is opened.
    let mut tx = app.db.begin(session.tenant).await?;
    store::promise(&mut tx, &session, &promise, app.clock.now_ms()).await?;
    tx.commit().await?;
    app.attachments.promise(session.id, promise);
    Ok(Connect::Ready {
        relay_url,
        ticket: ticket::sign(&claims, &app.authority.ticket_key),
        steps,
    })
}

/// Ends a session on request: the person is asked first, by the page.
pub async fn end(app: &App, actor: &Actor, id: SessionId) -> Result<(), SessionError> {
    let mut tx = app.db.begin(actor.tenant).await?;
    let session = own(&mut tx, actor, id).await?;
    if !session.state.is_live() {
        return Ok(());
    }
    activity::append(app, &mut tx, actor, What::SessionEndRequested, id.0, "").await?;
    // Ended by its own user is a sign-out, not a stop from outside.
    change(app, tx, &session, Event::Stop(EndReason::SignedOut)).await
}

/// Applies an event: state and record in the given transaction, then what is owed.
pub(super) async fn change(
    app: &App,
    mut tx: Tx,
    session: &Session,
    event: Event,
) -> Result<(), SessionError> {
    let (state, effect) = session.state.apply(event)?;
    if state == session.state {
        return Ok(tx.commit().await?);
    }
    store::save(&mut tx, session, state, app.clock.now_ms()).await?;
    launched(app, &mut tx, session, state).await?;
    if let State::Ended { reason } = state {
        store::forget_promises(&mut tx, session).await?;
        let record = Record {
            tenant: Some(session.tenant),
            user: Some(session.user),
            who: "",
            address: "",
            what: What::SessionEnded,
            subject: Some(session.id.0),
            detail: reason_name(reason),
        };
        activity::append_record(app, &mut tx, &record).await?;
    }
    tx.commit().await?;
    if matches!(effect, Some(Effect::TearDown(_) | Effect::Finish)) {
        app.gateways.kill(session.id);
    }
    if matches!(effect, Some(Effect::Finish)) {
        app.attachments.forget(session.id);
    }
    if effect.is_some() {
        app.wake.notify_one();
    }
    Ok(())
}

/// Records how a launch ended, with the change of state that ends it.
async fn launched(app: &App, tx: &mut Tx, session: &Session, now: State) -> sqlx::Result<()> {
    let end = match (session.state, now) {
        (
            State::Requested | State::Starting { .. },
            State::Ready { .. } | State::Connected { .. },
        ) => (Outcome::Success, None),
        (
            State::Requested | State::Starting { .. },
            State::Ending { reason, .. } | State::Ended { reason },
        ) => (Outcome::Failed, Some(reason_name(reason))),
        _ => return Ok(()),
    };
    activity::complete_of(app, tx, What::SessionRequested, session.id.0, end).await
}

pub(super) fn steps(session: &Session, now_ms: i64) -> Steps {
    let since = |from: Option<i64>, to: Option<i64>| Some(to? - from?);
    Steps {
        place_ms: since(Some(session.requested_at_ms), session.placed_at_ms),
        start_ms: since(session.placed_at_ms, session.ready_at_ms),
        connect_ms: since(session.ready_at_ms, session.opened_at_ms),
        total_ms: session.opened_at_ms.unwrap_or(now_ms) - session.requested_at_ms,
    }
}

/// Who looks at a desktop now, of a customer.
pub async fn connected_users(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<UserId>> {
    store::connected_users(tx, tenant).await
}

/// Whose sessions are not over, of a customer.
pub async fn live_users(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<UserId>> {
    store::live_users(tx, tenant).await
}
