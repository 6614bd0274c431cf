//! The committed measurements have the shape that the table and the documents rely on.

use crate::{figures, finding::Finding, tree::Tree};

/// Every file of `bench/results` is an array of whole figures.
pub(super) fn results(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in figures::files(tree) {
        for (line, fault) in figures::read(file).err().unwrap_or_default() {
            findings.push(Finding::new("bench", &file.path, line, fault));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn a_figure_without_a_commit_is_found() {
        let text = "[\n{\n\"name\": \"a\", \"value\": 1, \"unit\": \"ms\", \"aim\": null, \"holds\": null}]";
        let files = [("bench/results/a.json", text), ("bench/x.json", "1")];
        assert_eq!(found(results, &files), ["bench/results/a.json:3"]);
    }
}
