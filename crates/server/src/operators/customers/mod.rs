//! Operators add customers and say how they are called.

mod http;
pub mod page;
mod service;
#[cfg(test)]
mod tests;

pub(super) use http::routes;
pub use service::NewWrong;

use crate::{
    identity::PersonDraft,
    tenancy::{Draft, Naming},
};

/// A new customer as an operator types it.
#[derive(Clone, Debug, Default)]
pub struct NewCustomer {
    /// How it is called.
    pub naming: Naming,
    /// The contract's first version.
    pub contract: Draft,
    /// The first service code.
    pub label: String,
    /// The service of the catalogue that it is for.
    pub service: String,
    /// Codes of its options.
    pub options: Vec<String>,
    /// What is offered to the customer's people, of what the image has.
    pub offers: Vec<String>,
    /// The first administrator.
    pub administrator: PersonDraft,
}
