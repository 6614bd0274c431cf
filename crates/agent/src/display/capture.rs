//! What is on the screen: damage by XDamage, pixels by MIT-SHM.

use super::{DisplayError, X, shm::Shm};
use screen::Frame;
use wire::stream::Rect;
use x11rb::{
    NONE,
    connection::Connection as _,
    errors::ReplyError,
    protocol::{
        damage::{ConnectionExt as _, ReportLevel},
        shm::{ConnectionExt as _, Seg},
        xfixes::ConnectionExt as _,
        xproto::{ConnectionExt as _, ImageFormat, ImageOrder},
    },
};

/// More rectangles than this are taken as one.
const MAX_RECTS: usize = 24;
/// Two rectangles are taken as one when that adds at most so many pixels.
const MERGE_COST: u32 = 8192;

/// The screen as captured so far, and where it is out of date.
pub(super) struct Capture {
    x: X,
    damage: u32,
    region: u32,
    segment: Seg,
    shm: Shm,
    pixels: Vec<u32>,
    w: u16,
    h: u16,
}

impl Capture {
    pub(super) fn open(x: X) -> Result<Self, DisplayError> {
        check_pixels(&x)?;
        let conn = &x.conn;
        conn.damage_query_version(1, 1)?.reply()?;
        conn.xfixes_query_version(5, 0)?.reply()?;
        conn.shm_query_version()?.reply()?;
        let damage = conn.generate_id()?;
        conn.damage_create(damage, x.root, ReportLevel::NON_EMPTY)?
            .check()?;
        let region = conn.generate_id()?;
        conn.xfixes_create_region(region, &[])?.check()?;
        let geometry = conn.get_geometry(x.root)?.reply()?;
        let (shm, segment) = share(&x, geometry.width, geometry.height)?;
        Ok(Self {
            damage,
            region,
            segment,
            shm,
            pixels: vec![0; usize::from(geometry.width) * usize::from(geometry.height)],
            w: geometry.width,
            h: geometry.height,
            x,
        })
    }

    pub(super) fn x(&self) -> &X {
        &self.x
    }

    /// The screen may have another size now.
    pub(super) fn resize(&mut self) -> Result<(), DisplayError> {
        let geometry = self.x.conn.get_geometry(self.x.root)?.reply()?;
        if (geometry.width, geometry.height) == (self.w, self.h) {
            return Ok(());
        }
        self.x.conn.shm_detach(self.segment)?;
        (self.shm, self.segment) = share(&self.x, geometry.width, geometry.height)?;
        (self.w, self.h) = (geometry.width, geometry.height);
        self.pixels = vec![0; usize::from(self.w) * usize::from(self.h)];
        Ok(())
    }

