//! The boundary of responsibility as data: of every kind of record that the database keeps, who answers for it.
//!
//! The provider answers for the service base; stored data (settings made in the service and what comes of them, accounts,
//! addresses) is the customer's. A table that is not declared here fails a test, and the running service's evidence.

pub(crate) mod checks;
pub(crate) mod export;
pub(crate) mod http;
pub mod page;
mod store;
#[cfg(test)]
mod tests;

use crate::portal::Key;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Who answers for a kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The provider: the service base.
    Provider,
    /// The customer: stored data.
    Customer,
}

/// A kind of record.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The table.
    pub table: &'static str,
    /// What it is, for readers.
    pub says: Key,
    /// Who answers for it.
    pub side: Side,
    /// The columns that an export of stored data has. Nothing secret; of the provider's records none.
    pub exported: &'static [Column],
}

/// A column of an export, by its name and what is in it.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// An id.
    Id(&'static str),
    /// A text, which may be sealed.
    Text(&'static str),
    /// A number, or a moment in Unix milliseconds.
    Number(&'static str),
}

use Column::{Id, Number, Text};

const fn base(table: &'static str, says: &'static str) -> Kind {
    Kind {
        table,
        says: Key(says),
        side: Side::Provider,
        exported: &[],
    }
}

const fn stored(table: &'static str, says: &'static str, exported: &'static [Column]) -> Kind {
    Kind {
        table,
        says: Key(says),
        side: Side::Customer,
        exported,
    }
}

/// Every kind of record, in the order in which readers see it.
pub const KINDS: &[Kind] = &[
    stored(
        "users",
        "boundary.kind.users",
        &[
            Text("email"),
            Text("login"),
            Text("full_name"),
            Text("role"),
            Text("state"),
            Text("language"),
            Number("created_at_ms"),
            Number("last_sign_in_ms"),
        ],
    ),
    stored(
        "desktops",
        "boundary.kind.desktops",
        &[
            Number("position"),
            Text("name_ja"),
            Text("name_en"),
            Text("description_ja"),
            Text("description_en"),
            Text("application"),
            Text("image"),
            Number("memory_mib"),
            Number("cpu_percent"),
            Number("tasks"),
            Id("service_code"),
        ],
    ),
    stored(
        "api_tokens",
        "boundary.kind.api_tokens",
        &[
            Id("user_id"),
            Text("name"),
            Text("scopes"),
            Number("created_at_ms"),
            Number("expires_at_ms"),
            Number("last_used_ms"),
        ],
    ),
    stored(
        "activity_streams",
        "boundary.kind.activity_streams",
        &[
            Text("kind"),
            Text("host"),
            Number("port"),
            Text("path"),
            Text("ca_pem"),
        ],
    ),
    stored(
        "terms_acceptances",
        "boundary.kind.terms_acceptances",
        &[
            Number("terms_version"),
            Id("user_id"),
            Text("full_name"),
            Text("shown"),
            Number("at_ms"),
        ],
    ),
    stored(
        "branding",
        "boundary.kind.branding",
        &[
            Text("name_ja"),
            Text("name_en"),
            Text("accent"),
            Text("logo"),
            Number("changed_at_ms"),
        ],
    ),
    stored(
        "sign_in_rules",
        "boundary.kind.sign_in_rules",
        &[Text("role"), Text("rules"), Number("at_ms")],
    ),
    stored(
        "device_authorities",
        "boundary.kind.device_authorities",
        &[
            Text("kind"),
            Text("certificate"),
            Number("not_after_ms"),
            Number("list_at_ms"),
            Number("created_at_ms"),
        ],
    ),
    stored(
        "device_certificates",
        "boundary.kind.device_certificates",
        &[
            Id("authority_id"),
            Id("user_id"),
            Text("name"),
            Text("number"),
            Text("fingerprint"),
            Number("not_after_ms"),
            Number("created_at_ms"),
            Number("shown_at_ms"),
            Number("revoked_at_ms"),
        ],
    ),
    stored(
        "device_revocations",
        "boundary.kind.device_revocations",
        &[
            Id("authority_id"),
            Text("number"),
            Text("fingerprint"),
            Number("at_ms"),
        ],
    ),
    stored(
        "federation_providers",
        "boundary.kind.federation_providers",
        &[
            Text("issuer"),
            Text("client_id"),
            Text("settings"),
            Number("changed_at_ms"),
        ],
    ),
    stored(
        "federation_domains",
        "boundary.kind.federation_domains",
        &[Text("domain"), Number("confirmed_at_ms")],
    ),
    stored(
        "federated_people",
        "boundary.kind.federated_people",
        &[Id("user_id"), Text("issuer"), Number("bound_at_ms")],
    ),
    stored(
        "mail_messages",
        "boundary.kind.mail_messages",
        &[
            Id("user_id"),
            Text("kind"),
            Text("state"),
            Text("why"),
            Number("created_at_ms"),
            Number("settled_at_ms"),
        ],
    ),
    stored(
        "grants",
        "boundary.kind.grants",
        &[
            Id("user_id"),
            Text("role"),
            Id("service_code"),
            Id("granted_by"),
            Number("granted_at_ms"),
        ],
    ),
    stored(
        "closed_codes",
        "boundary.kind.closed_codes",
        &[Id("service_code"), Id("closed_by"), Number("closed_at_ms")],
    ),
    base("tenants", "boundary.kind.tenants"),
    base("contracts", "boundary.kind.contracts"),
    base("service_codes", "boundary.kind.service_codes"),
    base("activity_retention", "boundary.kind.activity_retention"),
    base("sessions", "boundary.kind.sessions"),
    base("connections", "boundary.kind.connections"),
    base("web_sessions", "boundary.kind.web_sessions"),
    base("device_checks", "boundary.kind.device_checks"),
    base("device_uses", "boundary.kind.device_uses"),
    base("sign_in_steps", "boundary.kind.sign_in_steps"),
    base("federation_attempts", "boundary.kind.federation_attempts"),
    base("authenticators", "boundary.kind.authenticators"),
    base("recovery_codes", "boundary.kind.recovery_codes"),
    base("passkeys", "boundary.kind.passkeys"),
    base("passkey_ceremonies", "boundary.kind.passkey_ceremonies"),
    base("sign_in_links", "boundary.kind.sign_in_links"),
    base("sign_in_failures", "boundary.kind.sign_in_failures"),
    base("activity", "boundary.kind.activity"),
    base("activity_logs", "boundary.kind.activity_logs"),
    base("activity_leaves", "boundary.kind.activity_leaves"),
    base("activity_nodes", "boundary.kind.activity_nodes"),
    base("activity_checkpoints", "boundary.kind.activity_checkpoints"),
    base("activity_acts", "boundary.kind.activity_acts"),
    base("evidence_spans", "boundary.kind.evidence_spans"),
    base("data_keys", "boundary.kind.data_keys"),
    base("provider_profile", "boundary.kind.provider_profile"),
    base("regions", "boundary.kind.regions"),
    base("catalogue", "boundary.kind.catalogue"),
    base("terms", "boundary.kind.terms"),
    base("machines", "boundary.kind.machines"),
    base("enrol_tokens", "boundary.kind.enrol_tokens"),
    base("clock_samples", "boundary.kind.clock_samples"),
    base("operators", "boundary.kind.operators"),
    base("operator_links", "boundary.kind.operator_links"),
    base("operator_sessions", "boundary.kind.operator_sessions"),
    base("elevations", "boundary.kind.elevations"),
    base("schema_versions", "boundary.kind.schema_versions"),
];

impl Column {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Id(name) | Text(name) | Number(name) => name,
        }
    }
}

impl Side {
    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Customer => "customer",
        }
    }
}

/// The boundary as a text, one kind in a line: what is accepted with the terms.
#[must_use]
pub fn declared() -> String {
    let line = |kind: &Kind| format!("{} {}\n", kind.table, kind.side.name());
    KINDS.iter().map(line).collect()
}

/// SHA-256 over texts, each after its length in bytes (64 bits, big-endian): hexadecimal.
#[must_use]
pub fn fingerprint(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let mut hex = String::new();
    for byte in hash.finalize() {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Tables that are not declared, and declared ones that are not there.
pub(crate) fn undeclared(tables: &[String]) -> Vec<String> {
    let is_declared = |table: &String| KINDS.iter().any(|kind| kind.table == table);
    let is_there = |kind: &&Kind| tables.iter().any(|table| table == kind.table);
    let unknown = tables.iter().filter(|table| !is_declared(table)).cloned();
    let gone = KINDS.iter().filter(|kind| !is_there(kind));
    unknown
        .chain(gone.map(|kind| kind.table.to_owned()))
        .collect()
}
