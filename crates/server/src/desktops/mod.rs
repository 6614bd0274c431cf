//! What a customer offers to its users: desktops and published applications.

pub mod http;
pub mod page;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
