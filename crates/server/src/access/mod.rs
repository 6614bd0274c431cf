//! Who can do what: a table that asks the live policies, as a page of the portal and as a document.

pub(crate) mod checks;
pub(crate) mod http;
pub(crate) mod matrix;
pub mod page;

#[cfg(test)]
mod tests;
