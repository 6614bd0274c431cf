//! What an agent writes down about a session, so that the next one finds it again.

use serde::{Deserialize, Serialize};
use wire::control::{EndReason, Phase, SessionReport, SessionSpec, StartTimes};

/// One session, as written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// What was ordered.
    pub(crate) spec: SessionSpec,
    /// Which of the display's user ids it has, counted from the first.
    pub(crate) slot: u32,
    /// How far it is.
    #[serde(flatten)]
    pub(crate) phase: Phase,
    /// Where the start-up time went.
    pub(crate) times: StartTimes,
}

impl Record {
    /// A session that was just ordered.
    pub(crate) fn new(spec: SessionSpec, slot: u32) -> Self {
        Self {
            spec,
            slot,
            phase: Phase::Starting,
            times: StartTimes::default(),
        }
    }

    /// The session's report.
    pub(crate) fn report(&self, memory_bytes: u64) -> SessionReport {
        SessionReport {
            session: self.spec.session,
            phase: self.phase.clone(),
            times: self.times,
            memory_bytes,
        }
    }

    pub(crate) fn end(&mut self, reason: EndReason) {
        self.phase = Phase::Ended { reason };
    }
}
