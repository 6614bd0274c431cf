//! The control plane: portal, API, broker, registers, evidence.

pub mod activity;
pub mod desktops;
pub mod identity;
pub mod portal;
pub mod sessions;
