//! Wall clock and chance, in one place.

use rand::TryRng as _;
use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// A secret from the kernel.
pub(crate) fn secret() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(io::Error::other)?;
    Ok(bytes)
}

/// A number between 0 and 1, to spread reconnects of many hosts.
pub(crate) fn jitter() -> f64 {
    rand::random()
}
