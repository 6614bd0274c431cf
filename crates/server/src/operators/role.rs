//! What an operator is.

use crate::{
    portal::Key,
    rights::{self, Denied, OperatorAction},
};

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

    /// What it is called.
    #[must_use]
    pub fn key(self) -> Key {
        match self {
            Self::Support => Key("console.role.support"),
            Self::Network => Key("console.role.network"),
            Self::Security => Key("console.role.security"),
            Self::Release => Key("console.role.release"),
            Self::Owner => Key("console.role.owner"),
            Self::Auditor => Key("console.role.auditor"),
        }
    }

    /// Asks the policies.
    pub fn authorize(self, action: OperatorAction) -> Result<(), Denied> {
        rights::authorize_operator(self.name(), action)
    }
}
