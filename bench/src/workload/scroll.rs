//! A page of text in a maximised window that scrolls under a fixed heading, drawn anew each frame as browsers do.

use crate::{
    error::BenchError,
    page::Letters,
    stage::{Area, Picture, Stage, Workload, plain},
};
use std::time::Duration;
use x11rb::protocol::xproto::Window;

const HEADING: u16 = 104;
const HEADING_COLOUR: u32 = 0x0032_4a5f;
const BACKGROUND: u32 = 0x00ff_ffff;
const COLUMN: u16 = 1200;
const PAGE: u16 = 12_000;
/// Pixels a second: somebody who skims.
const SPEED: u32 = 480;

struct Scroll {
    page: Vec<u8>,
    window: Window,
    picture: Picture,
    size: (u16, u16),
    step: u32,
}

pub(crate) fn run(stage: &mut Stage<'_>, length: Duration, fps: u32) -> Result<(), BenchError> {
    let (w, h) = stage.screen;
    let column = Letters::load()?.page(COLUMN.min(w), PAGE, 1);
    let area = Area { x: 0, y: 0, w, h };
    let mut scroll = Scroll {
        page: widen(&column, COLUMN.min(w), w),
        window: stage.window(area, x11rb::NONE)?,
        picture: stage.picture(w, h)?,
        size: (w, h),
        step: SPEED / fps,
    };
    stage.run(&mut scroll, length, fps)
}

/// The column in the middle of a wider page.
fn widen(column: &[u8], from: u16, to: u16) -> Vec<u8> {
    let side = plain((to - from) / 2, 1, BACKGROUND);
    let other = plain(to - from - (to - from) / 2, 1, BACKGROUND);
    column
        .chunks(usize::from(from) * 4)
        .flat_map(|row| [side.as_slice(), row, &other])
        .flatten()
        .copied()
        .collect()
}

/// Down to the end of the page, then up again.
fn offset(pixels: u32, range: u32) -> u32 {
    let at = pixels % (2 * range);
    if at < range { at } else { 2 * range - at }
}

impl Workload for Scroll {
    fn frame(&mut self, stage: &mut Stage<'_>, number: u16) -> Result<(), BenchError> {
        let (w, h) = self.size;
        let visible = h - HEADING;
        let top = offset(u32::from(number) * self.step, u32::from(PAGE - visible));
        let row = usize::from(w) * 4;
        let from = usize::try_from(top).unwrap_or(0) * row;
        self.picture
            .write_rows(0, &plain(w, HEADING, HEADING_COLOUR))?;
        self.picture
            .write_rows(HEADING, &self.page[from..from + usize::from(visible) * row])?;
        stage.show(&mut self.picture, self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_scrolls_down_and_back_and_never_past_its_ends() {
        assert_eq!(offset(0, 100), 0);
        assert_eq!(offset(99, 100), 99);
        assert_eq!(offset(101, 100), 99);
        assert!((0..1000).all(|pixels| offset(pixels, 100) <= 100));
    }

    #[test]
    fn a_column_is_widened_on_both_sides() {
        let wide = widen(&plain(2, 3, 0), 2, 5);
        assert_eq!(wide.len(), 5 * 3 * 4);
        assert_eq!(wide[..4], [0xff, 0xff, 0xff, 0]);
        assert_eq!(wide[4..12], [0; 8]);
    }
}
