//! Reading tiles: what a client does. Nothing that comes in can make it panic or take more memory than the format allows.

use super::{
    CACHED, HEAD_LEN, KEEP, MAX_RECORDS_LEN, PALETTE, PLAIN, PREDICTED, SLOTS, SOLID, TILE, ZSTD,
    palette::index_bits, predict,
};
use crate::picture::Picture;
use wire::stream::Rect;

/// Why tiles cannot be painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The payload ends too early, or goes on after its records.
    #[error("tiles of the wrong length")]
    Length,
    /// More records than a payload may hold.
    #[error("tiles larger than allowed")]
    TooLarge,
    /// An unknown kind or compression.
    #[error("unknown kind of tile")]
    Unknown,
    /// The zstd frame is damaged.
    #[error("tiles that cannot be decompressed")]
    Compression,
    /// A rectangle outside the picture, or too large to be kept.
    #[error("a tile outside the picture")]
    Outside,
    /// A slot that does not exist, holds nothing, or holds a rectangle of another size.
    #[error("a tile from the wrong slot")]
    Slot,
    /// An index without a colour.
    #[error("a colour that is not in the palette")]
    Colour,
}

/// What the client keeps.
#[derive(Debug, Default)]
pub struct Slots(Vec<Option<(u16, u16, Vec<u32>)>>);

impl Slots {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn put(&mut self, slot: u16, rect: Rect, picture: &Picture) -> Result<(), TileError> {
        if slot >= SLOTS {
            return Err(TileError::Slot);
        }
        if rect.w > TILE || rect.h > TILE {
            return Err(TileError::Outside);
        }
        if self.0.is_empty() {
            self.0.resize_with(SLOTS.into(), || None);
        }
        let mut pixels = Vec::new();
        picture.gather(rect, &mut pixels);
        self.0[usize::from(slot)] = Some((rect.w, rect.h, pixels));
        Ok(())
    }

    fn get(&self, slot: u16, rect: Rect) -> Result<&[u32], TileError> {
        match self.0.get(usize::from(slot)) {
            Some(Some((w, h, pixels))) if (*w, *h) == (rect.w, rect.h) => Ok(pixels),
            _ => Err(TileError::Slot),
        }
    }
}

/// Paints a payload. What was painted before an error stays painted.
pub fn decode(payload: &[u8], picture: &mut Picture, slots: &mut Slots) -> Result<(), TileError> {
    let (head, body) = payload
        .split_first_chunk::<HEAD_LEN>()
        .ok_or(TileError::Length)?;
    let [compression, a, b, c, d] = *head;
    let raw_len = u32::from_le_bytes([a, b, c, d]) as usize;
    if raw_len > MAX_RECORDS_LEN {
        return Err(TileError::TooLarge);
    }
    let decompressed;
    let mut records = match compression {
        PLAIN => body,
        ZSTD => {
            decompressed =
                zstd::bulk::decompress(body, raw_len).map_err(|_| TileError::Compression)?;
            &decompressed
        }
        _ => return Err(TileError::Unknown),
    };
    if records.len() != raw_len {
        return Err(TileError::Length);
    }
    while !records.is_empty() {
        record(&mut records, picture, slots)?;
    }
    Ok(())
}

fn record(bytes: &mut &[u8], picture: &mut Picture, slots: &mut Slots) -> Result<(), TileError> {
    let [kind, x0, x1, y0, y1, w, h] = *take::<7>(bytes)?;
    let rect = Rect {
        x: u16::from_le_bytes([x0, x1]),
        y: u16::from_le_bytes([y0, y1]),
        w: u16::from(w) + 1,
        h: u16::from(h) + 1,
    };
    if !picture.contains(rect) {
        return Err(TileError::Outside);
    }
    match kind {
        SOLID => {
            let colour = colour(*take::<3>(bytes)?);
            for y in rect.y..rect.y + rect.h {
                picture.line_mut(y, rect.x, rect.w).fill(colour);
            }
        }
        PALETTE => from_palette(bytes, rect, picture)?,
        PREDICTED => predicted(bytes, rect, picture)?,
        CACHED => {
            let slot = u16::from_le_bytes(*take::<2>(bytes)?);
            picture.scatter(rect, slots.get(slot, rect)?);
        }
        KEEP => {
            let slot = u16::from_le_bytes(*take::<2>(bytes)?);
            slots.put(slot, rect, picture)?;
        }
        _ => return Err(TileError::Unknown),
    }
    Ok(())
}

fn from_palette(bytes: &mut &[u8], rect: Rect, picture: &mut Picture) -> Result<(), TileError> {
    let [last] = *take::<1>(bytes)?;
    let mut colours = Vec::with_capacity(usize::from(last) + 1);
    for _ in 0..=last {
        colours.push(colour(*take::<3>(bytes)?));
    }
    let bits = index_bits(colours.len());
    let mask = u8::MAX >> (8 - bits);
    let line_len = (usize::from(rect.w) * bits).div_ceil(8);
    for y in rect.y..rect.y + rect.h {
        let (line, rest) = bytes.split_at_checked(line_len).ok_or(TileError::Length)?;
        *bytes = rest;
        for (x, pixel) in picture.line_mut(y, rect.x, rect.w).iter_mut().enumerate() {
            let bit = x * bits;
            let index = (line[bit / 8] >> (8 - bits - bit % 8)) & mask;
            *pixel = *colours.get(usize::from(index)).ok_or(TileError::Colour)?;
        }
    }
    Ok(())
}

