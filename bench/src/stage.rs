//! Windows, pictures, the marker and the loop that all workloads share.

use crate::{
    error::BenchError,
    events::Events,
    marker::{self, Marker},
};
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::memfd::{MFdFlags, memfd_create},
};
use std::{
    fs::File,
    os::{fd::AsFd as _, unix::fs::FileExt as _},
    path::Path,
    time::{Duration, Instant},
};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        shm::{self, ConnectionExt as _},
        xproto::{
            ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask,
            Gcontext, GrabMode, GrabStatus, ImageFormat, Pixmap, StackMode, Window, WindowClass,
        },
    },
    rust_connection::RustConnection,
};

/// How often the keyboard is asked for while a starting desktop holds it.
const GRAB_PAUSE: Duration = Duration::from_millis(50);
const GRAB_LIMIT: Duration = Duration::from_secs(10);

/// A rectangle on the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) x: i16,
    pub(crate) y: i16,
    pub(crate) w: u16,
    pub(crate) h: u16,
}

/// A picture in memory shared with the X server, with two buffers: one is drawn while the other may still be read.
#[derive(Debug)]
pub(crate) struct Picture {
    w: u16,
    h: u16,
    buffers: [(File, shm::Seg); 2],
    front: usize,
}

impl Picture {
    /// Writes bytes (four a pixel) into the buffer that is drawn next, from this row on.
    pub(crate) fn write_rows(&self, row: u16, pixels: &[u8]) -> Result<(), BenchError> {
        let offset = u64::from(row) * u64::from(self.w) * 4;
        Ok(self.buffers[self.front].0.write_all_at(pixels, offset)?)
    }
}

/// The screen as workloads use it.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    conn: &'a RustConnection,
    root: Window,
    pub(crate) screen: (u16, u16),
    gc: Gcontext,
    marker_window: Window,
    marker: Marker,
    events: Events,
}

/// What a workload does when something is due.
pub(crate) trait Workload {
    /// Draws the next frame.
    fn frame(&mut self, stage: &mut Stage<'_>, number: u16) -> Result<(), BenchError>;
    /// Draws what a key press changes.
    fn key(&mut self, _stage: &mut Stage<'_>) -> Result<(), BenchError> {
        Ok(())
    }
}

impl<'a> Stage<'a> {
    pub(crate) fn new(conn: &'a RustConnection, log: &Path) -> Result<Self, BenchError> {
        let screen = conn.setup().roots.first().ok_or(BenchError::Depth)?;
        if screen.root_depth != 24 {
            return Err(BenchError::Depth);
        }
        let gc = conn.generate_id()?;
        conn.create_gc(gc, screen.root, &CreateGCAux::new().graphics_exposures(0))?;
        // The size may have been changed since the server started: the root window knows.
        let size = conn.get_geometry(screen.root)?.reply()?;
        let mut stage = Self {
            conn,
            root: screen.root,
            screen: (size.width, size.height),
            gc,
            marker_window: screen.root,
            marker: Marker::default(),
            events: Events::create(log)?,
        };
        stage.grab_keyboard()?;
        Ok(stage)
    }

    /// A window above all others.
    pub(crate) fn window(&self, area: Area, background: Pixmap) -> Result<Window, BenchError> {
        let window = self.conn.generate_id()?;
        let aux = CreateWindowAux::new()
            .override_redirect(1)
            .background_pixmap(background)
            .event_mask(EventMask::EXPOSURE);
        self.conn.create_window(
            x11rb::COPY_DEPTH_FROM_PARENT,
            window,
            self.root,
            area.x,
            area.y,
            area.w,
            area.h,
            0,
            WindowClass::INPUT_OUTPUT,
            x11rb::COPY_FROM_PARENT,
            &aux,
        )?;
        self.conn.map_window(window)?;
        Ok(window)
    }

    /// Moves a window.
    pub(crate) fn move_window(&self, window: Window, x: i16, y: i16) -> Result<(), BenchError> {
        let aux = ConfigureWindowAux::new().x(i32::from(x)).y(i32::from(y));
        self.conn.configure_window(window, &aux)?;
        Ok(())
    }

    /// A picture of this size that windows can show.
    pub(crate) fn picture(&self, w: u16, h: u16) -> Result<Picture, BenchError> {
        let buffer = || -> Result<(File, shm::Seg), BenchError> {
            let file = File::from(
                memfd_create(c"bench", MFdFlags::MFD_CLOEXEC).map_err(std::io::Error::from)?,
            );
            file.set_len(u64::from(w) * u64::from(h) * 4)?;
            let segment = self.conn.generate_id()?;
            self.conn
                .shm_attach_fd(segment, file.try_clone()?, true)?
                .check()?;
            Ok((file, segment))
        };
        Ok(Picture {
            w,
            h,
            buffers: [buffer()?, buffer()?],
            front: 0,
        })
    }

