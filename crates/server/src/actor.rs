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
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::User, Self::Administrator];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
