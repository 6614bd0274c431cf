//! One task for each living session: brings it up, watches over its two sandboxes, and clears away everything at its
//! end. What it does depends on what is, not on what it did before, so a new agent's keeper goes on where another's
//! stopped.

use super::{Host, dir::SessionDir, start};
use crate::{
    process::Process,
    sandbox::home::Home,
    session_init::{DESKTOP_READY, ENDED, Ending, X_READY},
};
use nix::sys::signal::Signal;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::{
    io,
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::watch,
    task::block_in_place,
    time,
};
use wire::{
    control::{EndReason, Phase},
    ids::SessionId,
};

/// A session that cannot be shown by then has failed.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How often a starting session is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// How long programs may take to save their work when the session is stopped; a little more than
/// [`crate::session_init`] gives them.
const FAREWELL: Duration = Duration::from_millis(2500);
/// A display that lived this long is started again at once.
const HEALTHY: Duration = Duration::from_secs(5);
/// Otherwise there is a pause, and when there was one for the tenth time in a row the session ends.
const DISPLAY_PAUSE: Duration = Duration::from_millis(300);
const DISPLAY_FAILURES: u32 = 10;
/// Between attempts to clear away what is still busy.
const CLEAR_PAUSE: Duration = Duration::from_secs(1);

/// Keeps a session until it has ended and nothing of it is left.
pub(super) async fn keep(
    host: Arc<Host>,
    id: SessionId,
    mut stop: watch::Receiver<Option<EndReason>>,
) {
    let keeper = Keeper {
        dir: host.dir(id),
        host,
        id,
    };
    let stopped = async {
        match stop.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(reason)) => *reason,
            _ => EndReason::Stopped,
        }
    };
    // Blocking work in `live` is not cut short by a stop: it runs between two awaits.
    let reason = tokio::select! {
        reason = stopped => reason,
        reason = keeper.live() => reason,
    };
    tracing::info!(session = %id, ?reason, "a session ends");
    if reason == EndReason::Stopped {
        keeper.farewell().await;
    }
    while let Err(error) = block_in_place(|| keeper.clear()) {
        tracing::error!(session = %id, %error, "a session cannot be cleared away; trying again");
        time::sleep(CLEAR_PAUSE).await;
    }
    keeper.host.update(id, |record| record.end(reason));
}

struct Keeper {
    host: Arc<Host>,
    id: SessionId,
    dir: SessionDir,
}

impl Keeper {
    /// Brings the session up and watches it. Returns why it is over.
    async fn live(&self) -> EndReason {
        // Held as long as the session lives: nobody else may use the home.
        let _home = match block_in_place(|| self.ensure_desktop()) {
            Ok(home) => home,
            Err(start::StartError::NoSuchApplication) => return EndReason::NoSuchApplication,
            Err(start::StartError::Gone) => return self.ending(),
            Err(error) => {
                tracing::error!(session = %self.id, error = chain(&error), "a session cannot be started");
                return EndReason::StartFailed;
            }
        };
        let started = Instant::now();
        let Some(desktop) = self.wait_for_process(started).await else {
            tracing::error!(session = %self.id, log = self.launch_log("desktop"), "a sandbox cannot be made");
            return EndReason::StartFailed;
        };
        let desktop = match watch(desktop) {
            Ok(Some(desktop)) => desktop,
            Ok(None) => return self.ending(),
            Err(error) => {
                tracing::error!(session = %self.id, %error, "a sandbox cannot be watched");
                return EndReason::StartFailed;
            }
        };
        tokio::select! {
            _ = desktop.ready(Interest::READABLE) => self.ending(),
            reason = self.show(started) => reason,
        }
    }

    fn ensure_desktop(&self) -> Result<Arc<Home>, start::StartError> {
        let record = self
            .host
            .record(self.id)
            .ok_or(start::StartError::Forgotten)?;
        let alive = self
            .dir
            .sandbox_process("desktop")
            .is_some_and(Process::is_alive);
        if alive {
            let (home, _) = self.host.homes.take(record.spec.tenant, record.spec.user)?;
            return Ok(home);
        }
        if record.phase == Phase::Ready {
            // It ended while there was no agent.
            return Err(start::StartError::Gone);
        }
        self.clear()?;
        start::desktop(&self.host, &self.dir, &record)
    }

    /// The launcher notes its process id as its first act.
    async fn wait_for_process(&self, started: Instant) -> Option<Process> {
        let mut look = time::interval(LOOK);
        while started.elapsed() < START_LIMIT / 6 {
            look.tick().await;
            if let Some(process) = self.dir.sandbox_process("desktop") {
                let ms = millis(started);
                self.host.update(self.id, |record| {
                    if record.times.sandbox_ms == 0 {
                        record.times.sandbox_ms = ms;
                    }
                });
                return Some(process);
            }
        }
        None
    }

