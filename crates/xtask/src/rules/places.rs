//! What belongs to one machine or one network is not committed.

use crate::{finding::Finding, tree::Tree};

/// Folders of the machines on which this is developed. Written in parts, so that this file is not its own finding.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/tm", "p/w/")];
/// Where packages come from is the business of whoever builds.
const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("yarn", "pkg.com"),
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("deb.de", "bian.org"),
    concat!("security.de", "bian.org"),
    concat!("proxy.go", "lang.org"),
];
/// The one source that Cargo writes into its lock file, whichever mirror served it.
const CARGO_SOURCE: &str = concat!("registry+https://github.com/rust-lang/crates", ".io-index");

/// No path of a developer's machine and no registry's host in any text.
pub(super) fn machines(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| !file.is_lock()) {
        for (number, line) in file.lines() {
            let paths = MACHINE_PATHS.iter().filter(|path| starts_in(line, path));
            for path in paths {
                let text = format!("`{path}`: a path of one machine");
                findings.push(Finding::new("places", &file.path, number, text));
            }
            for host in REGISTRIES.iter().filter(|host| line.contains(**host)) {
                let text = format!("`{host}`: a registry's host");
                findings.push(Finding::new("places", &file.path, number, text));
            }
        }
    }
    findings
}

/// Lock files say what is used, not which mirror it came from, and nothing comes from a repository's branch.
pub(super) fn lock_files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| file.is_lock()) {
        for (number, line) in file.lines() {
            let line = line.trim();
            let foreign = match file.name() {
                "Cargo.lock" => line
                    .strip_prefix("source = \"")
                    .is_some_and(|source| source.trim_end_matches('"') != CARGO_SOURCE),
                _ => line.starts_with("\"resolved\": \"") && line.contains("://"),
            };
            if foreign {
                let text = "a package from elsewhere than the registry, or a registry's address";
                findings.push(Finding::new("places", &file.path, number, text));
            }
        }
    }
    findings
}

/// Whether a path begins in a line, rather than being the end of a longer one.
fn starts_in(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}/~".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn paths_of_a_machine_are_found() {
        let path = MACHINE_PATHS[0];
        let (named, inside) = (
            format!("see {path}main\n"),
            format!("{{run}}{path}x upper{path}x\n"),
        );
        let files = [("a.md", named.as_str()), ("b.rs", &inside)];
        assert_eq!(found(machines, &files), ["a.md:1"]);
    }

    #[test]
    fn hosts_of_registries_are_found_but_in_lock_files() {
        let text = format!("\nsource = \"{CARGO_SOURCE}\"\n");
        let files = [("a.toml", text.as_str()), ("Cargo.lock", &text)];
        assert_eq!(found(machines, &files), ["a.toml:2"]);
        assert!(found(lock_files, &files).is_empty());
    }

    #[test]
    fn a_lock_file_names_no_mirror_and_no_branch() {
        let files = [
            (
                "web/package-lock.json",
                "{\n  \"resolved\": \"https://mirror.example/a.tgz\"\n}",
            ),
            (
                "fuzz/Cargo.lock",
                "source = \"git+https://example.org/a?branch=main#1\"\n",
            ),
        ];
        assert_eq!(
            found(lock_files, &files),
            ["web/package-lock.json:2", "fuzz/Cargo.lock:1"]
        );
    }
}
