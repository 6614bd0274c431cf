//! The log of what happened.

pub mod page;
