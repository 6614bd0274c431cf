//! What gateways tell of sessions. (What hosts tell is compared by the reconciler.)

use super::{
    service::{self, SessionError, TRIES},
    state::{Event, State},
    store::{self, Session, StoreError},
};
use crate::{
    activity::{self, Record, What},
    app::App,
};
use wire::{
    control::{FromGateway, OpenConnection},
    ids::GatewayId,
    ticket,
};

/// Takes a report of a gateway. A report that does not fit what is, changes nothing.
pub async fn take(app: &App, gateway: GatewayId, report: FromGateway) -> Result<(), SessionError> {
    match report {
        FromGateway::Opened {
            open,
            client_address,
        } => opened(app, gateway, open, &client_address).await,
        FromGateway::Closed {
            last,
            code,
            duration_ms,
        } => {
            app.gateways.closed(gateway, last.connection);
            let detail = format!(
                "{code}, {duration_ms} ms, {} + {} bytes",
                last.to_browser_bytes, last.to_agent_bytes
            );
            let event = Some(Event::Closed(last.connection));
            // A pair that closes after its session ended, or was replaced, changes nothing.
            happened(app, &last, event, What::SessionDisconnected, "", detail).await?;
            Ok(())
        }
        FromGateway::Refused {
            why,
            address,
            session,
            tenant,
        } => {
            let record = Record {
                tenant,
                user: None,
                who: "",
                address: &address,
                what: What::TicketRefused,
                subject: session.map(|session| session.0),
                detail: &why,
            };
            Ok(activity::record(app, &record).await?)
        }
        FromGateway::Connections { open } => {
            for unknown in app.gateways.snapshot(gateway, open) {
                found_open(app, gateway, &unknown).await?;
            }
            Ok(())
        }
        FromGateway::Hello { .. } => Ok(()),
    }
}

/// A gateway can only open what was promised to it, of a session that can be shown.
async fn opened(
    app: &App,
    gateway: GatewayId,
    open: OpenConnection,
    client_address: &str,
) -> Result<(), SessionError> {
    let fits = match promise_age(app, gateway, &open) {
        None => false,
        Some(age) => {
            app.gateways.opened(gateway, open);
            // One that was overtaken is replaced by its gateway as soon as its successor opens.
            let event = (age == 0).then_some(Event::Opened(open.connection));
            let (what, detail) = (What::SessionConnected, String::new());
            happened(app, &open, event, what, client_address, detail).await?
        }
    };
    if !fits {
        tracing::warn!(%gateway, session = %open.session, "a gateway opened what should not be");
        app.gateways.kill_at(gateway, open.session);
    }
    Ok(())
}

/// How many promises for the session are newer; none when this was not promised. What the process before this one
/// promised is not known here, so while a ticket of its could be good, the gateway's word is taken: it checked the
/// ticket, and a person must not be cut off because we were started anew.
fn promise_age(app: &App, gateway: GatewayId, open: &OpenConnection) -> Option<usize> {
    let since_start_s = (app.clock.now_ms() - app.started_ms) / 1000;
    let could_be_older = u64::try_from(since_start_s).unwrap_or_default() <= ticket::LIFETIME_S;
    if could_be_older && !app.attachments.knows(open.session) {
        return Some(0);
    }
    let promises = &app.attachments;
    promises.age(open.session, open.connection, gateway)
}

/// A gateway that was out of reach for a while carries a connection: it is taken up again, or cut when its session is
/// over or nobody ordered it.
async fn found_open(
    app: &App,
    gateway: GatewayId,
    open: &OpenConnection,
) -> Result<(), SessionError> {
    let mut tx = app.db.begin(open.tenant).await?;
    let session = store::any(&mut tx, open.session).await?;
    let session = session.filter(|session| session.tenant == open.tenant);
    let promised = promise_age(app, gateway, open).is_some();
    match session.as_ref().map(|session| (session, session.state)) {
        Some((_, State::Connected { connection, .. })) if connection == open.connection => Ok(()),
        Some((session, State::Ready { .. })) if promised => {
            let event = Event::Opened(open.connection);
            service::change(app, tx, session, event).await
        }
        _ => {
            tracing::info!(session = %open.session, "a connection that should not be is cut");
            app.gateways.kill_at(gateway, open.session);
            Ok(())
        }
    }
}

/// Records it and, where there is one, applies the event. Whether it fits what is.
async fn happened(
    app: &App,
    open: &OpenConnection,
    event: Option<Event>,
    what: What,
    address: &str,
    detail: String,
) -> Result<bool, SessionError> {
    for _ in 0..TRIES {
        let mut tx = app.db.begin(open.tenant).await?;
        let Some(session) = store::any(&mut tx, open.session).await? else {
            return Ok(false);
        };
        if session.tenant != open.tenant {
            tracing::warn!(session = %open.session, "a gateway named a session with another customer");
            return Ok(false);
        }
        let record = record(&session, what, address, &detail);
        activity::append_record(app, &mut tx, &record).await?;
        let Some(event) = event else {
            tx.commit().await?;
            return Ok(true);
        };
        match service::change(app, tx, &session, event).await {
            Err(SessionError::Store(StoreError::Stale)) => {}
            // Recorded all the same: it did happen.
            Err(SessionError::Refused(_)) => {
                activity::record(app, &record).await?;
                return Ok(false);
            }
            Err(error) => return Err(error),
            Ok(()) => return Ok(true),
        }
    }
    Err(SessionError::Store(StoreError::Stale))
}

fn record<'a>(session: &Session, what: What, address: &'a str, detail: &'a str) -> Record<'a> {
    Record {
        tenant: Some(session.tenant),
        user: Some(session.user),
        who: "",
        address,
        what,
        subject: Some(session.id.0),
        detail,
    }
}
