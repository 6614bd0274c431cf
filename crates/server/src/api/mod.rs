//! The API for programs: tokens that people make for them, who calls with which, and the document that describes it.
//!
//! The routes themselves stand in each slice's `api.rs`. A token acts for the person who made it, with their rights, and
//! within its scopes; it ends with its time, with the person's access, or when it is revoked.

mod caller;
pub mod http;
mod openapi;
#[cfg(test)]
mod owner_tests;
pub mod page;
mod problem;
mod refused;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

pub(crate) use caller::Caller;
pub use openapi::document as description;
pub(crate) use problem::{ApiError, ApiProblem, Shown, of_status};
pub use refused::RefusedCalls;
