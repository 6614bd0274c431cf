//! What the provider says of itself and offers to everybody: profile, regions, catalogue and terms.

pub(crate) mod service;
mod store;

pub(crate) use store::of;
pub use store::{Offer, Profile, Region, Terms};
