//! The thread that captures and encodes. It is told what the client says and wakes the other thread when there are
//! messages to send; without damage and without a client it sleeps.

use super::{DisplayError, X, capture::Capture, timespec};
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    io::Errno,
};
use screen::{Encoder, EncoderOptions};
use std::{
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread,
    time::{Duration, Instant},
};
use wire::stream::{HostMessage, Quality};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        randr::{ConnectionExt as _, NotifyMask},
    },
};

const STATS_EVERY: Duration = Duration::from_secs(1);

/// What the client wants of the pictures.
#[derive(Debug)]
pub(super) enum Command {
    /// Somebody watches, and has no picture yet.
    Begin {
        /// Marks the messages for this client.
        generation: u64,
        /// It decodes H.264.
        h264: bool,
    },
    /// Nobody watches.
    End,
    Painted {
        seq: u32,
        decode_us: u32,
        paint_us: u32,
    },
    RoundTrip {
        rtt_us: u32,
    },
    Quality(Quality),
    Refresh,
    /// The user pressed something.
    Hurry,
}

/// The other thread's end.
pub(super) struct Pictures {
    commands: Sender<Command>,
    messages: Receiver<Result<(u64, Vec<u8>), DisplayError>>,
    /// Wakes the encoder.
    to_encoder: Arc<OwnedFd>,
    /// Wakes the other thread.
    from_encoder: Arc<OwnedFd>,
}

impl Pictures {
    pub(super) fn start() -> Result<Self, DisplayError> {
        let to_encoder = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let from_encoder = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let (commands, orders) = channel();
        let (out, messages) = channel();
        let mut encoding = Encoding {
            capture: Capture::open(X::connect()?)?,
            orders,
            out: out.clone(),
            wake: to_encoder.clone(),
            wake_other: from_encoder.clone(),
            client: None,
            damaged: true,
            resized: false,
            began: Instant::now(),
        };
        let wake = from_encoder.clone();
        thread::Builder::new()
            .name("pictures".to_owned())
            .spawn(move || {
                if let Err(error) = encoding.run() {
                    let _ = out.send(Err(error));
                    signal(&wake);
                }
            })?;
        Ok(Self {
            commands,
            messages,
            to_encoder,
            from_encoder,
        })
    }

    pub(super) fn tell(&self, command: Command) -> Result<(), DisplayError> {
        self.commands
            .send(command)
            .map_err(|_| DisplayError::Encoder("its thread is gone".to_owned()))?;
        signal(&self.to_encoder);
        Ok(())
    }

    /// Messages for the client of this generation, oldest first.
    pub(super) fn take(&self, generation: u64) -> Result<Vec<Vec<u8>>, DisplayError> {
        clear(&self.from_encoder);
        let mut taken = Vec::new();
        loop {
            match self.messages.try_recv() {
                Ok(Ok((for_generation, message))) => {
                    if for_generation == generation {
                        taken.push(message);
                    }
                }
                Ok(Err(error)) => return Err(error),
                Err(TryRecvError::Empty) => return Ok(taken),
                Err(TryRecvError::Disconnected) => {
                    return Err(DisplayError::Encoder("its thread is gone".to_owned()));
                }
            }
        }
    }

    /// Readable when there are messages.
    pub(super) fn wake_fd(&self) -> BorrowedFd<'_> {
        self.from_encoder.as_fd()
    }
}

struct Watching {
    generation: u64,
    encoder: Encoder,
    /// The whole screen is captured once for a new client.
    fresh: bool,
    stats_at: Instant,
    encode_us: u32,
}

struct Encoding {
    capture: Capture,
    orders: Receiver<Command>,
    out: Sender<Result<(u64, Vec<u8>), DisplayError>>,
    wake: Arc<OwnedFd>,
    wake_other: Arc<OwnedFd>,
    client: Option<Watching>,
    damaged: bool,
    resized: bool,
    began: Instant,
}

