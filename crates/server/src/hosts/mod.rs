//! Session hosts and gateways: how they enrol, and the links they keep.

pub mod http;
pub mod link;
pub mod links;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
