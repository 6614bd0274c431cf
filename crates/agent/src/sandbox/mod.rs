//! The two sandboxes of a session: the desktop, where the user's programs run, and the display, which shows it.
//!
//! Both are made by bubblewrap under a user id of their own, never as root: all namespaces, no new privileges, no
//! capabilities, no user namespaces inside, system calls filtered, a file system put together from named parts.

pub(crate) mod home;
pub(crate) mod image;
pub(crate) mod launch;
pub(crate) mod seccomp;

use std::path::{Path, PathBuf};

/// Our executable inside every sandbox.
pub(crate) const PROGRAM: &str = "/opt/nagaya/nagaya";
/// Facts of the session inside its sandboxes: see [`crate::session_init::Facts`].
pub(crate) const FACTS_DIR: &str = "/run/session";
/// Where the desktop says how far it is.
pub(crate) const STATUS_DIR: &str = "/run/nagaya";
/// Where the display listens, inside its sandbox.
pub(crate) const STREAM_DIR: &str = "/run/display";
/// Where X servers have their sockets.
pub(crate) const X11_DIR: &str = "/tmp/.X11-unix";

/// What both sandboxes have in common.
pub(crate) struct Frame<'a> {
    /// User and group id inside and outside.
    pub(crate) uid: u32,
    /// Files that the image shows, as arguments.
    pub(crate) image: Vec<String>,
    /// Our defaults, locales and executable on the host.
    pub(crate) share: &'a Path,
    /// The folder with the session's facts on the host, which also holds `passwd`, `group`, `hosts` and `machine-id`.
    pub(crate) facts: PathBuf,
    /// Size of /tmp, in bytes.
    pub(crate) tmp_bytes: u64,
}

impl Frame<'_> {
    fn args(self) -> Vec<String> {
        let uid = self.uid.to_string();
        let facts = self.facts.to_string_lossy();
        let size = self.tmp_bytes.to_string();
        let mut args: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
        add(&[
            "--unshare-user",
            "--disable-userns",
            "--uid",
            &uid,
            "--gid",
            &uid,
        ]);
        add(&[
            "--unshare-ipc",
            "--unshare-pid",
            "--unshare-net",
            "--unshare-uts",
            "--unshare-cgroup",
        ]);
        add(&["--hostname", "nagaya", "--as-pid-1", "--clearenv"]);
        add(&["--perms", "0755", "--dir", "/"]);
        args.extend(self.image);
        let mut add = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
        for name in ["passwd", "group", "hosts", "machine-id"] {
            add(&[
                "--ro-bind",
                &format!("{facts}/{name}"),
                &format!("/etc/{name}"),
            ]);
        }
        add(&["--proc", "/proc", "--dev", "/dev"]);
        for (path, mode) in [("/dev/shm", "1777"), ("/tmp", "1777"), ("/var/tmp", "1777")] {
            add(&["--perms", mode, "--size", &size, "--tmpfs", path]);
        }
        add(&[
            "--perms",
            "0755",
            "--dir",
            "/run",
            "--perms",
            "0755",
            "--dir",
            "/run/user",
        ]);
        add(&[
            "--perms",
            "0700",
            "--size",
            &size,
            "--tmpfs",
            &format!("/run/user/{uid}"),
        ]);
        let share = self.share.to_string_lossy();
        add(&["--ro-bind", &share, "/opt/nagaya"]);
        for name in ["bash.bashrc", "glib-2.0"] {
            add(&[
                "--ro-bind",
                &format!("{share}/etc/{name}"),
                &format!("/etc/{name}"),
            ]);
        }
        add(&["--ro-bind", &facts, FACTS_DIR]);
        args
    }
}

/// The desktop's own parts.
pub(crate) struct Desktop<'a> {
    /// What it has in common with the display.
    pub(crate) frame: Frame<'a>,
    /// The home on the host.
    pub(crate) home: &'a Path,
    /// The login name: also the name of the home inside.
    pub(crate) login: &'a str,
    /// Where the X server's socket will be, on the host.
    pub(crate) x11: PathBuf,
    /// Where the desktop says how far it is, on the host.
    pub(crate) status: PathBuf,
    /// Language, time zone and the like.
    pub(crate) env: Vec<(&'static str, String)>,
    /// What runs inside. Tests run something else than the desktop.
    pub(crate) command: Vec<String>,
}

impl Desktop<'_> {
    /// Arguments for bubblewrap.
    pub(crate) fn args(self) -> Vec<String> {
        let home = format!("/home/{}", self.login);
        let runtime = format!("/run/user/{}", self.frame.uid);
        let mut args = self.frame.args();
        let mut add = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
        add(&[
            "--perms",
            "0755",
            "--dir",
            "/home",
            "--bind",
            &self.home.to_string_lossy(),
            &home,
        ]);
        add(&["--bind", &self.x11.to_string_lossy(), X11_DIR]);
        add(&["--bind", &self.status.to_string_lossy(), STATUS_DIR]);
        // The root itself is a small file system in memory; nobody shall write there.
        add(&["--remount-ro", "/", "--chdir", &home]);
        let env = [
            ("HOME", home.as_str()),
            ("USER", self.login),
            ("LOGNAME", self.login),
            ("SHELL", "/bin/bash"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/games"),
            ("DISPLAY", ":0"),
            ("XAUTHORITY", "/run/session/xauthority"),
            ("ICEAUTHORITY", &format!("{runtime}/ICEauthority")),
            ("XDG_RUNTIME_DIR", &runtime),
            (
                "DBUS_SESSION_BUS_ADDRESS",
                &format!("unix:path={runtime}/bus"),
            ),
            ("LOCPATH", "/opt/nagaya/locale"),
        ];
        for (name, value) in env {
            add(&["--setenv", name, value]);
        }
        for (name, value) in &self.env {
            add(&["--setenv", name, value]);
        }
        add(&["--"]);
        args.extend(self.command);
        args
    }
}

/// The display's own parts.
pub(crate) struct Display<'a> {
    /// What it has in common with the desktop.
    pub(crate) frame: Frame<'a>,
    /// Where the X server's socket is, on the host.
    pub(crate) x11: PathBuf,
    /// Where the display makes its socket, on the host.
    pub(crate) stream: PathBuf,
    /// What runs inside.
    pub(crate) command: Vec<String>,
}

impl Display<'_> {
    /// Arguments for bubblewrap.
    pub(crate) fn args(self) -> Vec<String> {
        let mut args = self.frame.args();
        let mut add = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["--ro-bind", &self.x11.to_string_lossy(), X11_DIR]);
        add(&["--bind", &self.stream.to_string_lossy(), STREAM_DIR]);
        add(&["--remount-ro", "/", "--chdir", "/"]);
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("DISPLAY", ":0"),
            ("XAUTHORITY", "/run/session/xauthority"),
        ] {
            add(&["--setenv", name, value]);
        }
        add(&["--"]);
        args.extend(self.command);
        args
    }
}
