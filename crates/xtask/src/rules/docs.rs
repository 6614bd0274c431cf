//! Documents: decisions are numbered, what is named exists, and both languages have the same pages.

use crate::{
    finding::Finding,
    tree::{File, Tree},
};

const DECISIONS: &str = "docs/adr/";
/// A name that ends so means a file of ours.
const EXTENSIONS: &[&str] = &[
    "rs", "md", "toml", "ts", "mjs", "js", "json", "sql", "html", "css", "lock",
];

/// `docs/adr/0001-….md`, `0002-….md` and so on: no gap, no number twice.
pub(super) fn decisions(tree: &Tree) -> Vec<Finding> {
    let mut files: Vec<_> = tree
        .files()
        .filter(|file| file.path.starts_with(DECISIONS) && file.name() != "README.md")
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut findings = Vec::new();
    for (at, file) in files.into_iter().enumerate() {
        let expected = format!("{:04}", at + 1);
        let well_named = file
            .name()
            .strip_prefix(&expected)
            .is_some_and(|rest| rest.starts_with('-') && file.extension() == "md");
        if !well_named {
            let text = format!("{expected}-NAME.md is expected here");
            findings.push(Finding::new("decisions", &file.path, 0, text));
        }
    }
    findings
}

/// Every page of the documents is there in Japanese and in English.
pub(super) fn both_languages(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        for (mine, other) in [("docs/ja/", "docs/en/"), ("docs/en/", "docs/ja/")] {
            let Some(rest) = file.path.strip_prefix(mine) else {
                continue;
            };
            if tree.get(&format!("{other}{rest}")).is_none() {
                let text = format!("{other}{rest} is missing");
                findings.push(Finding::new("languages", &file.path, 0, text));
            }
        }
    }
    findings
}

/// The files, folders and links that documents name exist. Decisions are history: they may name what is gone.
pub(super) fn named_files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .with_extension(&["md"])
        .filter(|file| !file.path.starts_with(DECISIONS))
    {
        let mut fenced = false;
        for (number, line) in file.lines() {
            fenced ^= line.trim_start().starts_with("```");
            if fenced {
                continue;
            }
            let mut miss = |name: &str| {
                let text = format!("`{name}` does not exist");
                findings.push(Finding::new("named", &file.path, number, text));
            };
            in_backticks(line)
                .filter(|name| is_our_path(tree, name) && !exists(tree, file, name))
                .for_each(&mut miss);
            links(line)
                .filter(|link| !exists(tree, file, link))
                .for_each(&mut miss);
        }
    }
    findings
}

fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of Markdown links that stay in the repository, without their fragment.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#', ' ']).next())
        .filter(|link| !link.is_empty() && !link.contains(':') && !link.starts_with('/'))
}

/// Whether a name means a file or folder of the repository, not a route, a media type, an option or a command.
fn is_our_path(tree: &Tree, name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-*".contains(c);
    if name.starts_with(['/', '-', '.', '*']) || !name.chars().all(plain) {
        return false;
    }
    let named_so = name
        .rsplit_once('.')
        .is_some_and(|(stem, last)| !stem.is_empty() && EXTENSIONS.contains(&last));
    match name.split_once('/') {
        Some((top, _)) => named_so || tree.has(top),
        None => named_so,
    }
}

/// From the repository's root or from the document's own folder; a bare name may lie anywhere.
fn exists(tree: &Tree, document: &File, name: &str) -> bool {
    let fixed = name.split_once('*').map_or(name, |(before, _)| {
        before.rsplit_once('/').map_or("", |(folder, _)| folder)
    });
    let folder = document
        .path
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let beside = resolve(folder, fixed);
    let anywhere = !name.contains('/') && tree.files().any(|file| file.name() == name);
    fixed.is_empty() || tree.has(fixed) || tree.has(&beside) || anywhere || is_made(tree, fixed)
}

/// Joins a folder and a relative path, following `..`.
fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a build makes is not committed, but documents may name it.
fn is_made(tree: &Tree, path: &str) -> bool {
    let ignored = tree.get(".gitignore").map_or("", |file| &file.text);
    ignored
        .lines()
        .filter_map(|line| line.strip_prefix('/'))
        .any(|line| path.starts_with(line.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn decisions_have_no_gap_and_no_number_twice() {
        let good = [("docs/adr/0001-a.md", ""), ("docs/adr/0002-b.md", "")];
        assert!(found(decisions, &good).is_empty());
        let gap = [("docs/adr/0001-a.md", ""), ("docs/adr/0003-b.md", "")];
        assert_eq!(found(decisions, &gap), ["docs/adr/0003-b.md:0"]);
        let twice = [("docs/adr/0001-a.md", ""), ("docs/adr/0001-b.md", "")];
        assert_eq!(found(decisions, &twice), ["docs/adr/0001-b.md:0"]);
        assert_eq!(
            found(decisions, &[("docs/adr/1-a.md", "")]),
            ["docs/adr/1-a.md:0"]
        );
    }

    #[test]
    fn a_page_in_one_language_is_found() {
        let files = [
            ("docs/ja/a.md", ""),
            ("docs/en/a.md", ""),
            ("docs/en/b.md", ""),
        ];
        assert_eq!(found(both_languages, &files), ["docs/en/b.md:0"]);
    }

    #[test]
    fn a_named_file_that_is_gone_is_found() {
        let text = "\
`crates/wire` and `crates/gone`, `bench/results/*.json`, `x.toml`
`/v1/relay`, `text/plain`, `--no-files`, `gone.rs`, `web/dist/a.js`
[here](docs/protocol.md#head) [there](docs/gone.md) [away](https://example.org/a.md)
```
`crates/fenced`
```
";
        let files = [
            ("README.md", text),
            ("docs/adr/0001-a.md", "`crates/gone`"),
            ("docs/protocol.md", "[up](../README.md) [gone](../gone.md)"),
            ("crates/wire/x.toml", ""),
            ("bench/results/a.json", ""),
            ("web/package.json", ""),
            (".gitignore", "/web/dist/\n"),
        ];
        assert_eq!(
            found(named_files, &files),
            [
                "README.md:1",
                "README.md:2",
                "README.md:3",
                "docs/protocol.md:1"
            ]
        );
    }
}
