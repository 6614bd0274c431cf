//! The provider's own people and the management console, their site on a network of their own.
//!
//! Whoever comes shows a certificate of the operators' authority, or there is no connection at all; the certificate says
//! who it is, and a one-time code (TOTP) that it is really them. Nothing here reads what customers store.

pub mod catalogue;
pub(crate) mod checks;
mod console;
mod contracts;
mod contracts_http;
pub mod contracts_page;
pub mod customers;
pub mod dashboard;
#[cfg(test)]
mod dashboard_tests;
mod domains;
mod door;
#[cfg(test)]
mod door_tests;
pub(crate) mod elevation;
mod help;
mod http;
pub mod inventory;
pub mod pages;
mod people;
mod role;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod withdrawal;
#[cfg(test)]
mod withdrawal_tests;

pub(crate) use console::{Certificate, PATHS, router};
pub use people::{AddError, NewOperator, add, renew};
pub use role::OperatorRole;
