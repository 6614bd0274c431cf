//! Licences, bans and sources of every dependency, as `deny.toml` has them.
//!
//! cargo-deny does this for the crates where it is installed. It takes long to build, so nothing installs it: without it the
//! same lists are checked here, against what Cargo says of each crate. The packages of the web are always checked here.

mod expression;
mod policy;

use crate::{
    finding::Finding,
    tree::{File, Tree},
};
use policy::Policy;
use serde_json::Value;
use std::{error::Error, process::Command};

const POLICY: &str = "deny.toml";
/// The only place that crates come from. Written in parts: no text names a registry's host.
const REGISTRY: &str = concat!("registry+https://github.com/rust-lang/crates", ".io-index");
/// What Nagaya is built for; what only other systems need is not part of it.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Checks every dependency.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>, Box<dyn Error>> {
    let deny = tree.get(POLICY).ok_or("deny.toml is missing")?;
    let policy = Policy::read(&deny.text).map_err(|error| format!("{POLICY}: {error}"))?;
    let mut findings = Vec::new();
    if is_installed() {
        findings.extend(cargo_deny()?);
    } else {
        findings.extend(crates(tree, &policy, &metadata()?));
    }
    for file in tree
        .files()
        .filter(|file| file.name() == "package-lock.json")
    {
        findings.extend(web_packages(file, &policy)?);
    }
    Ok(findings)
}

fn is_installed() -> bool {
    let version = Command::new("cargo").args(["deny", "--version"]).output();
    version.is_ok_and(|output| output.status.success())
}

/// It prints what it finds itself.
fn cargo_deny() -> Result<Option<Finding>, Box<dyn Error>> {
    let status = Command::new("cargo")
        .args(["deny", "--locked", "--log-level", "error", "check"])
        .args(["licenses", "bans", "sources"])
        .status()?;
    let refused = || {
        Finding::new(
            "licences",
            POLICY,
            0,
            "cargo-deny refuses what it names above",
        )
    };
    Ok((!status.success()).then(refused))
}

/// What Cargo says of all packages. It loads those that are not on this machine yet.
fn metadata() -> Result<Value, Box<dyn Error>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", TARGET])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The crates that are not allowed, each at its place in Cargo.lock.
fn crates(tree: &Tree, policy: &Policy, metadata: &Value) -> Vec<Finding> {
    let packages = metadata["packages"].as_array();
    let mut findings = Vec::new();
    for package in packages.into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let fault = match package["source"].as_str() {
            // Ours.
            None => continue,
            Some(REGISTRY) => policy.fault(name, package["license"].as_str()),
            Some(source) => Some(format!("`{name}` comes from {source}")),
        };
        let line = || line_with(tree.get("Cargo.lock"), &format!("name = \"{name}\""));
        findings.extend(fault.map(|text| Finding::new("licences", "Cargo.lock", line(), text)));
    }
    findings
}

/// The packages of a lock file of npm that are not allowed.
fn web_packages(file: &File, policy: &Policy) -> Result<Vec<Finding>, Box<dyn Error>> {
    let lock: Value = serde_json::from_str(&file.text)?;
    let packages = lock["packages"]
        .as_object()
        .ok_or_else(|| format!("{}: no packages", file.path))?;
    let mut findings = Vec::new();
    for (place, package) in packages {
        let Some((_, name)) = place.rsplit_once("node_modules/") else {
            // Ours.
            continue;
        };
        if let Some(fault) = policy.fault(name, package["license"].as_str()) {
            let line = line_with(Some(file), &format!("\"{place}\": {{"));
            findings.push(Finding::new("licences", &file.path, line, fault));
        }
    }
    // The order of a JSON object's members depends on which features of serde_json are built in.
    findings.sort_by_key(|finding| finding.line);
    Ok(findings)
}

fn line_with(file: Option<&File>, wanted: &str) -> usize {
    file.and_then(|file| file.lines().find(|(_, line)| line.trim() == wanted))
        .map_or(0, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::tests::DENY;
    use serde_json::json;

    fn places(findings: &[Finding]) -> Vec<(usize, &str)> {
        findings
            .iter()
            .map(|finding| (finding.line, finding.path.as_str()))
            .collect()
    }

    #[test]
    fn a_crate_of_another_licence_or_source_is_found() {
        let policy = Policy::read(DENY).expect("a policy");
        let lock = "[[package]]\nname = \"good\"\n[[package]]\nname = \"bad\"\n[[package]]\nname = \"far\"\n";
        let tree = Tree::of(&[("Cargo.lock", lock)]);
        let metadata = json!({ "packages": [
            { "name": "ours", "source": null, "license": null },
            { "name": "good", "source": REGISTRY, "license": "MIT OR GPL-3.0-only" },
            { "name": "bad", "source": REGISTRY, "license": "GPL-3.0-only" },
            { "name": "far", "source": "git+https://example.org/far", "license": "MIT" },
        ]});
        let findings = crates(&tree, &policy, &metadata);
        assert_eq!(places(&findings), [(4, "Cargo.lock"), (6, "Cargo.lock")]);
    }

    #[test]
    fn a_package_of_the_web_is_found() {
        let policy = Policy::read(DENY).expect("a policy");
        let lock = r#"{
  "packages": {
    "": { "name": "ours" },
    "node_modules/good": {
      "license": "MIT"
    },
    "node_modules/good/node_modules/bad": {
      "license": "GPL-2.0"
    },
    "node_modules/@x/silent": {
    }
  }
}"#;
        let tree = Tree::of(&[("web/package-lock.json", lock)]);
        let file = tree.files().next().expect("a file");
        let findings = web_packages(file, &policy).expect("a lock file");
        let path = "web/package-lock.json";
        assert_eq!(places(&findings), [(7, path), (10, path)]);
    }
}
