//! Slices of the server: a slice may call another's service, never its tables, and SQL is in stores only.

use crate::{
    finding::Finding,
    rust_text::{imports as imports_of, shipped_lines},
    tree::{File, Tree},
};

const SERVER: &str = "crates/server/src/";
/// What every slice stands on, and which therefore stands on none: the layout of pages, and the policies.
const GROUND: &[&str] = &["portal", "rights"];

/// Of another slice, a slice names the service and what the slice's own `mod.rs` offers. What lies beside the slices
/// puts them together and so may name more of them, yet their tables neither.
pub(super) fn imports(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, own) in sources(tree) {
        let mut named = imports_of(file);
        named.extend(inline_paths(file));
        for (line, path) in named {
            if let Some(fault) = fault_of(tree, own, &path) {
                let text = format!("`{path}`: {fault}");
                findings.push(Finding::new("slices", &file.path, line, text));
            }
        }
    }
    findings
}

/// A slice's `mod.rs` hands out types of its store at most: its functions are the tables.
pub(super) fn offers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, _) in sources(tree).filter(|(file, own)| !own.is_empty() && file.name() == "mod.rs")
    {
        for (line, path) in public_imports(file) {
            let parts: Vec<_> = path
                .split("::")
                .skip_while(|part| *part == "self")
                .collect();
            let a_type = |name: &str| name.starts_with(char::is_uppercase);
            if parts.first() == Some(&"store") && !parts.last().is_some_and(|name| a_type(name)) {
                let text = format!("`{path}`: this hands out the slice's tables");
                findings.push(Finding::new("slices", &file.path, line, text));
            }
        }
    }
    findings
}

/// Why a file of the slice `own` (empty for what is beside the slices) may not name a path, if it may not.
fn fault_of(tree: &Tree, own: &str, path: &str) -> Option<&'static str> {
    let mut parts = path.split("::");
    let (Some("crate"), Some(slice)) = (parts.next(), parts.next()) else {
        return None;
    };
    if slice == own || !is_slice(tree, slice) {
        return None;
    }
    let part = parts.next().unwrap_or_default();
    if part == "store" {
        return Some("another slice's tables; call its service");
    }
    if GROUND.contains(&own) && !GROUND.contains(&slice) {
        return Some("what every slice stands on names none");
    }
    let folder = format!("{SERVER}{slice}/{part}");
    let inner = tree.get(&format!("{folder}.rs")).is_some() || tree.has(&folder);
    // What a slice lets the evidence see of it.
    let checks = part == "checks" && own == "evidence";
    (!own.is_empty() && inner && part != "service" && !checks && !part.is_empty())
        .then_some("another slice's inside; its service or its `mod.rs` is its door")
}

fn is_slice(tree: &Tree, name: &str) -> bool {
    tree.get(&format!("{SERVER}{name}/mod.rs")).is_some()
}

/// SQL is in `store.rs` of a slice, in the migrations, and in `db.rs` and its folder.
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
            && !file.path.contains("/src/db/")
    });
    for file in others {
        for (number, line) in shipped_lines(file) {
            if STATEMENTS.iter().any(|statement| line.contains(statement)) {
                findings.push(Finding::new(
                    "sql",
                    &file.path,
                    number,
                    "SQL outside a store",
                ));
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
}

/// `crate::slice::part` where it is written out in code, and `slice::part` where the slice itself is imported.
fn inline_paths(file: &File) -> Vec<(usize, String)> {
    let modules: Vec<String> = imports_of(file)
        .into_iter()
        .filter_map(|(_, path)| path.strip_prefix("crate::").map(str::to_owned))
        .map(|path| path.trim_end_matches("::self").to_owned())
        .filter(|name| !name.contains("::"))
        .collect();
    let starts = modules.iter().map(|name| (format!("{name}::"), "crate::"));
    let starts: Vec<_> = starts.chain([("crate::".to_owned(), "")]).collect();
    let mut found = Vec::new();
    for (number, line) in shipped_lines(file) {
        let code = line.trim_start();
        if code.starts_with("use ") || code.starts_with("pub use ") {
            continue;
        }
        for (start, prefix) in &starts {
            for at in path_starts(line, start) {
                let path = line[at..].split(|c| !in_path(c)).next().unwrap_or_default();
                found.push((number, format!("{prefix}{path}")));
            }
        }
    }
    found
}

/// Where a path begins so, rather than goes on from another one.
fn path_starts<'a>(line: &'a str, start: &'a str) -> impl Iterator<Item = usize> {
    line.match_indices(start)
        .filter(|(at, _)| !line[..*at].ends_with(in_path))
        .map(|(at, _)| at)
}

fn in_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':')
}

