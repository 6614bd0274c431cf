//! The rules of `cargo xtask tidy`: each a function from the tree to its breaches.

mod audit;
mod bench;
mod calls;
mod crates;
mod docs;
mod locales;
mod migrations;
mod places;
mod shape;
mod slices;
mod walls;
mod web_texts;

use crate::{finding::Finding, tree::Tree};

/// What every rule is.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    shape::length,
    shape::names,
    shape::unfinished,
    crates::imports,
    crates::manifests,
    crates::powers,
    slices::imports,
    slices::offers,
    slices::sql,
    calls::clock_and_chance,
    calls::inbound_ports,
    calls::sleeps,
    calls::exits,
    calls::unsafe_reasons,
    locales::same_keys,
    locales::used_keys,
    web_texts::same_keys,
    web_texts::used_keys,
    migrations::order,
    migrations::one_text,
    docs::decisions,
    docs::both_languages,
    docs::named_files,
    places::machines,
    places::lock_files,
    bench::results,
    walls::everybody,
    audit::named_tests,
];

/// Runs every rule.
pub(crate) fn all(tree: &Tree) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule(tree)).collect()
}

#[cfg(test)]
mod testing {
    use super::*;

    /// The places that a rule finds in made-up files, as `path:line`.
    pub(super) fn found(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        rule(&Tree::of(files))
            .into_iter()
            .map(|finding| format!("{}:{}", finding.path, finding.line))
            .collect()
    }
}
