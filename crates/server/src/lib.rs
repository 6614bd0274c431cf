//! The control plane: portal, API, broker, registers, evidence.
//!
//! One folder for each noun (a *slice*). Everything a use case needs comes from [`app::App`]; who acts is an
//! [`actor::Actor`]; every use case asks [`rights`] first.

pub mod access;
pub mod activity;
pub mod actor;
pub mod api;
pub mod app;
pub mod authority;
pub mod client_address;
pub mod clock;
pub mod config;
pub mod db;
pub mod desktops;
mod doors;
pub mod evidence;
#[cfg(test)]
mod fakes;
pub mod grants;
pub mod help;
pub mod hosts;
pub mod identity;
pub mod keys;
mod listener;
#[cfg(test)]
mod listener_tests;
pub mod notices;
pub mod one_time_code;
pub mod operators;
pub mod overview;
mod pkcs12;
pub mod portal;
mod probes;
mod public_address;
mod public_certificates;
mod refusals;
#[cfg(test)]
mod request_tests;
pub mod rights;
mod serve;
pub mod sessions;
pub mod setup;
pub mod tenancy;
#[cfg(test)]
mod testing;
mod tls;
pub mod transfer;
mod two_names;
mod visit;
#[cfg(test)]
mod walk_tests;

pub use config::ServeConfig;
pub use serve::{ServeError, serve};
