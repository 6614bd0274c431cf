//! A user's session of a desktop or application, from click to end.

pub mod attach;
pub mod broker;
pub(crate) mod checks;
pub mod http;
pub mod job;
#[cfg(test)]
mod job_tests;
pub mod page;
#[cfg(test)]
mod report_tests;
pub mod reports;
pub mod service;
pub mod state;
pub mod store;
#[cfg(test)]
mod tests;

pub use broker::Candidate;
pub(crate) use reports::take as take_report;
