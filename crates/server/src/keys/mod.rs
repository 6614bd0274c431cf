//! What seals single fields of the database, and what the keys for that are kept under.
//!
//! Each customer, and the service itself, has a data key ([`Owner`]). It is in the database, wrapped by the master key of
//! a [`KeyStore`], which is never in the database: a file of the state folder, or a key inside a PKCS#11 token. Destroying
//! a customer's data keys makes everything unreadable that was sealed for them. See `docs/adr/0015-keys-walls-moving.md`.

pub(crate) mod checks;
mod fields;
mod file;
pub mod job;
mod pkcs11;
mod seal;
pub mod service;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_tests;

pub(crate) use fields::sealed_columns;
pub use file::FileStore;
pub use pkcs11::{Pkcs11Config, Pkcs11Store};
pub(crate) use seal::Place;
pub(crate) use service::TxKeys;
pub use service::{Keys, open_store};

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;
use wire::ids::TenantId;

/// Whose data key seals something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The service itself: what is the provider's own.
    Service,
    /// A customer.
    Tenant(TenantId),
}

impl Owner {
    /// The stored form: the service's is the nil UUID, which no customer has.
    fn id(self) -> Uuid {
        match self {
            Self::Service => Uuid::nil(),
            Self::Tenant(tenant) => tenant.0,
        }
    }

    fn of(id: Uuid) -> Self {
        if id.is_nil() {
            Self::Service
        } else {
            Self::Tenant(TenantId(id))
        }
    }
}

/// Where the master key is, as the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum KeyStoreConfig {
    /// In `master.key` of the state folder.
    #[default]
    File,
    /// In a token that is reached by PKCS#11.
    Pkcs11(Pkcs11Config),
}

/// What keeps the master key and uses it. Calls may take milliseconds and may block.
pub trait KeyStore: Send + Sync + fmt::Debug {
    /// A name that stays with what was wrapped.
    fn name(&self) -> &'static str;

    /// Wraps a data key; `label` says whose it is and must be given again to unwrap it.
    fn wrap(&self, label: &str, key: &[u8; 32]) -> Result<String, KeyError>;

    /// The data key.
    fn unwrap(&self, label: &str, wrapped: &str) -> Result<[u8; 32], KeyError>;
}

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It was sealed elsewhere, with another key, or changed.
    #[error("a sealed field or a wrapped key cannot be opened")]
    Sealed,
    /// The owner's keys were destroyed.
    #[error("the key was destroyed")]
    Destroyed,
    /// The owner has no key.
    #[error("there is no key of this owner and version")]
    Missing,
    /// A key is wrapped by a store that is not configured.
    #[error(
        "a data key is wrapped by the key store `{0}`, which is not the one that is configured"
    )]
    OtherStore(String),
    /// A token.
    #[error("the PKCS#11 token: {0}")]
    Token(String),
    /// A file.
    #[error("{0}")]
    File(String),
}

impl From<KeyError> for sqlx::Error {
    fn from(error: KeyError) -> Self {
        Self::Decode(Box::new(error))
    }
}
