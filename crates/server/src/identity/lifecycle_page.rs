//! Pages on which an administrator looks after one person.

use super::{
    lifecycle::{Draft, Wrong},
    page::AccountState,
};
use crate::{
    grants::service::{Given, Served},
    notices::Delivered,
    portal::{Key, Ui},
};
use askama::Template;

/// One role that can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct RoleOption {
    /// The stored form.
    pub value: &'static str,
    /// What it is called.
    pub label: Key,
}

/// `GET /users/invite`, and the answer to a `POST` (`full_name`, `email`, `role`, `csrf`) that was not accepted.
#[derive(Template)]
#[template(path = "identity/invite.html")]
pub struct InvitePage {
    /// The reader.
    pub ui: Ui,
    /// What was typed.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// The roles.
    pub roles: Vec<RoleOption>,
    /// How the link gets to the person, where the service sends mail.
    pub handover: Option<Handover>,
}

/// How a one-time link gets to its person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Handover {
    /// It is shown to whoever makes it, who hands it over.
    #[default]
    Show,
    /// It is sent to the person by mail, and shown to nobody.
    Mail,
}

/// `GET /users/ID`, and the answer to a `POST` there that was not accepted.
#[derive(Template)]
#[template(path = "identity/person.html")]
#[allow(clippy::struct_excessive_bools)] // What is so of the person, each by itself.
pub struct PersonPage {
    /// The reader.
    pub ui: Ui,
    /// Where this page is, to which acts are added.
    pub base: String,
    /// The name as it is kept.
    pub full_name: String,
    /// What was typed.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// Why an act was refused.
    pub problem: Option<Key>,
    /// What was done just now.
    pub done: Option<Key>,
    /// The roles.
    pub roles: Vec<RoleOption>,
    /// Where the account stands.
    pub state: AccountState,
    /// Whether they sign in with a second factor.
    pub factor: bool,
    /// How many API tokens they have.
    pub tokens: usize,
    /// Whether this is the reader, who cannot do everything to themselves.
    pub yourself: bool,
    /// Whether the service sends mail.
    pub sends_mail: bool,
    /// What became of the last messages to them.
    pub delivered: Vec<Delivered>,
    /// Their rights for one service code each.
    pub grants: Vec<Given>,
    /// The organisation's service codes, with those that ended and in which there are rights.
    pub codes: Vec<Served>,
    /// Whether they are an auditor, who is given no rights.
    pub is_auditor: bool,
}

impl PersonPage {
    /// What people call the service code of a right.
    fn code_of(&self, given: &Given) -> &str {
        let code = self.codes.iter().find(|code| code.id == given.code);
        code.map_or("", |code| code.code.as_str())
    }

    /// The service codes in which a right can be given.
    fn open_codes(&self) -> Vec<&Served> {
        self.codes.iter().filter(|code| !code.ended).collect()
    }
}

/// The one time that a one-time link is shown.
#[derive(Template)]
#[template(path = "identity/link_issued.html")]
pub struct LinkIssuedPage {
    /// The reader.
    pub ui: Ui,
    /// For whom.
    pub full_name: String,
    /// Their address.
    pub email: String,
    /// The whole link.
    pub link: String,
    /// How long it works, in hours.
    pub hours: i64,
}

/// `GET /users/ID/remove`: asks before somebody is removed.
#[derive(Template)]
#[template(path = "identity/remove.html")]
pub struct RemovePage {
    /// The reader.
    pub ui: Ui,
    /// The person's page.
    pub base: String,
    /// Who goes.
    pub full_name: String,
    /// Their address.
    pub email: String,
    /// Why it was refused.
    pub problem: Option<Key>,
}
