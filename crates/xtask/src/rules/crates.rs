//! Crates as trust zones: who may import whom, and what each manifest must say.

use crate::{
    finding::Finding,
    tree::{File, Tree},
};
use toml::{Table, Value};

/// Which crates of ours each may depend on. ARCHITECTURE.md has the same table with the reasons.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("screen", &["wire"]),
    ("certificates", &[]),
    ("machine", &["wire", "certificates"]),
    ("server", &["wire", "certificates"]),
    ("gateway", &["wire", "certificates", "machine"]),
    ("agent", &["wire", "screen", "machine"]),
    ("nagaya", ALL),
    ("testkit", ALL),
    ("bench", ALL),
    ("xtask", &[]),
    ("proof", &[]),
];
const ALL: &[&str] = &[
    "wire",
    "screen",
    "certificates",
    "machine",
    "server",
    "gateway",
    "agent",
];
/// What ships in nothing; only tests of others may use it.
const TOOLING: &[&str] = &["testkit", "xtask", "proof", "bench"];

/// The direction of imports between crates.
pub(super) fn imports(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, manifest) in manifests_of(tree) {
        let name = package(&manifest, "name").unwrap_or_default();
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(crate_, _)| *crate_ == name) else {
            let text = "this crate is not in the table of who may import whom";
            findings.push(Finding::new("imports", &file.path, 1, text));
            continue;
        };
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for dependency in names_in(&manifest, kind) {
                let ours = MAY_IMPORT.iter().any(|(crate_, _)| *crate_ == dependency);
                let for_tests = kind == "dev-dependencies" && TOOLING.contains(&dependency);
                if ours && !for_tests && !allowed.contains(&dependency) {
                    let text = format!("`{name}` may not import `{dependency}`");
                    findings.push(Finding::new(
                        "imports",
                        &file.path,
                        line_of(file, dependency),
                        text,
                    ));
                }
            }
        }
    }
    findings
}

/// Every crate has the workspace's lints, licence and a description.
pub(super) fn manifests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, manifest) in manifests_of(tree) {
        let mut miss = |what: &str| findings.push(Finding::new("manifests", &file.path, 1, what));
        if flag(&manifest, &["lints", "workspace"]) != Some(true) {
            miss("without the workspace's lints");
        }
        if package(&manifest, "description").is_none_or(str::is_empty) {
            miss("without a description");
        }
        if flag(&manifest, &["package", "license", "workspace"]) != Some(true) {
            miss("without the workspace's licence");
        }
    }
    findings
}

/// What a zone must not be able to do, it has no crate for.
pub(super) fn powers(tree: &Tree) -> Vec<Finding> {
    const FORBIDDEN: &[(&str, &str, &str)] = &[
        ("gateway", "sqlx", "the gateway holds no database"),
        ("agent", "sqlx", "an agent holds no database"),
        ("wire", "tokio", "the contract does no input or output"),
        ("wire", "reqwest", "the contract does no input or output"),
        (
            "screen",
            "tokio",
            "the stream's heart does no input or output",
        ),
        (
            "screen",
            "x11rb",
            "the stream's heart does no input or output",
        ),
        (
            "server",
            "x11rb",
            "only what runs on a session host touches a display",
        ),
    ];
    let mut findings = Vec::new();
    for (file, manifest) in manifests_of(tree) {
        let name = package(&manifest, "name").unwrap_or_default();
        for dependency in names_in(&manifest, "dependencies") {
            for (_, _, why) in FORBIDDEN
                .iter()
                .filter(|(crate_, power, _)| *crate_ == name && *power == dependency)
            {
                findings.push(Finding::new(
                    "powers",
                    &file.path,
                    line_of(file, dependency),
                    format!("`{dependency}`: {why}"),
                ));
            }
        }
    }
    findings
}

/// The manifests of all crates of the workspace.
fn manifests_of(tree: &Tree) -> Vec<(&File, Table)> {
    tree.files()
        .filter(|file| {
            let parts: Vec<_> = file.path.split('/').collect();
            matches!(
                parts[..],
                ["crates", _, "Cargo.toml"] | ["bench", "Cargo.toml"]
            )
        })
        .filter_map(|file| Some((file, file.text.parse().ok()?)))
        .collect()
}

fn package<'a>(manifest: &'a Table, field: &str) -> Option<&'a str> {
    manifest.get("package")?.get(field)?.as_str()
}

fn flag(manifest: &Table, path: &[&str]) -> Option<bool> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(manifest.get(*first)?, |value, key| value.get(key))?
        .as_bool()
}

fn names_in<'a>(manifest: &'a Table, kind: &str) -> Vec<&'a str> {
    let table = manifest.get(kind).and_then(Value::as_table);
    table
        .map(|table| table.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

fn line_of(file: &File, dependency: &str) -> usize {
    file.lines()
        .find(|(_, line)| {
            line.strip_prefix(dependency)
                .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
        })
        .map_or(1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    const GOOD: &str = "[package]\nname = \"agent\"\ndescription = \"x\"\nlicense.workspace = true\n[lints]\nworkspace = true\n[dependencies]\nwire.workspace = true\n[dev-dependencies]\ntestkit.workspace = true\n";

    #[test]
    fn zones_do_not_import_each_other() {
        let bad = GOOD.replace("wire.workspace", "server.workspace");
        assert!(found(imports, &[("crates/agent/Cargo.toml", GOOD)]).is_empty());
        assert_eq!(
            found(imports, &[("crates/agent/Cargo.toml", &bad)]),
            ["crates/agent/Cargo.toml:8"]
        );
        let unknown = GOOD.replace("\"agent\"", "\"extra\"");
        assert_eq!(
            found(imports, &[("crates/extra/Cargo.toml", &unknown)]),
            ["crates/extra/Cargo.toml:1"]
        );
    }

    #[test]
    fn a_manifest_says_what_it_must() {
        assert!(found(manifests, &[("crates/agent/Cargo.toml", GOOD)]).is_empty());
        for missing in [
            "description = \"x\"\n",
            "license.workspace = true\n",
            "[lints]\nworkspace = true\n",
        ] {
            let bad = GOOD.replace(missing, "");
            assert_eq!(
                found(manifests, &[("crates/agent/Cargo.toml", &bad)]).len(),
                1
            );
        }
    }

    #[test]
    fn an_agent_has_no_database() {
        let bad = GOOD.replace("wire.workspace = true", "sqlx.workspace = true");
        assert!(found(powers, &[("crates/agent/Cargo.toml", GOOD)]).is_empty());
        assert_eq!(
            found(powers, &[("crates/agent/Cargo.toml", &bad)]),
            ["crates/agent/Cargo.toml:8"]
        );
    }
}