/// What a file imports for others to use.
fn public_imports(file: &File) -> impl Iterator<Item = (usize, String)> {
    imports_of(file).into_iter().filter(|(line, _)| {
        let line = file.text.lines().nth(line - 1).unwrap_or_default();
        line.trim_start().starts_with("pub")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    /// Where the imports of one file among two slices, the layout and what is beside them are found.
    fn imports_in(path: &str, text: &str) -> Vec<String> {
        let around = ["sessions/mod.rs", "identity/mod.rs", "portal/mod.rs"];
        let inner = [
            "identity/store.rs",
            "identity/people.rs",
            "identity/service.rs",
        ];
        let paths: Vec<_> = around
            .iter()
            .chain(&inner)
            .map(|path| format!("{SERVER}{path}"))
            .collect();
        let path = format!("{SERVER}{path}");
        let mut files: Vec<_> = paths.iter().map(|path| (path.as_str(), "")).collect();
        files.push((&path, text));
        found(imports, &files)
    }

    #[test]
    fn a_slice_enters_another_by_its_door_only() {
        let good = "use crate::{app::App, identity::{self, Account, service::sign_in}, sessions::store};\n\
            fn a() {\n    identity::service::leave();\n    people::store::all();\n}\n";
        assert!(imports_in("sessions/job.rs", good).is_empty());
        let job = "crates/server/src/sessions/job.rs";
        for bad in [
            "use crate::{app::App, identity::store::People};\n",
            "use crate::identity::people;\n",
            "fn a(b: crate::identity::store::Row) {}\n",
        ] {
            assert_eq!(
                imports_in("sessions/job.rs", bad),
                [format!("{job}:1")],
                "{bad}"
            );
        }
        let by_name = "use crate::identity;\nfn a() {\n    identity::store::all();\n}\n";
        assert_eq!(imports_in("sessions/job.rs", by_name), [format!("{job}:3")]);
    }

    #[test]
    fn what_is_beside_the_slices_uses_no_tables_either() {
        assert!(imports_in("app.rs", "use crate::identity::people::All;\n").is_empty());
        let bad = imports_in("setup.rs", "use crate::identity::store;\n");
        assert_eq!(bad, ["crates/server/src/setup.rs:1"]);
    }

    #[test]
    fn the_portal_stands_on_no_slice() {
        let bad = imports_in("portal/ui.rs", "use crate::identity::Account;\n");
        assert_eq!(bad, ["crates/server/src/portal/ui.rs:1"]);
    }

    #[test]
    fn a_slice_does_not_hand_out_its_tables() {
        let text =
            "mod store;\npub use store::Row;\npub(crate) use store::insert;\nuse store::read;\n";
        let files = [
            ("crates/server/src/identity/mod.rs", text),
            ("crates/server/src/identity/service.rs", text),
        ];
        assert_eq!(
            found(offers, &files),
            ["crates/server/src/identity/mod.rs:3"]
        );
    }

    #[test]
    fn sql_is_in_stores() {
        let statement = "const ALL: &str = \"SELECT id FROM users\";\n";
        let files = [
            ("crates/server/src/identity/store.rs", statement),
            ("crates/server/src/identity/tests.rs", statement),
            (
                "crates/server/src/identity/mod.rs",
                "#[cfg(test)]\nmod tests;\n",
            ),
            ("crates/server/src/identity/http.rs", statement),
            (
                "crates/server/src/identity/page.rs",
                "// \"SELECT a desktop\"\n",
            ),
        ];
        assert_eq!(found(sql, &files), ["crates/server/src/identity/http.rs:1"]);
    }
}
