//! What becomes of an elevation, purely: no clock, no database.

use uuid::Uuid;

/// What may be asked for, in minutes.
pub(crate) const MINUTES: [i64; 5] = [30, 60, 120, 240, 480];
/// A request on which nobody decided lapses after this long, in milliseconds.
pub(crate) const WAIT_MS: i64 = 24 * 60 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

/// Leave to act on a customer, or to work on the service base, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elevation {
    /// Who asked.
    pub(crate) asked_by: Uuid,
    /// When, in Unix milliseconds.
    pub(crate) asked_at_ms: i64,
    /// For how long, from the approval on.
    pub(crate) minutes: i64,
    /// Where it stands.
    pub(crate) state: State,
}

/// Where an elevation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody has decided yet.
    Asked,
    /// Another person approved it.
    Approved {
        /// Who.
        by: Uuid,
        /// It ends by itself then, in Unix milliseconds.
        until_ms: i64,
    },
    /// Another person refused it.
    Refused,
    /// Nobody decided in time.
    Lapsed,
    /// It is over: its time is up, or somebody ended it.
    Ended,
}

/// What happens to an elevation, at a moment in Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Somebody approves it.
    Approve { by: Uuid, at_ms: i64 },
    /// Somebody refuses it.
    Refuse { by: Uuid, at_ms: i64 },
    /// Somebody ends it: who asked, or who may decide.
    End { by: Uuid, at_ms: i64 },
    /// Whoever asked may do so no more.
    ShutOut,
    /// Time goes by.
    Time { at_ms: i64 },
}

/// What is to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// It is in force from now on.
    Approved,
    /// It was refused.
    Refused,
    /// Nobody decided in time.
    Lapsed,
    /// It is over.
    Ended,
}

/// Why an event changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// Nobody decides on what they asked for themselves.
    #[error("nobody decides on their own elevation")]
    Oneself,
    /// It was decided, or is over, already.
    #[error("the elevation is not where this would fit")]
    Over,
}

impl Elevation {
    /// What comes of an event.
    pub(crate) fn apply(self, event: Event) -> Result<(Self, Effect), Unfit> {
        let to = |state, effect| Ok((Self { state, ..self }, effect));
        let waits = |at_ms| at_ms < self.asked_at_ms.saturating_add(WAIT_MS);
        match (self.state, event) {
            (State::Asked, Event::Approve { by, .. } | Event::Refuse { by, .. })
                if by == self.asked_by =>
            {
                Err(Unfit::Oneself)
            }
            (State::Asked, Event::Approve { by, at_ms }) if waits(at_ms) => {
                let until_ms = at_ms.saturating_add(self.minutes.saturating_mul(MINUTE_MS));
                to(State::Approved { by, until_ms }, Effect::Approved)
            }
            (State::Asked, Event::Refuse { at_ms, .. }) if waits(at_ms) => {
                to(State::Refused, Effect::Refused)
            }
            // Others refuse what they do not want to be.
            (State::Asked, Event::End { by, .. }) if by == self.asked_by => {
                to(State::Ended, Effect::Ended)
            }
            (State::Approved { until_ms, .. }, Event::End { at_ms, .. }) if at_ms < until_ms => {
                to(State::Ended, Effect::Ended)
            }
            (State::Asked | State::Approved { .. }, Event::ShutOut) => {
                to(State::Ended, Effect::Ended)
            }
            (State::Asked, Event::Time { at_ms }) if !waits(at_ms) => {
                to(State::Lapsed, Effect::Lapsed)
            }
            (State::Approved { until_ms, .. }, Event::Time { at_ms }) if at_ms >= until_ms => {
                to(State::Ended, Effect::Ended)
            }
            (_, Event::Time { .. } | Event::ShutOut) => Ok((self, Effect::None)),
            _ => Err(Unfit::Over),
        }
    }

    /// Whether it gives leave at a moment. It ends on time, also while nobody has written that down yet.
    pub(crate) fn is_in_force(&self, at_ms: i64) -> bool {
        matches!(self.state, State::Approved { until_ms, .. } if at_ms < until_ms)
    }
}

