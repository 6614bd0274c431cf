//! Pages of Japanese and English text as pixels, like a browser's: anti-aliased grey letters on white.

use crate::error::BenchError;
use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont as _, point};

/// Debian's `fonts-noto-cjk`; the first face of the collection is the Japanese one.
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
const SIZE: f32 = 18.0;
/// Distance of lines, in pixels.
pub(crate) const LINE: u16 = 30;
const MARGIN: f32 = 24.0;
const INK: f32 = 34.0;

const SENTENCES: [&str; 12] = [
    "長屋は一つの屋根の下に多くの家が並ぶ建物で、それぞれに自分の戸口がある。",
    "The row house stands at the end of the lane, where the evening light comes in low over the roofs.",
    "会議の資料は金曜日までに共有フォルダーへ置いてください。数字は四半期ごとに見直します。",
    "A report that nobody can recompute is only an opinion; keep the raw figures beside the summary.",
    "雨が上がると、子どもたちは路地に出て、夕飯の匂いがするまで遊んでいた。",
    "Between 2019 and 2024 the number of remote desks grew from 1,480 to 23,915, or 16.2 times.",
    "画面の文字がくっきり見えるかどうかは、仕事の疲れ方に直接ひびく。",
    "Please check the attached draft (version 7, 42 pages) and mark every change you do not agree with.",
    "利用者は自分の端末に何も入れずに、ブラウザーだけで仕事を始められる。",
    "“How long does it take?” she asked, and he answered: three seconds, the first time; then none.",
    "東京都千代田区・大阪市北区・福岡市博多区の三か所で同じ仕組みを動かしている。",
    "Sphinx of black quartz, judge my vow: the quick brown fox jumps over 13 lazy dogs at 5:47 a.m.",
];

/// Letters from a font file.
pub(crate) struct Letters(FontVec);

impl Letters {
    pub(crate) fn load() -> Result<Self, BenchError> {
        let bytes = std::fs::read(FONT).map_err(|_| BenchError::Font(FONT))?;
        let font = FontVec::try_from_vec_and_index(bytes, 0).map_err(|_| BenchError::Font(FONT))?;
        Ok(Self(font))
    }

    /// A white page full of text, four bytes a pixel. The same seed gives the same page.
    pub(crate) fn page(&self, w: u16, h: u16, seed: u32) -> Vec<u8> {
        let mut pixels = vec![0xff; usize::from(w) * usize::from(h) * 4];
        let mut sentences = Sentences(seed);
        let mut pen = MARGIN;
        let mut baseline = LINE;
        while baseline + LINE / 2 < h {
            for letter in sentences.next_sentence().chars() {
                let next = self.draw(&mut pixels, w, letter, pen, f32::from(baseline));
                pen = next;
                if pen > f32::from(w) - MARGIN - SIZE {
                    pen = MARGIN;
                    baseline += LINE;
                    if baseline + LINE / 2 >= h {
                        return pixels;
                    }
                }
            }
            // Paragraphs end anywhere, as they do.
            if sentences.draw().is_multiple_of(4) {
                pen = MARGIN;
                baseline += LINE * 3 / 2;
            }
        }
        pixels
    }

    /// Draws one letter on a picture of this width and tells where the next begins.
    pub(crate) fn draw(&self, pixels: &mut [u8], w: u16, letter: char, x: f32, y: f32) -> f32 {
        let scale = PxScale::from(SIZE);
        let id = self.0.glyph_id(letter);
        let next = x + self.0.as_scaled(scale).h_advance(id);
        let glyph = id.with_scale_and_position(scale, point(x, y));
        let Some(outline) = self.0.outline_glyph(glyph) else {
            return next;
        };
        let bounds = outline.px_bounds();
        let width = usize::from(w);
        outline.draw(|dx, dy, cover| {
            let (Some(px), Some(py)) = (place(bounds.min.x, dx), place(bounds.min.y, dy)) else {
                return;
            };
            let at = (py * width + px) * 4;
            if px < width
                && let Some(pixel) = pixels.get_mut(at..at + 3)
            {
                pixel.fill(shade(cover));
            }
        });
        next
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn place(origin: f32, offset: u32) -> Option<usize> {
    usize::try_from(origin as i64 + i64::from(offset)).ok()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn shade(cover: f32) -> u8 {
    (255.0 - cover.clamp(0.0, 1.0) * (255.0 - INK)) as u8
}

/// The sentences in an order that does not repeat soon (a linear congruential generator).
struct Sentences(u32);

impl Sentences {
    fn draw(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 16
    }

    fn next_sentence(&mut self) -> &'static str {
        let at = usize::try_from(self.draw()).unwrap_or(0) % SENTENCES.len();
        SENTENCES[at]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_mostly_white_with_ink_down_to_its_end_and_is_drawn_the_same_twice() {
        let letters = Letters::load().unwrap();
        let page = letters.page(400, 300, 7);
        let ink = |bytes: &[u8]| bytes.iter().filter(|byte| **byte < 128).count();
        assert!(ink(&page) * 3 < page.len());
        assert!(ink(&page[page.len() * 3 / 4..]) > 100);
        assert!(page == letters.page(400, 300, 7));
        assert!(page != letters.page(400, 300, 8));
    }
}
