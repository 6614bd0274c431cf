//! Which fields are sealed. Whoever adds one names it here, so that it is sealed anew after a rotation, and so that the
//! test finds it when it is in the clear.

/// A sealed column. Its table has `id`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// The table has `tenant_id`, and the customer's key seals; otherwise the service's does.
    pub(super) tenant: bool,
    /// How it was kept before customers had keys.
    pub(super) before: Before,
    /// The column by which it is found, if it is looked up.
    pub(super) index: Option<&'static str>,
}

/// How a field was kept before customers had keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Plain,
    /// Sealed with the one key of that time.
    OneKey,
}

const fn of_user(column: &'static str) -> Field {
    Field {
        table: "users",
        column,
        tenant: true,
        before: Before::Plain,
        index: None,
    }
}

/// The sealed columns of a table.
pub(crate) fn sealed_columns(table: &str) -> impl Iterator<Item = &'static str> {
    let fields = SEALED.iter().filter(move |field| field.table == table);
    fields.map(|field| field.column)
}

/// All of them.
pub(super) const SEALED: &[Field] = &[
    Field {
        index: Some("email_index"),
        ..of_user("email")
    },
    of_user("login"),
    of_user("full_name"),
    of_user("password_hash"),
    of_user("external_id"),
    Field {
        table: "activity_streams",
        column: "secret",
        tenant: true,
        before: Before::Plain,
        index: None,
    },
    Field {
        table: "federation_providers",
        column: "client_secret",
        tenant: true,
        before: Before::Plain,
        index: None,
    },
    Field {
        table: "mail_messages",
        column: "content",
        tenant: true,
        before: Before::Plain,
        index: None,
    },
    Field {
        table: "terms_acceptances",
        column: "full_name",
        tenant: true,
        before: Before::Plain,
        index: None,
    },
    Field {
        table: "authenticators",
        ..of_user("secret")
    },
    Field {
        table: "device_authorities",
        ..of_user("secret")
    },
    Field {
        table: "device_certificates",
        ..of_user("name")
    },
    Field {
        table: "passkeys",
        ..of_user("name")
    },
    Field {
        table: "operators",
        column: "totp",
        tenant: false,
        before: Before::OneKey,
        index: None,
    },
];