    /// Shows the picture in the window's top left corner.
    pub(crate) fn show(&self, picture: &mut Picture, target: u32) -> Result<(), BenchError> {
        let (w, h) = (picture.w, picture.h);
        let segment = picture.buffers[picture.front].1;
        let format = ImageFormat::Z_PIXMAP.into();
        self.conn.shm_put_image(
            target, self.gc, w, h, 0, 0, w, h, 0, 0, 24, format, false, segment, 0,
        )?;
        picture.front = 1 - picture.front;
        Ok(())
    }

    /// Keeps pixels in the X server, for backgrounds that it repaints by itself.
    pub(crate) fn pixmap(&self, w: u16, h: u16, pixels: &[u8]) -> Result<Pixmap, BenchError> {
        let pixmap = self.conn.generate_id()?;
        self.conn.create_pixmap(24, pixmap, self.root, w, h)?;
        let mut picture = self.picture(w, h)?;
        picture.write_rows(0, pixels)?;
        self.show(&mut picture, pixmap)?;
        self.conn.get_input_focus()?.reply()?;
        Ok(pixmap)
    }

    /// Draws a few pixels without shared memory.
    pub(crate) fn put(&self, target: u32, area: Area, pixels: &[u8]) -> Result<(), BenchError> {
        let format = ImageFormat::Z_PIXMAP;
        self.conn.put_image(
            format, target, self.gc, area.w, area.h, area.x, area.y, 0, 24, pixels,
        )?;
        Ok(())
    }

    /// Runs the workload: `fps` frames a second (0: none but the first), keys as they come.
    pub(crate) fn run(
        &mut self,
        workload: &mut impl Workload,
        length: Duration,
        fps: u32,
    ) -> Result<(), BenchError> {
        self.show_marker()?;
        let began = Instant::now();
        let mut drawn = 0_u32;
        while began.elapsed() < length {
            let due = match (drawn, fps) {
                (0, _) => Duration::ZERO,
                (_, 0) => length,
                _ => Duration::from_secs(1) * drawn / fps,
            };
            while let Some(event) = self.conn.poll_for_event()? {
                if matches!(event, Event::KeyPress(_)) {
                    workload.key(self)?;
                    self.note_key()?;
                }
            }
            let now = began.elapsed();
            if now >= due {
                // A number each: late frames are drawn late, never left out, so that none looks lost on the way.
                self.marker.frame = self.marker.frame.wrapping_add(1);
                workload.frame(self, self.marker.frame)?;
                self.note_frame()?;
                drawn += 1;
            } else {
                self.wait(due.min(length).saturating_sub(now))?;
            }
        }
        self.events.flush()
    }

    fn note_frame(&mut self) -> Result<(), BenchError> {
        self.draw_marker()?;
        self.events.note("frame", self.marker.frame)?;
        self.conn.flush()?;
        self.events.flush()
    }

    fn note_key(&mut self) -> Result<(), BenchError> {
        self.marker.keys = self.marker.keys.wrapping_add(1);
        self.draw_marker()?;
        self.events.note("key", self.marker.keys.into())?;
        self.conn.flush()?;
        self.events.flush()
    }

    fn wait(&self, limit: Duration) -> Result<(), BenchError> {
        let mut fds = [PollFd::new(self.conn.stream().as_fd(), PollFlags::POLLIN)];
        // Rounded up, so that the loop does not spin through the last millisecond.
        let millis = limit.as_millis().saturating_add(1).min(1000);
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::ZERO);
        poll(&mut fds, timeout).map_err(std::io::Error::from)?;
        Ok(())
    }

    /// The marker has a window of its own above the workload's.
    fn show_marker(&mut self) -> Result<(), BenchError> {
        let ((x, y), (w, h)) = (marker::POSITION, marker::SIZE);
        self.marker_window = self.window(Area { x, y, w, h }, x11rb::NONE)?;
        let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.conn.configure_window(self.marker_window, &above)?;
        Ok(())
    }

    fn draw_marker(&self) -> Result<(), BenchError> {
        let (w, h) = marker::SIZE;
        let area = Area { x: 0, y: 0, w, h };
        self.put(self.marker_window, area, &self.marker.pixels())
    }

    /// All keys come here, whatever window has the focus.
    fn grab_keyboard(&mut self) -> Result<(), BenchError> {
        let limit = Instant::now() + GRAB_LIMIT;
        loop {
            let reply = self
                .conn
                .grab_keyboard(
                    true,
                    self.root,
                    x11rb::CURRENT_TIME,
                    GrabMode::ASYNC,
                    GrabMode::ASYNC,
                )?
                .reply()?;
            if reply.status == GrabStatus::SUCCESS {
                return Ok(());
            }
            if Instant::now() > limit {
                return Err(BenchError::Keyboard);
            }
            std::thread::sleep(GRAB_PAUSE);
        }
    }
}

/// The picture's bytes for one colour, four bytes a pixel.
pub(crate) fn plain(w: u16, h: u16, colour: u32) -> Vec<u8> {
    colour.to_le_bytes().repeat(usize::from(w) * usize::from(h))
}
