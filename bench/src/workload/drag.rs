//! A window with text that somebody drags over a wallpaper. The X server moves it and repaints what it uncovers.

use crate::{
    error::BenchError,
    page::Letters,
    stage::{Area, Stage, Workload},
};
use std::time::Duration;
use x11rb::protocol::xproto::Window;

const FPS: u16 = 60;
const SIZE: (u16, u16) = (800, 600);
/// Frames for one way across and for one way down; they differ, so that the path takes long to repeat.
const ACROSS: u16 = 97;
const DOWN: u16 = 61;
/// Clear of the marker.
const TOP: i16 = 120;

struct Drag {
    window: Window,
    room: (u16, u16),
}

pub(crate) fn run(stage: &mut Stage<'_>, length: Duration) -> Result<(), BenchError> {
    let (w, h) = stage.screen;
    let wallpaper = stage.pixmap(w, h, &wallpaper(w, h))?;
    stage.window(Area { x: 0, y: 0, w, h }, wallpaper)?;
    let text = stage.pixmap(SIZE.0, SIZE.1, &Letters::load()?.page(SIZE.0, SIZE.1, 2))?;
    let area = Area {
        x: 0,
        y: TOP,
        w: SIZE.0,
        h: SIZE.1,
    };
    let mut drag = Drag {
        window: stage.window(area, text)?,
        room: (
            w.saturating_sub(SIZE.0),
            h.saturating_sub(SIZE.1 + TOP.cast_unsigned()),
        ),
    };
    stage.run(&mut drag, length, FPS.into())
}

impl Workload for Drag {
    fn frame(&mut self, stage: &mut Stage<'_>, number: u16) -> Result<(), BenchError> {
        let x = swing(number, ACROSS, self.room.0).cast_signed();
        let y = TOP + swing(number, DOWN, self.room.1).cast_signed();
        stage.move_window(self.window, x, y)
    }
}

/// There and back between 0 and `room`, `period` frames each way.
fn swing(number: u16, period: u16, room: u16) -> u16 {
    let at = number % (2 * period);
    let at = if at < period { at } else { 2 * period - at };
    u16::try_from(u32::from(room) * u32::from(at) / u32::from(period)).unwrap_or(room)
}

/// A sky over hills with a little grain, as photographs have.
fn wallpaper(w: u16, h: u16) -> Vec<u8> {
    let mut noise = 1_u32;
    let mut pixels = Vec::with_capacity(usize::from(w) * usize::from(h) * 4);
    for y in 0..u32::from(h) {
        for x in 0..u32::from(w) {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (noise >> 30) & 1;
            let hill = 600 + (x * x / 9000) % 180;
            let shade = y * 90 / u32::from(h).max(1);
            let colour = if y > hill {
                [60 + shade / 2, 110 - shade / 2, 70 + shade / 3]
            } else {
                [230 - shade / 2, 190 - shade, 140 - shade]
            };
            pixels.extend(colour.map(|value| u8::try_from(value + grain).unwrap_or(u8::MAX)));
            pixels.push(0);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_on_the_screen_and_comes_to_both_sides() {
        let places: Vec<u16> = (0..1000).map(|number| swing(number, 97, 1120)).collect();
        assert_eq!(places.iter().max(), Some(&1120));
        assert_eq!(places.iter().min(), Some(&0));
    }
}
