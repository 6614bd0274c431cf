//! Customers: the organisations under contract.

pub mod service;
pub mod store;

pub use store::TenantRow;
