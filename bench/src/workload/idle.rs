//! A page of text that stands still.

use crate::{
    error::BenchError,
    page::Letters,
    stage::{Area, Stage, Workload},
};
use std::time::Duration;

struct Idle;

pub(crate) fn run(stage: &mut Stage<'_>, length: Duration) -> Result<(), BenchError> {
    let (w, h) = stage.screen;
    let page = stage.pixmap(w, h, &Letters::load()?.page(w, h, 3))?;
    stage.window(Area { x: 0, y: 0, w, h }, page)?;
    stage.run(&mut Idle, length, 0)
}

impl Workload for Idle {
    fn frame(&mut self, _stage: &mut Stage<'_>, _number: u16) -> Result<(), BenchError> {
        Ok(())
    }
}
