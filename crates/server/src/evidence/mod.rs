//! What is promised, and whether it holds now.
//!
//! A [`Control`] is a promise of the service as data, a [`Check`] is code beside the feature that it watches. The checks run
//! on a timer ([`job`]); what they answered is kept as spans of time ([`store`]), and shown to customers and operators. A
//! promise that stops holding is recorded in the log of whoever it was made to.

pub(crate) mod api;
pub mod http;
pub mod job;
pub mod page;
mod registry;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

pub(crate) use api::Doc as ApiDoc;
pub(crate) use http::Filter;
pub(crate) use page::rows;
pub use page::{Count, PromiseRow};
pub use registry::CONTROLS;
pub use service::Standing;

use crate::{app::App, portal::Key};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use wire::ids::TenantId;

/// A promise.
#[derive(Debug)]
pub struct Control {
    /// Its row in the list of commitments, such as `5.6`.
    pub id: &'static str,
    /// The clause of ISO/IEC 27017 that it answers.
    pub clause: &'static str,
    /// Who answers for it.
    pub side: Side,
    /// The promise in our own words.
    pub promise: Key,
    /// What shows that it is kept: at least one.
    pub checks: &'static [&'static Check],
}

/// On which side of the responsibility boundary a promise is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// By the provider alone.
    Provider,
    /// By the provider, with means that the customer has to use.
    Both,
}

/// Code that watches a feature.
#[derive(Debug)]
pub struct Check {
    /// The stored form, which never changes: `slice.what`.
    pub name: &'static str,
    /// What it finds when all is well, as a sentence.
    pub says: Key,
    /// What its figures count, in their order. A check of the whole service counts nothing that tells of customers.
    pub figures: &'static [Key],
    /// The code.
    pub run: Run,
}

/// Whom a check looks at.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// The service as a whole.
    Service(for<'a> fn(&'a Arc<App>) -> Answering<'a>),
    /// Each customer for itself.
    Customer(for<'a> fn(&'a Arc<App>, TenantId) -> Answering<'a>),
}

/// A check at work. An error is an answer too: that it cannot tell.
pub type Answering<'a> = BoxFuture<'a, Result<Answer, CannotTell>>;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether the promise holds.
    pub outcome: Outcome,
    /// One for each of [`Check::figures`].
    pub figures: Vec<i64>,
    /// What can be looked at for oneself: hashes, checkpoints, versions.
    pub refs: Vec<String>,
}

/// Whether a promise holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// Nobody can tell at the moment.
    CannotTell,
    /// It does not hold.
    FallsShort,
}

/// Why a check cannot tell, for the log.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell: {0}")]
pub struct CannotTell(pub String);

impl From<sqlx::Error> for CannotTell {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

impl Answer {
    /// It holds exactly if `holds`.
    #[must_use]
    pub fn of(holds: bool, figures: Vec<i64>) -> Self {
        Self {
            outcome: if holds {
                Outcome::Holds
            } else {
                Outcome::FallsShort
            },
            figures,
            refs: Vec::new(),
        }
    }

    /// With something to look at.
    #[must_use]
    pub fn with_ref(mut self, text: impl Into<String>) -> Self {
        self.refs.push(text.into());
        self
    }
}

impl Outcome {
    /// Every outcome, the best first.
    pub const ALL: [Self; 3] = [Self::Holds, Self::CannotTell, Self::FallsShort];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::CannotTell => "cannot_tell",
            Self::FallsShort => "falls_short",
        }
    }

    /// The outcome of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

impl Side {
    /// The stored form, as `nagaya controls --json` prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Both => "both",
        }
    }
}
