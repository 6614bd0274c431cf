//! Version 2: one tree, whose controllers are handed down group by group.

use std::{fs, io, path::Path};
use wire::control::Limits;

const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];
/// The period over which processor time is counted, in microseconds.
const PERIOD_US: u64 = 100_000;

/// Whether the controllers that we need are in a v2 tree at `root`.
pub(super) fn is_here(root: &Path) -> bool {
    fs::read_to_string(root.join("cgroup.controllers")).is_ok_and(|text| {
        let here: Vec<&str> = text.split_whitespace().collect();
        CONTROLLERS.iter().all(|name| here.contains(name))
    })
}

/// Makes the group `name` (several parts, if it has slashes) and hands the controllers down to it.
pub(super) fn prepare(root: &Path, name: &str) -> io::Result<()> {
    let mut dir = root.to_owned();
    delegate(&dir)?;
    for part in name.split('/') {
        dir.push(part);
        fs::create_dir_all(&dir)?;
        delegate(&dir)?;
    }
    Ok(())
}

/// Hands the controllers down to the groups below `dir`.
pub(super) fn delegate(dir: &Path) -> io::Result<()> {
    fs::write(
        dir.join("cgroup.subtree_control"),
        CONTROLLERS.map(|name| format!("+{name}")).join(" "),
    )
}

/// Sets a group's limits.
pub(super) fn limit(dir: &Path, limits: &Limits) -> io::Result<()> {
    let bytes = u64::from(limits.memory_mib) << 20;
    fs::write(dir.join("memory.max"), bytes.to_string())?;
    // Only where the kernel has swap does the file exist.
    let swap = dir.join("memory.swap.max");
    if swap.exists() {
        fs::write(swap, "0")?;
    }
    fs::write(dir.join("pids.max"), limits.tasks.to_string())?;
    let quota = u64::from(limits.cpu_percent) * PERIOD_US / 100;
    fs::write(dir.join("cpu.max"), format!("{quota} {PERIOD_US}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Cgroups;
    use std::fs;
    use wire::control::Limits;

    #[test]
    fn controllers_are_handed_down_and_limits_set() {
        let root = tempfile::tempdir().unwrap();
        fs::write(
            root.path().join("cgroup.controllers"),
            "cpuset cpu io memory hugetlb pids\n",
        )
        .unwrap();
        let cgroups = Cgroups::open(root.path(), "/nagaya.slice/rows/").unwrap();
        assert_eq!(cgroups.version(), "v2");
        let limits = Limits {
            memory_mib: 3,
            cpu_percent: 50,
            tasks: 7,
        };
        let group = cgroups.session("a");
        group.create(&limits).unwrap();
        let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
        for dir in [
            "",
            "nagaya.slice/",
            "nagaya.slice/rows/",
            "nagaya.slice/rows/a/",
        ] {
            assert_eq!(
                read(&format!("{dir}cgroup.subtree_control")),
                "+memory +pids +cpu"
            );
        }
        let desktop = "nagaya.slice/rows/a/desktop";
        assert_eq!(read(&format!("{desktop}/memory.max")), "3145728");
        assert_eq!(read(&format!("{desktop}/pids.max")), "7");
        assert_eq!(read(&format!("{desktop}/cpu.max")), "50000 100000");
        assert_eq!(
            group.desktop().entrances(),
            [root.path().join(desktop).join("cgroup.procs")]
        );
    }

    #[test]
    fn a_hybrid_hosts_empty_v2_tree_is_not_taken() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("cgroup.controllers"), "hugetlb\n").unwrap();
        assert!(!super::is_here(root.path()));
    }

    #[test]
    fn a_name_that_climbs_is_refused() {
        let root = tempfile::tempdir().unwrap();
        assert!(Cgroups::open(root.path(), "a/../../b").is_err());
        assert!(Cgroups::open(root.path(), "/").is_err());
    }
}
