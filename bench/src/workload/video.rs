//! ffmpeg's moving test picture in a window.

use crate::{
    error::BenchError,
    stage::{Area, Picture, Stage, Workload},
};
use std::{
    io::Read as _,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};
use x11rb::protocol::xproto::Window;

const AREA: Area = Area {
    x: 32,
    y: 32,
    w: 1280,
    h: 720,
};
const FPS: u32 = 30;

struct Video {
    ffmpeg: Child,
    frames: ChildStdout,
    frame: Vec<u8>,
    window: Window,
    picture: Picture,
}

pub(crate) fn run(stage: &mut Stage<'_>, length: Duration) -> Result<(), BenchError> {
    let source = format!("testsrc2=size={}x{}:rate={FPS}", AREA.w, AREA.h);
    let mut ffmpeg = Command::new("ffmpeg")
        .args([
            "-loglevel",
            "error",
            "-threads",
            "1",
            "-f",
            "lavfi",
            "-i",
            &source,
        ])
        .args(["-pix_fmt", "bgr0", "-f", "rawvideo", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let frames = ffmpeg.stdout.take().ok_or(BenchError::Video)?;
    let mut video = Video {
        ffmpeg,
        frames,
        frame: vec![0; usize::from(AREA.w) * usize::from(AREA.h) * 4],
        window: stage.window(AREA, x11rb::NONE)?,
        picture: stage.picture(AREA.w, AREA.h)?,
    };
    stage.run(&mut video, length, FPS)
}

impl Workload for Video {
    fn frame(&mut self, stage: &mut Stage<'_>, _number: u16) -> Result<(), BenchError> {
        self.frames
            .read_exact(&mut self.frame)
            .map_err(|_| BenchError::Video)?;
        self.picture.write_rows(0, &self.frame)?;
        stage.show(&mut self.picture, self.window)
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        let _ = self.ffmpeg.kill();
        let _ = self.ffmpeg.wait();
    }
}
