//! Somebody who forgot their password gets a new one-time link by mail, without an administrator.
//!
//! Whoever asks is answered at once and always alike: the request is put into a queue ([`Asked`]), and looked at by a job
//! of its own ([`job`]). So neither the answer nor its time tells who has an account.

pub(super) mod http;
pub mod job;
pub mod page;
mod queue;
mod service;
#[cfg(test)]
mod tests;

pub use queue::Asked;
