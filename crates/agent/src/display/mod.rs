//! The display (`nagaya display`): shows a session's X server to one connection at a time and carries its input. Runs
//! in a sandbox of its own, under its own user id: what is wrong with it harms the one session that it shows.
//!
//! Two threads: this one carries input, clipboard and cursor and never waits for pixels; [`pictures`] captures and
//! encodes. Both sleep until something happens.

mod capture;
mod clipboard;
mod cursor;
mod input;
mod pictures;
mod screen_size;
mod shm;
mod socket;

use crate::sandbox::STREAM_DIR;
use clipboard::Clipboard;
use cursor::Cursor;
use input::Input;
use pictures::{Command, Pictures};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use screen_size::ScreenSize;
use socket::{Client, Received};
use std::{
    io,
    os::{
        fd::AsFd as _,
        unix::{fs::PermissionsExt as _, net::UnixListener},
    },
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};
use wire::stream::{ClientMessage, Ended, HostMessage, VERSION};
use x11rb::{
    connection::Connection as _,
    errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError},
    protocol::{Event, xproto::ConnectionExt as _},
    rust_connection::RustConnection,
};

/// The connection to the X server and its screen.
pub(crate) struct X {
    pub(crate) conn: RustConnection,
    pub(crate) root: u32,
}

/// Why a display cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DisplayError {
    /// Files, sockets, memory.
    #[error("the system: {0}")]
    Io(#[from] io::Error),
    /// No X server.
    #[error("cannot connect to the X server: {0}")]
    Connect(#[from] ConnectError),
    /// The X server went away: the session is over.
    #[error("the X server is gone: {0}")]
    Connection(#[from] ConnectionError),
    /// The X server refused what it must be able to do.
    #[error("the X server refused: {0}")]
    Reply(#[from] ReplyError),
    /// No more X ids.
    #[error("the X server: {0}")]
    Id(#[from] ReplyOrIdError),
    /// Pixels of another form than 24 bits in 32.
    #[error("the X server has pixels of an unknown form")]
    Pixels,
    /// The other thread is gone.
    #[error("the encoder stopped: {0}")]
    Encoder(String),
}

impl From<rustix::io::Errno> for DisplayError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

impl X {
    pub(crate) fn connect() -> Result<Self, DisplayError> {
        let (conn, screen) = x11rb::connect(None)?;
        let root = conn
            .setup()
            .roots
            .get(screen)
            .ok_or(DisplayError::Pixels)?
            .root;
        Ok(Self { conn, root })
    }
}

/// Shows the session until its X server is gone.
pub(crate) fn run() -> Result<(), DisplayError> {
    let path = Path::new(STREAM_DIR).join("sock");
    let mut desk = Desk::open(&path)?;
    let ended = desk.live();
    desk.end_client(Ended::SessionOver);
    ended
}

/// Everything of this thread.
struct Desk {
    x: Rc<X>,
    listener: UnixListener,
    client: Option<Client>,
    /// Counts clients, so that a frame for one is never given to the next.
    generation: u64,
    pictures: Pictures,
    input: Input,
    cursor: Cursor,
    clipboard: Clipboard,
    size: ScreenSize,
}

impl Desk {
    fn open(path: &Path) -> Result<Self, DisplayError> {
        let x = Rc::new(X::connect()?);
        let pictures = Pictures::start()?;
        let desk = Self {
            input: Input::new(x.clone())?,
            cursor: Cursor::watch(&x)?,
            clipboard: Clipboard::new(x.clone())?,
            size: ScreenSize::new(x.clone())?,
            listener: listen(path)?,
            client: None,
            generation: 0,
            pictures,
            x,
        };
        desk.x.conn.flush()?;
        Ok(desk)
    }

    fn live(&mut self) -> Result<(), DisplayError> {
        loop {
            // Replies that were waited for may have brought events, of which the socket says nothing any more.
            while let Some(event) = self.x.conn.poll_for_event()? {
                self.event(&event)?;
            }
            self.x.conn.flush()?;
            self.flush_client();
            self.wait()?;
            self.accept()?;
            self.receive()?;
            for message in self.pictures.take(self.generation)? {
                if let Some(client) = &mut self.client {
                    client.queue_pixels(message);
                }
            }
            self.input.type_on(Instant::now())?;
            if let Some(message) = self.clipboard.take_out() {
                self.send(message);
            }
        }
    }

    fn wait(&self) -> Result<(), DisplayError> {
        let mut fds = vec![
            PollFd::new(self.x.conn.stream(), PollFlags::IN),
            PollFd::new(&self.listener, PollFlags::IN),
            PollFd::from_borrowed_fd(self.pictures.wake_fd(), PollFlags::IN),
        ];
        if let Some(client) = &self.client {
            let mut flags = PollFlags::IN;
            if client.has_output() {
                flags |= PollFlags::OUT;
            }
            fds.push(PollFd::from_borrowed_fd(client.as_fd(), flags));
        }
        let timeout = self
            .input
            .next_at()
            .map(|at| timespec(at.saturating_duration_since(Instant::now())));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn event(&mut self, event: &Event) -> Result<(), DisplayError> {
        match event {
            Event::XfixesCursorNotify(_) => {
                if let Some(message) = self.cursor.shape(&self.x)? {
                    self.send(message);
                }
            }
            Event::MappingNotify(_) => self.input.keys_changed()?,
            event => self.clipboard.event(event)?,
        }
        Ok(())
    }

    /// A new connection takes the session over.
    fn accept(&mut self) -> Result<(), DisplayError> {
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.end_client(Ended::TakenOver);
        self.let_go()?;
        self.client = Some(Client::new(stream)?);
        Ok(())
    }

    fn receive(&mut self) -> Result<(), DisplayError> {
        loop {
            let Some(client) = &mut self.client else {
                return Ok(());
            };
            match client.receive() {
                Ok(Some(Received::Message(bytes))) => {
                    let Ok(message) = ClientMessage::decode(&bytes) else {
                        self.end_client(Ended::BadMessage);
                        return self.let_go();
                    };
                    self.message(message)?;
                }
                // The rights are the client's own matter until it says hello.
                Ok(Some(Received::Rights)) => {}
                Ok(None) => return Ok(()),
                Err(_) => {
                    self.client = None;
                    return self.let_go();
                }
            }
        }
    }

    fn message(&mut self, message: ClientMessage<'_>) -> Result<(), DisplayError> {
        let Some(client) = &self.client else {
            return Ok(());
        };
        let rights = client.rights();
        if !client.said_hello {
            return match message {
                ClientMessage::Hello(hello) if hello.version == VERSION => self.hello(&hello),
                ClientMessage::Hello(_) => {
                    self.end_client(Ended::Version);
                    Ok(())
                }
                _ => {
                    self.end_client(Ended::BadMessage);
                    Ok(())
                }
            };
        }
        match message {
            ClientMessage::Hello(_) => self.end_client(Ended::BadMessage),
            ClientMessage::Ack {
                seq,
                decode_us,
                paint_us,
            } => {
                self.pictures.tell(Command::Painted {
                    seq,
                    decode_us,
                    paint_us,
                })?;
            }
            ClientMessage::Ping { token, rtt_us } => {
                self.pictures.tell(Command::RoundTrip { rtt_us })?;
                self.send(HostMessage::Pong { token }.encode());
            }
            ClientMessage::Quality(quality) => self.pictures.tell(Command::Quality(quality))?,
            ClientMessage::Refresh => self.pictures.tell(Command::Refresh)?,
            ClientMessage::Resize {
                w,
                h,
                scale_percent,
            } => self.size.set(w, h, scale_percent)?,
            ClientMessage::Clipboard(data) if rights.clipboard_in => {
                self.clipboard.offer(data)?;
            }
            ClientMessage::Clipboard(_) => {}
            message if rights.input => {
                self.input.take(&message)?;
                if matches!(message, ClientMessage::Key { .. } | ClientMessage::Text(_)) {
                    self.pictures.tell(Command::Hurry)?;
                }
                if matches!(message, ClientMessage::PointerBy { .. }) {
                    self.tell_pointer()?;
                }
            }
            // Who only watches has no keys and no pointer.
            _ => {}
        }
        Ok(())
    }

    /// Where the pointer is: of relative movements only the server knows where they end.
    fn tell_pointer(&mut self) -> Result<(), DisplayError> {
        let at = self.x.conn.query_pointer(self.x.root)?.reply()?;
        let inside = |at: i16| u16::try_from(at).unwrap_or(0);
        let (x, y) = (inside(at.root_x), inside(at.root_y));
        self.send(HostMessage::PointerAt { x, y }.encode());
        Ok(())
    }

    fn hello(&mut self, hello: &wire::stream::ClientHello<'_>) -> Result<(), DisplayError> {
        self.size.set(hello.w, hello.h, hello.scale_percent)?;
        let (w, h) = self.size.now()?;
        let Some(client) = &mut self.client else {
            return Ok(());
        };
        client.said_hello = true;
        let rights = client.rights();
        self.generation += 1;
        self.clipboard.set_out(rights.clipboard_out);
        self.send(
            HostMessage::Hello {
                version: VERSION,
                w,
                h,
                rights,
            }
            .encode(),
        );
        self.cursor.forget();
        if let Some(message) = self.cursor.shape(&self.x)? {
            self.send(message);
        }
        self.pictures.tell(Command::Begin {
            generation: self.generation,
            h264: hello.h264,
        })
    }

    /// Nobody watches any more: keys are let go, and nothing is captured.
    fn let_go(&mut self) -> Result<(), DisplayError> {
        self.input.release_all()?;
        self.clipboard.set_out(false);
        self.pictures.tell(Command::End)
    }

    fn send(&mut self, message: Vec<u8>) {
        if let Some(client) = &mut self.client
            && client.said_hello
        {
            client.queue_control(message);
        }
    }

    fn flush_client(&mut self) {
        if let Some(client) = &mut self.client
            && client.flush().is_err()
        {
            self.client = None;
            // What fails here fails again in the loop, where it is dealt with.
            let _ = self.let_go();
        }
    }

    /// Says why, and closes; what the socket does not take at once is lost.
    fn end_client(&mut self, why: Ended) {
        if let Some(mut client) = self.client.take() {
            client.drop_pixels();
            client.queue_control(HostMessage::Ended(why).encode());
            let _ = client.flush();
        }
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    // Under another name first: whoever sees the socket can connect to it.
    let part = path.with_extension("part");
    let _ = std::fs::remove_file(&part);
    let listener = UnixListener::bind(&part)?;
    std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    std::fs::rename(&part, path)?;
    Ok(listener)
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
