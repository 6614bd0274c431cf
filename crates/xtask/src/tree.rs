//! The repository's files as the rules see them.

use std::{fs, io, path::Path, process::Command};

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
}

impl Tree {
    /// Reads the repository in the current folder: what git tracks and what it does not ignore.
    pub(crate) fn of_repository() -> io::Result<Self> {
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .output()?;
        if !listed.status.success() {
            return Err(io::Error::other("git ls-files failed"));
        }
        let mut files = Vec::new();
        for path in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            // Listed, but deleted in the working tree: nothing to check.
            if Path::new(path).is_file() {
                let text = String::from_utf8(fs::read(path)?).unwrap_or_default();
                files.push(File {
                    path: path.to_owned(),
                    text,
                });
            }
        }
        Ok(Self { files })
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| File {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        Self { files }
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

    /// Whether this is Rust that ships nowhere: tests, benchmarks, and the tools' own crates.
    pub(crate) fn is_test_code(&self) -> bool {
        let in_folder = ["/tests/", "/benches/", "/examples/"]
            .iter()
            .any(|folder| self.path.contains(folder));
        in_folder
            || matches!(self.name(), "tests.rs" | "testing.rs")
            || self.path.starts_with("crates/testkit/")
            || self.path.starts_with("crates/xtask/")
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
            ("crates/wire/src/ids.rs", ""),
            ("crates/wire/tests/x.rs", ""),
            ("Makefile", ""),
        ]);
        let files: Vec<_> = tree.files().collect();
        assert_eq!(files[0].crate_folder(), Some("crates/wire"));
        assert_eq!(files[0].extension(), "rs");
        assert!(!files[0].is_test_code());
        assert!(files[1].is_test_code());
        assert_eq!(files[2].crate_folder(), None);
        assert_eq!(files[2].extension(), "");
    }
}
