//! The life of one session. Pure: no clock, no database, no network.

use wire::{
    control::EndReason,
    ids::{ConnectionId, HostId},
};

/// Each state holds exactly the facts that are true in it, and no `Option`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody clicked.
    Requested,
    /// A host was chosen and makes it.
    Starting {
        /// Where.
        host: HostId,
    },
    /// It runs; nobody looks.
    Ready {
        /// Where.
        host: HostId,
    },
    /// It runs and is shown.
    Connected {
        /// Where.
        host: HostId,
        /// On which pairing.
        connection: ConnectionId,
    },
    /// It is being ended.
    Ending {
        /// Where.
        host: HostId,
        /// Why.
        reason: EndReason,
    },
    /// Nothing of it runs.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// What can happen to a session.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The broker chose a host.
    HostChosen(HostId),
    /// The host says that it runs.
    HostReady,
    /// A gateway paired a browser with it.
    Opened(ConnectionId),
    /// That pair is no more.
    Closed(ConnectionId),
    /// It should end.
    Stop(EndReason),
    /// The host says that nothing of it runs.
    HostEnded(EndReason),
}

/// Work owed after the new state is saved. Doing it twice is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The host should run it.
    Launch(HostId),
    /// The host should not run it, and no gateway should show it.
    TearDown(HostId),
    /// It is over: the host may forget it, and no gateway should show it.
    Finish,
}

/// The event does not fit the state; nothing changes.
#[derive(Debug, thiserror::Error)]
#[error("{event:?} is not allowed in {state:?}")]
pub struct Refused {
    /// The state that stays.
    pub state: State,
    /// What did not fit.
    pub event: Event,
}

impl State {
    /// The only way a session changes.
    pub fn apply(self, event: Event) -> Result<(State, Option<Effect>), Refused> {
        use {Effect as F, Event as E, State as S};
        Ok(match (self, event) {
            (S::Requested, E::HostChosen(host)) => (S::Starting { host }, Some(F::Launch(host))),
            (S::Requested, E::Stop(reason)) => (S::Ended { reason }, Some(F::Finish)),
            (S::Starting { host }, E::HostReady) => (S::Ready { host }, None),
            // The gateway may be faster than the host's next report.
            (
                S::Starting { host } | S::Ready { host } | S::Connected { host, .. },
                E::Opened(connection),
            ) => (S::Connected { host, connection }, None),
            // A dropped link is not the end: the user may come back. A pair that was replaced closes late.
            (S::Connected { host, connection }, E::Closed(closed)) if connection == closed => {
                (S::Ready { host }, None)
            }
            (
                S::Starting { host } | S::Ready { host } | S::Connected { host, .. },
                E::Stop(reason),
            ) => (S::Ending { host, reason }, Some(F::TearDown(host))),
            (S::Starting { .. } | S::Ready { .. } | S::Connected { .. }, E::HostEnded(reason)) => {
                (S::Ended { reason }, Some(F::Finish))
            }
            // Why it was asked to end says more than how it ended.
            (S::Ending { reason, .. }, E::HostEnded(_)) => (S::Ended { reason }, Some(F::Finish)),
            // Stopping twice is fine; retries must not become errors.
            (S::Ending { .. } | S::Ended { .. }, E::Stop(_)) => (self, None),
            (state, event) => return Err(Refused { state, event }),
        })
    }

    /// The host that may still run something of it.
    #[must_use]
    pub fn host(self) -> Option<HostId> {
        match self {
            State::Requested | State::Ended { .. } => None,
            State::Starting { host }
            | State::Ready { host }
            | State::Connected { host, .. }
            | State::Ending { host, .. } => Some(host),
        }
    }

    /// Whether a click on the same desktop leads back to it.
    #[must_use]
    pub fn is_live(self) -> bool {
        !matches!(self, State::Ending { .. } | State::Ended { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn events() -> impl Strategy<Value = Event> {
        let reason = prop_oneof![
            Just(EndReason::SignedOut),
            Just(EndReason::Stopped),
            Just(EndReason::Lost)
        ];
        prop_oneof![
            (0u128..2).prop_map(|n| Event::HostChosen(HostId(Uuid::from_u128(n)))),
            Just(Event::HostReady),
            (0u128..3).prop_map(|n| Event::Opened(ConnectionId(Uuid::from_u128(n)))),
            (0u128..3).prop_map(|n| Event::Closed(ConnectionId(Uuid::from_u128(n)))),
            reason.clone().prop_map(Event::Stop),
            reason.prop_map(Event::HostEnded),
        ]
    }

    proptest! {
        /// Whatever happens in whatever order, a host that held a session is told, and an end is an end.
        #[test]
        fn nothing_is_left_behind(events in proptest::collection::vec(events(), 0..40)) {
            let mut state = State::Requested;
            for event in events {
                let Ok((next, effect)) = state.apply(event) else { continue };
                if let State::Ended { .. } = state {
                    prop_assert_eq!(next, state);
                }
                if let (Some(before), Some(after)) = (state.host(), next.host()) {
                    prop_assert_eq!(before, after);
                }
                if state.host().is_some() && next.host().is_none() {
                    prop_assert_eq!(effect, Some(Effect::Finish));
                }
                if state.is_live() && !next.is_live() {
                    prop_assert!(effect.is_some());
                }
                state = next;
            }
            let (stopped, _) = state.apply(Event::Stop(EndReason::Stopped)).expect("stop is always allowed");
            prop_assert!(!stopped.is_live());
        }
    }

    #[test]
    fn a_replaced_pair_that_closes_late_does_not_disconnect_the_new_one() {
        let host = HostId(Uuid::from_u128(1));
        let [old, new] = [2, 3].map(|n| ConnectionId(Uuid::from_u128(n)));
        let state = State::Connected {
            host,
            connection: new,
        };
        assert!(state.apply(Event::Closed(old)).is_err());
        assert_eq!(
            state.apply(Event::Closed(new)).ok(),
            Some((State::Ready { host }, None))
        );
    }
}
