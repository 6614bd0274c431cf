//! The encoder of one connection: what the client shows, and the shortest way from there to what the screen shows now.
//!
//! A frame is made in this order: what is about to be painted over is kept; moved content is copied; what is left is
//! painted as tiles; regions that keep moving travel as video; what stands still again is refined.

mod regions;

use crate::{
    activity::Activity,
    cache::{Cache, Content},
    change::{Grid, holds, meet, union},
    motion::{self, Vector},
    pace::Pace,
    pack::{self, Op},
    picture::{Frame, Picture},
    tiles::TileWriter,
};
use regions::Regions;
use wire::stream::{HostStats, Quality, Rect};

/// Records of one payload, in bytes; even when nothing can be compressed it fits into a message.
const PAYLOAD_LEN: usize = 160 * 1024;
/// Fewer changed pixels are not searched for movement.
const MIN_MOTION: u32 = 6000;
/// Fewer changed pixels of a tile are sent as they are, without looking whether the tile is known.
const MIN_CACHED: u32 = 400;
/// Tiles that are refined with one frame.
const REFINED_AT_ONCE: usize = 48;

/// What the client can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderOptions {
    /// It decodes H.264.
    pub h264: bool,
}

/// The encoder of one connection. Times are microseconds of any one clock that does not go back.
#[derive(Debug)]
pub struct Encoder {
    grid: Grid,
    /// What the client shows; where a tile is lossy, what it approximates.
    shown: Picture,
    activity: Activity,
    cache: Cache,
    writer: TileWriter,
    regions: Regions,
    pace: Pace,
    seq: u32,
    everything: bool,
    hint: Option<Vector>,
    scratch: Vec<u32>,
    /// Tiles in the payload that is being written, with their bytes before compression.
    writing: Vec<(usize, usize)>,
    figures: Figures,
}

#[derive(Debug, Default)]
struct Figures {
    frames: u16,
    pixels: u64,
    video_pixels: u64,
}

impl Encoder {
    /// One whose client shows nothing yet.
    pub fn new(options: EncoderOptions) -> std::io::Result<Self> {
        let grid = Grid::new(1, 1);
        Ok(Self {
            grid,
            shown: Picture::new(1, 1),
            activity: Activity::new(grid),
            cache: Cache::default(),
            writer: TileWriter::new()?,
            regions: Regions::new(options.h264),
            pace: Pace::default(),
            seq: 0,
            everything: true,
            hint: None,
            scratch: Vec::new(),
            writing: Vec::new(),
            figures: Figures::default(),
        })
    }

    /// The client wants everything anew.
    pub fn refresh(&mut self) {
        self.everything = true;
    }

    /// The user chose between sharp and smooth.
    pub fn set_quality(&mut self, quality: Quality) {
        self.regions.set_quality(quality);
    }

    /// The client painted a frame, after so long a work of its own.
    pub fn acknowledged(&mut self, seq: u32, decode_us: u32, paint_us: u32, now_us: u64) {
        let busy_us = u64::from(decode_us) + u64::from(paint_us);
        self.pace.acknowledged(seq, busy_us, now_us);
    }

    /// The round trip as the client measured it.
    pub fn round_trip(&mut self, rtt_us: u32) {
        if rtt_us > 0 {
            self.pace.round_trip(rtt_us.into());
        }
    }

    /// The user pressed something: its answer shall not wait for the end of an interval between frames.
    pub fn hurry(&mut self, now_us: u64) {
        self.pace.hurry(now_us);
    }

    /// Whether a frame may go now.
    #[must_use]
    pub fn may_send(&self, now_us: u64) -> bool {
        self.pace.may_send(now_us)
    }

    /// Whether there is something to send although the screen has not changed.
    #[must_use]
    pub fn is_due(&self, now_us: u64) -> bool {
        self.everything || self.due_at_us().is_some_and(|at| at <= now_us)
    }

    /// When to ask again: for a frame that had to wait (`waiting`), or for what is due later. `None`: when something
    /// happens.
    #[must_use]
    pub fn wake_at_us(&self, waiting: bool) -> Option<u64> {
        if !self.pace.has_room() {
            return None;
        }
        let due = if waiting || self.everything {
            Some(0)
        } else {
            self.due_at_us()
        };
        due.map(|at| at.max(self.pace.earliest_us()))
    }

    fn due_at_us(&self) -> Option<u64> {
        let refine = self.activity.refine_at_us(&self.regions.rects());
        let still = self.regions.still_at_us();
        refine.into_iter().chain(still).min()
    }

