//! Every kind of asset of a customer.

use crate::{
    portal::Key,
    tenancy::boundary::{self, Side},
};

/// A kind of asset.
#[derive(Clone, Copy, Debug)]
pub struct AssetKind {
    /// What programs call it.
    pub name: &'static str,
    /// What it is, for readers.
    pub label: Key,
    /// The table that holds it, for whose side it is on; none for what is on session hosts, which is the customer's.
    pub(super) table: Option<&'static str>,
    /// Whether it must bear a service code.
    pub is_labelled: bool,
    /// Where its name is kept sealed, table and column; the row has the asset's id. None for a name in the clear.
    pub(super) name_at: Option<(&'static str, &'static str)>,
}

const fn kind(name: &'static str, label: &'static str, table: &'static str) -> AssetKind {
    AssetKind {
        name,
        label: Key(label),
        table: Some(table),
        is_labelled: false,
        name_at: None,
    }
}

const fn labelled(name: &'static str, label: &'static str, table: &'static str) -> AssetKind {
    AssetKind {
        is_labelled: true,
        ..kind(name, label, table)
    }
}

const fn sealed(
    name: &'static str,
    label: &'static str,
    table: &'static str,
    name_at: (&'static str, &'static str),
) -> AssetKind {
    AssetKind {
        name_at: Some(name_at),
        ..kind(name, label, table)
    }
}

/// A person's name.
const PERSON: (&str, &str) = ("users", "full_name");

/// Every kind, in the order in which readers see them.
pub static ASSETS: [AssetKind; 22] = [
    sealed("account", "inventory.kind.account", "users", PERSON),
    AssetKind {
        table: None,
        ..sealed("home", "inventory.kind.home", "", PERSON)
    },
    labelled("desktop", "inventory.kind.desktop", "desktops"),
    labelled("application", "inventory.kind.application", "desktops"),
    labelled("session", "inventory.kind.session", "sessions"),
    sealed(
        "authenticator",
        "inventory.kind.authenticator",
        "authenticators",
        PERSON,
    ),
    sealed(
        "passkey",
        "inventory.kind.passkey",
        "passkeys",
        ("passkeys", "name"),
    ),
    sealed(
        "device",
        "inventory.kind.device",
        "device_certificates",
        ("device_certificates", "name"),
    ),
    kind(
        "device_authority",
        "inventory.kind.device_authority",
        "device_authorities",
    ),
    kind(
        "identity_provider",
        "inventory.kind.identity_provider",
        "federation_providers",
    ),
    kind("domain", "inventory.kind.domain", "federation_domains"),
    kind("rules", "inventory.kind.rules", "sign_in_rules"),
    kind("api_token", "inventory.kind.api_token", "api_tokens"),
    kind("web_session", "inventory.kind.web_session", "web_sessions"),
    kind("message", "inventory.kind.message", "mail_messages"),
    kind("log", "inventory.kind.log", "activity_logs"),
    kind("stream", "inventory.kind.stream", "activity_streams"),
    kind("data_key", "inventory.kind.data_key", "data_keys"),
    kind("branding", "inventory.kind.branding", "branding"),
    kind(
        "service_code",
        "inventory.kind.service_code",
        "service_codes",
    ),
    kind("contract", "inventory.kind.contract", "contracts"),
    kind(
        "acceptance",
        "inventory.kind.acceptance",
        "terms_acceptances",
    ),
];

impl AssetKind {
    /// The kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<&'static Self> {
        ASSETS.iter().find(|kind| kind.name == name)
    }

    /// Who answers for it, as the boundary says.
    #[must_use]
    pub fn side(&self) -> Side {
        let Some(table) = self.table else {
            return Side::Customer;
        };
        let declared = boundary::KINDS.iter().find(|kind| kind.table == table);
        declared.map_or(Side::Provider, |kind| kind.side)
    }

    /// Whether each of them is sealed, so that one that bears no key's version is kept in the clear.
    pub(super) fn is_sealed(&self) -> bool {
        self.name_at.is_some() && self.table.is_some()
    }
}
