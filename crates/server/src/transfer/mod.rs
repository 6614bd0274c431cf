//! Moves a service's data from one database to another, SQLite to PostgreSQL or back, and proves that it arrived.
//!
//! One transaction on each side: the source is read as it was at one moment, and the target gets everything or nothing, so
//! that a run that was interrupted leaves an empty target and is simply started again.

pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use service::{Moved, TransferError, rehearse, run};
