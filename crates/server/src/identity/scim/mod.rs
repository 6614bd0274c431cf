//! SCIM 2.0 (RFC 7643 and 7644): a customer's own directory looks after its people.
//!
//! People are Users, roles are Groups (`docs/adr/0021-scim.md`). Every write is a turn at the organisation's people, as in
//! the portal, with the same rights, guards and records.

mod discovery;
mod error;
mod filter;
pub(crate) mod http;
mod matching;
mod patch;
mod query;
mod resource;
mod schema;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use error::{MEDIA_TYPE, of_status};
