//! The texts of the stream client: both languages say the same things, and nothing is kept that no part shows.

use super::locales::blanks;
use crate::{
    finding::Finding,
    tree::{File, Tree},
};
use std::collections::BTreeMap;

const JAPANESE: &str = "web/src/text/ja.ts";
const ENGLISH: &str = "web/src/text/en.ts";
const SOURCES: &str = "web/src/";

/// The texts by key, each with its line.
type Texts<'a> = BTreeMap<&'a str, (usize, &'a str)>;

/// Both tables have the same keys, and the same blanks in each text. The compiler sees the keys; not the blanks.
pub(super) fn same_keys(tree: &Tree) -> Vec<Finding> {
    let (Some(ja), Some(en)) = (tree.get(JAPANESE), tree.get(ENGLISH)) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (file, other) in [(ja, en), (en, ja)] {
        let theirs = texts(other);
        for (key, (line, text)) in texts(file) {
            let message = match theirs.get(key) {
                None => format!("`{key}` is not in {}", other.path),
                Some((_, their)) if blanks(their) != blanks(text) => {
                    format!("`{key}` has other blanks than in {}", other.path)
                }
                Some(_) if text.trim().is_empty() => format!("`{key}` is empty"),
                Some(_) => continue,
            };
            findings.push(Finding::new("web-texts", &file.path, line, message));
        }
    }
    findings
}

/// Every text is shown somewhere: its key stands in a source, or a template literal there can make it.
pub(super) fn used_keys(tree: &Tree) -> Vec<Finding> {
    let Some(en) = tree.get(ENGLISH) else {
        return Vec::new();
    };
    let mut unused = texts(en);
    for file in tree.with_extension(&["ts"]).filter(|file| is_source(file)) {
        unused.retain(|key, _| !file.text.contains(&format!("\"{key}\"")));
        for literal in file.text.split('`').skip(1).step_by(2) {
            unused.retain(|key, _| !can_make(literal, key));
        }
    }
    let finding = |(key, (line, _)): (&str, (usize, &str))| {
        Finding::new(
            "web-texts",
            ENGLISH,
            line,
            format!("no part of the client uses `{key}`"),
        )
    };
    unused.into_iter().map(finding).collect()
}

fn is_source(file: &File) -> bool {
    file.path.starts_with(SOURCES) && file.path != JAPANESE && file.path != ENGLISH
}

/// The entries of a table, one on each line: `"key": "text",`.
fn texts(file: &File) -> Texts<'_> {
    file.lines()
        .filter_map(|(number, line)| {
            let (key, rest) = line.trim().strip_prefix('"')?.split_once("\":")?;
            Some((key, (number, rest.trim().trim_matches([',', '"']))))
        })
        .collect()
}

/// Whether a template literal such as `stopped.${why}.title` can become a key: what is filled in has no dot.
fn can_make(literal: &str, key: &str) -> bool {
    let Some((start, rest)) = literal.split_once("${") else {
        return literal == key;
    };
    let end = rest.split_once('}').map_or("", |(_, end)| end);
    let filled = key
        .strip_prefix(start)
        .and_then(|key| key.strip_suffix(end));
    !start.is_empty() && filled.is_some_and(|filled| !filled.is_empty() && !filled.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    const TABLE: &str =
        "export const x = {\n  \"a.b\": \"T\",\n  \"stop.x.title\": \"{name} {n}\",\n};\n";

    #[test]
    fn a_key_or_a_blank_of_one_language_only_is_found() {
        let more = TABLE.replace("};", "  \"c\": \"C\",\n};");
        let other = TABLE.replace("{n}", "");
        assert!(found(same_keys, &[(JAPANESE, TABLE), (ENGLISH, TABLE)]).is_empty());
        assert_eq!(
            found(same_keys, &[(JAPANESE, &more), (ENGLISH, TABLE)]),
            [format!("{JAPANESE}:4")]
        );
        assert_eq!(
            found(same_keys, &[(JAPANESE, TABLE), (ENGLISH, &other)]),
            [format!("{JAPANESE}:3"), format!("{ENGLISH}:3")]
        );
        let empty = TABLE.replace("\"T\"", "\"\"");
        assert_eq!(
            found(same_keys, &[(JAPANESE, &empty), (ENGLISH, TABLE)]),
            [format!("{JAPANESE}:2")]
        );
    }

    #[test]
    fn a_text_that_nobody_shows_is_found() {
        let used = "t(\"a.b\"); t(`stop.${why}.title`);";
        let unused = "t(`stop.${why}.text`); t(`${a}`)";
        assert!(found(used_keys, &[(ENGLISH, TABLE), ("web/src/a.ts", used)]).is_empty());
        assert_eq!(
            found(used_keys, &[(ENGLISH, TABLE), ("web/src/a.ts", unused)]),
            [format!("{ENGLISH}:2"), format!("{ENGLISH}:3")]
        );
    }
}
