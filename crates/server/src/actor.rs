//! Who does something: every use case takes one and asks the policies first.

use crate::refusals::Asker;
use uuid::Uuid;
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
    /// To what they are limited besides, when a program acts for them with an API token.
    pub scopes: Option<Scopes>,
    /// What they are besides, each for one service code alone.
    pub grants: Vec<Grant>,
}

/// A role for the resources of one service code alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The service code.
    pub code: Uuid,
}

impl Actor {
    /// Who asks, should they be refused.
    pub(crate) fn asker(&self) -> Asker {
        Asker {
            tenant: Some(self.tenant),
            user: Some(self.user),
            operator: None,
            full_name: self.full_name.clone(),
            address: self.address.clone(),
        }
    }
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

/// For what a person lets an API token be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// See people.
    PeopleRead,
    /// Invite, change, suspend and remove people.
    PeopleWrite,
    /// Read the activity log.
    ActivityRead,
    /// See which promises hold, and who can do what.
    EvidenceRead,
    /// See, open and end one's own desktops.
    Desktops,
    /// Let the organisation's own directory look after its people, by SCIM alone.
    Provisioning,
}

impl TokenScope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::PeopleRead,
        Self::PeopleWrite,
        Self::ActivityRead,
        Self::EvidenceRead,
        Self::Desktops,
        Self::Provisioning,
    ];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PeopleRead => "people.read",
            Self::PeopleWrite => "people.write",
            Self::ActivityRead => "activity.read",
            Self::EvidenceRead => "evidence.read",
            Self::Desktops => "desktops",
            Self::Provisioning => "scim",
        }
    }

    /// The scope of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// Some scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether the scope is among them.
    #[must_use]
    pub fn has(self, scope: TokenScope) -> bool {
        self.0 & Self::bit(scope) != 0
    }

    /// The stored form: names with spaces between them.
    #[must_use]
    pub fn text(self) -> String {
        let names = TokenScope::ALL.into_iter().filter(|scope| self.has(*scope));
        names.map(TokenScope::name).collect::<Vec<_>>().join(" ")
    }

    /// Those of a stored form. What is not known is none.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        text.split(' ').filter_map(TokenScope::from_name).collect()
    }

    fn bit(scope: TokenScope) -> u8 {
        match scope {
            TokenScope::PeopleRead => 1,
            TokenScope::PeopleWrite => 2,
            TokenScope::ActivityRead => 4,
            TokenScope::EvidenceRead => 8,
            TokenScope::Desktops => 16,
            TokenScope::Provisioning => 32,
        }
    }
}

impl FromIterator<TokenScope> for Scopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> Self {
        Self(
            scopes
                .into_iter()
                .fold(0, |bits, scope| bits | Self::bit(scope)),
        )
    }
}
