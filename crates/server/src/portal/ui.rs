//! What every page knows about its reader.

use super::{
    procedures,
    text::{Key, Lang},
    time,
};
use ::time::OffsetDateTime;
use axum::http::{HeaderMap, header};
use std::{borrow::Borrow, fmt::Display};

/// The cookie that remembers the language.
pub(super) const LANG_COOKIE: &str = "__Host-nagaya-lang";
/// The cookie that remembers the appearance.
pub(super) const THEME_COOKIE: &str = "__Host-nagaya-theme";

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the device is set.
    #[default]
    Device,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// In the order in which the switch offers them.
    pub const ALL: [Self; 3] = [Self::Device, Self::Light, Self::Dark];

    /// The value in cookie, form and attribute.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// What the switch calls it.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::Device => Key("theme.device"),
            Self::Light => Key("theme.light"),
            Self::Dark => Key("theme.dark"),
        }
    }
}

/// Who is signed in, as the page's head shows it.
#[allow(clippy::struct_excessive_bools)] // What the head offers, each by itself.
#[derive(Clone, Debug)]
pub struct UserBadge {
    /// The person's name.
    pub full_name: String,
    /// Their organisation's name.
    pub tenant_name: String,
    /// What they are: `role.administrator`, `role.user`.
    pub role: Key,
    /// Whether desktops are offered. The services decide again.
    pub desktops: bool,
    /// Whether the administrators' pages are offered. The services decide again.
    pub administrator: bool,
    /// Whether the page of the organisation's look is offered.
    pub branding: bool,
    /// Whether the reader is told that the terms wait for the organisation's acceptance.
    pub terms_wait: bool,
    /// Whether pages of service codes are offered. The services decide again.
    pub codes: bool,
}

impl UserBadge {
    /// The first character of the name, for the round badge.
    #[must_use]
    pub fn initial(&self) -> String {
        self.full_name
            .chars()
            .take(1)
            .flat_map(char::to_uppercase)
            .collect()
    }
}

/// How an organisation's portal looks, where it has a look of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// The name in the head; nothing for the product's.
    pub name: String,
    /// Where its picture is.
    pub logo_url: Option<String>,
    /// Where the style sheet with its colour is.
    pub style_url: Option<String>,
}

/// What every page knows about its reader.
#[derive(Clone, Debug, Default)]
pub struct Ui {
    /// The language of the page.
    pub lang: Lang,
    /// The reader's choice of appearance.
    pub theme: Theme,
    /// The token that each form sends back as `csrf`.
    pub csrf: String,
    /// Who is signed in.
    pub user: Option<UserBadge>,
    /// The look of the reader's organisation.
    pub brand: Option<Brand>,
    /// The path of the page with its query, for coming back.
    pub path: String,
    /// What the paths of the site begin with: nothing, or `/console`.
    pub base: &'static str,
}

impl Ui {
    /// A page for a reader who has not signed in, in the language of their choice or of their browser.
    #[must_use]
    pub fn guest(headers: &HeaderMap, path: &str) -> Self {
        let lang = cookie(headers, LANG_COOKIE)
            .and_then(Lang::from_tag)
            .or_else(|| {
                let accepted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
                Lang::accepted(accepted)
            });
        let theme = cookie(headers, THEME_COOKIE).and_then(Theme::from_name);
        Self {
            lang: lang.unwrap_or_default(),
            theme: theme.unwrap_or_default(),
            csrf: String::new(),
            user: None,
            brand: None,
            path: path.to_owned(),
            base: "",
        }
    }

    /// A page of the management console.
    #[must_use]
    pub fn of_console(self) -> Self {
        Self {
            base: "/console",
            ..self
        }
    }

    /// The same for a reader who has signed in.
    #[must_use]
    pub fn signed_in(self, user: UserBadge, csrf: &str) -> Self {
        Self {
            user: Some(user),
            ..self.with_csrf(csrf)
        }
    }

    /// Sets the token of the forms.
    #[must_use]
    pub fn with_csrf(self, csrf: &str) -> Self {
        Self {
            csrf: csrf.to_owned(),
            ..self
        }
    }

    /// The text of a key.
    #[must_use]
    pub fn t(&self, key: &'static str) -> &'static str {
        self.lang.text(key)
    }

    /// The text of a key that a value chose.
    #[must_use]
    pub fn label(&self, key: impl Borrow<Key>) -> &'static str {
        self.lang.text(key.borrow().0)
    }

    /// The text of a key with one `{name}` filled in.
    #[must_use]
    pub fn t1(&self, key: &'static str, name: &str, value: impl Display) -> String {
        self.lang.filled(key, &[(name, &value)])
    }

    /// The text of a key with several `{name}`s filled in.
    #[must_use]
    pub fn filled(&self, key: &'static str, values: &[(&str, &dyn Display)]) -> String {
        self.lang.filled(key, values)
    }

    /// Date and time as the reader's language writes them, in Japan's time; a script changes it to the viewer's zone.
    #[must_use]
    pub fn time(&self, at: &OffsetDateTime) -> String {
        time::shown(self.lang, *at)
    }

    /// A day that is kept as `YYYY-MM-DD`, as the reader's language writes it.
    #[must_use]
    pub fn day(&self, kept: &str) -> String {
        time::day(self.lang, kept)
    }

    /// The same moment for the `datetime` attribute, in UTC.
    #[must_use]
    pub fn iso(&self, at: &OffsetDateTime) -> String {
        time::iso(*at)
    }

    /// Whether the page lies at or below a path, for the mark in the navigation.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        let here = self.path.split('?').next().unwrap_or_default();
        here == path
            || here
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('/'))
    }

    /// The service document that tells how this screen is used; none on the documents themselves.
    #[must_use]
    pub fn procedure(&self) -> Option<&'static str> {
        procedures::document_of(&self.path)
    }

    /// The version of the product.
    #[must_use]
    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// The value of a cookie (RFC 6265, section 4.2).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n == name).then_some(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_readers_choice_beats_the_browsers_language() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "en-US,en;q=0.9".parse().unwrap());
        assert_eq!(Ui::guest(&headers, "/").lang, Lang::En);
        headers.insert(
            header::COOKIE,
            "a=b; __Host-nagaya-lang=ja; __Host-nagaya-theme=dark"
                .parse()
                .unwrap(),
        );
        let ui = Ui::guest(&headers, "/");
        assert_eq!((ui.lang, ui.theme), (Lang::Ja, Theme::Dark));
        assert_eq!(Ui::guest(&HeaderMap::new(), "/").lang, Lang::Ja);
    }

    #[test]
    fn the_navigation_marks_whole_path_segments() {
        let ui = Ui {
            path: "/users?page=2".to_owned(),
            ..Ui::default()
        };
        assert!(ui.is_at("/users"));
        assert!(!ui.is_at("/user"));
    }
}
