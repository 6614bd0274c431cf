//! The words of a register: heads of columns, roles, states and actions, in either language, as people type them.

use super::super::page::AccountState;
use crate::{
    actor::Role,
    portal::{Key, Lang},
    visit::role_key,
};

/// A column that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The address, which names the account.
    Address,
    /// The name.
    Name,
    /// The role.
    Role,
    /// Where the account stands.
    State,
    /// What is to be done.
    Action,
}

/// What a line asks for in so many words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new person.
    Add,
    /// Another name or role.
    Change,
    /// No access for now.
    Suspend,
    /// Access again.
    Resume,
    /// No account any more.
    Remove,
}

impl Column {
    /// In the order in which they are written.
    pub const ALL: [Self; 5] = [
        Self::Name,
        Self::Address,
        Self::Role,
        Self::State,
        Self::Action,
    ];

    /// What it is called.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::Address => Key("users.column.email"),
            Self::Name => Key("users.column.name"),
            Self::Role => Key("users.column.role"),
            Self::State => Key("users.column.state"),
            Self::Action => Key("register.column.action"),
        }
    }

    /// What else it is often called, as [`plain`] leaves it.
    fn other_names(self) -> &'static [&'static str] {
        match self {
            Self::Address => &["address", "mail", "email", "メール", "アドレス"],
            Self::Name => &["fullname", "displayname", "氏名", "お名前"],
            Self::Role => &["権限"],
            Self::State => &["status"],
            Self::Action => &["操作"],
        }
    }

    /// The column of a head.
    pub(super) fn of(head: &str) -> Option<Self> {
        let head = plain(head);
        Self::ALL.into_iter().find(|column| {
            is_called(&head, column.label()) || column.other_names().contains(&head.as_str())
        })
    }
}

impl Action {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Add,
        Self::Change,
        Self::Suspend,
        Self::Resume,
        Self::Remove,
    ];

    /// What it is called.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::Add => Key("register.action.add"),
            Self::Change => Key("register.action.change"),
            Self::Suspend => Key("register.action.suspend"),
            Self::Resume => Key("register.action.resume"),
            Self::Remove => Key("register.action.remove"),
        }
    }

    /// The name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Remove => "remove",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        let word = plain(word);
        let is_it = |action: &Self| word == action.name() || is_called(&word, action.label());
        Self::ALL.into_iter().find(is_it)
    }
}

/// The role of a word.
pub(super) fn role(word: &str) -> Option<Role> {
    let word = plain(word);
    let is_it = |role: &Role| word == plain(role.name()) || is_called(&word, role_key(*role));
    Role::ALL.into_iter().find(is_it)
}

/// The state of a word.
pub(super) fn state(word: &str) -> Option<AccountState> {
    let word = plain(word);
    [
        (AccountState::Active, "active"),
        (AccountState::Invited, "invited"),
        (AccountState::Locked, "suspended"),
    ]
    .into_iter()
    .find(|(state, name)| word == *name || is_called(&word, state.label()))
    .map(|(state, _)| state)
}

fn is_called(word: &str, key: Key) -> bool {
    Lang::ALL.iter().any(|lang| word == plain(lang.text(key.0)))
}

/// A word without regard to case, spaces and hyphens.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_both_languages_however_they_are_spaced() {
        for head in [
            "メールアドレス",
            "Email address",
            " EMAIL_ADDRESS ",
            "e-mail",
            "メール アドレス",
        ] {
            assert_eq!(Column::of(head), Some(Column::Address), "{head}");
        }
        assert_eq!(Column::of("氏　名"), Some(Column::Name));
        assert_eq!(Column::of("所属"), None);
        for word in ["運用管理担当者", "operations_contact", "Operations contact"] {
            assert_eq!(role(word), Some(Role::OperationsContact), "{word}");
        }
        assert_eq!(role("owner"), None);
        assert_eq!(state("停止中"), Some(AccountState::Locked));
        assert_eq!(Action::of("削除"), Some(Action::Remove));
    }

    /// A word that meant two things would do the wrong one.
    #[test]
    fn no_word_means_two_things() {
        for lang in Lang::ALL {
            for column in Column::ALL {
                assert_eq!(Column::of(lang.text(column.label().0)), Some(column));
            }
            for action in Action::ALL {
                assert_eq!(Action::of(lang.text(action.label().0)), Some(action));
            }
            for each in Role::ALL {
                assert_eq!(role(lang.text(role_key(each).0)), Some(each));
            }
        }
    }
}
