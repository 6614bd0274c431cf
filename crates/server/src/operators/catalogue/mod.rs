//! What the provider offers, as its owner changes it: services, their options, and regions.

mod http;
pub mod page;
mod service;
#[cfg(test)]
mod tests;

pub(super) use http::routes;

use crate::{portal::Key, tenancy::service::is_code};

/// The most characters of a name.
const LONGEST_NAME: usize = 60;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 200;

/// Something of the catalogue as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its code, which never changes.
    pub code: String,
    /// The service that it is an option of; nothing for a service, or a region.
    pub option_of: String,
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// One sentence in Japanese; a region has none.
    pub description_ja: String,
    /// One sentence in English; a region has none.
    pub description_en: String,
}

/// What is wrong with it, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Of the code.
    pub code: Option<Key>,
    /// Of the service that it is an option of.
    pub option_of: Option<Key>,
    /// Of the name in Japanese.
    pub name_ja: Option<Key>,
    /// Of the name in English.
    pub name_en: Option<Key>,
    /// Of the sentence in Japanese.
    pub description_ja: Option<Key>,
    /// Of the sentence in English.
    pub description_en: Option<Key>,
}

impl Draft {
    /// What is wrong with it by itself; of a region names alone.
    fn check(&self, has_description: bool) -> Wrong {
        let text = |typed: &str, most: usize, key: &'static str| {
            let length = typed.trim().chars().count();
            let is_good = (1..=most).contains(&length) && !typed.trim().contains(char::is_control);
            (!is_good).then_some(Key(key))
        };
        let name = |typed: &str| text(typed, LONGEST_NAME, "console.catalogue.error.name");
        let description = |typed: &str| {
            let key = "console.catalogue.error.description";
            has_description
                .then(|| text(typed, LONGEST_DESCRIPTION, key))
                .flatten()
        };
        Wrong {
            code: (!is_code(self.code.trim())).then_some(Key("console.catalogue.error.code")),
            option_of: None,
            name_ja: name(&self.name_ja),
            name_en: name(&self.name_en),
            description_ja: description(&self.description_ja),
            description_en: description(&self.description_en),
        }
    }
}
