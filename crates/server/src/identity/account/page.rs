//! One's own account.

use super::{
    super::{page::NewPassword, passkeys::page::OwnPasskey},
    service::OwnPassword,
};
use crate::portal::{Key, Ui};
use askama::Template;
use time::OffsetDateTime;
use uuid::Uuid;

/// `GET /account`, and the answer to a `POST /account/password` (`current`, `password`, `repeat`, `csrf`) that was not
/// accepted.
#[derive(Template)]
#[template(path = "identity/account/account.html")]
pub struct AccountPage {
    /// The reader.
    pub ui: Ui,
    /// Their address, which names the account.
    pub email: String,
    /// What becomes of their password.
    pub password: OwnPassword,
    /// What was done just now.
    pub done: Option<Key>,
    /// What is wrong with the present password, as it was typed.
    pub current_error: Option<String>,
    /// The new password.
    pub fields: NewPassword,
    /// Whether there is an authenticator app.
    pub authenticator: bool,
    /// Whether sign-in asks for anything after the password.
    pub second_factor: bool,
    /// The reader's passkeys; `None` where they cannot be used.
    pub passkeys: Option<Vec<OwnPasskey>>,
    /// Recovery codes that were not used yet.
    pub recovery_codes: i64,
    /// How many API tokens they have.
    pub tokens: usize,
    /// The reader's sessions of the web.
    pub sessions: Vec<OwnSession>,
    /// The latest sign-ins, and refused ones.
    pub sign_ins: Vec<OwnSignIn>,
}

/// A session of the web as its person sees it.
#[derive(Clone, Debug)]
pub struct OwnSession {
    /// By what it is named.
    pub id: Uuid,
    /// From where the sign-in was.
    pub address: String,
    /// Browser and system; empty when unknown.
    pub browser: String,
    /// When it began.
    pub since: OffsetDateTime,
    /// When it was last used.
    pub last_seen: OffsetDateTime,
    /// Whether it is the one that asks.
    pub here: bool,
}

/// A sign-in, or one that was refused.
#[derive(Clone, Debug)]
pub struct OwnSignIn {
    /// When.
    pub at: OffsetDateTime,
    /// From where.
    pub address: String,
    /// Whether it was refused.
    pub refused: bool,
}

impl AccountPage {
    /// Whether it is time to make new codes.
    fn is_short_of_codes(&self) -> bool {
        self.recovery_codes < 3
    }

    /// Whether there is a password to change.
    fn changes_password(&self) -> bool {
        self.password == OwnPassword::Used
    }

    /// Whether the reader can prove by a password who they are: authenticator apps and new recovery codes ask for it.
    fn has_password(&self) -> bool {
        matches!(self.password, OwnPassword::Used | OwnPassword::Closed)
    }

    /// What is said in place of a form for another password.
    fn no_password(&self) -> &str {
        match self.password {
            OwnPassword::None => self.ui.t("account.no_password.none"),
            _ => self.ui.t("account.no_password.federated"),
        }
    }

    /// Whether there is another session to end.
    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.here)
    }
}
