//! The first process of a desktop sandbox (`nagaya session-init`): starts the X server and the desktop, says how far it
//! is, takes in orphans, and ends when the desktop ends. Its own end takes everything in the sandbox along.

mod programs;
mod windows;

use crate::sandbox::{FACTS_DIR, STATUS_DIR};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use programs::Programs;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::fd::AsFd as _,
    path::Path,
    time::{Duration, Instant},
};
use windows::Windows;

/// How long programs may take to save their work when the session is ended from outside.
const FAREWELL: Duration = Duration::from_millis(1500);
/// An application whose last window has been gone for so long is over. A program may close one window just before it
/// opens the next.
const WINDOWLESS: Duration = Duration::from_millis(700);

/// What a session's first process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The command of a published application; none for a whole desktop.
    pub(crate) application: Option<Vec<String>>,
    /// XKB layout.
    pub(crate) keyboard: String,
    /// Size of the screen at first, in pixels.
    pub(crate) width: u16,
    /// Size of the screen at first, in pixels.
    pub(crate) height: u16,
}

/// How a session ended, as its first process says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The user signed out, or closed the last window.
    SignedOut,
    /// Asked from outside.
    Stopped,
    /// The X server or the desktop died.
    Crashed,
}

impl Ending {
    /// The word in the file `ended`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
        }
    }
}

/// The file that appears when the X server answers.
pub(crate) const X_READY: &str = "x-ready";
/// The file that appears with the first window.
pub(crate) const DESKTOP_READY: &str = "desktop-ready";
/// The file that says how the session ended.
pub(crate) const ENDED: &str = "ended";

/// Runs the session to its end.
pub(crate) fn run() -> io::Result<()> {
    let facts: Facts = serde_json::from_slice(&fs::read(Path::new(FACTS_DIR).join("facts.json"))?)?;
    programs::log_to_file()?;
    let mut wanted = SigSet::empty();
    for signal in [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
    ] {
        wanted.add(signal);
    }
    wanted.thread_block()?;
    let signals = SignalFd::with_flags(&wanted, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;

    let ending = live(&facts, &signals).unwrap_or_else(|error| {
        eprintln!("nagaya: the session failed: {error}");
        Ending::Crashed
    });
    say(ENDED, ending.word())
}

fn live(facts: &Facts, signals: &SignalFd) -> io::Result<Ending> {
    let (mut programs, x_ready) = Programs::start_x_and_bus(facts)?;
    x_ready.wait()?;
    say(X_READY, "")?;
    let mut windows = Windows::connect(facts.application.is_some())?;
    programs.start_desktop(facts, &windows)?;
    let mut windowless: Option<Instant> = None;
    loop {
        let timeout = windowless.map_or(PollTimeout::NONE, |since| {
            let left = WINDOWLESS.saturating_sub(since.elapsed());
            PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)
        });
        wait(signals, &windows, timeout)?;
        while let Some(signal) = signals.read_signal()? {
            let Ok(number) = i32::try_from(signal.ssi_signo) else {
                continue;
            };
            if number != Signal::SIGCHLD as i32 {
                farewell(&programs);
                return Ok(Ending::Stopped);
            }
        }
        if let Some(ending) = reap(&mut programs)? {
            return Ok(ending);
        }
        if windows.look()? {
            say(DESKTOP_READY, "")?;
        }
        if let Some(percent) = windows.take_scale()? {
            programs.set_scale(percent)?;
        }
        if !windows.are_all_gone() {
            windowless = None;
        } else if windowless.get_or_insert_with(Instant::now).elapsed() >= WINDOWLESS {
            return Ok(Ending::SignedOut);
        }
    }
}

/// Waits for a signal or a message of the X server.
fn wait(signals: &SignalFd, windows: &Windows, timeout: PollTimeout) -> io::Result<()> {
    let mut fds = [
        PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        PollFd::new(windows.as_fd(), PollFlags::POLLIN),
    ];
    match poll(&mut fds, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes in every process that has ended, ours and orphans. Returns the session's end if one of them was its heart.
fn reap(programs: &mut Programs) -> io::Result<Option<Ending>> {
    let mut ending = None;
    loop {
        match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => {
                ending = ending.or(programs.ended(pid, code == 0)?);
            }
            Ok(WaitStatus::Signaled(pid, _, _)) => ending = ending.or(programs.ended(pid, false)?),
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(ending),
            Ok(_) | Err(Errno::EINTR) => (),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Lets programs save and go. What stays is ended by the kernel with this process.
fn farewell(programs: &Programs) {
    programs.ask_to_end();
    let limit = Instant::now() + FAREWELL;
    while Instant::now() < limit {
        match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_millis(10)),
            Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _))
                if programs.is_heart(pid) =>
            {
                return;
            }
            Ok(_) | Err(Errno::EINTR) => (),
            Err(_) => return,
        }
    }
}

fn say(name: &str, word: &str) -> io::Result<()> {
    fs::write(Path::new(STATUS_DIR).join(name), word)
}
