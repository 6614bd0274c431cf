//! The programs that make up a session, from the X server to the desktop.

use super::{Ending, Facts, windows::Windows};
use crate::sandbox::{FACTS_DIR, X11_DIR};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    os::fd::{AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Programs of the desktop are ended before the X server and the first process when memory is short.
const OOM_SCORE_ADJ: &str = "500";
/// How often an input method that died is started again.
const INPUT_METHOD_RESTARTS: u32 = 3;
/// What a window manager may take to start.
const MANAGER_LIMIT: Duration = Duration::from_secs(5);
/// Pixels of an inch at 100 per cent.
const DPI: u32 = 96;

/// What runs, by process id.
#[derive(Debug)]
pub(super) struct Programs {
    x: Pid,
    bus: Pid,
    /// The desktop, or the application.
    heart: Option<Pid>,
    input_method: Option<Pid>,
    input_method_restarts: u32,
    bus_ready: Option<Ready>,
}

/// The end of a pipe into which a program writes a line when it can be used.
#[derive(Debug)]
pub(super) struct Ready(OwnedFd);

impl Ready {
    /// Waits for the line.
    pub(super) fn wait(self) -> io::Result<()> {
        let mut line = String::new();
        if BufReader::new(File::from(self.0)).read_line(&mut line)? == 0 {
            return Err(io::Error::other("a program ended before it was ready"));
        }
        Ok(())
    }
}

/// Sends what programs say to a file in the session's own memory: it belongs to the user, and is bounded.
pub(super) fn log_to_file() -> io::Result<()> {
    let log = File::options()
        .append(true)
        .create(true)
        .open(runtime_dir().join("session.log"))?;
    nix::unistd::dup2_stdout(&log)?;
    nix::unistd::dup2_stderr(&log)?;
    Ok(())
}

impl Programs {
    /// Starts the X server and the message bus, side by side.
    pub(super) fn start_x_and_bus(facts: &Facts) -> io::Result<(Self, Ready)> {
        let (x, x_ready) = with_ready_pipe(|fd| {
            let mut command = Command::new("Xvnc");
            command
                .args([
                    "-displayfd",
                    fd,
                    "-nolisten",
                    "tcp",
                    "-nolisten",
                    "local",
                    "-noreset",
                    "-br",
                ])
                .args(["-auth", &format!("{FACTS_DIR}/xauthority")])
                .args(["-geometry", &format!("{}x{}", facts.width, facts.height)])
                .args(["-depth", "24", "-dpi", "96", "-s", "0"])
                // A bare X server: nobody can connect by VNC, neither by TCP nor by a socket file.
                .args([
                    "-rfbport",
                    "-1",
                    "-AcceptSetDesktopSize=0",
                    "-SendCutText=0",
                    "-AcceptCutText=0",
                ])
                .arg("-SecurityTypes=VncAuth");
            command
        })?;
        let bus_address = std::env::var("DBUS_SESSION_BUS_ADDRESS").map_err(io::Error::other)?;
        let (bus, bus_ready) = with_ready_pipe(|fd| {
            let mut command = Command::new("dbus-daemon");
            command
                .args(["--session", "--nofork", "--nopidfile", "--syslog-only"])
                .args(["--address", &bus_address, "--print-address", fd]);
            command
        })?;
        let programs = Self {
            x: id(&x)?,
            bus: id(&bus)?,
            heart: None,
            input_method: None,
            input_method_restarts: 0,
            bus_ready: Some(bus_ready),
        };
        Ok((programs, x_ready))
    }

    /// Starts everything that the user sees.
    pub(super) fn start_desktop(&mut self, facts: &Facts, windows: &Windows) -> io::Result<()> {
        self.spawn(Command::new("setxkbmap").args(["-layout", &facts.keyboard]))?;
        if let Some(ready) = self.bus_ready.take() {
            ready.wait()?;
        }
        self.start_input_method()?;
        let heart = match &facts.application {
            None => self.spawn(&mut Command::new("xfce4-session"))?,
            Some(words) => {
                self.spawn(&mut Command::new("xfsettingsd"))?;
                self.spawn(Command::new("xfwm4").arg("--compositor=off"))?;
                self.spawn(&mut Command::new("xdg-user-dirs-update"))?;
                // A window that is there before its manager never gets the keyboard.
                windows.wait_for_manager(MANAGER_LIMIT)?;
                let (program, args) = words
                    .split_first()
                    .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
                self.spawn(Command::new(program).args(args))?
            }
        };
        self.heart = Some(heart);
        Ok(())
    }

    /// Makes letters and controls as large as the client's screen wants them.
    pub(super) fn set_scale(&self, percent: u32) -> io::Result<()> {
        // GTK draws controls in whole multiples; letters take up the rest.
        let factor = if percent >= 175 { 2 } else { 1 };
        let dpi = DPI * percent / 100 / factor;
        for (property, value) in [("/Gdk/WindowScalingFactor", factor), ("/Xft/DPI", dpi)] {
            self.spawn(
                Command::new("xfconf-query")
                    .args(["-c", "xsettings", "-p", property, "-n", "-t", "int", "-s"])
                    .arg(value.to_string()),
            )?;
        }
        Ok(())
    }

    fn start_input_method(&mut self) -> io::Result<()> {
        self.input_method = Some(self.spawn(Command::new("fcitx5").arg("--verbose=*=1"))?);
        Ok(())
    }

    /// Starts a program that goes first when memory is short. It is not waited for here: [`super::reap`] does.
    #[allow(clippy::unused_self)] // Only a session that has its X server may start programs.
    fn spawn(&self, command: &mut Command) -> io::Result<Pid> {
        // Children inherit the score; this process takes its own back at once.
        let own = Path::new("/proc/self/oom_score_adj");
        let before = fs::read_to_string(own)?;
        fs::write(own, OOM_SCORE_ADJ)?;
        let child = command.stdin(Stdio::null()).spawn();
        fs::write(own, before)?;
        id(&child?)
    }

    /// A process ended. Returns the session's end if it was its heart.
    pub(super) fn ended(&mut self, pid: Pid, well: bool) -> io::Result<Option<Ending>> {
        if pid == self.x || pid == self.bus {
            return Ok(Some(Ending::Crashed));
        }
        if Some(pid) == self.heart {
            return Ok(Some(if well {
                Ending::SignedOut
            } else {
                Ending::Crashed
            }));
        }
        if Some(pid) == self.input_method && self.input_method_restarts < INPUT_METHOD_RESTARTS {
            self.input_method_restarts += 1;
            self.start_input_method()?;
        }
        Ok(None)
    }

    /// Whether this process is the desktop or the application.
    pub(super) fn is_heart(&self, pid: Pid) -> bool {
        self.heart == Some(pid)
    }

    /// Asks the desktop or application to save and end; the X server stays for as long as they need it.
    pub(super) fn ask_to_end(&self) {
        for pid in [self.heart, self.input_method].into_iter().flatten() {
            let _ = kill(pid, Signal::SIGTERM);
        }
    }
}

/// Starts a program that is told the number of a descriptor on which to say that it is ready.
fn with_ready_pipe(command: impl FnOnce(&str) -> Command) -> io::Result<(Child, Ready)> {
    fs::create_dir_all(X11_DIR)?;
    // Without close-on-exec, so that the program has the writing end under the same number. Ours is closed below, before
    // anything else is started.
    let (read, write) = nix::unistd::pipe()?;
    let child = command(&write.as_raw_fd().to_string())
        .stdin(Stdio::null())
        .spawn()?;
    drop(write);
    // The reading end must not live on in programs that are started later.
    nix::fcntl::fcntl(
        &read,
        nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC),
    )?;
    Ok((child, Ready(read)))
}

fn id(child: &Child) -> io::Result<Pid> {
    i32::try_from(child.id())
        .map(Pid::from_raw)
        .map_err(io::Error::other)
}

fn runtime_dir() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}