impl State {
    /// The stored form.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved { .. } => "approved",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
            Self::Ended => "ended",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEOPLE: u128 = 3;

    fn event() -> impl Strategy<Value = (Event, i64)> {
        // Steps of up to ten hours, so that everything comes to its time.
        let step = 0..36_000_000_i64;
        (0..5_u8, 1..=PEOPLE, step).prop_map(|(kind, by, step)| {
            let (by, at_ms) = (Uuid::from_u128(by), 0);
            let event = match kind {
                0 => Event::Approve { by, at_ms },
                1 => Event::Refuse { by, at_ms },
                2 => Event::End { by, at_ms },
                3 => Event::ShutOut,
                _ => Event::Time { at_ms },
            };
            (event, step)
        })
    }

    fn at(event: Event, at_ms: i64) -> Event {
        match event {
            Event::Approve { by, .. } => Event::Approve { by, at_ms },
            Event::Refuse { by, .. } => Event::Refuse { by, at_ms },
            Event::End { by, .. } => Event::End { by, at_ms },
            Event::ShutOut => Event::ShutOut,
            Event::Time { .. } => Event::Time { at_ms },
        }
    }

    proptest! {
        /// Whatever happens in whatever order: it is in force only after somebody else approved it within a day, for no
        /// longer than was asked, and never again once it was over.
        #[test]
        fn an_elevation_is_in_force_only_as_another_person_approved_it(
            minutes in prop::sample::select(MINUTES.to_vec()),
            events in prop::collection::vec(event(), 0..12),
        ) {
            let own = Uuid::from_u128(1);
            let mut now_ms = 1_000;
            let mut it = Elevation { asked_by: own, asked_at_ms: now_ms, minutes, state: State::Asked };
            let mut approved: Option<(Uuid, i64)> = None;
            let mut over = false;
            for (event, step) in events {
                now_ms += step;
                let before = it;
                let event = at(event, now_ms);
                match it.apply(event) {
                    Ok((next, effect)) => {
                        prop_assert_eq!(next == before, effect == Effect::None);
                        it = next;
                        if let (Event::Approve { by, .. }, Effect::Approved) = (event, effect) {
                            prop_assert!(approved.is_none() && !over);
                            prop_assert!(now_ms < 1_000 + WAIT_MS);
                            approved = Some((by, now_ms));
                        }
                        over |= matches!(effect, Effect::Refused | Effect::Lapsed | Effect::Ended);
                    }
                    Err(unfit) => {
                        let own_decision = matches!(event,
                            Event::Approve { by, .. } | Event::Refuse { by, .. } if by == own);
                        let fits = unfit == Unfit::Over || own_decision && before.state == State::Asked;
                        prop_assert!(fits);
                    }
                }
                if it.is_in_force(now_ms) {
                    let (by, from_ms) = approved.unwrap();
                    prop_assert!(by != own && !over);
                    prop_assert!(now_ms < from_ms + minutes * MINUTE_MS);
                }
                let is_over = !matches!(it.state, State::Asked | State::Approved { .. });
                prop_assert_eq!(over, is_over);
            }
            // By itself, sooner or later.
            let (end, _) = it.apply(Event::Time { at_ms: now_ms + WAIT_MS }).unwrap();
            let is_over = !matches!(end.state, State::Asked | State::Approved { .. });
            prop_assert!(is_over);
        }
    }

    #[test]
    fn who_asked_takes_it_back_and_others_refuse_it() {
        let [own, other] = [1, 2].map(Uuid::from_u128);
        let asked = Elevation {
            asked_by: own,
            asked_at_ms: 0,
            minutes: 60,
            state: State::Asked,
        };
        let by = |by| Event::End { by, at_ms: 5 };
        assert_eq!(asked.apply(by(other)), Err(Unfit::Over));
        assert_eq!(asked.apply(by(own)).unwrap().0.state, State::Ended);
        let approve = Event::Approve {
            by: other,
            at_ms: 1,
        };
        let (approved, _) = asked.apply(approve).unwrap();
        for who in [own, other] {
            assert_eq!(approved.apply(by(who)).unwrap().0.state, State::Ended);
        }
    }
}
