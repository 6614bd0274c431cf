//! What people do with their own account: password, sessions of the web, what they see of their own sign-ins.

pub(super) mod http;
pub mod page;
pub mod service;
pub(super) mod store;
#[cfg(test)]
mod tests;

pub use store::WebSessionRow;
