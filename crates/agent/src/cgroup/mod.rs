//! Control groups: the limits of a session, and the certain way to end all of its processes.
//!
//! Each session has a group with two below it: `desktop`, where the user's programs live under the session's limits,
//! and `display`, so that whatever the desktop does, its picture is not taken away. Both versions are supported:
//! v2 (one tree), and v1 or hybrid (a tree for each controller).

mod v1;
mod v2;

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use wire::control::Limits;

/// What the display may take: it is our own program, so the limits only bound a fault. Memory in MiB.
pub(crate) const DISPLAY_LIMITS: Limits = Limits {
    memory_mib: 1024,
    cpu_percent: 200,
    tasks: 64,
};
/// How long processes that were killed may take to go.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// The host's control groups, and the name under which ours live.
#[derive(Clone, Debug)]
pub(crate) struct Cgroups {
    tree: Tree,
    name: String,
}

#[derive(Clone, Debug)]
enum Tree {
    /// The one tree.
    V2(PathBuf),
    /// The trees of memory, pids and cpu.
    V1(Vec<PathBuf>),
}

impl Cgroups {
    /// Finds what the host has under `root`, which is `/sys/fs/cgroup` but for tests, and makes the group `name`.
    pub(crate) fn open(root: &Path, name: &str) -> io::Result<Self> {
        let name = name.trim_matches('/').to_owned();
        if name.is_empty() || name.split('/').any(|part| part == ".." || part == ".") {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let tree = if v2::is_here(root) {
            Tree::V2(root.to_owned())
        } else {
            Tree::V1(v1::controllers(root)?)
        };
        let cgroups = Self { tree, name };
        match &cgroups.tree {
            Tree::V2(root) => v2::prepare(root, &cgroups.name)?,
            Tree::V1(roots) => {
                for root in roots {
                    fs::create_dir_all(root.join(&cgroups.name))?;
                }
            }
        }
        Ok(cgroups)
    }

    /// Takes the groups away in which sessions had theirs; only when there is no session.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let roots = match &self.tree {
            Tree::V2(root) => std::slice::from_ref(root),
            Tree::V1(roots) => roots.as_slice(),
        };
        for root in roots {
            remove_dir(&root.join(&self.name))?;
        }
        Ok(())
    }

    /// `v1` or `v2`.
    pub(crate) fn version(&self) -> &'static str {
        match self.tree {
            Tree::V2(_) => "v2",
            Tree::V1(_) => "v1",
        }
    }

    /// The group of a session. It need not exist.
    pub(crate) fn session(&self, id: &str) -> Group {
        let below = Path::new(&self.name).join(id);
        Group {
            dirs: match &self.tree {
                Tree::V2(root) => vec![root.join(below)],
                Tree::V1(roots) => roots.iter().map(|root| root.join(&below)).collect(),
            },
            v2: matches!(self.tree, Tree::V2(_)),
        }
    }

    /// The names of all sessions that have a group.
    pub(crate) fn sessions(&self) -> io::Result<Vec<String>> {
        let roots = match &self.tree {
            Tree::V2(root) => std::slice::from_ref(root),
            Tree::V1(roots) => roots.as_slice(),
        };
        let mut names = Vec::new();
        for root in roots {
            for entry in fs::read_dir(root.join(&self.name))? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    names.extend(entry.file_name().into_string());
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

/// The group of one session, or one of the two below it.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// One folder, or one for each controller.
    dirs: Vec<PathBuf>,
    v2: bool,
}

impl Group {
    /// The group of the user's programs.
    pub(crate) fn desktop(&self) -> Self {
        self.below("desktop")
    }

    /// The group of the display.
    pub(crate) fn display(&self) -> Self {
        self.below("display")
    }

    fn below(&self, name: &str) -> Self {
        Self {
            dirs: self.dirs.iter().map(|dir| dir.join(name)).collect(),
            v2: self.v2,
        }
    }

    /// Makes the group and its two, with their limits.
    pub(crate) fn create(&self, desktop: &Limits) -> io::Result<()> {
        for dir in &self.dirs {
            fs::create_dir_all(dir)?;
        }
        if self.v2 {
            self.dirs.iter().try_for_each(|dir| v2::delegate(dir))?;
        }
        for (group, limits) in [(self.desktop(), desktop), (self.display(), &DISPLAY_LIMITS)] {
            for dir in &group.dirs {
                fs::create_dir_all(dir)?;
            }
            if self.v2 {
                group
                    .dirs
                    .iter()
                    .try_for_each(|dir| v2::limit(dir, limits))?;
            } else {
                v1::limit(&group.dirs, limits)?;
            }
        }
        Ok(())
    }

    /// Files to which a process writes `0` to enter the group.
    pub(crate) fn entrances(&self) -> Vec<PathBuf> {
        self.dirs
            .iter()
            .map(|dir| dir.join("cgroup.procs"))
            .collect()
    }

    /// Memory of everything in the group, in bytes; zero when that cannot be read.
    pub(crate) fn memory(&self) -> u64 {
        let file = if self.v2 {
            "memory.current"
        } else {
            "memory.usage_in_bytes"
        };
        self.dirs
            .iter()
            .find_map(|dir| fs::read_to_string(dir.join(file)).ok()?.trim().parse().ok())
            .unwrap_or_default()
    }

    /// The processes in the group and in those below it.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        for dir in &self.dirs {
            for dir in [dir.clone(), dir.join("desktop"), dir.join("display")] {
                // A group that is gone has no processes.
                let text = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
                pids.extend(text.lines().filter_map(|pid| pid.parse::<i32>().ok()));
            }
        }
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// Ends every process in the group at once. Returns whether all are gone. Blocks up to [`KILL_LIMIT`].
    pub(crate) fn kill(&self) -> bool {
        let limit = Instant::now() + KILL_LIMIT;
        loop {
            let pids = self.processes();
            if pids.is_empty() {
                return true;
            }
            if Instant::now() > limit {
                return false;
            }
            if self.v2 {
                for dir in &self.dirs {
                    let _ = fs::write(dir.join("cgroup.kill"), "1");
                }
            }
            // The group names them, so none of these ids can have been given to somebody else in between, short of
            // the whole range of ids going round. Killing the first process of a sandbox takes all of it along.
            for pid in pids {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Removes the group and its two; they must be empty. A group that is gone is fine.
    pub(crate) fn remove(&self) -> io::Result<()> {
        for dir in &self.dirs {
            for dir in [&dir.join("desktop"), &dir.join("display"), dir] {
                remove_dir(dir)?;
            }
        }
        Ok(())
    }
}

/// A group whose last process has just ended may be busy for a moment.
fn remove_dir(dir: &Path) -> io::Result<()> {
    let limit = Instant::now() + KILL_LIMIT;
    loop {
        match fs::remove_dir(dir) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < limit => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(error),
        }
    }
}
