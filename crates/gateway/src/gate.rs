//! Who may come in, and who belongs together. Pure: sockets are a type parameter, time comes in.

use crate::seen::Seen;
use ed25519_dalek::VerifyingKey;
use std::collections::HashMap;
use wire::{
    ids::{ConnectionId, GatewayId, SessionId},
    ticket::{self, Claims, Invalid, Side},
};

/// How far the clocks of gateway and control plane may differ, in seconds.
const SKEW_S: u64 = 5;

/// The gate. `S` is one side's socket while it waits for the other.
#[derive(Debug)]
pub(crate) struct Gate<S> {
    keys: Vec<VerifyingKey>,
    origins: Vec<String>,
    gateway: Option<GatewayId>,
    seen: Seen,
    waiting: HashMap<ConnectionId, (Claims, S)>,
}

/// Why somebody is not let in: for the record, never for the bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Ticket(#[from] Invalid),
    #[error("the page that asks is not the portal's")]
    Origin,
    #[error("another bearer came for this side, or the two tickets do not belong together")]
    Mismatch,
    #[error("the control plane has not said yet whose tickets are good")]
    NotReady,
}

/// Why, and whose ticket it was as far as its signature held.
pub(crate) type Refused = (Refusal, Option<Box<Claims>>);

/// What becomes of somebody who was let in.
#[derive(Debug)]
pub(crate) enum Arrival<S> {
    /// The other side is not here yet: wait.
    First,
    /// The other side was waiting.
    Pair {
        /// Its socket.
        other: S,
        /// The socket of the side that came now, back from the call.
        own: S,
    },
}

impl<S> Default for Gate<S> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            origins: Vec::new(),
            gateway: None,
            seen: Seen::default(),
            waiting: HashMap::new(),
        }
    }
}

impl<S> Gate<S> {
    /// The control plane said who this gateway is, whose tickets are good, and from which pages browsers may come.
    /// This stays so while the control plane is away.
    pub(crate) fn welcome(
        &mut self,
        gateway: GatewayId,
        keys: Vec<VerifyingKey>,
        origins: Vec<String>,
    ) {
        self.gateway = Some(gateway);
        self.keys = keys;
        self.origins = origins;
    }

    /// Checks a ticket; uses it up when it is good.
    pub(crate) fn check(
        &mut self,
        text: &str,
        origin: Option<&str>,
        now_s: u64,
    ) -> Result<Claims, Refused> {
        let gateway = self.gateway.ok_or((Refusal::NotReady, None))?;
        let claims = ticket::verify(text, &self.keys, gateway, now_s, SKEW_S)
            .map_err(|invalid| (invalid.into(), None))?;
        let from_portal = origin.is_some_and(|origin| self.origins.iter().any(|o| o == origin));
        if claims.side == Side::Browser && !from_portal {
            return Err((Refusal::Origin, Some(Box::new(claims))));
        }
        if !self
            .seen
            .first_use(claims.id, claims.expires_at_s + SKEW_S, now_s)
        {
            return Err((Invalid::Replayed.into(), Some(Box::new(claims))));
        }
        Ok(claims)
    }

    /// Lets in a bearer whose ticket was checked.
    pub(crate) fn arrive(&mut self, claims: Claims, socket: S) -> Result<Arrival<S>, (Refusal, S)> {
        let Some((first, other)) = self.waiting.remove(&claims.connection) else {
            self.waiting.insert(claims.connection, (claims, socket));
            return Ok(Arrival::First);
        };
        if belong_together(&first, &claims) {
            Ok(Arrival::Pair { other, own: socket })
        } else {
            self.waiting.insert(first.connection, (first, other));
            Err((Refusal::Mismatch, socket))
        }
    }

    /// Somebody stopped waiting.
    pub(crate) fn leave(&mut self, connection: ConnectionId) -> Option<S> {
        self.waiting.remove(&connection).map(|(_, socket)| socket)
    }

