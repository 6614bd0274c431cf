//! Version 1, also as the half of a hybrid host that holds the controllers.

use std::{
    fs, io,
    path::{Path, PathBuf},
};
use wire::control::Limits;

/// The period over which processor time is counted, in microseconds.
const PERIOD_US: u64 = 100_000;

/// The trees of the controllers that we need.
pub(super) fn controllers(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut trees = Vec::new();
    for names in [
        &["memory"][..],
        &["pids"],
        &["cpu", "cpu,cpuacct", "cpuacct,cpu"],
    ] {
        let tree = names
            .iter()
            .map(|name| root.join(name))
            .find(|tree| tree.join("cgroup.procs").exists())
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("no controller {} in {}", names[0], root.display()),
                )
            })?;
        trees.push(tree);
    }
    Ok(trees)
}

/// Sets a group's limits; `dirs` are in the order of [`controllers`].
pub(super) fn limit(dirs: &[PathBuf], limits: &Limits) -> io::Result<()> {
    let [memory, pids, cpu] = dirs else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let bytes = u64::from(limits.memory_mib) << 20;
    fs::write(memory.join("memory.limit_in_bytes"), bytes.to_string())?;
    // Only where the kernel counts swap does the file exist; then memory and swap together are limited.
    let swap = memory.join("memory.memsw.limit_in_bytes");
    if swap.exists() {
        fs::write(swap, bytes.to_string())?;
    }
    fs::write(pids.join("pids.max"), limits.tasks.to_string())?;
    fs::write(cpu.join("cpu.cfs_period_us"), PERIOD_US.to_string())?;
    let quota = u64::from(limits.cpu_percent) * PERIOD_US / 100;
    fs::write(cpu.join("cpu.cfs_quota_us"), quota.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Cgroups;
    use std::fs;
    use wire::control::Limits;

    #[test]
    fn limits_reach_each_controllers_files() {
        let root = tempfile::tempdir().unwrap();
        for name in ["memory", "pids", "cpu,cpuacct"] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::write(root.path().join(name).join("cgroup.procs"), "").unwrap();
        }
        let cgroups = Cgroups::open(root.path(), "rows").unwrap();
        assert_eq!(cgroups.version(), "v1");
        let limits = Limits {
            memory_mib: 2,
            cpu_percent: 150,
            tasks: 9,
        };
        cgroups.session("a").create(&limits).unwrap();
        let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(
            read("memory/rows/a/desktop/memory.limit_in_bytes"),
            "2097152"
        );
        assert_eq!(read("pids/rows/a/desktop/pids.max"), "9");
        assert_eq!(
            read("cpu,cpuacct/rows/a/desktop/cpu.cfs_quota_us"),
            "150000"
        );
        assert_eq!(read("pids/rows/a/display/pids.max"), "64");
        assert_eq!(cgroups.sessions().unwrap(), ["a"]);
    }

    #[test]
    fn a_host_without_a_needed_controller_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("memory")).unwrap();
        fs::write(root.path().join("memory/cgroup.procs"), "").unwrap();
        let error = Cgroups::open(root.path(), "rows").unwrap_err();
        assert!(error.to_string().contains("pids"));
    }
}
