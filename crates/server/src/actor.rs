//! Who does something: every use case takes one and asks the policies first.

use wire::ids::{TenantId, UserId};

/// A person who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Their organisation. Everything they touch is looked up in it.
    pub tenant: TenantId,
    /// The person.
    pub user: UserId,
    /// What they are in their organisation.
    pub role: Role,
    /// Their name, as records keep it.
    pub full_name: String,
    /// The address they came from.
    pub address: String,
}

/// What a person is in their organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Works on desktops.
    User,
    /// Works on desktops and looks after the organisation's people.
    Administrator,
    /// Gets the provider's notices and mail, and sees what is going on.
    OperationsContact,
    /// Sees what is going on, and works on no desktop.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::OperationsContact,
        Self::Administrator,
        Self::User,
        Self::Auditor,
    ];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Administrator => "administrator",
            Self::OperationsContact => "operations_contact",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
