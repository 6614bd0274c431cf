//! A user's session of a desktop or application, from click to end.

pub mod attach;
pub mod broker;
pub mod http;
pub mod job;
pub mod page;
pub mod reports;
pub mod service;
pub mod state;
pub mod store;
