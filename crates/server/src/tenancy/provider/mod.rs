//! What the provider says of itself and offers to everybody: profile, regions, catalogue and terms.

pub(crate) mod service;
mod store;

pub(crate) use store::Kind;
pub use store::{Offer, Profile, Region, Terms};

use crate::portal::Lang;

/// The same thing's text in the reader's language.
pub(crate) fn of<'a>(lang: Lang, ja: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Ja => ja,
        Lang::En => en,
    }
}
