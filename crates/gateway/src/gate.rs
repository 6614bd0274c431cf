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
    /// Unix time in seconds from which `seen` knows what was used.
    remembers_from_s: u64,
    seen: Seen,
    waiting: HashMap<ConnectionId, (Claims, S)>,
}

/// Why somebody is not let in: for the record, never for the bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Ticket(#[from] Invalid),
    #[error("no ticket came in time")]
    NoTicket,
    #[error("the ticket is older than this gateway's memory of used ones")]
    Forgotten,
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

impl<S> Gate<S> {
    /// A gate that begins to remember now (Unix time in seconds).
    pub(crate) fn new(now_s: u64) -> Self {
        Self {
            keys: Vec::new(),
            origins: Vec::new(),
            gateway: None,
            remembers_from_s: now_s,
            seen: Seen::default(),
            waiting: HashMap::new(),
        }
    }

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
        // It may have been used in an earlier life of this gateway, of which nothing is remembered.
        if claims.issued_at_s < self.remembers_from_s {
            return Err((Refusal::Forgotten, Some(Box::new(claims))));
        }
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

    /// Everybody who waits for a session, or for any, stops.
    pub(crate) fn leave_all(&mut self, session: Option<SessionId>) -> Vec<S> {
        let gone = self
            .waiting
            .extract_if(|_, (claims, _)| session.is_none_or(|session| session == claims.session));
        gone.map(|(_, (_, socket))| socket).collect()
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
        let mut gate = Gate::new(NOW);
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
        let mut early: Gate<&str> = Gate::new(NOW);
        assert_eq!(
            early.check(&text, None, NOW).unwrap_err().0,
            Refusal::NotReady
        );
    }

    #[test]
    fn a_ticket_from_before_the_gateways_start_may_have_been_used_and_is_refused() {
        let mut gate = gate();
        let mut old = claims(10, Side::Agent);
        old.issued_at_s = NOW - 1;
        let refused = gate.check(&ticket::sign(&old, &key()), None, NOW);
        assert_eq!(refused.unwrap_err().0, Refusal::Forgotten);
        let text = ticket::sign(&claims(11, Side::Agent), &key());
        assert!(gate.check(&text, None, NOW).is_ok());
    }

    #[test]
    fn who_waits_for_one_session_or_for_any_can_be_sent_away() {
        let mut gate = gate();
        for (id, session, name) in [(1, 1, "a"), (2, 1, "b"), (3, 2, "c"), (4, 3, "d")] {
            let claims = Claims {
                connection: ConnectionId(Uuid::from_u128(id)),
                session: SessionId(Uuid::from_u128(session)),
                ..claims(id, Side::Browser)
            };
            gate.arrive(claims, name).unwrap();
        }
        let mut gone = gate.leave_all(Some(SessionId(Uuid::from_u128(1))));
        gone.sort_unstable();
        assert_eq!(gone, ["a", "b"]);
        assert_eq!(gate.leave_all(None).len(), 2);
        assert!(gate.leave_all(None).is_empty());
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
