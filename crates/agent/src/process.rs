//! Processes named so that a reused process id is never mistaken for the one that was meant.

use serde::{Deserialize, Serialize};
use std::{fs, io};

/// One process of this host: its id, and when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// The process id as the agent sees it.
    pub(crate) pid: i32,
    /// Clock ticks since boot (proc(5), field 22 of `stat`).
    pub(crate) started: u64,
}

impl Process {
    /// The process that has this id now.
    pub(crate) fn find(pid: i32) -> Option<Self> {
        let (state, started) = stat(pid).ok()?;
        (state != 'Z').then_some(Self { pid, started })
    }

    /// This process.
    pub(crate) fn current() -> io::Result<Self> {
        let pid = nix::unistd::getpid().as_raw();
        let (_, started) = stat(pid)?;
        Ok(Self { pid, started })
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(self) -> bool {
        Self::find(self.pid) == Some(self)
    }

    /// Sends a signal if it still runs.
    pub(crate) fn signal(self, signal: nix::sys::signal::Signal) {
        // Between the look and the signal the process may end, but its id is not reused that fast: ids go round the
        // whole range before one comes again.
        if self.is_alive() {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid), signal);
        }
    }
}

fn stat(pid: i32) -> io::Result<(char, u64)> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat"))?)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// State and start time. The command's name, in brackets, may contain anything, brackets and spaces included.
fn parse(stat: &str) -> Option<(char, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // Field 3 is taken; 22 is the nineteenth of the rest.
    let started = fields.nth(18)?.parse().ok()?;
    Some((state, started))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_does_not_shift_the_fields() {
        let stat = "7 (a) Z 1 (b) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        assert_eq!(parse(stat), Some(('S', 4711)));
        assert_eq!(parse("7 (a) S 1"), None);
    }

    #[test]
    fn a_process_with_another_start_time_is_another_process() {
        let me = Process::current().unwrap();
        assert!(me.is_alive());
        let before = Process {
            started: me.started.wrapping_sub(1),
            ..me
        };
        assert!(!before.is_alive());
    }
}
