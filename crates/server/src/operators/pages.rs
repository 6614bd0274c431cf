//! The pages of the management console.

use crate::{
    evidence::{Count, PromiseRow},
    one_time_code::Authenticator,
    portal::{Key, Ui},
};
use askama::Template;
use time::OffsetDateTime;
use uuid::Uuid;

/// Where an operator enters.
pub(super) const DOOR: &str = "/console/enter";

/// Who has entered, as the page's head shows them.
#[allow(clippy::struct_excessive_bools)] // What the head offers, each by itself.
#[derive(Clone, Debug)]
pub struct OperatorBadge {
    /// Their name.
    pub full_name: String,
    /// What they are.
    pub role: Key,
    /// Whether the list of customers is offered. The service decides again.
    pub customers: bool,
    /// Whether the commitments are offered. The services decide again.
    pub evidence: bool,
    /// Whether the work log is offered.
    pub work_log: bool,
    /// Whether the operators are offered.
    pub operators: bool,
    /// Whether elevations are offered.
    pub elevations: bool,
    /// Elevations on which the reader may decide.
    pub waiting: i64,
    /// Whether every page says that nothing keeps the clock right.
    pub clock_alarm: bool,
}

/// What a page about the service base, or about another operator, says of the reader's leave to change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseLeave {
    /// The reader's role changes nothing there.
    Never,
    /// It takes an elevation for the service base, and none is in force.
    Missing,
    /// Until when one is in force.
    Until(OffsetDateTime),
    /// It takes none now, since nobody else could approve one.
    Alone,
}

impl BaseLeave {
    /// Whether the reader may change it now. The services decide again.
    #[must_use]
    pub fn may(self) -> bool {
        matches!(self, Self::Until(_) | Self::Alone)
    }

    /// Whether the reader is told to ask for an elevation.
    #[must_use]
    pub fn is_missing(self) -> bool {
        self == Self::Missing
    }

    /// Until when an elevation is in force.
    #[must_use]
    pub fn until(self) -> Option<OffsetDateTime> {
        match self {
            Self::Until(at) => Some(at),
            _ => None,
        }
    }
}

impl OperatorBadge {
    /// The first character of the name, for the round badge.
    pub(super) fn initial(&self) -> String {
        self.full_name.chars().take(1).collect()
    }
}

/// `GET /console/enter`, and the first visit by a link: asks for a one-time code.
#[derive(Template)]
#[template(path = "operators/enter.html")]
pub struct EnterPage {
    /// The reader.
    pub ui: Ui,
    /// Nobody has entered.
    pub badge: Option<OperatorBadge>,
    /// Whose certificate it is.
    pub full_name: String,
    /// Where the form goes.
    pub action: String,
    /// On the first visit, what an authenticator needs.
    pub first: Option<Authenticator>,
    /// The certificate's owner has not used their link yet.
    pub needs_link: bool,
    /// What went wrong.
    pub error: Option<Key>,
    /// Seconds until another attempt is accepted.
    pub retry_after_s: Option<u64>,
}

/// One session host or gateway.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its id.
    pub id: Uuid,
    /// `console.machine.host` or `console.machine.gateway`.
    pub kind: Key,
    /// Whether it is a session host.
    pub is_host: bool,
    /// Linked, away or draining.
    pub state: Key,
    /// The badge's tone.
    pub tone: &'static str,
    /// Sessions on it.
    pub sessions: i64,
    /// When its link last said something.
    pub seen_at: Option<OffsetDateTime>,
    /// When it enrolled.
    pub enrolled_at: OffsetDateTime,
    /// Whether it takes no new sessions.
    pub is_draining: bool,
}

/// `GET /console/machines`.
#[derive(Template)]
#[template(path = "operators/machines.html")]
pub struct MachinesPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// All machines.
    pub rows: Vec<Machine>,
    /// Whether the reader may drain.
    pub may_drain: bool,
    /// The host whose reason was missing.
    pub reasonless: Option<Uuid>,
}

/// One customer.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Its name in the reader's language.
    pub name: String,
    /// Its code.
    pub code: String,
    /// Accounts.
    pub people: i64,
    /// Sessions that are not over.
    pub sessions: i64,
    /// Since when.
    pub since: OffsetDateTime,
}

/// `GET /console/evidence`: the promises, of all customers together.
#[derive(Template)]
#[template(path = "operators/evidence.html")]
pub struct EvidencePage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// How many stand how.
    pub counts: Vec<Count>,
    /// Those that are shown.
    pub rows: Vec<PromiseRow>,
}

/// `GET /console/customers`.
#[derive(Template)]
#[template(path = "operators/customers.html")]
pub struct CustomersPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// What was searched for.
    pub query: String,
    /// The customers that match.
    pub rows: Vec<Customer>,
    /// Whether the reader may add one.
    pub may_add: bool,
}

/// One record of the work log.
#[derive(Clone, Debug)]
pub struct WorkRow {
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub who: String,
    /// What.
    pub what: Key,
    /// Why.
    pub detail: String,
    /// From where.
    pub address: String,
}

/// What a machine's kernel said of its clock.
#[derive(Clone, Debug)]
pub struct ClockRow {
    /// When.
    pub at: OffsetDateTime,
    /// The machine's name.
    pub node: String,
    /// Kept right or not.
    pub state: Key,
    /// The badge's tone.
    pub tone: &'static str,
    /// How far it may be off at most, in microseconds.
    pub error_us: Option<i64>,
    /// What is still to be corrected, in microseconds.
    pub offset_us: i64,
}

/// `GET /console/clock`.
#[derive(Template)]
#[template(path = "operators/clock.html")]
pub struct ClockPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// Where a state became another, the newest first.
    pub changes: Vec<ClockRow>,
    /// The newest samples.
    pub samples: Vec<ClockRow>,
}

/// `GET /console/work-log`.
#[derive(Template)]
#[template(path = "operators/work_log.html")]
pub struct WorkLogPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// This page of the log.
    pub rows: Vec<WorkRow>,
    /// What was searched for.
    pub query: String,
    /// Which part of the log.
    pub paging: crate::portal::Paging,
}

impl EnterPage {
    fn error_text(&self) -> Option<String> {
        let key = self.error.as_ref()?;
        Some(match self.retry_after_s {
            Some(seconds) => self.ui.t1(key.0, "seconds", seconds),
            None => self.ui.label(key).to_owned(),
        })
    }
}

impl ClockPage {
    fn parts(&self) -> [(Key, &[ClockRow]); 2] {
        [
            (Key("console.clock.changes"), &self.changes),
            (Key("console.clock.samples"), &self.samples),
        ]
    }
}

impl WorkLogPage {
    fn page_url(&self) -> String {
        crate::portal::local_url("/console/work-log", &[("q", &self.query)])
    }
}
