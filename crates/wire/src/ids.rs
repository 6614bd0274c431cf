//! One type per kind of id, so that a [`HostId`] can never be passed as a [`SessionId`].
//!
//! Ids are UUIDs of version 7 (RFC 9562, section 5.7): they sort by the time of their making. This crate reads no
//! clock, so it makes none: `App` and the agent do.

use uuid::Uuid;

/// What all ids have in common, for code that makes one of any kind.
pub trait Id: Copy {
    /// Wraps a UUID that the caller made or read.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The bare UUID, for storage.
    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "sql", derive(sqlx::Type))]
        #[cfg_attr(feature = "sql", sqlx(transparent))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn uuid(self) -> Uuid { self.0 }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }
    )* };
}

ids! {
    /// A customer organisation.
    TenantId,
    /// A person of a customer.
    UserId,
    /// A desktop or a published application that a customer offers to its users.
    DesktopId,
    /// One running desktop or application of one user.
    SessionId,
    /// A session host: a machine on which an agent runs.
    HostId,
    /// A gateway: a machine at the internet edge.
    GatewayId,
    /// One pairing of a browser with an agent on a gateway. A session has many over its life, one at a time.
    ConnectionId,
}
