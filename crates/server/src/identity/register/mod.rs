//! An organisation's people as a file: taken out, and brought in again after a look at what it would do.

pub(super) mod api;
pub(super) mod http;
pub mod page;
pub mod plan;
mod reading;
pub mod service;
pub mod table;
#[cfg(test)]
mod tests;
pub mod words;

pub(crate) use api::Doc as ApiDoc;