impl Encoding {
    fn run(&mut self) -> Result<(), DisplayError> {
        let x = self.capture.x();
        x.conn
            .randr_select_input(x.root, NotifyMask::SCREEN_CHANGE)?
            .check()?;
        loop {
            self.events()?;
            self.commands()?;
            let now_us = self.now_us();
            let wake_at_us = match &self.client {
                None => None,
                Some(client) => {
                    let wanted = self.damaged || client.fresh || client.encoder.is_due(now_us);
                    if wanted && client.encoder.may_send(now_us) {
                        self.picture(now_us)?;
                        continue;
                    }
                    client.encoder.wake_at_us(wanted)
                }
            };
            self.wait(wake_at_us)?;
        }
    }

    fn wait(&self, wake_at_us: Option<u64>) -> Result<(), DisplayError> {
        let x = self.capture.x();
        x.conn.flush()?;
        let mut fds = [
            PollFd::new(x.conn.stream(), PollFlags::IN),
            PollFd::new(&*self.wake, PollFlags::IN),
        ];
        let timeout = wake_at_us.map(|at| {
            // Rounded up: waking early would only mean to look again.
            timespec(Duration::from_micros(
                at.saturating_sub(self.now_us()).max(1),
            ))
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn events(&mut self) -> Result<(), DisplayError> {
        while let Some(event) = self.capture.x().conn.poll_for_event()? {
            match event {
                Event::DamageNotify(_) => self.damaged = true,
                Event::RandrScreenChangeNotify(_) => self.resized = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn commands(&mut self) -> Result<(), DisplayError> {
        clear(&self.wake);
        let now_us = self.now_us();
        loop {
            let command = match self.orders.try_recv() {
                Ok(command) => command,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => {
                    return Err(DisplayError::Encoder("nobody listens".to_owned()));
                }
            };
            if let Command::Begin { generation, h264 } = command {
                self.client = Some(Watching {
                    generation,
                    encoder: Encoder::new(EncoderOptions { h264 })?,
                    fresh: true,
                    stats_at: Instant::now(),
                    encode_us: 0,
                });
                continue;
            }
            let Some(client) = &mut self.client else {
                continue;
            };
            match command {
                Command::Begin { .. } => {}
                Command::End => self.client = None,
                Command::Painted {
                    seq,
                    decode_us,
                    paint_us,
                } => {
                    client
                        .encoder
                        .acknowledged(seq, decode_us, paint_us, now_us);
                }
                Command::RoundTrip { rtt_us } => client.encoder.round_trip(rtt_us),
                Command::Hurry => client.encoder.hurry(now_us),
                Command::Quality(quality) => client.encoder.set_quality(quality),
                Command::Refresh => {
                    client.encoder.refresh();
                    client.fresh = true;
                }
            }
        }
    }

    fn picture(&mut self, now_us: u64) -> Result<(), DisplayError> {
        let Some(client) = &mut self.client else {
            return Ok(());
        };
        let began = Instant::now();
        if std::mem::take(&mut self.resized) {
            self.capture.resize()?;
            client.fresh = true;
        }
        let everything = std::mem::take(&mut client.fresh);
        self.damaged = false;
        let damage = self.capture.update(everything)?;
        let Some(frame) = self.capture.frame() else {
            return Ok(());
        };
        let mut messages = Vec::new();
        if !client
            .encoder
            .encode(&frame, &damage, now_us, &mut messages)
        {
            return Ok(());
        }
        let took_us = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        client.encode_us = if client.encode_us == 0 {
            took_us
        } else {
            client.encode_us / 8 * 7 + took_us / 8
        };
        if client.stats_at.elapsed() >= STATS_EVERY {
            client.stats_at = Instant::now();
            let stats = client.encoder.take_stats(client.encode_us);
            messages.push(HostMessage::Stats(stats).encode());
        }
        for message in messages {
            // The other thread is gone only when the process ends.
            let _ = self.out.send(Ok((client.generation, message)));
        }
        signal(&self.wake_other);
        Ok(())
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

fn signal(fd: &OwnedFd) {
    // It fails only when the counter is full, and then the other side wakes anyhow.
    let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
}

fn clear(fd: &OwnedFd) {
    let _ = rustix::io::read(fd, &mut [0; 8]);
}
