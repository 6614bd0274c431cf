//! What connections were promised: which pairing of which session on which gateway, asked for by which session of the web,
//! so that a report of a gateway can be believed only for what we ordered.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;
use wire::ids::{ConnectionId, GatewayId, SessionId};

/// How many promises of a session are remembered. Pages that are reloaded fast, and browsers that come back, ask for
/// the next before the last was kept.
const REMEMBERED: usize = 8;

/// A connection that may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The pairing.
    pub connection: ConnectionId,
    /// Where.
    pub gateway: GatewayId,
    /// The session of the web that asked for it.
    pub web_session: Uuid,
}

/// The promises of this process. They are short-lived: a ticket is good for a minute.
#[derive(Debug, Default)]
pub struct Attachments(Mutex<HashMap<SessionId, VecDeque<Promise>>>);

impl Attachments {
    /// Remembers the newest promise for a session.
    pub fn promise(&self, session: SessionId, promise: Promise) {
        let mut all = self.lock();
        let promises = all.entry(session).or_default();
        promises.push_front(promise);
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
        promises.position(|promise| promise.connection == connection && promise.gateway == gateway)
    }

    /// Whether this process has promised, or taken back, anything for the session.
    #[must_use]
    pub fn knows(&self, session: SessionId) -> bool {
        self.lock().contains_key(&session)
    }

    /// Takes back what a session was promised for some sessions of the web; whether there was anything.
    pub fn revoke(&self, session: SessionId, of: impl Fn(Uuid) -> bool) -> bool {
        let mut all = self.lock();
        let promises = all.entry(session).or_default();
        let before = promises.len();
        promises.retain(|promise| !of(promise.web_session));
        promises.len() < before
    }

    /// Forgets a session that is over.
    pub fn forget(&self, session: SessionId) {
        self.lock().remove(&session);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, VecDeque<Promise>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
