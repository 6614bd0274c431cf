//! How a customer's portal looks: a name, a picture and a colour of their own.
//!
//! A picture is decoded and written anew before it is kept, so that nothing of the file that was sent is ever served. A
//! colour is turned into tints that can be read in both appearances. Styles come from routes: no page has any inline.

mod colour;
pub(crate) mod http;
mod logo;
pub mod page;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use colour::{Colour, Tints};
pub use service::Wrong;

/// The most characters of a name: it stands in the head of every page.
const LONGEST_NAME: usize = 40;
/// The most bytes of a picture as it is sent.
pub(crate) const MAX_PICTURE: usize = 512 * 1024;

/// A look as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The name in the head, in Japanese; nothing for the organisation's own.
    pub name_ja: String,
    /// The same in English.
    pub name_en: String,
    /// `#rrggbb`, or nothing for the product's own.
    pub accent: String,
    /// The picture as it is kept: PNG in base64; nothing without one.
    pub logo: String,
}
