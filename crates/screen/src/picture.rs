//! Pictures: the screen as captured, and a copy of it that we own.

use wire::stream::Rect;

/// What counts in a pixel. The rest is padding with any content.
pub(crate) const RGB: u32 = 0x00ff_ffff;

/// A captured picture: 32 bits a pixel, red in bits 16 to 23, green in 8 to 15, blue in 0 to 7.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pixels: &'a [u32],
    stride: usize,
    w: u16,
    h: u16,
}

impl<'a> Frame<'a> {
    /// A view of `h` lines of `w` pixels that begin `stride` pixels apart; `None` when the slice is too short.
    #[must_use]
    pub fn new(pixels: &'a [u32], stride: usize, w: u16, h: u16) -> Option<Self> {
        let fits = usize::from(w) <= stride && stride.checked_mul(usize::from(h))? <= pixels.len();
        (fits && w > 0 && h > 0).then_some(Self {
            pixels,
            stride,
            w,
            h,
        })
    }

    /// Width in pixels.
    #[must_use]
    pub fn w(&self) -> u16 {
        self.w
    }

    /// Height in pixels.
    #[must_use]
    pub fn h(&self) -> u16 {
        self.h
    }

    /// Pixels between the beginnings of lines.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// All pixels from the rectangle's corner on.
    pub(crate) fn after_corner(&self, rect: Rect) -> &'a [u32] {
        &self.pixels[usize::from(rect.y) * self.stride + usize::from(rect.x)..]
    }

    /// A part of a line.
    pub(crate) fn line(&self, y: u16, x: u16, w: u16) -> &'a [u32] {
        let at = usize::from(y) * self.stride + usize::from(x);
        &self.pixels[at..at + usize::from(w)]
    }

    /// Copies a rectangle, line by line, without padding bits.
    pub(crate) fn gather(&self, rect: Rect, out: &mut Vec<u32>) {
        out.clear();
        for y in rect.y..rect.y + rect.h {
            out.extend(self.line(y, rect.x, rect.w).iter().map(|pixel| pixel & RGB));
        }
    }
}

/// A picture in memory of our own, without padding bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pixels: Vec<u32>,
    w: u16,
    h: u16,
}

impl Picture {
    /// A black picture.
    #[must_use]
    pub fn new(w: u16, h: u16) -> Self {
        Self {
            pixels: vec![0; usize::from(w) * usize::from(h)],
            w,
            h,
        }
    }

    /// The picture as a frame; `None` when it is empty.
    #[must_use]
    pub fn frame(&self) -> Option<Frame<'_>> {
        Frame::new(&self.pixels, usize::from(self.w), self.w, self.h)
    }

    /// Width in pixels.
    #[must_use]
    pub fn w(&self) -> u16 {
        self.w
    }

    /// Height in pixels.
    #[must_use]
    pub fn h(&self) -> u16 {
        self.h
    }

    /// The whole picture, line by line.
    #[must_use]
    pub fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// Whether the rectangle lies inside.
    #[must_use]
    pub fn contains(&self, rect: Rect) -> bool {
        u32::from(rect.x) + u32::from(rect.w) <= u32::from(self.w)
            && u32::from(rect.y) + u32::from(rect.h) <= u32::from(self.h)
    }

    /// A part of a line.
    pub(crate) fn line(&self, y: u16, x: u16, w: u16) -> &[u32] {
        let at = self.at(x, y);
        &self.pixels[at..at + usize::from(w)]
    }

    /// A part of a line, to be written.
    pub fn line_mut(&mut self, y: u16, x: u16, w: u16) -> &mut [u32] {
        let at = self.at(x, y);
        &mut self.pixels[at..at + usize::from(w)]
    }

    /// Copies a rectangle out, line by line.
    pub(crate) fn gather(&self, rect: Rect, out: &mut Vec<u32>) {
        out.clear();
        for y in rect.y..rect.y + rect.h {
            out.extend_from_slice(self.line(y, rect.x, rect.w));
        }
    }

    /// Paints a rectangle with as many pixels, line by line.
    pub(crate) fn scatter(&mut self, rect: Rect, pixels: &[u32]) {
        for (y, line) in (rect.y..rect.y + rect.h).zip(pixels.chunks_exact(rect.w.into())) {
            self.line_mut(y, rect.x, rect.w).copy_from_slice(line);
        }
    }

    /// Takes a rectangle over from a frame.
    pub(crate) fn take(&mut self, frame: &Frame<'_>, rect: Rect) {
        for y in rect.y..rect.y + rect.h {
            let from = frame.line(y, rect.x, rect.w);
            for (to, pixel) in self.line_mut(y, rect.x, rect.w).iter_mut().zip(from) {
                *to = pixel & RGB;
            }
        }
    }

    /// Copies a part of the picture over another; the two may overlap. Both must lie inside.
    pub(crate) fn copy(&mut self, src: Rect, x: u16, y: u16) {
        let down = y > src.y;
        for line in 0..src.h {
            // Downwards the last line goes first, or it would be overwritten before it is read.
            let line = if down { src.h - 1 - line } else { line };
            let from = self.at(src.x, src.y + line);
            let to = self.at(x, y + line);
            self.pixels.copy_within(from..from + usize::from(src.w), to);
        }
    }

    fn at(&self, x: u16, y: u16) -> usize {
        usize::from(y) * usize::from(self.w) + usize::from(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_that_overlap_read_before_they_write() {
        for (dx, dy) in [(0, 3), (0, -3), (2, 0), (-2, 0), (1, 1), (-1, -1)] {
            let mut picture = Picture::new(16, 16);
            for (value, pixel) in (0u32..).zip(&mut picture.pixels) {
                *pixel = value;
            }
            let before = picture.clone();
            let src = Rect {
                x: 4,
                y: 4,
                w: 8,
                h: 8,
            };
            let (x, y) = (4u16.wrapping_add_signed(dx), 4u16.wrapping_add_signed(dy));
            picture.copy(src, x, y);
            for line in 0..8 {
                assert_eq!(picture.line(y + line, x, 8), before.line(4 + line, 4, 8));
            }
        }
    }

    #[test]
    fn a_frame_is_never_longer_than_its_pixels() {
        assert!(Frame::new(&[0; 12], 4, 3, 3).is_some());
        assert!(Frame::new(&[0; 11], 4, 3, 3).is_none());
        assert!(Frame::new(&[0; 12], 2, 3, 3).is_none());
    }
}
