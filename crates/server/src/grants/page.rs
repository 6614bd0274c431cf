//! The pages of rights for one service code.

use super::service::{Given, Overview, ROLES, Served};
use crate::{
    actor::Role,
    app,
    portal::{Key, Paging, Ui, local_url},
    visit::role_key,
};
use askama::Template;
use time::OffsetDateTime;

/// `GET /service-codes`: the codes that the reader looks after.
#[derive(Template)]
#[template(path = "grants/codes.html")]
pub struct CodesPage {
    /// The reader.
    pub ui: Ui,
    /// The codes.
    pub codes: Vec<Served>,
}

/// `GET /service-codes/ID?q=&page=`, and the answer to a `POST` to `grants` below it (`email`, `role`, `csrf`) that was not
/// accepted.
#[derive(Template)]
#[template(path = "grants/code.html")]
pub struct CodePage {
    /// The reader.
    pub ui: Ui,
    /// The code, the rights on this page, and its sessions.
    pub of: Overview,
    /// What was searched for among names and addresses; may be empty.
    pub query: String,
    /// Where in the list of rights this page is.
    pub paging: Paging,
    /// What was typed: an address and a role.
    pub typed: (String, String),
    /// What is wrong with the address.
    pub wrong_email: Option<Key>,
    /// What is wrong with the role.
    pub wrong_role: Option<Key>,
    /// What was done just now.
    pub done: Option<Key>,
}

/// `GET /service-codes/ID/access`: asks before a code is closed or opened.
#[derive(Template)]
#[template(path = "grants/access.html")]
pub struct CodeAccessPage {
    /// The reader.
    pub ui: Ui,
    /// The code as it is now.
    pub code: Served,
    /// How many of its desktops run.
    pub sessions: usize,
}

impl CodePage {
    fn base(&self) -> String {
        format!("/service-codes/{}", self.of.code.id)
    }

    fn page_url(&self) -> String {
        local_url(&self.base(), &[("q", &self.query)])
    }
}

impl Given {
    /// What the role is called.
    #[must_use]
    pub fn role_label(&self) -> Key {
        role_key(self.role)
    }

    /// Since when.
    #[must_use]
    pub fn at(&self) -> OffsetDateTime {
        app::moment(self.granted_at_ms)
    }

    /// Whether their name or address holds a text.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.full_name.to_lowercase().contains(&text) || self.email.contains(&text)
    }
}

/// The roles that can be given, with what they are called and what they mean for one code.
#[must_use]
pub fn roles() -> [(Role, Key, Key); 2] {
    let means = |role| match role {
        Role::Administrator => Key("grants.means.administrator"),
        _ => Key("grants.means.user"),
    };
    ROLES.map(|role| (role, role_key(role), means(role)))
}