    /// What happened since this was asked last; `encode_us` is known to the caller.
    pub fn take_stats(&mut self, encode_us: u32) -> HostStats {
        let figures = std::mem::take(&mut self.figures);
        let percent = (figures.video_pixels * 100).checked_div(figures.pixels);
        let kbps = self.pace.rate().map_or(0, |rate| rate * 8 / 1000);
        HostStats {
            frames: figures.frames,
            encode_us,
            video_percent: percent
                .and_then(|percent| u8::try_from(percent).ok())
                .unwrap_or(0),
            bandwidth_kbps: u32::try_from(kbps).unwrap_or(u32::MAX),
        }
    }

    /// Frames that the client has not painted yet.
    #[must_use]
    pub fn frames_in_flight(&self) -> usize {
        self.pace.frames_in_flight()
    }

    /// Encodes what changed within `damage`, as messages. Returns whether there is a frame at all: repainting the same
    /// pixels is none.
    pub fn encode(
        &mut self,
        frame: &Frame<'_>,
        damage: &[Rect],
        now_us: u64,
        out: &mut Vec<Vec<u8>>,
    ) -> bool {
        let mut ops = Vec::new();
        let all = Rect {
            x: 0,
            y: 0,
            w: frame.w(),
            h: frame.h(),
        };
        let resized = (frame.w(), frame.h()) != (self.shown.w(), self.shown.h());
        let changed = if self.everything || resized {
            self.start_over(frame, &mut ops);
            self.changed_tiles(frame, &[all], &[])
        } else {
            self.changed_tiles(frame, damage, &[])
        };
        self.regions.end_still(now_us, &mut ops);
        let (in_video, mut outside): (Vec<_>, Vec<_>) = changed
            .into_iter()
            .partition(|(index, _)| self.regions.holds(self.grid.rect(*index)));
        self.keep(&outside, now_us);
        outside = self.moved(frame, outside, now_us, &mut ops);
        self.paint(frame, &outside, now_us, &mut ops);
        self.refine(frame, now_us, &mut ops);
        self.flush(&mut ops);
        self.video(frame, &in_video, now_us, &mut ops);
        self.regions
            .choose(&self.activity, self.pace.rate(), now_us, &mut ops);
        if ops.is_empty() {
            return false;
        }
        let bytes = pack::messages(self.seq, now_us, &ops, out);
        self.pace.sent(self.seq, bytes, now_us);
        self.seq = self.seq.wrapping_add(1);
        self.figures.frames = self.figures.frames.saturating_add(1);
        true
    }

    /// The client forgets everything and has a black picture of this size.
    fn start_over(&mut self, frame: &Frame<'_>, ops: &mut Vec<Op>) {
        let (w, h) = (frame.w(), frame.h());
        self.grid = Grid::new(w, h);
        self.shown = Picture::new(w, h);
        self.activity = Activity::new(self.grid);
        self.cache.clear();
        self.regions.forget();
        self.everything = false;
        self.hint = None;
        ops.push(Op::Size { w, h });
    }

    /// The tiles that damage touches and that are wrong. Those within one of `right` are known not to be.
    fn changed_tiles(
        &self,
        frame: &Frame<'_>,
        damage: &[Rect],
        right: &[Rect],
    ) -> Vec<(usize, Rect)> {
        let mut touched = vec![false; self.grid.len()];
        for rect in damage {
            for index in self.grid.touched(*rect) {
                touched[index] = true;
            }
        }
        for (index, touched) in touched.iter_mut().enumerate() {
            let tile = self.grid.rect(index);
            *touched &= !right.iter().any(|rect| holds(*rect, tile));
        }
        self.grid.changed(&self.shown, frame, &touched)
    }

    /// Lets the client keep what is about to be painted over and may come back.
    fn keep(&mut self, changed: &[(usize, Rect)], now_us: u64) {
        for (index, _) in changed {
            if !self.activity.is_settled(*index, now_us) {
                continue;
            }
            let rect = self.grid.rect(*index);
            self.shown.gather(rect, &mut self.scratch);
            if self.scratch.iter().all(|pixel| *pixel == self.scratch[0]) {
                continue;
            }
            let content = Content::of(rect.w, &self.scratch);
            if self.cache.find(content).is_none() {
                let slot = self.cache.keep(content);
                self.writer.keep(rect, slot);
            }
        }
    }

