//! Elevations: leave to act on a customer, or to work on the service base, that an operator asks for with a reason and
//! another person approves; it ends by itself.
//!
//! The policies permit no act on a customer's thing without one (`rights/policies.cedar`), reading what was agreed on apart;
//! and no change of the service base, nor of what other operators may do.

#[cfg(test)]
mod base_tests;
pub(super) mod checks;
pub(super) mod http;
pub(crate) mod job;
mod page;
pub(super) mod service;
mod state;
mod step;
mod store;
#[cfg(test)]
mod tests;
