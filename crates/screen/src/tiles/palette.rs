//! Tiles of few colours.

const TABLE: usize = 1024;
/// Finds the colours of a tile. Kept between tiles, so that its table need not be cleared.
#[derive(Debug)]
pub(super) struct Palette {
    /// For each hash: when it was written, the colour, its index.
    table: Vec<(u32, u32, u8)>,
    turn: u32,
    /// The colours, in the order in which they appear.
    pub(super) colours: Vec<u32>,
    /// For each pixel its colour's index.
    pub(super) indices: Vec<u8>,
    /// How many pixels differ from the one before: what the indices cost.
    pub(super) changes: usize,
}

impl Palette {
    pub(super) fn new() -> Self {
        Self {
            table: vec![(0, 0, 0); TABLE],
            turn: 0,
            colours: Vec::new(),
            indices: Vec::new(),
            changes: 0,
        }
    }

    /// Looks at the pixels; `false` when there are more colours than a palette holds.
    pub(super) fn find(&mut self, pixels: &[u32]) -> bool {
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            self.table.fill((0, 0, 0));
            self.turn = 1;
        }
        self.colours.clear();
        self.indices.clear();
        self.changes = 0;
        let mut last = None;
        for &pixel in pixels {
            let index = match last {
                Some((colour, index)) if colour == pixel => index,
                _ => {
                    self.changes += 1;
                    let Some(index) = self.index(pixel) else {
                        return false;
                    };
                    last = Some((pixel, index));
                    index
                }
            };
            self.indices.push(index);
        }
        true
    }

    fn index(&mut self, colour: u32) -> Option<u8> {
        let mut at = (colour.wrapping_mul(0x9e37_79b1) >> 22) as usize;
        loop {
            let entry = self.table[at];
            if entry.0 == self.turn && entry.1 == colour {
                return Some(entry.2);
            }
            if entry.0 != self.turn {
                let index = u8::try_from(self.colours.len()).ok()?;
                self.table[at] = (self.turn, colour, index);
                self.colours.push(colour);
                return Some(index);
            }
            at = (at + 1) % TABLE;
        }
    }

    /// Writes the indices, each line from a byte's beginning, most significant bits first.
    pub(super) fn write_indices(&self, w: usize, out: &mut Vec<u8>) {
        let bits = index_bits(self.colours.len());
        if bits == 8 {
            out.extend_from_slice(&self.indices);
            return;
        }
        let per_byte = 8 / bits;
        for line in self.indices.chunks_exact(w) {
            for group in line.chunks(per_byte) {
                let mut byte = 0;
                for (place, index) in group.iter().enumerate() {
                    byte |= index << (8 - bits * (place + 1));
                }
                out.push(byte);
            }
        }
    }
}

/// How many bits an index takes.
pub(super) fn index_bits(colours: usize) -> usize {
    match colours {
        ..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}
