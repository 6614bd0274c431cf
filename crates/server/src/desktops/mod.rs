//! What a customer offers to its users: desktops and published applications.

pub(crate) mod api;
pub mod http;
pub mod page;
pub mod service;
mod standard;
pub mod store;
#[cfg(test)]
mod tests;

pub(crate) use api::Doc as ApiDoc;
