//! Accounts and sign-in.

pub mod failures;
pub mod http;
pub mod page;
pub mod password;
pub mod people;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
