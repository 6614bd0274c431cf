//! The pages of what is asked at the door, and the one that asks again who one is.

use super::{
    draft::{Draft, WindowDraft, Wrong},
    rules::{Rules, Window},
};
use crate::portal::{Key, Ui, local_url};
use askama::Template;
use std::borrow::Borrow;

/// The days of the week, Monday first, each with its short form.
pub const DAYS: [Key; 7] = [
    Key("policy.day.mon"),
    Key("policy.day.tue"),
    Key("policy.day.wed"),
    Key("policy.day.thu"),
    Key("policy.day.fri"),
    Key("policy.day.sat"),
    Key("policy.day.sun"),
];

/// `GET /sign-in-rules`.
#[derive(Template)]
#[template(path = "identity/policy/overview.html")]
pub struct RulesPage {
    /// The reader.
    pub ui: Ui,
    /// Every role.
    pub roles: Vec<RoleRow>,
    /// In which zone times are meant.
    pub zone: String,
    /// Whether the reader may change them.
    pub manages: bool,
    /// Whether some were changed just now.
    pub is_saved: bool,
}

/// What is asked of a role.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// The stored form of the role.
    pub name: &'static str,
    /// The role.
    pub label: Key,
    /// What is asked.
    pub rules: Rules,
    /// How many have no second factor.
    pub bare: usize,
    /// How many have no passkey.
    pub without_passkey: usize,
}

impl RulesPage {
    fn networks(&self, rules: &Rules) -> String {
        if rules.networks.is_empty() {
            return self.ui.t("policy.anywhere").to_owned();
        }
        let shown: Vec<String> = rules.networks.iter().map(ToString::to_string).collect();
        shown.join(self.ui.t("policy.comma"))
    }

    fn window(&self, window: &Window) -> String {
        let clock = |min: u16| format!("{:02}:{:02}", min / 60, min % 60);
        let days = DAYS.iter().zip(window.days).filter(|(_, on)| *on);
        let days: Vec<&str> = days.map(|(day, _)| self.ui.label(*day)).collect();
        let days = days.join(self.ui.t("policy.middle"));
        format!("{days} {}–{}", clock(window.from_min), clock(window.to_min))
    }

    fn span(&self, minutes: impl Borrow<u16>) -> String {
        let minutes = *minutes.borrow();
        if minutes.is_multiple_of(60) {
            self.ui.t1("policy.hours", "count", minutes / 60)
        } else {
            self.ui.t1("policy.minutes", "count", minutes)
        }
    }
}

/// `GET /sign-in-rules/ROLE`, and the answer to a `POST` that was not accepted.
#[derive(Template)]
#[template(path = "identity/policy/edit.html")]
pub struct RulesEditPage {
    /// The reader.
    pub ui: Ui,
    /// The stored form of the role.
    pub name: &'static str,
    /// The role.
    pub label: Key,
    /// The form.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// From where the reader comes.
    pub address: String,
    /// In which zone times are meant.
    pub zone: String,
    /// How many of the role have no second factor.
    pub bare: usize,
    /// How many of the role have no passkey.
    pub without_passkey: usize,
    /// Whether passkeys can be used here.
    pub offers_passkey: bool,
}

impl RulesEditPage {
    fn windows(&self) -> impl Iterator<Item = (usize, &WindowDraft, Option<Key>)> {
        let each = self.draft.windows.iter().zip(self.wrong.windows);
        each.enumerate()
            .map(|(at, (draft, wrong))| (at, draft, wrong))
    }

    fn days(&self, window: &WindowDraft) -> Vec<(usize, &'static str, bool)> {
        let named = DAYS.iter().zip(window.days).enumerate();
        named
            .map(|(at, (day, on))| (at, self.ui.label(*day), on))
            .collect()
    }
}

/// `GET /prove`, and the answer to a `POST` (`password`, `code`, `next`, `csrf`) that failed.
#[derive(Template)]
#[template(path = "identity/policy/prove.html")]
#[allow(clippy::struct_excessive_bools)] // What is a proof, each by itself.
pub struct ProveAgainPage {
    /// The reader.
    pub ui: Ui,
    /// Whether the password is a proof.
    pub password: bool,
    /// Whether a code is asked for with it.
    pub asks_code: bool,
    /// Whether the organisation's own provider can be asked instead.
    pub provider: bool,
    /// Whether a passkey does instead.
    pub offers_passkey: bool,
    /// What went wrong.
    pub error: Option<String>,
    /// Where to go afterwards, a local path.
    pub next: String,
}

impl ProveAgainPage {
    fn provider_url(&self) -> String {
        local_url("/federation/prove", &[("next", &self.next)])
    }
}
