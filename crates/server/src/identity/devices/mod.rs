//! Devices' certificates: who comes with one, where the organisation's sign-in rules ask for it.
//!
//! A session of the web in which no good certificate was shown opens nothing but the way to show one (`step`). It leads
//! over a name of its own (`crate::two_names`), so that only whoever goes there is asked for a certificate. What counts is
//! the customer's alone: authorities that it brought (`authority`) and its own one (`issue`). See
//! `docs/adr/0023-device-certificates.md`.

mod authority;
mod certificate;
#[cfg(test)]
mod certificate_tests;
pub(super) mod http;
mod issue;
pub mod page;
mod revoking;
pub mod service;
pub(super) mod step;
mod step_http;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trust;
mod trust_http;
#[cfg(test)]
mod trust_tests;

pub use certificate::Refusal;
pub(crate) use step_http::device_routes;
