//! Languages and texts.

use std::fmt::{self, Display};

/// Every text as (key, \[Japanese, English\]), sorted by key. Written by `build.rs` from `locales/*.toml`.
static TEXTS: &[(&str, [&str; 2])] = include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// A language of the portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Japanese, the default.
    #[default]
    Ja,
    /// English.
    En,
}

/// Names a text in the locale files, such as `sign_in.title`. Written as a literal, so that the repository check finds
/// keys that no locale has and texts that nobody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub &'static str);

impl Lang {
    /// Both, in the order in which the switch offers them.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// Its name in itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::Ja => "日本語",
            Self::En => "English",
        }
    }

    /// The language of a tag such as `en` or `en-GB`, if it is one of ours.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default().trim();
        Self::ALL
            .into_iter()
            .find(|lang| primary.eq_ignore_ascii_case(lang.tag()))
    }

    /// The first language of ours in an `Accept-Language` header (RFC 9110, section 12.5.4). Browsers list languages by
    /// falling weight, so the weights themselves are not read.
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        header
            .split(',')
            .filter_map(|part| part.split(';').next())
            .find_map(|tag| Self::from_tag(tag.trim()))
    }

    /// The text of a key. An unknown key, which the tests exclude, shows as itself.
    #[must_use]
    pub fn text(self, key: &'static str) -> &'static str {
        match TEXTS.binary_search_by_key(&key, |(k, _)| k) {
            Ok(at) => TEXTS[at].1[self as usize],
            Err(_) => key,
        }
    }

    /// The text of a key with `{name}` filled in. What is filled in is still escaped by the template.
    #[must_use]
    pub fn filled(self, key: &'static str, values: &[(&str, &dyn Display)]) -> String {
        let mut out = String::new();
        let mut rest = self.text(key);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                out.push('{');
                rest = after;
                continue;
            };
            if let Some((_, value)) = values.iter().find(|(n, _)| *n == name) {
                out.push_str(&value.to_string());
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

impl Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

#[cfg(test)]
pub(super) fn knows(key: &str) -> bool {
    TEXTS.binary_search_by_key(&key, |(k, _)| k).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_first_known_language_wins() {
        assert_eq!(
            Lang::accepted("fr-CH, en-GB;q=0.8, ja;q=0.7"),
            Some(Lang::En)
        );
        assert_eq!(Lang::accepted("ja-JP"), Some(Lang::Ja));
        assert_eq!(Lang::accepted("fr, *"), None);
        assert_eq!(Lang::accepted(""), None);
    }

    #[test]
    fn placeholders_are_filled_once_and_never_again() {
        let text = Lang::En.filled(
            "paging.range",
            &[("from", &"{to}"), ("to", &"<b>"), ("total", &3)],
        );
        assert_eq!(text, "{to}–<b> of 3");
    }
}