    /// Everybody who waits for a session stops.
    pub(crate) fn leave_session(&mut self, session: SessionId) -> Vec<S> {
        let gone: Vec<ConnectionId> = self
            .waiting
            .iter()
            .filter(|(_, (claims, _))| claims.session == session)
            .map(|(connection, _)| *connection)
            .collect();
        gone.into_iter()
            .filter_map(|connection| self.leave(connection))
            .collect()
    }
}

fn belong_together(a: &Claims, b: &Claims) -> bool {
    a.side != b.side
        && a.session == b.session
        && a.tenant == b.tenant
        && a.user == b.user
        && a.rights == b.rights
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod gate_tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use uuid::Uuid;
    use wire::{
        ids::{TenantId, UserId},
        rights::Rights,
    };

    const NOW: u64 = 1_800_000_000;
    const PORTAL: Option<&str> = Some("https://portal.example");

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[9; 32])
    }

    fn gate() -> Gate<&'static str> {
        let mut gate = Gate::default();
        gate.welcome(
            GatewayId(Uuid::from_u128(1)),
            vec![key().verifying_key()],
            vec!["https://portal.example".to_owned()],
        );
        gate
    }

    fn claims(id: u128, side: Side) -> Claims {
        Claims {
            id: Uuid::from_u128(id),
            issued_at_s: NOW,
            expires_at_s: NOW + 60,
            tenant: TenantId(Uuid::from_u128(2)),
            user: UserId(Uuid::from_u128(3)),
            session: SessionId(Uuid::from_u128(4)),
            gateway: GatewayId(Uuid::from_u128(1)),
            connection: ConnectionId(Uuid::from_u128(5)),
            side,
            rights: Rights::OWN_SESSION,
            idle_timeout_s: 60,
            max_duration_s: 60,
        }
    }

    #[test]
    fn a_ticket_opens_once_and_only_from_the_portal() {
        let mut gate = gate();
        let text = ticket::sign(&claims(10, Side::Browser), &key());
        let refusal = |result: Result<Claims, Refused>| result.unwrap_err().0;
        assert_eq!(refusal(gate.check(&text, None, NOW)), Refusal::Origin);
        assert_eq!(
            refusal(gate.check(&text, Some("https://evil.example"), NOW)),
            Refusal::Origin
        );
        assert!(gate.check(&text, PORTAL, NOW).is_ok());
        assert_eq!(
            refusal(gate.check(&text, PORTAL, NOW)),
            Refusal::Ticket(Invalid::Replayed)
        );
    }

    #[test]
    fn an_agent_needs_no_origin_and_nobody_comes_before_the_welcome() {
        let text = ticket::sign(&claims(10, Side::Agent), &key());
        assert!(gate().check(&text, None, NOW).is_ok());
        let mut early: Gate<&str> = Gate::default();
        assert_eq!(
            early.check(&text, None, NOW).unwrap_err().0,
            Refusal::NotReady
        );
    }

    #[test]
    fn only_the_two_sides_of_one_connection_are_paired() {
        let mut gate = gate();
        let browser = claims(10, Side::Browser);
        assert!(matches!(
            gate.arrive(browser, "browser"),
            Ok(Arrival::First)
        ));
        let mut stranger = claims(11, Side::Agent);
        stranger.tenant = TenantId(Uuid::from_u128(99));
        for wrong in [stranger, claims(12, Side::Browser)] {
            assert_eq!(
                gate.arrive(wrong, "wrong").unwrap_err(),
                (Refusal::Mismatch, "wrong")
            );
        }
        // The one who waited still waits.
        let arrival = gate.arrive(claims(13, Side::Agent), "agent").unwrap();
        assert!(matches!(
            arrival,
            Arrival::Pair {
                other: "browser",
                own: "agent"
            }
        ));
        assert!(gate.waiting.is_empty());
    }
}
