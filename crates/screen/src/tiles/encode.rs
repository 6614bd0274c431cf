//! Writing tiles.

use super::{
    CACHED, HEAD_LEN, KEEP, MAX_RECORDS_LEN, PALETTE, PLAIN, PREDICTED, SOLID, ZSTD,
    palette::Palette, predict,
};
use wire::stream::Rect;

/// Faster than the line for text, and within a tenth of what higher levels reach there.
const LEVEL: i32 = 1;
/// Fewer bytes than this are not worth a zstd frame.
const MIN_COMPRESSED: usize = 48;
/// Up to so many colours a palette is always smaller.
const SURE_PALETTE: usize = 16;

/// Collects records, and gives them out as a payload.
pub struct TileWriter {
    records: Vec<u8>,
    palette: Palette,
    planes: [Vec<u8>; 3],
    zstd: zstd::bulk::Compressor<'static>,
}

impl std::fmt::Debug for TileWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TileWriter")
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

impl TileWriter {
    /// An empty one.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            records: Vec::new(),
            palette: Palette::new(),
            planes: Default::default(),
            zstd: zstd::bulk::Compressor::new(LEVEL)?,
        })
    }

    /// Bytes of the records so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Paints the rectangle, of at most 256 × 256 pixels, with as many pixels. Returns how many bytes it takes before
    /// compression of all.
    pub fn pixels(&mut self, rect: Rect, pixels: &[u32]) -> usize {
        let before = self.records.len();
        let w = usize::from(rect.w);
        if !self.palette.find(pixels) {
            self.predicted(rect, pixels);
        } else if let [colour] = self.palette.colours[..] {
            self.head(SOLID, rect);
            put_colour(&mut self.records, colour);
        } else if self.palette.colours.len() <= SURE_PALETTE
            || self.palette.changes <= predict::misses(pixels, w)
        {
            self.head(PALETTE, rect);
            let last = self.palette.colours.len() - 1;
            // At most 256 colours.
            self.records.push(last as u8);
            for colour in &self.palette.colours {
                put_colour(&mut self.records, *colour);
            }
            self.palette.write_indices(w, &mut self.records);
        } else {
            self.predicted(rect, pixels);
        }
        self.records.len() - before
    }

    /// Paints the rectangle with what the slot holds.
    pub fn cached(&mut self, rect: Rect, slot: u16) {
        self.head(CACHED, rect);
        self.records.extend_from_slice(&slot.to_le_bytes());
    }

    /// Keeps what the picture shows in the rectangle, of at most 64 × 64 pixels, in a slot.
    pub fn keep(&mut self, rect: Rect, slot: u16) {
        self.head(KEEP, rect);
        self.records.extend_from_slice(&slot.to_le_bytes());
    }

    /// The payload of all records, of which none are left then.
    pub fn finish(&mut self) -> Vec<u8> {
        debug_assert!(self.records.len() <= MAX_RECORDS_LEN);
        let raw_len = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let mut out = vec![PLAIN];
        out.extend_from_slice(&raw_len.to_le_bytes());
        if self.records.len() >= MIN_COMPRESSED {
            // Compression fails only for want of memory; the records can travel as they are.
            if let Ok(compressed) = self.zstd.compress(&self.records)
                && compressed.len() < self.records.len()
            {
                out[0] = ZSTD;
                out.extend_from_slice(&compressed);
            }
        }
        if out.len() == HEAD_LEN {
            out.extend_from_slice(&self.records);
        }
        self.records.clear();
        out
    }

    fn predicted(&mut self, rect: Rect, pixels: &[u32]) {
        self.head(PREDICTED, rect);
        predict::write(pixels, rect.w.into(), &mut self.planes, &mut self.records);
    }

    fn head(&mut self, kind: u8, rect: Rect) {
        debug_assert!(rect.w <= 256 && rect.h <= 256);
        self.records.push(kind);
        self.records.extend_from_slice(&rect.x.to_le_bytes());
        self.records.extend_from_slice(&rect.y.to_le_bytes());
        self.records.push((rect.w - 1) as u8);
        self.records.push((rect.h - 1) as u8);
    }
}

fn put_colour(out: &mut Vec<u8>, colour: u32) {
    let [b, g, r, _] = colour.to_le_bytes();
    out.extend_from_slice(&[r, g, b]);
}

#[cfg(test)]
mod tests {
    #[test]
    fn indices_take_as_few_bits_as_the_format_says() {
        assert_eq!(
            [2, 3, 4, 5, 16, 17, 256].map(crate::tiles::palette::index_bits),
            [1, 2, 2, 4, 4, 8, 8]
        );
    }
}
