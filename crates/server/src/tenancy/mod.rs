//! Customers: the organisations under contract, what they have agreed on, and what the provider offers.

pub mod boundary;
pub mod contract;
pub mod provider;
pub mod service;
pub mod store;

pub(crate) use boundary::checks as boundary_checks;
pub(crate) use contract::{ApiDoc as ContractApiDoc, By, Names, checks as contract_checks};
pub use contract::{
    ContractError, Draft, Overview, Room, Wrong, page as contract_page, service as contracts,
};
pub use provider::{Offer, Profile, Region, Terms};
pub(crate) use provider::{of as text_of, service as offers};
pub use store::TenantRow;