    /// Captures what is damaged, or all. Returns where; an empty list when nothing is.
    pub(super) fn update(&mut self, everything: bool) -> Result<Vec<Rect>, DisplayError> {
        // First the damage is taken back, then the pixels are read: what changes in between is damage again.
        self.x
            .conn
            .damage_subtract(self.damage, NONE, self.region)?;
        let rects = if everything {
            vec![Rect {
                x: 0,
                y: 0,
                w: self.w,
                h: self.h,
            }]
        } else {
            let region = self.x.conn.xfixes_fetch_region(self.region)?.reply()?;
            let inside = region.rectangles.iter().filter_map(|rect| {
                let left = u16::try_from(rect.x.max(0)).ok()?;
                let top = u16::try_from(rect.y.max(0)).ok()?;
                let right = i32::from(rect.x) + i32::from(rect.width);
                let bottom = i32::from(rect.y) + i32::from(rect.height);
                let w = u16::try_from(right.min(self.w.into()) - i32::from(left)).ok()?;
                let h = u16::try_from(bottom.min(self.h.into()) - i32::from(top)).ok()?;
                (w > 0 && h > 0).then_some(Rect {
                    x: left,
                    y: top,
                    w,
                    h,
                })
            });
            merged(inside.collect())
        };
        match self.read(&rects) {
            Ok(()) => Ok(rects),
            // The screen became smaller at this very moment; the change of size is on its way as an event.
            Err(ReplyError::X11Error(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The screen as captured last.
    pub(super) fn frame(&self) -> Option<Frame<'_>> {
        Frame::new(&self.pixels, self.w.into(), self.w, self.h)
    }

    fn read(&mut self, rects: &[Rect]) -> Result<(), ReplyError> {
        // Rectangles of a region never overlap, but merged ones may: then all fits better.
        let total: usize = rects.iter().map(|rect| rect.area() as usize * 4).sum();
        let whole = [Rect {
            x: 0,
            y: 0,
            w: self.w,
            h: self.h,
        }];
        let rects = if total > self.shm.len() {
            &whole
        } else {
            rects
        };
        let mut offset = 0u32;
        let mut cookies = Vec::new();
        for rect in rects {
            let bytes = rect.area() * 4;
            let cookie = self.x.conn.shm_get_image(
                self.x.root,
                // Below 8192.
                rect.x.cast_signed(),
                rect.y.cast_signed(),
                rect.w,
                rect.h,
                !0,
                ImageFormat::Z_PIXMAP.into(),
                self.segment,
                offset,
            )?;
            cookies.push((cookie, *rect, offset as usize));
            offset += bytes;
        }
        for (cookie, rect, offset) in cookies {
            cookie.reply()?;
            let w = usize::from(rect.w);
            for line in 0..usize::from(rect.h) {
                let at = (usize::from(rect.y) + line) * usize::from(self.w) + usize::from(rect.x);
                self.shm
                    .copy_to(offset + line * w * 4, &mut self.pixels[at..at + w]);
            }
        }
        Ok(())
    }
}

fn share(x: &X, w: u16, h: u16) -> Result<(Shm, Seg), DisplayError> {
    let (shm, fd) = Shm::new(usize::from(w) * usize::from(h) * 4)?;
    let segment = x.conn.generate_id()?;
    x.conn.shm_attach_fd(segment, fd, false)?.check()?;
    Ok((shm, segment))
}

/// Pixels must be 32 bits, little-endian, red in bits 16 to 23: so that no conversion is needed.
fn check_pixels(x: &X) -> Result<(), DisplayError> {
    let setup = x.conn.setup();
    let root = setup
        .roots
        .iter()
        .find(|screen| screen.root == x.root)
        .ok_or(DisplayError::Pixels)?;
    let bits = setup
        .pixmap_formats
        .iter()
        .any(|it| it.depth == root.root_depth && it.bits_per_pixel == 32);
    let visual = root.allowed_depths.iter().flat_map(|depth| &depth.visuals);
    let order = visual.into_iter().any(|it| {
        it.visual_id == root.root_visual
            && (it.red_mask, it.green_mask, it.blue_mask) == (0x00ff_0000, 0x0000_ff00, 0x0000_00ff)
    });
    let little = setup.image_byte_order == ImageOrder::LSB_FIRST;
    if bits && order && little {
        Ok(())
    } else {
        Err(DisplayError::Pixels)
    }
}

/// Fewer rectangles that cover the same and little more.
fn merged(mut rects: Vec<Rect>) -> Vec<Rect> {
    if rects.len() > MAX_RECTS {
        return rects.into_iter().reduce(union).into_iter().collect();
    }
    let mut at = 0;
    while at < rects.len() {
        let near = (at + 1..rects.len()).find(|other| {
            let (a, b) = (rects[at], rects[*other]);
            union(a, b).area() <= a.area() + b.area() + MERGE_COST
        });
        match near {
            Some(other) => {
                rects[at] = union(rects[at], rects[other]);
                rects.swap_remove(other);
                at = 0;
            }
            None => at += 1,
        }
    }
    rects
}

fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect {
        x,
        y,
        w: (a.x + a.w).max(b.x + b.w) - x,
        h: (a.y + a.h).max(b.y + b.h) - y,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_rectangles_become_one_and_distant_ones_stay() {
        let glyph = |x| Rect {
            x,
            y: 100,
            w: 8,
            h: 16,
        };
        let far = Rect {
            x: 1500,
            y: 900,
            w: 40,
            h: 40,
        };
        let out = merged(vec![glyph(10), glyph(30), far, glyph(60)]);
        assert_eq!(out.len(), 2);
        assert!(out.contains(&far));
        assert!(out.contains(&Rect {
            x: 10,
            y: 100,
            w: 58,
            h: 16
        }));
    }
}
