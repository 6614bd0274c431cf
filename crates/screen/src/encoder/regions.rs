//! The regions that travel as video: when one begins, when it ends.

use crate::{
    activity::{Activity, Lively, STILL_US},
    change::{holds, meet, union},
    pack::Op,
    picture::Frame,
    video::Video,
};
use wire::stream::{Quality, Rect};

/// Streams that the protocol has, and two cores can feed.
const MAX_STREAMS: u8 = 3;
/// What costs more without loss becomes video, in bytes a second: 4 Mbit/s.
const AUTO_RATE: f32 = 500_000.0;
const SMOOTH_RATE: f32 = 150_000.0;
/// A region stays one at a quarter of what made it one.
const STAY: f32 = 0.25;
/// A region is not changed again before: each change costs a key picture, and what was video must be refined.
const MIN_LIFE_US: u64 = 1_000_000;
/// A region that is too large for so long becomes smaller.
const TOO_LARGE_US: u64 = 3_000_000;
/// openh264 codes at most 3840 × 2160.
const MAX_SIDES: (u16, u16) = (3840, 2160);

#[derive(Debug)]
struct Region {
    stream: u8,
    video: Video,
    since_us: u64,
    changed_at_us: u64,
    /// Since when a third of it stands still; none while it does not.
    too_large_since_us: Option<u64>,
}

/// All regions, and what decides on them.
#[derive(Debug)]
pub(super) struct Regions {
    enabled: bool,
    quality: Quality,
    active: Vec<Region>,
}

impl Regions {
    pub(super) fn new(enabled: bool) -> Self {
        Self {
            enabled,
            quality: Quality::Auto,
            active: Vec::new(),
        }
    }

    pub(super) fn set_quality(&mut self, quality: Quality) {
        self.quality = quality;
    }

    /// The client's streams are void.
    pub(super) fn forget(&mut self) {
        self.active.clear();
    }

    pub(super) fn rects(&self) -> Vec<Rect> {
        self.active
            .iter()
            .map(|region| region.video.rect())
            .collect()
    }

    /// Whether a tile belongs to a region.
    pub(super) fn holds(&self, tile: Rect) -> bool {
        let mut regions = self.active.iter();
        regions.any(|region| holds(region.video.rect(), tile))
    }

    /// When the next region will have stood still for too long.
    pub(super) fn still_at_us(&self) -> Option<u64> {
        self.active
            .iter()
            .map(|region| region.changed_at_us + STILL_US)
            .min()
    }

    /// Ends the regions that stand still.
    pub(super) fn end_still(&mut self, now_us: u64, ops: &mut Vec<Op>) {
        self.retain(ops, |region| now_us < region.changed_at_us + STILL_US);
    }

    /// Codes the region; `false` when that gave no picture.
    pub(super) fn encode(
        &mut self,
        rect: Rect,
        frame: &Frame<'_>,
        now_us: u64,
        ops: &mut Vec<Op>,
    ) -> bool {
        let Some(at) = self
            .active
            .iter()
            .position(|region| region.video.rect() == rect)
        else {
            return false;
        };
        let region = &mut self.active[at];
        region.changed_at_us = now_us;
        match region.video.encode(frame) {
            Ok(coded) if coded.data.is_empty() => false,
            Ok(coded) => {
                ops.push(Op::Video {
                    stream: region.stream,
                    key: coded.key,
                    dst: rect,
                    data: coded.data,
                });
                true
            }
            Err(_) => {
                // Everything still works without video, only with more bytes.
                self.enabled = false;
                self.retain(ops, |_| false);
                false
            }
        }
    }

    /// Ends regions that are none any more, and begins those that are. `rate`: what the link carries, bytes a second.
    pub(super) fn choose(
        &mut self,
        activity: &Activity,
        rate: Option<u64>,
        now_us: u64,
        ops: &mut Vec<Op>,
    ) {
        if !self.enabled {
            return;
        }
        let Some(start) = self.start_rate(rate) else {
            self.retain(ops, |_| false);
            return;
        };
        let lively = activity.lively(now_us, start * STAY);
        let bits = rate.map(|bytes| bytes * 8);
        for region in &mut self.active {
            region.judge(&lively, now_us);
            region.video.follow_link(bits);
        }
        self.retain(ops, |region| {
            let rect = region.video.rect();
            let young = now_us < region.since_us + MIN_LIFE_US;
            let lives = lively.iter().any(|it| meet(rect, it.rect));
            let tight = region
                .too_large_since_us
                .is_none_or(|since| now_us < since + TOO_LARGE_US);
            young || (lives && tight)
        });
        for it in lively.iter().filter(|it| it.rate >= start) {
            self.begin(it.rect, bits, now_us, ops);
        }
    }

    /// Begins a region, together with those that it overlaps.
    fn begin(&mut self, wanted: Rect, bits: Option<u64>, now_us: u64, ops: &mut Vec<Op>) {
        let mut rect = wanted;
        for region in &self.active {
            let other = region.video.rect();
            if !meet(other, rect) {
                continue;
            }
            let covered = union(other, rect);
            // A region with an odd edge covers all but one line of what was wanted.
            let inside = covered.w <= other.w + 1 && covered.h <= other.h + 1;
            if inside || now_us < region.since_us + MIN_LIFE_US {
                return;
            }
            rect = covered;
        }
        let Some(rect) = codable(rect) else {
            return;
        };
        self.retain(ops, |region| !meet(region.video.rect(), rect));
        let free = (0..MAX_STREAMS).find(|n| self.active.iter().all(|region| region.stream != *n));
        let Some(stream) = free else {
            return;
        };
        match Video::new(rect, bits) {
            Ok(video) => self.active.push(Region {
                stream,
                video,
                since_us: now_us,
                changed_at_us: now_us,
                too_large_since_us: None,
            }),
            // Everything still works without video, only with more bytes.
            Err(_) => self.enabled = false,
        }
    }

    /// What a region must cost without loss, in bytes a second, to become video; `None` for lossless only.
    fn start_rate(&self, rate: Option<u64>) -> Option<f32> {
        let wanted = match self.quality {
            Quality::Auto => AUTO_RATE,
            Quality::Sharp => return None,
            Quality::Smooth => SMOOTH_RATE,
        };
        // Half of the link at most goes to what could be had for less.
        Some(rate.map_or(wanted, |rate| wanted.min(rate as f32 / 2.0)))
    }

    fn retain(&mut self, ops: &mut Vec<Op>, keep: impl Fn(&Region) -> bool) {
        self.active.retain(|region| {
            let stays = keep(region);
            if !stays {
                ops.push(Op::VideoEnd {
                    stream: region.stream,
                });
            }
            stays
        });
    }
}

impl Region {
    /// Notes whether the region is clearly larger than what is lively in it.
    fn judge(&mut self, lively: &[Lively], now_us: u64) {
        let rect = self.video.rect();
        let inside = lively.iter().filter(|it| meet(rect, it.rect));
        let area: u32 = inside.map(|it| it.rect.area()).sum();
        if area * 3 >= rect.area() * 2 {
            self.too_large_since_us = None;
        } else if self.too_large_since_us.is_none() {
            self.too_large_since_us = Some(now_us);
        }
    }
}

/// The region with even sides, if the encoder takes it.
fn codable(rect: Rect) -> Option<Rect> {
    let rect = Rect {
        w: rect.w & !1,
        h: rect.h & !1,
        ..rect
    };
    let (long, short) = (rect.w.max(rect.h), rect.w.min(rect.h));
    (short >= 16 && long <= MAX_SIDES.0 && short <= MAX_SIDES.1).then_some(rect)
}
