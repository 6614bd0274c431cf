//! The shape of files: how long, how named, and that nothing is left for later.

use crate::{finding::Finding, tree::Tree};

const SOURCES: &[&str] = &["rs", "ts", "js", "mjs", "css", "html"];
const LONG: usize = 400;
const TOO_LONG: usize = 500;
// Written in two parts, so that this file is not its own finding.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
];

/// A file is about 400 lines at most, and never more than 500.
pub(super) fn length(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.with_extension(SOURCES) {
        let lines = file.text.lines().count();
        if lines > LONG {
            let finding = Finding::new("length", &file.path, lines, format!("{lines} lines"));
            findings.push(if lines > TOO_LONG {
                finding
            } else {
                finding.warning()
            });
        }
    }
    findings
}

/// A name says what is inside; these say nothing.
pub(super) fn names(tree: &Tree) -> Vec<Finding> {
    const EMPTY: &[&str] = &["utils", "util", "common", "manager", "managers", "misc"];
    let says_nothing = |part: &str| EMPTY.contains(&part.split('.').next().unwrap_or_default());
    tree.files()
        .filter(|file| file.path.split('/').any(says_nothing))
        .map(|file| {
            Finding::new(
                "names",
                &file.path,
                0,
                "a name that says nothing of its contents",
            )
        })
        .collect()
}

/// Nothing is marked as left to do.
pub(super) fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| !file.is_lock()) {
        for (number, line) in file.lines() {
            for mark in MARKS.iter().filter(|mark| has_word(line, mark)) {
                let text = format!("`{mark}`");
                findings.push(Finding::new("unfinished", &file.path, number, text));
            }
        }
    }
    findings
}

/// Whether a mark stands in a line, not as a part of a longer word.
fn has_word(line: &str, mark: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(mark).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + mark.len()..]);
        let whole = !mark.ends_with(char::is_alphanumeric) || !goes_on(after.chars().next());
        whole && !goes_on(before.chars().next_back())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn long_files_are_found_and_the_longest_fail() {
        let text = |lines| "x\n".repeat(lines);
        let (fits, long, too_long) = (text(400), text(401), text(501));
        let tree = Tree::of(&[
            ("a.rs", &fits),
            ("b.ts", &long),
            ("c.css", &too_long),
            ("d.md", &too_long),
        ]);
        let fails: Vec<_> = length(&tree)
            .into_iter()
            .map(|f| (f.path, f.fails))
            .collect();
        assert_eq!(
            fails,
            [("b.ts".to_owned(), false), ("c.css".to_owned(), true)]
        );
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let files = [
            ("a/src/utils.rs", ""),
            ("common/x.rs", ""),
            ("a/src/commonplace.rs", ""),
        ];
        assert_eq!(found(names, &files), ["a/src/utils.rs:0", "common/x.rs:0"]);
    }

    #[test]
    fn marks_are_found() {
        let bad = format!("fn a() {{\n    {}!()\n}}", "todo");
        let note = format!("# {}: later", MARKS[0]);
        let files = [
            ("a.rs", bad.as_str()),
            ("b.rs", "// the list of what is to do"),
            ("c.md", &note),
            ("scripts/d", "mktemp -d a.XXXXXX"),
        ];
        assert_eq!(found(unfinished, &files), ["a.rs:2", "c.md:1"]);
    }
}