    /// Keeps a display beside the desktop.
    async fn show(&self, started: Instant) -> EndReason {
        let mut look = time::interval(LOOK);
        while self.dir.word(X_READY).is_none() {
            if started.elapsed() > START_LIMIT {
                tracing::error!(session = %self.id, log = self.launch_log("desktop"), "no X server");
                return EndReason::StartFailed;
            }
            look.tick().await;
        }
        let x_ready = Instant::now();
        let ms = millis(started);
        self.host.update(self.id, |record| {
            if record.phase == Phase::Starting {
                record.times.display_ms = ms;
            }
        });
        let mut failures = 0;
        let note_windows = self.note_windows(x_ready);
        let displays = async {
            loop {
                let since = Instant::now();
                match self.run_display().await {
                    Ok(()) => {
                        tracing::warn!(session = %self.id, "a display ended; starting another");
                    }
                    Err(error) => {
                        tracing::error!(session = %self.id, %error, log = self.launch_log("display"), "no display");
                    }
                }
                failures = if since.elapsed() >= HEALTHY {
                    0
                } else {
                    failures + 1
                };
                if failures >= DISPLAY_FAILURES {
                    return EndReason::Crashed;
                }
                if failures > 0 {
                    time::sleep(DISPLAY_PAUSE).await;
                }
            }
        };
        tokio::join!(displays, note_windows).0
    }

    /// Starts a display, or finds the one that runs, and returns when it has ended.
    async fn run_display(&self) -> io::Result<()> {
        let running = self
            .dir
            .sandbox_process("display")
            .filter(|process| process.is_alive());
        if running.is_none() {
            let record = self
                .host
                .record(self.id)
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            block_in_place(|| start::display(&self.host, &self.dir, &record))?;
        }
        let launched = Instant::now();
        let mut look = time::interval(LOOK);
        let (process, display) = loop {
            look.tick().await;
            if let Some(process) = self.dir.sandbox_process("display")
                && let Some(display) = watch(process)?
            {
                break (process, display);
            }
            if launched.elapsed() > START_LIMIT / 6 {
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
        };
        while !self.dir.has_stream_socket() {
            look.tick().await;
            if !process.is_alive() {
                return Err(io::Error::other("a display ended before it listened"));
            }
            if launched.elapsed() > START_LIMIT / 6 {
                self.host.group(self.id).display().kill();
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
        }
        self.host.update(self.id, |record| {
            if record.phase == Phase::Starting {
                record.phase = Phase::Ready;
            }
        });
        let _ = display.ready(Interest::READABLE).await;
        Ok(())
    }

    /// Notes when the first window appeared.
    async fn note_windows(&self, x_ready: Instant) {
        let mut look = time::interval(LOOK);
        while x_ready.elapsed() < START_LIMIT {
            look.tick().await;
            if self.dir.word(DESKTOP_READY).is_some() {
                let ms = millis(x_ready);
                self.host.update(self.id, |record| {
                    if record.times.desktop_ms == 0 {
                        record.times.desktop_ms = ms;
                    }
                });
                return;
            }
        }
    }

    /// Why the desktop's sandbox ended, as far as it said.
    fn ending(&self) -> EndReason {
        let word = self.dir.word(ENDED);
        match word.as_deref() {
            Some(word) if word == Ending::SignedOut.word() => EndReason::SignedOut,
            Some(word) if word == Ending::Stopped.word() => EndReason::Stopped,
            _ if self.dir.word(X_READY).is_none() => {
                tracing::error!(session = %self.id, log = self.launch_log("desktop"), "a sandbox cannot be made");
                EndReason::StartFailed
            }
            _ => EndReason::Crashed,
        }
    }

    /// Lets programs save their work.
    async fn farewell(&self) {
        let Some(inner) = self.dir.inner_process("desktop") else {
            return;
        };
        if let Ok(Some(gone)) = watch(inner) {
            inner.signal(Signal::SIGTERM);
            let _ = time::timeout(FAREWELL, gone.ready(Interest::READABLE)).await;
        }
    }

    /// Ends every process of the session and takes away its groups, mounts and files. Can be done twice.
    fn clear(&self) -> io::Result<()> {
        let group = self.host.group(self.id);
        if !group.kill() {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        group.remove()?;
        if self.dir.path().exists() {
            self.dir.clear()?;
        }
        Ok(())
    }

    /// The end of what was said while a sandbox was made.
    fn launch_log(&self, which: &str) -> String {
        let text = std::fs::read_to_string(self.dir.about(which, "log")).unwrap_or_default();
        text.lines().rev().take(5).collect::<Vec<_>>().join(" | ")
    }
}

/// Something that becomes readable when the process ends; none when it has ended.
fn watch(process: Process) -> io::Result<Option<AsyncFd<OwnedFd>>> {
    let Some(pid) = Pid::from_raw(process.pid) else {
        return Ok(None);
    };
    let fd = match pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // The descriptor names whoever has the id now; only if that is still the one that was meant is it kept.
    if !process.is_alive() {
        return Ok(None);
    }
    // SAFETY: an `OwnedFd` gives the same descriptor each time it is asked, and keeps it open for as long as it lives.
    #[allow(unsafe_code)]
    let watched = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
    Ok(Some(watched))
}

fn millis(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX)
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
