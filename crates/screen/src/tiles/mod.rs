//! Lossless tiles: rectangles as a colour, a palette, predicted samples, or a reference to what was kept before.
//!
//! The format is described in `docs/protocol.md`, "Tiles": a compression byte, the length of the records, and the
//! records, compressed together by zstd (RFC 8878). Prediction is the median edge detector of LOCO-I (ITU-T T.87).

mod decode;
mod encode;
mod palette;
mod predict;

pub use decode::{Slots, TileError, decode};
pub use encode::TileWriter;

/// Width and height of the encoder's tiles, in pixels.
pub const TILE: u16 = 64;
/// How many rectangles the client keeps.
pub const SLOTS: u16 = 1024;
/// The most bytes of records in one payload.
pub const MAX_RECORDS_LEN: usize = 4 << 20;

const SOLID: u8 = 0;
const PALETTE: u8 = 1;
const PREDICTED: u8 = 2;
const CACHED: u8 = 3;
const KEEP: u8 = 4;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Compression and length.
const HEAD_LEN: usize = 5;
