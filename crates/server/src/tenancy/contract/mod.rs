//! What a customer has agreed on with the provider: contract, service codes, terms.

pub(crate) mod api;
pub(crate) mod checks;
pub mod days;
#[cfg(test)]
mod days_tests;
pub mod draft;
pub(crate) mod http;
pub(crate) mod job;
pub mod page;
pub mod service;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod versions;

pub use days::Standing;
pub use draft::{Draft, Wrong};
pub use service::{ContractError, Overview, Room};
pub use store::{AcceptanceRow, ContractRow, ServiceCodeRow};

pub(crate) use api::Doc as ApiDoc;
pub(crate) use service::{By, Names};
