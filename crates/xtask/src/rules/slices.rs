//! Slices of the server: a slice may call another's service, never its tables, and SQL is in stores only.

use crate::{
    finding::Finding,
    rust_text::{imports as imports_of, shipped_lines},
    tree::{File, Tree},
};

const SERVER: &str = "crates/server/src/";

/// No slice reaches into another's store, and the layout of pages reaches into no slice's tables or use cases.
pub(super) fn imports(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, own) in sources(tree) {
        let mut named = imports_of(file);
        named.extend(inline_paths(file));
        for (line, path) in named {
            let parts: Vec<_> = path.split("::").collect();
            let &["crate", slice, part, ..] = &parts[..] else {
                continue;
            };
            if slice == own {
                continue;
            }
            if part == "store" {
                let text = format!("`{path}`: another slice's tables; call its service");
                findings.push(Finding::new("slices", &file.path, line, text));
            } else if own == "portal" && part == "service" {
                let text = format!("`{path}`: the portal is layout only");
                findings.push(Finding::new("slices", &file.path, line, text));
            }
        }
    }
    findings
}

/// SQL is in `store.rs` of a slice, in the migrations and in `db.rs`.
pub(super) fn sql(tree: &Tree) -> Vec<Finding> {
    const STATEMENTS: &[&str] = &[
        "\"SELECT ",
        "\"INSERT INTO ",
        "\"UPDATE ",
        "\"DELETE FROM ",
        "\"CREATE ",
        "\"WITH ",
        "sqlx::query",
    ];
    let mut findings = Vec::new();
    let others = tree.with_extension(&["rs"]).filter(|file| {
        file.crate_folder().is_some()
            && !matches!(file.name(), "store.rs" | "db.rs")
            && !file.path.contains("/store/")
    });
    for file in others {
        for (number, line) in shipped_lines(file) {
            if STATEMENTS.iter().any(|statement| line.contains(statement)) {
                findings.push(Finding::new("sql", &file.path, number, "SQL outside a store"));
            }
        }
    }
    findings
}

/// The server's files that ship, each with its slice (the first folder; empty for the files beside the slices).
fn sources(tree: &Tree) -> impl Iterator<Item = (&File, &str)> {
    tree.with_extension(&["rs"])
        .filter(|file| !file.is_test_code())
        .filter_map(|file| {
            let rest = file.path.strip_prefix(SERVER)?;
            Some((file, rest.split_once('/').map_or("", |(slice, _)| slice)))
        })
        // What is beside the slices puts them together.
        .filter(|(_, slice)| !slice.is_empty())
}

/// `crate::slice::part` where it is written out in code.
fn inline_paths(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in shipped_lines(file) {
        if line.trim_start().starts_with("use ") {
            continue;
        }
        for (at, _) in line.match_indices("crate::") {
            let path: String = line[at..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
                .collect();
            found.push((number, path));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn a_slice_may_not_use_anothers_tables() {
        let files = [
            ("crates/server/src/sessions/service.rs", "use crate::{\n    identity::service,\n    sessions::store,\n};\n"),
            ("crates/server/src/sessions/job.rs", "use crate::{app::App, identity::store::People};\n"),
            ("crates/server/src/sessions/http.rs", "fn a() {\n    crate::hosts::store::all();\n}\n"),
            ("crates/server/src/setup.rs", "use crate::identity::store;\n"),
        ];
        assert_eq!(
            found(imports, &files),
            ["crates/server/src/sessions/job.rs:1", "crates/server/src/sessions/http.rs:2"]
        );
    }

    #[test]
    fn the_portal_has_no_use_cases() {
        let files = [
            ("crates/server/src/portal/ui.rs", "use crate::identity::service;\n"),
            ("crates/server/src/portal/page.rs", "use crate::identity::Account;\n"),
        ];
        assert_eq!(found(imports, &files), ["crates/server/src/portal/ui.rs:1"]);
    }

    #[test]
    fn sql_is_in_stores() {
        let statement = "const ALL: &str = \"SELECT id FROM users\";\n";
        let files = [
            ("crates/server/src/identity/store.rs", statement),
            ("crates/server/src/identity/tests.rs", statement),
            ("crates/server/src/identity/http.rs", statement),
            ("crates/server/src/identity/page.rs", "// \"SELECT a desktop\"\n"),
        ];
        assert_eq!(found(sql, &files), ["crates/server/src/identity/http.rs:1"]);
    }
}
