//! Accounts and sign-in.

pub mod page;
