//! Sign-in, first sign-in and the list of people.

use crate::{
    notices::Delivered,
    portal::{Key, Paging, Ui, local_url},
};
use askama::Template;
use time::OffsetDateTime;
use wire::ids::UserId;

/// `GET /sign-in`, and the answer to a `POST /sign-in` (`email`, `password`, `next`, `csrf`) that failed.
#[derive(Template)]
#[template(path = "identity/sign_in.html")]
pub struct SignInPage {
    /// The reader.
    pub ui: Ui,
    /// Where the form goes.
    pub action: String,
    /// The address as typed, kept after an error.
    pub email: String,
    /// What went wrong: `sign_in.error.wrong`, `sign_in.error.too_many` and the like.
    pub error: Option<Key>,
    /// With `sign_in.error.too_many`: seconds until the next try is accepted.
    pub retry_after_s: Option<u64>,
    /// Where to go afterwards, a local path.
    pub next: String,
    /// Whether a new link can be had by mail.
    pub sends_mail: bool,
    /// Whether passkeys can be used here.
    pub offers_passkey: bool,
}

impl SignInPage {
    /// What the reader is told; a long wait is told in minutes.
    fn error_text(&self) -> Option<String> {
        const MINUTE_S: u64 = 60;
        let ui = &self.ui;
        Some(match self.retry_after_s {
            Some(seconds) if seconds > 2 * MINUTE_S => {
                let minutes = seconds.div_ceil(MINUTE_S);
                ui.t1("sign_in.error.too_many_minutes", "minutes", minutes)
            }
            Some(seconds) => ui.t1("sign_in.error.too_many", "seconds", seconds),
            None => ui.label(self.error?).to_owned(),
        })
    }

    /// Whether address and password were wrong together, so that both fields are marked.
    fn refused(&self) -> bool {
        self.error == Some(Key("sign_in.error.wrong"))
    }
}

/// What a one-time link opens: the person chooses a password. Sent as `POST action` with `token`, `password`, `repeat`
/// and `csrf`.
#[derive(Template)]
#[template(path = "identity/welcome.html")]
pub struct WelcomePage {
    /// The reader.
    pub ui: Ui,
    /// The person's address, which names the account.
    pub email: String,
    /// The person's name.
    pub full_name: String,
    /// The organisation's name.
    pub tenant_name: String,
    /// Where the form goes.
    pub action: String,
    /// The one-time token, sent back in the form.
    pub token: String,
    /// What is wrong with the whole form.
    pub problem: Option<Key>,
    /// The new password.
    pub fields: NewPassword,
}

/// The two fields in which a new password is typed (`identity/new_password.html`), and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct NewPassword {
    /// What is wrong with the password.
    pub password_error: Option<Key>,
    /// Why it is easy to guess, and what would be better.
    pub hints: Vec<Key>,
    /// What is wrong with its repetition.
    pub repeat_error: Option<Key>,
}

impl NewPassword {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.password_error.is_none() && self.repeat_error.is_none()
    }
}

/// The one-time link is unknown, used or too old.
#[derive(Template)]
#[template(path = "identity/link_expired.html")]
pub struct LinkExpiredPage {
    /// The reader.
    pub ui: Ui,
    /// Whether a new link can be had by mail.
    pub sends_mail: bool,
}

/// One person in the list.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// The person.
    pub id: UserId,
    /// Their name.
    pub full_name: String,
    /// Their address.
    pub email: String,
    /// What they are: `role.administrator`, `role.user`.
    pub role: Key,
    /// Where their account stands.
    pub state: AccountState,
    /// When they last signed in.
    pub last_sign_in: Option<OffsetDateTime>,
    /// What became of their newest link by mail, when it has not arrived.
    pub mail: Option<Delivered>,
}

/// Where an account stands, as the list shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// Has a password.
    Active,
    /// Has not used the one-time link yet.
    Invited,
    /// May not sign in.
    Locked,
}

impl AccountState {
    /// What it is called.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::Active => Key("account_state.active"),
            Self::Invited => Key("account_state.invited"),
            Self::Locked => Key("account_state.locked"),
        }
    }

    /// The class of its badge.
    #[must_use]
    pub fn tone(self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::Invited => "note",
            Self::Locked => "bad",
        }
    }
}

/// By which column the list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserSort {
    /// By name.
    #[default]
    Name,
    /// By address.
    Email,
    /// By the last sign-in.
    LastSignIn,
}

impl UserSort {
    /// The columns in the order of the table.
    pub const ALL: [Self; 3] = [Self::Name, Self::Email, Self::LastSignIn];

    /// Its name in the query (`sort`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::LastSignIn => "last_sign_in",
        }
    }

    /// The column of a name; an unknown one is the default.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|sort| sort.name() == name)
            .unwrap_or_default()
    }

    /// The head of its column.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::Name => Key("users.column.name"),
            Self::Email => Key("users.column.email"),
            Self::LastSignIn => Key("users.column.last_sign_in"),
        }
    }
}

/// `GET /users?q=&sort=&order=&page=`: the people of the reader's organisation.
#[derive(Template)]
#[template(path = "identity/users.html")]
pub struct UsersPage {
    /// The reader.
    pub ui: Ui,
    /// Whether the reader may change people.
    pub manages: bool,
    /// This page of the list.
    pub rows: Vec<UserRow>,
    /// What was searched for, as typed.
    pub query: String,
    /// By which column.
    pub sort: UserSort,
    /// Whether the order is reversed (`order=desc`).
    pub descending: bool,
    /// Which part of the list.
    pub paging: Paging,
}

impl UsersPage {
    /// The `aria-sort` of a column.
    fn aria_sort(&self, column: UserSort) -> &'static str {
        match (self.sort == column, self.descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }

    /// The list sorted by a column; a second click on the same column reverses the order.
    fn sorted_url(&self, column: UserSort) -> String {
        let descending = self.sort == column && !self.descending;
        self.url(column, if descending { "desc" } else { "asc" })
    }

    /// This list, to which `&page=` is added.
    fn page_url(&self) -> String {
        self.url(self.sort, self.order())
    }

    fn url(&self, sort: UserSort, order: &str) -> String {
        let pairs = [
            ("q", self.query.as_str()),
            ("sort", sort.name()),
            ("order", order),
        ];
        local_url("/users", &pairs)
    }

    /// The current `order`.
    fn order(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }
}
