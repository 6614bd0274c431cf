//! The demo's child processes: started, watched, started again, and stopped in order.

use super::layout::Layout;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::File,
    io,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a part may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(8);
/// A part that lived this long is started again at once.
const HEALTHY_AFTER: Duration = Duration::from_secs(5);
/// Otherwise it waits a little longer each time, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One of the three parts.
pub(crate) struct Part {
    /// `serve`, `gateway` or `agent`: also the name of the subcommand.
    pub(crate) name: &'static str,
    child: Child,
    started: Instant,
    failures: u32,
    restart_at: Option<Instant>,
}

impl Part {
    /// Starts the part with its configuration; its log goes to the state folder.
    ///
    /// Call this on the main thread: the kernel's parent-death signal is bound to the thread that forks.
    pub(crate) fn start(name: &'static str, layout: &Layout) -> io::Result<Self> {
        Ok(Self {
            name,
            child: spawn(name, layout)?,
            started: Instant::now(),
            failures: 0,
            restart_at: None,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts the part again if it ended. Returns what happened, for the person who watches.
    pub(crate) fn watch(&mut self, layout: &Layout) -> io::Result<Option<String>> {
        if let Some(at) = self.restart_at {
            if Instant::now() < at {
                return Ok(None);
            }
            self.child = spawn(self.name, layout)?;
            self.started = Instant::now();
            self.restart_at = None;
            return Ok(Some(format!("{} runs again", self.name)));
        }
        let Some(status) = self.child.try_wait()? else {
            return Ok(None);
        };
        if self.started.elapsed() >= HEALTHY_AFTER {
            self.failures = 0;
        }
        let pause = pause_after(self.failures);
        self.failures += 1;
        self.restart_at = Some(Instant::now() + pause);
        Ok(Some(format!(
            "{} ended ({status}); it starts again. Its log: {}",
            self.name,
            layout.log_file(self.name).display()
        )))
    }

    /// Asks the part to stop; kills it when it does not.
    pub(crate) fn stop(&mut self) {
        if self.restart_at.is_some() || self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        let pid = Pid::from_raw(self.child.id().cast_signed());
        let _ = kill(pid, Signal::SIGTERM);
        let limit = Instant::now() + STOP_LIMIT;
        while Instant::now() < limit {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(name: &'static str, layout: &Layout) -> io::Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(layout.log_file(name))?;
    Command::new(std::env::current_exe()?)
        .arg("--die-with-parent")
        .arg(std::process::id().to_string())
        .arg(name)
        .arg("--config")
        .arg(layout.config_file(name))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        // Ctrl-C reaches the demo alone, which then stops the parts in order.
        .process_group(0)
        .spawn()
}

fn pause_after(failures: u32) -> Duration {
    Duration::from_millis(100)
        .saturating_mul(1 << failures.min(10))
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_keeps_failing_waits_longer_but_never_too_long() {
        assert!(pause_after(0) < pause_after(1));
        assert_eq!(pause_after(40), LONGEST_PAUSE);
    }
}
