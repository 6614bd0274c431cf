//! What operators may do.

use crate::rights::Denied;

/// What an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperatorRole {
    /// Answers customers.
    Support,
    /// Looks after hosts and networks.
    Network,
    /// Watches over security.
    Security,
    /// Brings new versions.
    Release,
    /// Answers for the service.
    Owner,
    /// Reads, and changes nothing.
    Auditor,
}

/// What an operator wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorAction {
    /// See session hosts and gateways.
    ListMachines,
    /// Let a session host take no new sessions, or take them again.
    Drain,
    /// See which customers there are, and how much they use; nothing that they store.
    ListCustomers,
    /// See what operators did.
    ReadWorkLog,
}

impl OperatorRole {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Support,
        Self::Network,
        Self::Security,
        Self::Release,
        Self::Owner,
        Self::Auditor,
    ];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Network => "network",
            Self::Security => "security",
            Self::Release => "release",
            Self::Owner => "owner",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Asks the policies.
    pub fn authorize(self, action: OperatorAction) -> Result<(), Denied> {
        use OperatorRole::{Auditor, Network, Owner, Release, Security, Support};
        let allowed = match action {
            OperatorAction::ListMachines => true,
            OperatorAction::Drain => matches!(self, Network | Release | Owner),
            OperatorAction::ListCustomers => matches!(self, Support | Security | Owner | Auditor),
            OperatorAction::ReadWorkLog => matches!(self, Security | Owner | Auditor),
        };
        if allowed { Ok(()) } else { Err(Denied) }
    }
}
