//! What connections were promised: which pairing of which session on which gateway, so that a report of a gateway can be
//! believed only for what we ordered.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use wire::ids::{ConnectionId, GatewayId, SessionId};

/// How many promises of a session are remembered. Pages that are reloaded fast, and browsers that come back, ask for
/// the next before the last was kept.
const REMEMBERED: usize = 8;

type Promise = (ConnectionId, GatewayId);

/// The promises of this process. They are short-lived: a ticket is good for a minute.
#[derive(Debug, Default)]
pub struct Attachments(Mutex<HashMap<SessionId, VecDeque<Promise>>>);

impl Attachments {
    /// Remembers the newest promise for a session.
    pub fn promise(&self, session: SessionId, connection: ConnectionId, gateway: GatewayId) {
        let mut all = self.lock();
        let promises = all.entry(session).or_default();
        promises.push_front((connection, gateway));
        promises.truncate(REMEMBERED);
    }

    /// How many promises for the session are newer; none when this was not promised to that gateway.
    #[must_use]
    pub fn age(
        &self,
        session: SessionId,
        connection: ConnectionId,
        gateway: GatewayId,
    ) -> Option<usize> {
        let all = self.lock();
        let mut promises = all.get(&session)?.iter();
        promises.position(|promise| *promise == (connection, gateway))
    }

    /// Whether this process has promised, or taken back, anything for the session.
    #[must_use]
    pub fn knows(&self, session: SessionId) -> bool {
        self.lock().contains_key(&session)
    }

    /// Takes back what a session was promised.
    pub fn revoke(&self, session: SessionId) {
        self.lock().insert(session, VecDeque::new());
    }

    /// Forgets a session that is over.
    pub fn forget(&self, session: SessionId) {
        self.lock().remove(&session);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, VecDeque<Promise>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
