//! A user's session of a desktop or application, from click to end.

pub(crate) mod api;
pub mod attach;
mod beat;
pub mod broker;
pub(crate) mod checks;
pub mod http;
pub mod job;
#[cfg(test)]
mod job_tests;
mod oversight;
pub mod page;
mod parting;
#[cfg(test)]
mod parting_tests;
#[cfg(test)]
mod report_tests;
pub mod reports;
pub mod service;
pub mod state;
pub mod store;
#[cfg(test)]
mod tests;

pub(crate) use api::Doc as ApiDoc;
pub(crate) use beat::{DAYS, Pulse, pulse};
pub use broker::Candidate;
pub(crate) use reports::take as take_report;
