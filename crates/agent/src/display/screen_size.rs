//! Gives the screen the size of the client's window, whatever it is, and tells the desktop how dense its pixels are.

use super::{DisplayError, X};
use std::rc::Rc;
use wire::stream::MAX_SIDE;
use x11rb::{
    CURRENT_TIME,
    connection::Connection as _,
    protocol::{
        randr::{self, ConnectionExt as _, ModeInfo},
        xproto::{AtomEnum, ConnectionExt as _, PropMode},
    },
    wrapper::ConnectionExt as _,
};

/// The root window's property that says the scale, in per cent.
pub(crate) const SCALE_PROPERTY: &[u8] = b"_NAGAYA_SCALE";
/// Smaller screens are of no use to anyone.
const MIN_SIDE: u16 = 200;
/// The largest screen that one session may have, in pixels: what memory and codecs are made for.
const MAX_AREA: u32 = 3840 * 2160;
/// Millimetres of an inch, times ten; pixels of an inch at 100 per cent.
const INCH: u32 = 254;
const DPI: u32 = 96;

/// The screen's size.
pub(super) struct ScreenSize {
    x: Rc<X>,
    scale_atom: u32,
    /// The mode that was made last; taken away when the next one is set.
    mode: Option<randr::Mode>,
}

impl ScreenSize {
    pub(super) fn new(x: Rc<X>) -> Result<Self, DisplayError> {
        x.conn.randr_query_version(1, 4)?.reply()?;
        let scale_atom = x.conn.intern_atom(false, SCALE_PROPERTY)?.reply()?.atom;
        Ok(Self {
            x,
            scale_atom,
            mode: None,
        })
    }

    /// The size now.
    pub(super) fn now(&self) -> Result<(u16, u16), DisplayError> {
        let geometry = self.x.conn.get_geometry(self.x.root)?.reply()?;
        Ok((geometry.width, geometry.height))
    }

    /// Sets size and scale, as far as they are reasonable.
    pub(super) fn set(&mut self, w: u16, h: u16, scale_percent: u16) -> Result<(), DisplayError> {
        let (w, h) = reasonable(w, h);
        let scale = u32::from(scale_percent.clamp(50, 400));
        self.x.conn.change_property32(
            PropMode::REPLACE,
            self.x.root,
            self.scale_atom,
            AtomEnum::CARDINAL,
            &[scale],
        )?;
        if self.now()? == (w, h) {
            return Ok(());
        }
        self.resize(w, h)
    }

    fn resize(&mut self, w: u16, h: u16) -> Result<(), DisplayError> {
        let conn = &self.x.conn;
        let root = self.x.root;
        let resources = conn.randr_get_screen_resources_current(root)?.reply()?;
        let (Some(output), Some(crtc)) = (resources.outputs.first(), resources.crtcs.first())
        else {
            return Err(DisplayError::Pixels);
        };
        let (now_w, now_h) = self.now()?;
        let known = resources
            .modes
            .iter()
            .find(|mode| (mode.width, mode.height) == (w, h));
        let (mode, made) = if let Some(mode) = known {
            (mode.id, None)
        } else {
            let name = format!("nagaya-{w}x{h}");
            let info = mode_info(w, h, name.len());
            let mode = conn
                .randr_create_mode(root, info, name.as_bytes())?
                .reply()?
                .mode;
            conn.randr_add_output_mode(*output, mode)?.check()?;
            (mode, Some(mode))
        };
        let millimetres = |pixels: u16| u32::from(pixels) * INCH / DPI / 10;
        let set_screen =
            |w: u16, h: u16| conn.randr_set_screen_size(root, w, h, millimetres(w), millimetres(h));
        let set_mode = |mode: randr::Mode, outputs: &[randr::Output]| {
            conn.randr_set_crtc_config(
                *crtc,
                CURRENT_TIME,
                resources.config_timestamp,
                0,
                0,
                mode,
                randr::Rotation::ROTATE0,
                outputs,
            )
        };
        // The mode must fit into the screen at every moment, so the screen is large enough for both in between.
        conn.grab_server()?;
        let changed = set_screen(w.max(now_w), h.max(now_h))?
            .check()
            .and_then(|()| {
                set_mode(mode, &[*output])?.reply()?;
                set_screen(w, h)?.check()
            });
        conn.ungrab_server()?;
        conn.flush()?;
        changed?;
        if self.mode != Some(mode) {
            if let Some(old) = self.mode.take() {
                conn.randr_delete_output_mode(*output, old)?.ignore_error();
                conn.randr_destroy_mode(old)?.ignore_error();
            }
            self.mode = made;
        }
        Ok(())
    }
}

/// The nearest size that a screen may have.
fn reasonable(w: u16, h: u16) -> (u16, u16) {
    let side = |pixels: u16| pixels.clamp(MIN_SIDE, MAX_SIDE);
    let (w, mut h) = (side(w), side(h));
    if u32::from(w) * u32::from(h) > MAX_AREA {
        h = u16::try_from(MAX_AREA / u32::from(w))
            .unwrap_or(h)
            .max(MIN_SIDE);
    }
    (w, h)
}

/// A mode of this size. Timings mean nothing without a monitor, but servers want them to be possible: 60 Hz.
fn mode_info(w: u16, h: u16, name_len: usize) -> ModeInfo {
    let (htotal, vtotal) = (w.saturating_add(160), h.saturating_add(40));
    ModeInfo {
        id: 0,
        width: w,
        height: h,
        dot_clock: u32::from(htotal) * u32::from(vtotal) * 60,
        hsync_start: w.saturating_add(48),
        hsync_end: w.saturating_add(80),
        htotal,
        hskew: 0,
        vsync_start: h.saturating_add(3),
        vsync_end: h.saturating_add(8),
        vtotal,
        name_len: u16::try_from(name_len).unwrap_or_default(),
        mode_flags: randr::ModeFlag::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_kept_within_reason() {
        assert_eq!(reasonable(1280, 801), (1280, 801));
        assert_eq!(reasonable(1, 0), (200, 200));
        assert_eq!(reasonable(u16::MAX, u16::MAX), (8192, 1012));
    }
}
