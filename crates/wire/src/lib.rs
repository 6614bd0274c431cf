//! The contract between Nagaya's parts: ids, tickets, control messages and stream messages.
//!
//! Nothing here does input or output, reads a clock or draws a random number, so every part can trust it and a
//! fuzzer can drive all of it. What arrives from another trust zone is parsed here and nowhere else: a parser never
//! panics, and it refuses what is larger than its stated limit before it allocates.

pub mod close;
pub mod control;
pub mod ids;
pub mod rights;
pub mod stream;
pub mod ticket;
