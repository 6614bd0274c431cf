//! The inventory of assets (ISO/IEC 27017, 8.1.1 and 8.2.2): of a customer each asset by itself with who answers for it, its
//! service code, where it is, which key seals it and since when it is there; of all customers, for operators, numbers alone.

pub(crate) mod api;
pub(crate) mod checks;
mod csv;
pub(crate) mod http;
mod kinds;
pub mod page;
pub(crate) mod service;
mod store;
#[cfg(test)]
mod tests;

pub use kinds::{ASSETS, AssetKind};

use crate::{
    actor::Role,
    portal::{Key, Lang},
    visit::role_key,
};
use uuid::Uuid;

/// An asset of a customer.
#[derive(Clone, Debug)]
pub struct Asset {
    /// What it is.
    pub kind: &'static AssetKind,
    /// Its id; of what has none of its own the customer's.
    pub id: Uuid,
    /// What people call it; may be empty.
    pub name: String,
    /// The same in English, where it has two names.
    pub name_en: String,
    /// The service code that it bears.
    pub service_code: Option<String>,
    /// The region where it is; nothing for a session that waits for a host, nor for a home of somebody who has none.
    pub region: String,
    /// The version of the customer's key that seals it; none for what is not sealed.
    pub key: Option<i64>,
    /// Since when it is there, Unix milliseconds.
    pub created_at_ms: Option<i64>,
}

impl Asset {
    /// What a reader calls it.
    #[must_use]
    pub fn title(&self, lang: Lang) -> String {
        if lang == Lang::En && !self.name_en.is_empty() {
            return self.name_en.clone();
        }
        match (self.kind.name, self.name.split_once(' ')) {
            ("rules", _) => Role::from_name(&self.name)
                .map_or_else(String::new, |role| lang.text(role_key(role).0).to_owned()),
            ("data_key", Some((purpose, version))) => {
                let purpose = match purpose {
                    "seal" => lang.text("inventory.key.seal"),
                    _ => lang.text("inventory.key.index"),
                };
                format!("{purpose} {version}")
            }
            _ => self.name.clone(),
        }
    }
}

/// By what the list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By kind, in the order of [`ASSETS`], then by name.
    #[default]
    Kind,
    /// By name.
    Name,
    /// By service code.
    Code,
    /// By region.
    Region,
    /// By when it came.
    Created,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Kind,
        Self::Name,
        Self::Code,
        Self::Region,
        Self::Created,
    ];

    /// As an address says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Name => "name",
            Self::Code => "code",
            Self::Region => "region",
            Self::Created => "created",
        }
    }

    /// Of an address; by kind where it says nothing that is known.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|sort| sort.name() == name);
        found.unwrap_or_default()
    }

    /// What it is called.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::Kind => Key("inventory.column.kind"),
            Self::Name => Key("inventory.column.name"),
            Self::Code => Key("inventory.column.code"),
            Self::Region => Key("console.provider.region"),
            Self::Created => Key("inventory.column.created"),
        }
    }
}
