//! A text area in which each key press draws the next letter.

use crate::{
    error::BenchError,
    page::{LINE, Letters},
    stage::{Area, Stage, Workload, plain},
};
use std::time::Duration;
use x11rb::protocol::xproto::Window;

const AREA: Area = Area {
    x: 32,
    y: 32,
    w: 1000,
    h: 700,
};
const WHITE: u32 = 0x00ff_ffff;
const CELL: u16 = 22;
const TOP: i16 = 64;
const LEFT: i16 = 24;
const TEXT: &str =
    "Dear Ms Tanaka, 田中様、いつもお世話になっております。The draft is ready for your review. ";

struct Typing {
    letters: Letters,
    window: Window,
    typed: usize,
    x: i16,
    y: i16,
}

pub(crate) fn run(stage: &mut Stage<'_>, length: Duration) -> Result<(), BenchError> {
    let background = stage.pixmap(AREA.w, AREA.h, &plain(AREA.w, AREA.h, WHITE))?;
    let mut typing = Typing {
        letters: Letters::load()?,
        window: stage.window(AREA, background)?,
        typed: 0,
        x: LEFT,
        y: TOP,
    };
    stage.run(&mut typing, length, 0)
}

impl Workload for Typing {
    fn frame(&mut self, _stage: &mut Stage<'_>, _number: u16) -> Result<(), BenchError> {
        Ok(())
    }

    fn key(&mut self, stage: &mut Stage<'_>) -> Result<(), BenchError> {
        let letter = TEXT.chars().cycle().nth(self.typed).unwrap_or(' ');
        self.typed = (self.typed + 1) % TEXT.chars().count();
        let mut cell = plain(CELL, LINE, WHITE);
        let next = self
            .letters
            .draw(&mut cell, CELL, letter, 0.0, f32::from(LINE) * 0.75);
        let area = Area {
            x: self.x,
            y: self.y,
            w: CELL,
            h: LINE,
        };
        stage.put(self.window, area, &cell)?;
        #[allow(clippy::cast_possible_truncation)]
        let step = next.ceil() as i16;
        self.x += step;
        if self.x + LEFT + CELL.cast_signed() > AREA.w.cast_signed() {
            self.x = LEFT;
            self.y += LINE.cast_signed();
        }
        if self.y + LINE.cast_signed() > AREA.h.cast_signed() {
            self.y = TOP;
        }
        Ok(())
    }
}
