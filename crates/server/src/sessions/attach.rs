//! What connections were promised: which pairing of which session, so that a report of a gateway can be believed only
//! for what we ordered.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use wire::ids::{ConnectionId, GatewayId, SessionId};

/// The promises of this process. They are short-lived: a ticket is good for a minute.
#[derive(Debug, Default)]
pub struct Attachments(Mutex<HashMap<SessionId, (ConnectionId, GatewayId)>>);

impl Attachments {
    /// Remembers the newest promise for a session.
    pub fn promise(&self, session: SessionId, connection: ConnectionId, gateway: GatewayId) {
        self.lock().insert(session, (connection, gateway));
    }

    /// The newest promise for a session.
    #[must_use]
    pub fn of(&self, session: SessionId) -> Option<(ConnectionId, GatewayId)> {
        self.lock().get(&session).copied()
    }

    /// Forgets a session that is over.
    pub fn forget(&self, session: SessionId) {
        self.lock().remove(&session);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, (ConnectionId, GatewayId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
