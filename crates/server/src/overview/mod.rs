//! The first page of those who look after an organisation: how things stand, and the way to where one acts.
//!
//! It keeps nothing of its own. Each figure comes from the slice that knows it, and only those that the reader may see are
//! asked for.

mod chart;
pub mod http;
pub mod page;
pub mod service;
#[cfg(test)]
mod tests;

pub(crate) use chart::Chart;
pub(crate) use page::Tile;
