//! The pages on which people look after their passkeys.

use crate::portal::{Key, Ui};
use askama::Template;
use time::OffsetDateTime;
use uuid::Uuid;

/// A passkey as its person sees it.
#[derive(Clone, Debug)]
pub struct OwnPasskey {
    /// By what it is named in addresses.
    pub id: Uuid,
    /// What its person calls it.
    pub name: String,
    /// When it was added.
    pub added: OffsetDateTime,
    /// When it was last used, if it was.
    pub last_used: Option<OffsetDateTime>,
}

/// `GET /account/passkeys/add`, and the answer to a `POST` (`name`, `credential`, `csrf`) that failed.
#[derive(Template)]
#[template(path = "identity/passkeys/add.html")]
pub struct AddPage {
    /// The reader.
    pub ui: Ui,
    /// What it is to be called, as typed.
    pub name: String,
    /// What is wrong with the name.
    pub name_error: Option<Key>,
    /// What else went wrong.
    pub error: Option<Key>,
    /// Whether sign-in asks for no second factor so far: from then on it does.
    pub is_first: bool,
}

/// `GET /account/passkeys/ID`, and the answer to a `POST` (`name`, `csrf`) that failed.
#[derive(Template)]
#[template(path = "identity/passkeys/edit.html")]
pub struct EditPage {
    /// The reader.
    pub ui: Ui,
    /// The passkey as it is.
    pub passkey: OwnPasskey,
    /// What it is to be called, as typed.
    pub name: String,
    /// What is wrong with the name.
    pub name_error: Option<Key>,
}

/// `GET /account/passkeys/ID/remove`, and the answer to a `POST` (`csrf`) that failed.
#[derive(Template)]
#[template(path = "identity/passkeys/remove.html")]
pub struct RemovePage {
    /// The reader.
    pub ui: Ui,
    /// The passkey.
    pub passkey: OwnPasskey,
    /// Whether sign-in asks for no second factor once it is gone.
    pub is_last: bool,
    /// What went wrong.
    pub error: Option<Key>,
}
