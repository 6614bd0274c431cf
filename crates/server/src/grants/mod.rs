//! Rights for one service code alone: who has been given which role in it, and whether its desktops are for those only.

pub(crate) mod checks;
pub(crate) mod http;
mod looking;
pub mod page;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use page::roles;
