//! The clock on which all recorded times rest (commitment 8.6): watched, its history kept, operators alarmed.

pub mod job;
pub(crate) mod kernel;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use store::Sample;
