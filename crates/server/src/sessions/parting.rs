//! People part from their desktops: connections are cut while the desktops live on, or the desktops end.

use super::{
    service::{SessionError, TRIES, change},
    state::{Event, State},
    store::{self, Session, StoreError},
};
use crate::app::App;
use uuid::Uuid;
use wire::{
    control::EndReason,
    ids::{SessionId, TenantId, UserId},
};

/// Connections, by the session of the web that opened them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// All.
    Anywhere,
    /// Those of one session of the web.
    In(Uuid),
    /// Those of every other one.
    NotIn(Uuid),
}

impl Opened {
    /// Whether a connection is meant. One of which nobody knows who opened it is: it was opened by an earlier version.
    fn means(self, web_session: Option<Uuid>) -> bool {
        match self {
            Self::Anywhere => true,
            Self::In(id) => web_session.is_none_or(|opener| opener == id),
            Self::NotIn(id) => web_session.is_none_or(|opener| opener != id),
        }
    }
}

/// Cuts connections of a person's sessions, for somebody who signed out or lost access. The desktops live on.
pub async fn disconnect(
    app: &App,
    tenant: TenantId,
    user: UserId,
    opened: Opened,
) -> Result<(), SessionError> {
    let mut tx = app.db.read(tenant).await?;
    let sessions = store::of_user(&mut tx, tenant, user).await?;
    drop(tx);
    for session in sessions {
        cut(app, session, opened).await?;
    }
    Ok(())
}

/// Cuts a session's connections, for somebody who may not open it any more. The desktop lives on.
pub async fn disconnect_one(
    app: &App,
    tenant: TenantId,
    id: SessionId,
) -> Result<(), SessionError> {
    let mut tx = app.db.read(tenant).await?;
    let session = store::get(&mut tx, tenant, id).await?;
    drop(tx);
    match session {
        Some(session) => cut(app, session, Opened::Anywhere).await,
        None => Ok(()),
    }
}

/// Ends all of a person's sessions, for somebody who was removed.
pub async fn end_all(app: &App, tenant: TenantId, user: UserId) -> Result<(), SessionError> {
    let mut tx = app.db.read(tenant).await?;
    let sessions = store::of_user(&mut tx, tenant, user).await?;
    drop(tx);
    for mut session in sessions {
        for _ in 0..TRIES {
            if !session.state.is_live() {
                break;
            }
            let tx = app.db.begin(tenant).await?;
            match change(app, tx, &session, Event::Stop(EndReason::Stopped)).await {
                Err(SessionError::Store(StoreError::Stale)) => {}
                result => {
                    result?;
                    break;
                }
            }
            let mut tx = app.db.read(tenant).await?;
            match store::get(&mut tx, session.tenant, session.id).await? {
                Some(now) => session = now,
                None => break,
            }
        }
    }
    Ok(())
}

/// Cuts a session's connections: those that are open, those whose tickets are on their way, and, because it is no longer
/// known as connected, one on a gateway that is out of reach, as soon as that one comes back.
pub(super) async fn cut(
    app: &App,
    mut session: Session,
    opened: Opened,
) -> Result<(), SessionError> {
    let revoked = app
        .attachments
        .revoke(session.id, |web_session| opened.means(Some(web_session)));
    let mut killed = false;
    for _ in 0..TRIES {
        let connection = match session.state {
            State::Connected { connection, .. } => Some(connection),
            _ => None,
        };
        let mut tx = app.db.begin(session.tenant).await?;
        let is_meant = match connection {
            Some(connection) => opened.means(store::opener(&mut tx, connection).await?),
            // What was revoked may be open already, and the report of it on its way.
            None => revoked || opened == Opened::Anywhere,
        };
        if is_meant && !killed {
            app.gateways.kill(session.id);
            killed = true;
        }
        let Some(connection) = connection.filter(|_| is_meant) else {
            return Ok(());
        };
        match change(app, tx, &session, Event::Closed(connection)).await {
            Err(SessionError::Store(StoreError::Stale)) => {}
            result => return result,
        }
        let mut tx = app.db.read(session.tenant).await?;
        match store::get(&mut tx, session.tenant, session.id).await? {
            Some(now) => session = now,
            None => return Ok(()),
        }
    }
    Err(SessionError::Store(StoreError::Stale))
}
