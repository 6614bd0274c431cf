//! Migrations: one text for SQLite and PostgreSQL, numbered without gaps.

use crate::{
    finding::Finding,
    tree::{File, Tree},
};

const FOLDER: &str = "crates/server/migrations/";

/// `0001_first.sql`, `0002_….sql` and so on: no gap, no number twice.
pub(super) fn order(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: Vec<_> = files(tree).collect();
    names.sort_by(|a, b| a.path.cmp(&b.path));
    for (at, file) in names.into_iter().enumerate() {
        let number = file.name().split('_').next().unwrap_or_default();
        let expected = format!("{:04}", at + 1);
        if number != expected {
            let text = format!("number {expected} is expected here");
            findings.push(Finding::new("migrations", &file.path, 1, text));
        }
    }
    findings
}

/// Nothing that one of the two engines does not know.
pub(super) fn one_text(tree: &Tree) -> Vec<Finding> {
    const ONE_ENGINE: &[&str] = &[
        "AUTOINCREMENT",
        "SERIAL",
        "JSONB",
        "PRAGMA",
        "WITHOUT ROWID",
        "TIMESTAMPTZ",
        "BYTEA",
        "DATETIME",
        "CREATE EXTENSION",
        "CREATE TYPE",
        "::",
    ];
    let mut findings = Vec::new();
    for file in files(tree) {
        for (number, line) in file.lines() {
            let statement = line.split("--").next().unwrap_or_default().to_uppercase();
            for word in ONE_ENGINE.iter().filter(|word| statement.contains(**word)) {
                let text = format!("`{word}` is not known to both engines");
                findings.push(Finding::new("migrations", &file.path, number, text));
            }
        }
    }
    findings
}

fn files(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.with_extension(&["sql"])
        .filter(|file| file.path.starts_with(FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn numbers_have_no_gap() {
        let good = [
            ("crates/server/migrations/0001_a.sql", ""),
            ("crates/server/migrations/0002_b.sql", ""),
        ];
        assert!(found(order, &good).is_empty());
        let bad = [
            ("crates/server/migrations/0001_a.sql", ""),
            ("crates/server/migrations/0003_b.sql", ""),
        ];
        assert_eq!(
            found(order, &bad),
            ["crates/server/migrations/0003_b.sql:1"]
        );
        let twice = [
            ("crates/server/migrations/0001_a.sql", ""),
            ("crates/server/migrations/0001_b.sql", ""),
        ];
        assert_eq!(found(order, &twice).len(), 1);
    }

    #[test]
    fn both_engines_know_every_word() {
        let text = "-- no SERIAL here\nCREATE TABLE a (\n    id BIGSERIAL\n);\n";
        let files = [("crates/server/migrations/0001_a.sql", text)];
        assert_eq!(
            found(one_text, &files),
            ["crates/server/migrations/0001_a.sql:3"]
        );
    }
}
