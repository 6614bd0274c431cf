//! What administrators see of messages: what became of each, why it did not arrive, and what to do.

use super::{
    letter,
    state::{State, Why},
};
use crate::{app, portal::Key};
use time::OffsetDateTime;

/// A message as the person's page shows it (`notices/mail/delivered.html`).
#[derive(Clone, Debug)]
pub struct Delivered {
    /// What it is about.
    pub subject: Key,
    /// When it was written.
    pub at: OffsetDateTime,
    /// Where it stands.
    pub label: Key,
    /// The class of its badge.
    pub tone: &'static str,
    /// Why it did not arrive, and what to do.
    pub why: Option<(Key, Key)>,
}

impl Delivered {
    pub(crate) fn new(kind: &str, created_at_ms: i64, state: State) -> Self {
        let (label, tone, why) = match state {
            State::Waiting { why: None, .. } => (Key("mail.state.waiting"), "note", None),
            State::Waiting { why: Some(why), .. } => {
                let again = (reason(why), Key("mail.advice.again"));
                (Key("mail.state.delayed"), "bad", Some(again))
            }
            State::Sent { .. } => (Key("mail.state.sent"), "good", None),
            State::Failed { why, .. } => {
                let advice = match why {
                    Why::Address => Key("mail.advice.address"),
                    _ => Key("mail.advice.hand_over"),
                };
                (Key("mail.state.failed"), "bad", Some((reason(why), advice)))
            }
            State::Withdrawn { .. } => (Key("mail.state.withdrawn"), "note", None),
        };
        Self {
            subject: letter::subject(kind),
            at: app::moment(created_at_ms),
            label,
            tone,
            why,
        }
    }
}

fn reason(why: Why) -> Key {
    match why {
        Why::Unreachable => Key("mail.why.unreachable"),
        Why::Tls => Key("mail.why.tls"),
        Why::Certificate => Key("mail.why.certificate"),
        Why::Password => Key("mail.why.password"),
        Why::Address => Key("mail.why.address"),
        Why::Busy => Key("mail.why.busy"),
        Why::Refused => Key("mail.why.refused"),
        Why::Slow => Key("mail.why.slow"),
        Why::Late => Key("mail.why.late"),
        Why::Sealed => Key("mail.why.sealed"),
    }
}
