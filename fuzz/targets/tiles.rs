//! Payloads of tiles: painted or refused. Once as they come, and once as records that nothing compressed, for a fuzzer
//! hardly ever writes a good compressed frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use screen::{
    Picture,
    tiles::{Slots, decode},
};

const SIDE: u16 = 100;

fuzz_target!(init: fuzz::seed(seeds()), |data: &[u8]| {
    let mut slots = Slots::default();
    let mut picture = Picture::new(SIDE, SIDE);
    let _ = decode(data, &mut picture, &mut slots);
    let _ = decode(&plain(data), &mut picture, &mut slots);
    assert_eq!(picture.pixels().len(), usize::from(SIDE) * usize::from(SIDE));
    // The byte that a screen has for nothing stays empty.
    assert!(picture.pixels().iter().all(|pixel| pixel >> 24 == 0));
});

/// The head that `docs/protocol.md` has for records that are not compressed.
fn plain(records: &[u8]) -> Vec<u8> {
    let len = u32::try_from(records.len()).unwrap_or(u32::MAX);
    [&[0], &len.to_le_bytes()[..], records].concat()
}

/// A compressed payload, and its records: one tile of one colour, kept and painted again.
fn seeds() -> [Vec<u8>; 2] {
    let solid = [0, 1, 0, 2, 0, 9, 9, 200, 100, 50];
    let keep = [4, 1, 0, 2, 0, 9, 9, 5, 0];
    let cached = [3, 20, 0, 30, 0, 9, 9, 5, 0];
    [
        fuzz::samples::tiles(),
        [&solid[..], &keep, &cached].concat(),
    ]
}
