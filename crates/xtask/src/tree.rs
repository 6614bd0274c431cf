//! The repository's files as the rules see them.

use std::{collections::HashSet, fs, io, path::Path, process::Command};

/// Every file that is committed or would be, with its text.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: Vec<File>,
}

/// One text file.
#[derive(Debug)]
pub(crate) struct File {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    /// Empty for what is not UTF-8.
    pub(crate) text: String,
    /// Whether the module above declares it under `#[cfg(test)]`.
    for_tests: bool,
}

impl Tree {
    /// Reads the repository around the current folder, and goes to its root: what git tracks and does not ignore.
    pub(crate) fn of_repository() -> io::Result<Self> {
        let top = git(&["rev-parse", "--show-toplevel"])?;
        std::env::set_current_dir(top.trim_end_matches('\n'))?;
        let listed = git(&[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])?;
        let mut files = Vec::new();
        for path in listed.split_terminator('\0') {
            // Listed, but deleted in the working tree: nothing to check.
            if Path::new(path).is_file() {
                let text = String::from_utf8(fs::read(path)?).unwrap_or_default();
                files.push((path.to_owned(), text));
            }
        }
        Ok(Self::from(files))
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        Self::from(files)
    }

    fn from(files: Vec<(String, String)>) -> Self {
        let test_modules: HashSet<_> = files.iter().flat_map(declared_for_tests).collect();
        let files = files.into_iter().map(|(path, text)| File {
            for_tests: test_modules.contains(&path),
            path,
            text,
        });
        Self {
            files: files.collect(),
        }
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// The files whose name ends in one of `.EXTENSION`.
    pub(crate) fn with_extension<'a>(
        &'a self,
        extensions: &'a [&'a str],
    ) -> impl Iterator<Item = &'a File> {
        self.files()
            .filter(|file| extensions.contains(&file.extension()))
    }

    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files().find(|file| file.path == path)
    }

    /// Whether there is such a file, or such a folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files().any(|file| {
            file.path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

impl File {
    /// What follows the last dot of the name; empty without one.
    pub(crate) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, last)| last)
    }

    pub(crate) fn name(&self) -> &str {
        self.path
            .rsplit_once('/')
            .map_or(&self.path, |(_, name)| name)
    }

    /// Lines with their numbers, from one.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }

    /// The folder of a crate, such as `crates/wire` or `bench`, if the file lies in one.
    pub(crate) fn crate_folder(&self) -> Option<&str> {
        if self.path.starts_with("bench/src/") {
            return Some("bench");
        }
        let rest = self.path.strip_prefix("crates/")?;
        let name = rest.split('/').next()?;
        self.path.get(.."crates/".len() + name.len())
    }

    /// Whether a package manager wrote this file.
    pub(crate) fn is_lock(&self) -> bool {
        matches!(self.name(), "Cargo.lock" | "package-lock.json")
    }

    /// Whether this is Rust that ships nowhere: tests, benchmarks, and the tools' own crates.
    pub(crate) fn is_test_code(&self) -> bool {
        let in_folder = ["/tests/", "/benches/", "/examples/"]
            .iter()
            .any(|folder| self.path.contains(folder));
        in_folder
            || self.for_tests
            || self.path.starts_with("crates/testkit/")
            || self.path.starts_with("crates/xtask/")
    }
}

/// The files of the modules that a source declares for its tests: `#[cfg(test)] mod samples;`.
fn declared_for_tests((path, text): &(String, String)) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", name.trim_end_matches(".rs")),
    };
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter_map(|pair| {
        let module = pair[1].split("mod ").nth(1)?.strip_suffix(';')?;
        (pair[0] == "#[cfg(test)]").then_some(module)
    });
    declared
        .flat_map(|module| {
            [
                format!("{folder}/{module}.rs"),
                format!("{folder}/{module}/mod.rs"),
            ]
        })
        .collect()
}

fn git(arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("git").args(arguments).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(io::Error::other(format!("git {} failed", arguments[0])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_when_a_file_in_it_is() {
        let tree = Tree::of(&[("docs/adr/0001-a.md", "")]);
        assert!(tree.has("docs/adr"));
        assert!(tree.has("docs/adr/"));
        assert!(tree.has("docs/adr/0001-a.md"));
        assert!(!tree.has("docs/ad"));
    }

    #[test]
    fn a_file_knows_its_crate_and_whether_it_ships() {
        let tree = Tree::of(&[
            (
                "crates/wire/src/ids.rs",
                "#[cfg(test)]\nmod samples;\nmod kinds;\n",
            ),
            ("crates/wire/tests/x.rs", ""),
            ("Makefile", ""),
            ("crates/wire/src/ids/samples.rs", ""),
            ("crates/wire/src/ids/kinds.rs", ""),
        ]);
        let files: Vec<_> = tree.files().collect();
        assert_eq!(files[0].crate_folder(), Some("crates/wire"));
        assert_eq!(files[0].extension(), "rs");
        assert!(!files[0].is_test_code());
        assert!(files[1].is_test_code());
        assert_eq!(files[2].crate_folder(), None);
        assert_eq!(files[2].extension(), "");
        assert!(files[3].is_test_code());
        assert!(!files[4].is_test_code());
    }
}
