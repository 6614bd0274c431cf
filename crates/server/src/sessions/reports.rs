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
};

/// Takes a report of a gateway. A report that does not fit what is, changes nothing.
pub async fn take(app: &App, gateway: GatewayId, report: FromGateway) -> Result<(), SessionError> {
    match report {
        FromGateway::Opened {
            open,
            client_address,
        } => {
            // A gateway can only open what was promised to it.
            let (session, connection) = (open.session, open.connection);
            let Some(age) = app.attachments.age(session, connection, gateway) else {
                tracing::warn!(%gateway, %session, "a gateway opened what was not ordered");
                app.gateways.kill_at(gateway, session);
                return Ok(());
            };
            app.gateways.opened(gateway, open);
            // One that was overtaken is replaced by its gateway as soon as its successor opens.
            let event = (age == 0).then_some(Event::Opened(connection));
            happened(
                app,
                &open,
                event,
                What::SessionConnected,
                &client_address,
                String::new(),
            )
            .await
        }
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
            happened(app, &last, event, What::SessionDisconnected, "", detail).await
        }
        FromGateway::Refused {
            why,
            address,
            session,
            tenant,
        } => {
            let mut tx = app.db.begin().await?;
            let record = Record {
                tenant,
                user: None,
                who: "",
                address: &address,
                what: What::TicketRefused,
                subject: session.map(|session| session.0),
                detail: &why,
            };
            activity::append_record(app, &mut tx, &record).await?;
            Ok(tx.commit().await?)
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

/// A gateway that was out of reach for a while carries a connection: it is taken up again, or cut when its session is
/// over or nobody ordered it.
async fn found_open(
    app: &App,
    gateway: GatewayId,
    open: &OpenConnection,
) -> Result<(), SessionError> {
    let mut tx = app.db.begin().await?;
    let session = store::any(&mut tx, open.session).await?;
    let session = session.filter(|session| session.tenant == open.tenant);
    let promised = app
        .attachments
        .age(open.session, open.connection, gateway)
        .is_some();
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

/// Records it and, where there is one, applies the event.
async fn happened(
    app: &App,
    open: &OpenConnection,
    event: Option<Event>,
    what: What,
    address: &str,
    detail: String,
) -> Result<(), SessionError> {
    for _ in 0..TRIES {
        let mut tx = app.db.begin().await?;
        let Some(session) = store::any(&mut tx, open.session).await? else {
            return Ok(());
        };
        if session.tenant != open.tenant {
            tracing::warn!(session = %open.session, "a gateway named a session with another customer");
            return Ok(());
        }
        let record = record(&session, what, address, &detail);
        activity::append_record(app, &mut tx, &record).await?;
        let Some(event) = event else {
            return Ok(tx.commit().await?);
        };
        match service::change(app, tx, &session, event).await {
            Err(SessionError::Store(StoreError::Stale)) => {}
            // A pair that closes after its session ended, or was replaced: recorded, nothing to change.
            Err(SessionError::Refused(_)) => {
                let mut tx = app.db.begin().await?;
                activity::append_record(app, &mut tx, &record).await?;
                return Ok(tx.commit().await?);
            }
            result => return result,
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
