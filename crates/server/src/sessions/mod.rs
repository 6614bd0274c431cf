//! A user's session of a desktop or application, from click to end.

pub(crate) mod api;
pub mod attach;
pub mod broker;
pub(crate) mod checks;
pub mod http;
pub mod job;
#[cfg(test)]
mod job_tests;
pub mod page;
mod parting;
#[cfg(test)]
mod parting_tests;
mod pulse;
#[cfg(test)]
mod report_tests;
pub mod reports;
pub mod service;
pub mod state;
pub mod store;
#[cfg(test)]
mod tests;

pub(crate) use api::Doc as ApiDoc;
pub use broker::Candidate;
pub(crate) use pulse::{DAYS, Pulse, pulse};
pub(crate) use reports::take as take_report;
