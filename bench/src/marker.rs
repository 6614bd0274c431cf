//! A row of black and white blocks that says which frame is on the screen and how many keys were seen.
//!
//! Blocks are 8 by 8 pixels, so that they survive a lossy codec. Bits, highest first: 16 of the frame's number, 8 of
//! the number of keys, 8 of a check sum (all four bytes together, exclusive or, give 0xa5). `bench/web/probe.js` reads
//! it.

/// Left and top edge on the screen, the same for every workload.
pub(crate) const POSITION: (i16, i16) = (64, 64);
/// The side of a block in pixels.
const BLOCK: u16 = 8;
const BITS: u16 = 32;
/// Size on the screen.
pub(crate) const SIZE: (u16, u16) = (BLOCK * BITS, BLOCK);
const CHECK: u8 = 0xa5;

/// What the marker says. Both count from zero and wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marker {
    /// Number of the frame.
    pub(crate) frame: u16,
    /// Number of keys pressed so far.
    pub(crate) keys: u8,
}

impl Marker {
    fn bits(self) -> u32 {
        let [high, low] = self.frame.to_be_bytes();
        u32::from_be_bytes([high, low, self.keys, high ^ low ^ self.keys ^ CHECK])
    }

    /// The picture, four bytes a pixel, a whole row of blocks.
    pub(crate) fn pixels(self) -> Vec<u8> {
        let bits = self.bits();
        let row: Vec<u8> = (0..BITS)
            .flat_map(|at| {
                let on = bits >> (BITS - 1 - at) & 1 == 1;
                std::iter::repeat_n(if on { 0xff } else { 0x00 }, usize::from(BLOCK) * 4)
            })
            .collect();
        row.repeat(usize::from(BLOCK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_holds_every_bit_at_the_middle_of_its_block() {
        let marker = Marker {
            frame: 0x1234,
            keys: 0x56,
        };
        let pixels = marker.pixels();
        let bits = (0..32).fold(0_u32, |bits, at| {
            let middle = (4 * usize::from(SIZE.0) + at * 8 + 4) * 4;
            bits << 1 | u32::from(pixels[middle] > 127)
        });
        assert_eq!(
            bits.to_be_bytes(),
            [0x12, 0x34, 0x56, 0x12 ^ 0x34 ^ 0x56 ^ 0xa5]
        );
        assert_eq!(pixels.len(), usize::from(SIZE.0) * usize::from(SIZE.1) * 4);
    }
}
