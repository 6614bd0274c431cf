//! What auditors are told: the tests that documents name are there, and where they are said to be.

use crate::{
    finding::Finding,
    tree::{File, Tree},
};

/// Documents that name tests: a name in backticks of at least [`WORDS`] words joined by `_`.
const DOCUMENTS: &[&str] = &["SECURITY.md", "docs/security/"];
const WORDS: usize = 4;

/// Each test that a document for auditors names is a test function; in one of the Rust files that the line names, if any.
pub(super) fn named_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let told = |file: &&File| DOCUMENTS.iter().any(|start| file.path.starts_with(start));
    for document in tree.with_extension(&["md"]).filter(told) {
        for (number, line) in document.lines() {
            let quoted: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
            // A row of the list of files and their tests begins with the file.
            let place = quoted
                .first()
                .filter(|name| line.starts_with("| `") && tree.get(name).is_some());
            for name in quoted.iter().filter(|name| is_test_name(name)) {
                let mut sources = tree
                    .with_extension(&["rs"])
                    .filter(|file| place.is_none_or(|place| file.path == *place));
                if !sources.any(|file| has_test(&file.text, name)) {
                    let text = format!("there is no test `{name}`");
                    findings.push(Finding::new("tests", &document.path, number, text));
                }
            }
        }
    }
    findings
}

fn is_test_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.chars().all(plain) && name.split('_').count() >= WORDS
}

/// Whether a source has a function of the name with a test's attribute above it.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    lines.iter().enumerate().any(|(at, line)| {
        let is_it = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .starts_with(&head);
        let mut above = lines[..at].iter().rev();
        is_it
            && above
                .by_ref()
                .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
                .any(|line| line.ends_with("test]") || line.contains("::test("))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    const SOURCE: &str = "#[tokio::test]\nasync fn nobody_gets_in_twice() {}\n    #[test]\n    // Why.\n    #[ignore]\n    \
        fn a_door_is_shut() {}\nfn no_test_at_all() {}\n";

    #[test]
    fn a_named_test_that_is_gone_or_elsewhere_is_found() {
        let told = "`nobody_gets_in_twice`, `a_door_is_shut` (`crates/a/src/lib.rs`), `three_words_only`\n\
            `no_test_at_all`\n`a_door_is_open`\n| `crates/b/src/lib.rs` | `a_door_is_shut` |\n\
            | `crates/a/src/lib.rs` | `a_door_is_shut` |\n";
        let files = [
            ("crates/a/src/lib.rs", SOURCE),
            ("crates/b/src/lib.rs", ""),
            ("docs/security/x.md", told),
            ("README.md", "`a_door_is_open`"),
        ];
        let expected = [
            "docs/security/x.md:2",
            "docs/security/x.md:3",
            "docs/security/x.md:4",
        ];
        assert_eq!(found(named_tests, &files), expected);
    }
}
