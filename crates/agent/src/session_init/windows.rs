//! Watches the session's windows: when the first one appears, and, of a published application, that each fills the
//! view and when the last one is gone. The window manager does the rest.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    collections::HashSet,
    io,
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};
use x11rb::{
    CURRENT_TIME,
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{
            AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask,
            Window,
        },
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

/// The colour of the screen until the wallpaper is drawn: the wallpaper's own sky.
const BACKGROUND: u32 = 0x001d_3346;
/// `_NET_WM_STATE_ADD` (EWMH, root window messages).
const STATE_ADD: u32 = 1;
/// More windows than this are not looked at.
const MAX_WINDOWS: u32 = 1024;

x11rb::atom_manager! {
    /// Names of properties (EWMH, ICCCM).
    Atoms: AtomsCookie {
        _NAGAYA_SCALE,
        _NET_CLIENT_LIST,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_STATE,
        _NET_WM_STATE_MAXIMIZED_HORZ,
        _NET_WM_STATE_MAXIMIZED_VERT,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_NORMAL,
    }
}

/// The windows that the window manager knows.
pub(super) struct Windows {
    conn: RustConnection,
    root: Window,
    atoms: Atoms,
    fill: bool,
    seen: HashSet<Window>,
    open: usize,
    appeared: bool,
    scale_changed: bool,
}

impl Windows {
    /// Connects to the session's X server and paints its background. `fill`: every main window shall fill the view.
    pub(super) fn connect(fill: bool) -> io::Result<Self> {
        let (conn, screen) = x11rb::connect(None).map_err(io::Error::other)?;
        let root = conn
            .setup()
            .roots
            .get(screen)
            .ok_or_else(|| io::Error::other("an X server without a screen"))?
            .root;
        let atoms = Atoms::new(&conn)
            .map_err(io::Error::other)?
            .reply()
            .map_err(io::Error::other)?;
        let windows = Self {
            conn,
            root,
            atoms,
            fill,
            seen: HashSet::new(),
            open: 0,
            appeared: false,
            scale_changed: true,
        };
        windows.prepare().map_err(io::Error::other)?;
        Ok(windows)
    }

    fn prepare(&self) -> Result<(), x11rb::errors::ReplyError> {
        self.conn.change_window_attributes(
            self.root,
            &ChangeWindowAttributesAux::new()
                .background_pixel(BACKGROUND)
                .event_mask(EventMask::PROPERTY_CHANGE),
        )?;
        self.conn.clear_area(false, self.root, 0, 0, 0, 0)?;
        self.conn.sync()?;
        Ok(())
    }

    /// Takes in what happened. Returns true once: when the first window is there.
    pub(super) fn look(&mut self) -> io::Result<bool> {
        // Reading a reply may put further events into the queue, of which the socket says nothing any more.
        while self.has_list_changed()? {
            let list = self.client_list().map_err(io::Error::other)?;
            self.open = list.len();
            for window in &list {
                if self.seen.insert(*window) && self.fill {
                    // The window may be gone again; then there is nothing to fill.
                    let _ = self.fill(*window);
                }
            }
            self.seen.retain(|window| list.contains(window));
            self.conn.flush().map_err(io::Error::other)?;
        }
        let first = !self.appeared && self.open > 0;
        self.appeared |= first;
        Ok(first)
    }

    fn has_list_changed(&mut self) -> io::Result<bool> {
        let mut changed = false;
        while let Some(event) = self.conn.poll_for_event().map_err(io::Error::other)? {
            if let Event::PropertyNotify(event) = event {
                changed |= event.atom == self.atoms._NET_CLIENT_LIST;
                self.scale_changed |= event.atom == self.atoms._NAGAYA_SCALE;
            }
        }
        Ok(changed)
    }

    /// The scale that the client's screen has, in per cent, if it is another one than before.
    pub(super) fn take_scale(&mut self) -> io::Result<Option<u32>> {
        if !std::mem::take(&mut self.scale_changed) {
            return Ok(None);
        }
        self.number(self.atoms._NAGAYA_SCALE)
            .map_err(io::Error::other)
    }

    /// Waits until there is a window manager, but not for ever: an application without one is still of use.
    pub(super) fn wait_for_manager(&self, limit: Duration) -> io::Result<()> {
        let until = Instant::now() + limit;
        while self
            .number(self.atoms._NET_SUPPORTING_WM_CHECK)
            .map_err(io::Error::other)?
            .is_none()
        {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let mut fds = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
            poll(
                &mut fds,
                PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO),
            )?;
            // What it was does not matter: the property is looked at again, and the list of windows later anyhow.
            while self
                .conn
                .poll_for_event()
                .map_err(io::Error::other)?
                .is_some()
            {}
        }
        Ok(())
    }

    /// The first number of a property of the root window.
    fn number(&self, name: u32) -> Result<Option<u32>, x11rb::errors::ReplyError> {
        let reply = self
            .conn
            .get_property(false, self.root, name, AtomEnum::ANY, 0, 1)?
            .reply()?;
        Ok(reply.value32().and_then(|mut values| values.next()))
    }

    /// Whether a published application had windows and has none any more.
    pub(super) fn are_all_gone(&self) -> bool {
        self.fill && self.appeared && self.open == 0
    }

    fn client_list(&self) -> Result<Vec<Window>, x11rb::errors::ReplyError> {
        let list = self
            .conn
            .get_property(
                false,
                self.root,
                self.atoms._NET_CLIENT_LIST,
                AtomEnum::WINDOW,
                0,
                MAX_WINDOWS,
            )?
            .reply()?;
        Ok(list.value32().map(Iterator::collect).unwrap_or_default())
    }

    fn fill(&self, window: Window) -> Result<(), x11rb::errors::ReplyError> {
        let property =
            |name: u32, kind: u32| self.conn.get_property(false, window, name, kind, 0, 8);
        let kinds = property(self.atoms._NET_WM_WINDOW_TYPE, AtomEnum::ATOM.into())?;
        let owner = property(AtomEnum::WM_TRANSIENT_FOR.into(), AtomEnum::WINDOW.into())?;
        let kinds: Vec<u32> = kinds
            .reply()?
            .value32()
            .map(Iterator::collect)
            .unwrap_or_default();
        let normal = kinds.is_empty() || kinds.contains(&self.atoms._NET_WM_WINDOW_TYPE_NORMAL);
        if !normal || owner.reply()?.value_len > 0 {
            return Ok(());
        }
        let message = ClientMessageEvent::new(
            32,
            window,
            self.atoms._NET_WM_STATE,
            [
                STATE_ADD,
                self.atoms._NET_WM_STATE_MAXIMIZED_VERT,
                self.atoms._NET_WM_STATE_MAXIMIZED_HORZ,
                1,
                CURRENT_TIME,
            ],
        );
        self.conn.send_event(
            false,
            self.root,
            EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY,
            message,
        )?;
        Ok(())
    }
}

impl AsFd for Windows {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.conn.stream().as_fd()
    }
}
