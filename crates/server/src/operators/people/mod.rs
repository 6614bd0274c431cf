//! The provider's own people: who they are, how one comes, what becomes of them.
//!
//! The owner looks after the others; nobody does that to themselves, so that whoever did it is there afterwards as an
//! active owner.

pub(super) mod http;
mod making;
mod page;
mod papers;
pub(super) mod service;
mod store;
#[cfg(test)]
mod tests;

pub use making::{AddError, NewOperator, add, renew};
