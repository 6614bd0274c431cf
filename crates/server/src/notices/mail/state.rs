//! The life of a message. Pure: events and times in, states and effects out.

/// The first wait after a failure, and the longest, in milliseconds; it doubles from one to the other.
const FIRST_WAIT_MS: i64 = 15_000;
const LONGEST_WAIT_MS: i64 = 30 * 60 * 1000;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is to be sent.
    Waiting {
        /// Attempts that failed.
        failures: i64,
        /// Nobody tries before, Unix milliseconds.
        retry_at_ms: i64,
        /// Why the last attempt failed.
        why: Option<Why>,
    },
    /// The mail server has taken it.
    Sent {
        /// When, Unix milliseconds.
        at_ms: i64,
    },
    /// It was given up.
    Failed {
        /// When, Unix milliseconds.
        at_ms: i64,
        /// Why.
        why: Why,
    },
    /// There was nothing to say any more: the link was replaced or used, or the person may not come in.
    Withdrawn {
        /// When, Unix milliseconds.
        at_ms: i64,
    },
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The mail server took it.
    Sent,
    /// It did not.
    NotSent(Why),
    /// What it says is worth nothing any more.
    TimeIsUp,
}

/// What is to be done besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Keep,
    /// What it says is erased.
    Erase,
    /// The same, and the log says that it did not arrive.
    EraseAndRecord,
}

/// Why a message was not sent. The names are kept; what a server says is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nobody answers there.
    Unreachable,
    /// The server offers no TLS, or none that can be agreed on.
    Tls,
    /// Its certificate is not trusted or bears another name.
    Certificate,
    /// It does not let the service in.
    Password,
    /// It does not take this person's address.
    Address,
    /// It asks to come again later.
    Busy,
    /// It takes no such message.
    Refused,
    /// It took too long.
    Slow,
    /// Nobody tried in time.
    Late,
    /// What it says cannot be opened.
    Sealed,
}

impl Why {
    /// Every reason.
    pub(crate) const ALL: [Self; 10] = [
        Self::Unreachable,
        Self::Tls,
        Self::Certificate,
        Self::Password,
        Self::Address,
        Self::Busy,
        Self::Refused,
        Self::Slow,
        Self::Late,
        Self::Sealed,
    ];

    /// The stored form.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Password => "password",
            Self::Address => "address",
            Self::Busy => "busy",
            Self::Refused => "refused",
            Self::Slow => "slow",
            Self::Late => "late",
            Self::Sealed => "sealed",
        }
    }

    /// The reason of a stored form.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.name() == name)
    }

    /// Whether trying again is of no use.
    fn is_final(self) -> bool {
        matches!(self, Self::Address | Self::Sealed)
    }
}

impl State {
    /// Of a message that is written now.
    #[cfg(test)]
    fn new(now_ms: i64) -> Self {
        Self::Waiting {
            failures: 0,
            retry_at_ms: now_ms,
            why: None,
        }
    }

    /// What it becomes. Only one that waits becomes anything. An attempt whose next one would come too late is the last.
    pub(crate) fn apply(self, event: Event, now_ms: i64, expires_at_ms: i64) -> (Self, Effect) {
        let Self::Waiting { failures, why, .. } = self else {
            return (self, Effect::Keep);
        };
        let failed = |why| (Self::Failed { at_ms: now_ms, why }, Effect::EraseAndRecord);
        match event {
            Event::Sent => (Self::Sent { at_ms: now_ms }, Effect::Erase),
            Event::TimeIsUp => failed(why.unwrap_or(Why::Late)),
            Event::NotSent(why) if why.is_final() => failed(why),
            Event::NotSent(why) => {
                let retry_at_ms = now_ms + wait_ms(failures);
                if retry_at_ms >= expires_at_ms {
                    return failed(why);
                }
                let waiting = Self::Waiting {
                    failures: failures + 1,
                    retry_at_ms,
                    why: Some(why),
                };
                (waiting, Effect::Keep)
            }
        }
    }

    /// The stored form of its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Sent { .. } => "sent",
            Self::Failed { .. } => "failed",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

/// How long to wait after so many failures before this one.
fn wait_ms(failures: i64) -> i64 {
    let doublings = u32::try_from(failures.clamp(0, 20)).unwrap_or_default();
    (FIRST_WAIT_MS << doublings).min(LONGEST_WAIT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    #[test]
    fn waits_grow_and_end() {
        let (mut now_ms, mut state, mut waits) = (0, State::new(0), Vec::new());
        let (last, effect) = loop {
            let (next, effect) = state.apply(Event::NotSent(Why::Unreachable), now_ms, DAY_MS);
            let State::Waiting { retry_at_ms, .. } = next else {
                break (next, effect);
            };
            waits.push(retry_at_ms - now_ms);
            (now_ms, state) = (retry_at_ms, next);
        };
        assert_eq!(waits[..4], [15_000, 30_000, 60_000, 120_000]);
        assert_eq!(waits.last(), Some(&LONGEST_WAIT_MS));
        assert!(waits.is_sorted() && waits.len() < 60);
        assert!(matches!(last, State::Failed { why: Why::Unreachable, at_ms } if at_ms < DAY_MS));
        assert_eq!(effect, Effect::EraseAndRecord);
    }

    #[test]
    fn an_address_that_is_not_taken_is_not_tried_again() {
        let (state, effect) = State::new(5).apply(Event::NotSent(Why::Address), 5, DAY_MS);
        assert_eq!(state.name(), "failed");
        assert_eq!(effect, Effect::EraseAndRecord);
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Sent),
            Just(Event::TimeIsUp),
            (0..Why::ALL.len()).prop_map(|at| Event::NotSent(Why::ALL[at])),
        ]
    }

    proptest! {
        #[test]
        fn what_is_over_stays_as_it_is_and_what_waits_comes_to_an_end(
            events in prop::collection::vec(event(), 1..200),
        ) {
            let (mut now_ms, mut state) = (0, State::new(0));
            for event in events {
                let before = state;
                let (next, effect) = state.apply(event, now_ms, DAY_MS);
                let was_over = before.name() != "waiting";
                prop_assert!(!was_over || (next == before && effect == Effect::Keep));
                // What is said is kept exactly as long as it waits.
                let is_over = next.name() != "waiting";
                prop_assert_eq!(!was_over && is_over, effect != Effect::Keep);
                if let State::Waiting { retry_at_ms, .. } = next {
                    prop_assert!(retry_at_ms > now_ms && retry_at_ms < DAY_MS);
                    now_ms = retry_at_ms;
                }
                state = next;
            }
        }
    }
}