    /// Copies what moved. Returns what is wrong then.
    fn moved(
        &mut self,
        frame: &Frame<'_>,
        changed: Vec<(usize, Rect)>,
        now_us: u64,
        ops: &mut Vec<Op>,
    ) -> Vec<(usize, Rect)> {
        let area: u32 = changed.iter().map(|(_, rect)| rect.area()).sum();
        let Some(bounds) = changed.iter().map(|(_, rect)| *rect).reduce(union) else {
            return changed;
        };
        if area < MIN_MOTION {
            return changed;
        }
        let Some(found) = motion::find(&self.shown, frame, bounds, self.hint) else {
            self.hint = None;
            return changed;
        };
        self.hint = Some(found.vector);
        self.flush(ops);
        let mut again: Vec<Rect> = changed
            .iter()
            .map(|(index, _)| self.grid.rect(*index))
            .collect();
        let mut right = Vec::new();
        for step in found.moves {
            let target = step.target();
            let lossy = self
                .grid
                .touched(step.src)
                .any(|index| self.activity.is_lossy(index));
            for index in self.grid.touched(target) {
                if lossy {
                    self.activity.set_lossy(index, true);
                    self.activity.changed(index, now_us);
                }
            }
            self.shown.copy(step.src, step.x, step.y);
            again.push(target);
            if found.exact {
                right.push(target);
            }
            ops.push(Op::Copy {
                src: step.src,
                x: step.x,
                y: step.y,
            });
        }
        let mut left = self.changed_tiles(frame, &again, &right);
        left.retain(|(index, _)| !self.regions.holds(self.grid.rect(*index)));
        left
    }

    /// Paints tiles without loss.
    fn paint(
        &mut self,
        frame: &Frame<'_>,
        changed: &[(usize, Rect)],
        now_us: u64,
        ops: &mut Vec<Op>,
    ) {
        for (index, changed) in changed {
            self.activity.changed(*index, now_us);
            self.tile(frame, *index, *changed, ops);
        }
    }

    /// Paints again, without loss, what was approximated and stands still now.
    fn refine(&mut self, frame: &Frame<'_>, now_us: u64, ops: &mut Vec<Op>) {
        let still = self.activity.to_refine(now_us, &self.regions.rects());
        for index in still.into_iter().take(REFINED_AT_ONCE) {
            let rect = self.grid.rect(index);
            self.tile(frame, index, rect, ops);
        }
    }

    fn tile(&mut self, frame: &Frame<'_>, index: usize, changed: Rect, ops: &mut Vec<Op>) {
        let rect = self.grid.rect(index);
        let lossy = self.activity.is_lossy(index);
        let mut bytes = 9;
        let known = if changed.area() >= MIN_CACHED {
            frame.gather(rect, &mut self.scratch);
            self.cache.find(Content::of(rect.w, &self.scratch))
        } else {
            None
        };
        if let Some(slot) = known {
            self.writer.cached(rect, slot);
        } else {
            // Of a tile that is approximated all pixels are wrong.
            let painted = if lossy { rect } else { changed };
            frame.gather(painted, &mut self.scratch);
            bytes = self.writer.pixels(painted, &self.scratch);
        }
        self.activity.set_lossy(index, false);
        self.shown.take(frame, rect);
        self.figures.pixels += u64::from(changed.area());
        self.writing.push((index, bytes));
        if self.writer.len() >= PAYLOAD_LEN {
            self.flush(ops);
        }
    }

    /// Ends the payload that is being written, and learns what its tiles cost.
    fn flush(&mut self, ops: &mut Vec<Op>) {
        if self.writer.is_empty() {
            return;
        }
        let raw = self.writer.len();
        let payload = self.writer.finish();
        let ratio = payload.len() as f32 / raw as f32;
        for (index, bytes) in self.writing.drain(..) {
            self.activity.cost(index, bytes as f32 * ratio);
        }
        ops.push(Op::Tiles(payload));
    }

    fn video(
        &mut self,
        frame: &Frame<'_>,
        changed: &[(usize, Rect)],
        now_us: u64,
        ops: &mut Vec<Op>,
    ) {
        for (index, changed) in changed {
            self.activity
                .changed_in_video(*index, changed.area(), now_us);
        }
        for rect in self.regions.rects() {
            if !changed
                .iter()
                .any(|(index, _)| meet(self.grid.rect(*index), rect))
            {
                continue;
            }
            let painted = self.regions.encode(rect, frame, now_us, ops);
            // Without a picture the tiles stay wrong; being lossy they are refined.
            for index in self.grid.touched(rect) {
                self.activity.set_lossy(index, true);
            }
            self.shown.take(frame, rect);
            if painted {
                self.figures.pixels += u64::from(rect.area());
                self.figures.video_pixels += u64::from(rect.area());
            }
        }
    }
}

#[cfg(test)]
mod tests;
