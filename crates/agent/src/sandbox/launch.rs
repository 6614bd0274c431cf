//! The last steps of a sandbox's first process while it still has rights: it enters its control groups, notes who it
//! is, gives up root and becomes bubblewrap.
//!
//! A process of its own (`nagaya sandbox-launch`), because a thread of the agent must never do this to itself; and it
//! writes its own process id down before anything else runs, so that an agent that dies right now still finds it.

use super::seccomp;
use crate::process::Process;
use nix::{
    sys::{
        memfd::{MFdFlags, memfd_create},
        stat::{Mode, umask},
    },
    unistd::{Gid, Uid, setgid, setgroups, setsid, setuid},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Seek as _, Write as _},
    os::{
        fd::{AsFd as _, AsRawFd as _, OwnedFd},
        unix::{fs::OpenOptionsExt as _, process::CommandExt as _},
    },
    path::{Path, PathBuf},
    process::Command,
};

/// The standard sandbox program.
const BWRAP: &str = "/usr/bin/bwrap";

/// What is to be launched. Written by the agent, read by root only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Launch {
    /// Files to which `0` is written to enter the control groups.
    pub(crate) entrances: Vec<PathBuf>,
    /// User and group id outside and inside.
    pub(crate) uid: u32,
    /// How willingly the kernel ends this first when memory is short: -1000 to 1000.
    pub(crate) oom_score_adj: i16,
    /// Where the process id and start time are noted.
    pub(crate) process_file: PathBuf,
    /// Where bubblewrap notes the first process inside.
    pub(crate) inner_file: PathBuf,
    /// Where complaints about the launch go.
    pub(crate) log_file: PathBuf,
    /// Arguments of bubblewrap: the sandbox, `--`, the program inside. No secrets: the host's users can see them.
    pub(crate) args: Vec<String>,
}

/// Carries out the plan in the file. Returns only if that fails.
pub(crate) fn run(plan: &Path) -> io::Error {
    match prepare(plan) {
        Ok(mut command) => command.exec(),
        Err(error) => error,
    }
}

fn prepare(plan: &Path) -> io::Result<Command> {
    let launch: Launch = serde_json::from_slice(&fs::read(plan)?)?;
    for entrance in &launch.entrances {
        fs::write(entrance, "0")?;
    }
    fs::write("/proc/self/oom_score_adj", launch.oom_score_adj.to_string())?;
    setsid()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let log = create(&launch.log_file)?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(&log)?;
    nix::unistd::dup2_stderr(&log)?;
    let process = serde_json::to_vec(&Process::current()?)?;
    let part = launch.process_file.with_extension("part");
    create(&part)?.write_all(&process)?;
    fs::rename(&part, &launch.process_file)?;

    let mut command = Command::new(BWRAP);
    let inner = create(&launch.inner_file)?;
    command.arg("--info-fd").arg(inherit(inner.as_fd())?);
    for filter in seccomp::filters().map_err(io::Error::other)? {
        let mut file = File::from(memfd_create("seccomp", MFdFlags::MFD_CLOEXEC)?);
        file.write_all(&filter)?;
        file.rewind()?;
        command.arg("--add-seccomp-fd").arg(inherit(file.as_fd())?);
    }
    command.args(&launch.args).env_clear();

    umask(Mode::from_bits_truncate(0o077));
    setgroups(&[])?;
    setgid(Gid::from_raw(launch.uid))?;
    setuid(Uid::from_raw(launch.uid))?;
    std::env::set_current_dir("/")?;
    Ok(command)
}

/// The number of a copy of the descriptor that outlives `exec`.
fn inherit(fd: std::os::fd::BorrowedFd<'_>) -> io::Result<String> {
    let copy: OwnedFd = nix::unistd::dup(fd)?;
    let number = copy.as_raw_fd().to_string();
    // Never closed here: the next program of this process is its owner.
    std::mem::forget(copy);
    Ok(number)
}

fn create(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}
