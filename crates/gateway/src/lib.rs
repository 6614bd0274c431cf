//! The internet edge: tickets, pairing, relay. Holds no database and no tenant key.
//!
//! A browser and an agent each open a WebSocket here and show a ticket. Two tickets of one connection make a pair, and
//! from then on the gateway moves their messages without looking inside. What it may do at all, it is told by the
//! control plane over a link that it dials itself.

mod app;
mod config;
mod control;
mod door;
mod frame;
mod gate;
mod relay;
mod seen;
mod serve;
mod shared;
mod side;

pub use config::{GatewayConfig, Limits};
pub use serve::{Gateway, GatewayError, run};
