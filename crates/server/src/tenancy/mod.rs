//! Customers: the organisations under contract.

pub mod boundary;
pub mod contract;
pub mod provider;
pub mod service;
pub mod store;

pub(crate) use boundary::checks as boundary_checks;
pub(crate) use contract::{ApiDoc as ContractApiDoc, checks as contract_checks};
pub use store::TenantRow;