fn predicted(bytes: &mut &[u8], rect: Rect, picture: &mut Picture) -> Result<(), TileError> {
    let w = usize::from(rect.w);
    let area = w * usize::from(rect.h);
    let (planes, rest) = bytes.split_at_checked(3 * area).ok_or(TileError::Length)?;
    *bytes = rest;
    let mut planes = planes.to_vec();
    for plane in planes.chunks_exact_mut(area) {
        predict::restore_plane(plane, w);
    }
    for (line, y) in (rect.y..rect.y + rect.h).enumerate() {
        for (x, pixel) in picture.line_mut(y, rect.x, rect.w).iter_mut().enumerate() {
            let at = line * w + x;
            let green = planes[at];
            let red = planes[area + at].wrapping_add(green);
            let blue = planes[2 * area + at].wrapping_add(green);
            *pixel = u32::from_le_bytes([blue, green, red, 0]);
        }
    }
    Ok(())
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Result<&'a [u8; N], TileError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(TileError::Length)?;
    *bytes = rest;
    Ok(taken)
}

fn colour([red, green, blue]: [u8; 3]) -> u32 {
    u32::from_le_bytes([blue, green, red, 0])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{super::TileWriter, *};
    use proptest::prelude::*;

    fn rect(x: u16, y: u16, w: u16, h: u16) -> Rect {
        Rect { x, y, w, h }
    }

    fn painted(rect: Rect, pixels: &[u32]) -> Vec<u32> {
        let mut writer = TileWriter::new().unwrap();
        writer.pixels(rect, pixels);
        let mut picture = Picture::new(300, 300);
        decode(&writer.finish(), &mut picture, &mut Slots::default()).unwrap();
        let mut out = Vec::new();
        picture.gather(rect, &mut out);
        out
    }

    fn tiles() -> impl Strategy<Value = (Rect, Vec<u32>)> {
        let colours = prop_oneof![
            Just(1u32),
            Just(2),
            Just(3),
            Just(4),
            Just(16),
            Just(17),
            Just(256),
            Just(257),
            Just(0x0100_0000)
        ];
        (1u16..=64, 1u16..=64, colours, 0u16..200, 0u16..200).prop_flat_map(|(w, h, n, x, y)| {
            let area = usize::from(w) * usize::from(h);
            let pixel = (0..n).prop_map(move |i| i.wrapping_mul(0x00fe_dcb1) & 0x00ff_ffff);
            proptest::collection::vec(pixel, area)
                .prop_map(move |pixels| (rect(x, y, w, h), pixels))
        })
    }

    proptest! {
        #[test]
        fn what_is_painted_is_what_was_written((rect, pixels) in tiles()) {
            prop_assert_eq!(painted(rect, &pixels), pixels);
        }

        #[test]
        fn any_bytes_are_painted_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), plain: bool) {
            let mut payload = bytes;
            if plain && payload.len() > 5 {
                payload[0] = PLAIN;
                let len = u32::try_from(payload.len() - 5).unwrap();
                payload[1..5].copy_from_slice(&len.to_le_bytes());
            }
            let _ = decode(&payload, &mut Picture::new(70, 70), &mut Slots::default());
        }
    }

    #[test]
    fn a_gradient_is_smaller_predicted_and_text_smaller_by_palette() {
        let mut writer = TileWriter::new().unwrap();
        let gradient: Vec<u32> = (0..4096u32)
            .map(|i| (i % 64 + i / 64) * 0x0001_0101)
            .collect();
        writer.pixels(rect(0, 0, 64, 64), &gradient);
        assert!(writer.finish().len() < 200);
        let text: Vec<u32> = (0..4096u32)
            .map(|i| {
                if i.wrapping_mul(i) % 7 == 0 {
                    0
                } else {
                    0x00ff_ffff
                }
            })
            .collect();
        let raw = writer.pixels(rect(0, 0, 64, 64), &text);
        assert_eq!(raw, 7 + 1 + 6 + 512);
    }

    #[test]
    fn what_is_kept_comes_back_at_another_place() {
        let mut writer = TileWriter::new().unwrap();
        let pixels: Vec<u32> = (0..100).collect();
        writer.pixels(rect(0, 0, 10, 10), &pixels);
        writer.keep(rect(0, 0, 10, 10), 1023);
        writer.pixels(rect(0, 0, 10, 10), &[7; 100]);
        writer.cached(rect(50, 60, 10, 10), 1023);
        let mut picture = Picture::new(70, 70);
        decode(&writer.finish(), &mut picture, &mut Slots::default()).unwrap();
        let mut out = Vec::new();
        picture.gather(rect(50, 60, 10, 10), &mut out);
        assert_eq!(out, pixels);
    }

    #[test]
    fn refuses_what_is_outside_too_large_or_from_an_empty_slot() {
        let mut picture = Picture::new(64, 64);
        let mut refuse = |fill: &dyn Fn(&mut TileWriter)| {
            let mut writer = TileWriter::new().unwrap();
            fill(&mut writer);
            decode(&writer.finish(), &mut picture, &mut Slots::default()).unwrap_err()
        };
        assert_eq!(refuse(&|w| w.cached(rect(0, 0, 8, 8), 3)), TileError::Slot);
        assert_eq!(refuse(&|w| w.keep(rect(0, 0, 8, 8), 1024)), TileError::Slot);
        assert_eq!(
            refuse(&|w| {
                w.pixels(rect(60, 0, 5, 1), &[1; 5]);
            }),
            TileError::Outside
        );
        let mut payload = vec![ZSTD];
        payload.extend_from_slice(&u32::MAX.to_le_bytes());
        let mut slots = Slots::default();
        assert_eq!(
            decode(&payload, &mut picture, &mut slots),
            Err(TileError::TooLarge)
        );
    }
}
