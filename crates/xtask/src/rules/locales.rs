//! The pages' texts: both languages say the same things, and nothing is kept that no page shows.

use crate::{
    finding::Finding,
    rust_text::shipped_lines,
    tree::{File, Tree},
};
use std::collections::BTreeMap;
use toml::{Table, Value};

const JAPANESE: &str = "crates/server/locales/ja.toml";
const ENGLISH: &str = "crates/server/locales/en.toml";
const SERVER: &str = "crates/server/src/";
/// The command-line client says the same things in the same words.
const CLIENT: &str = "crates/nagaya/src/";
/// How sources ask for a text, up to its key.
const ASKS: &[&str] = &[
    "ui.t(\"",
    "ui.t1(\"",
    "ui.filled(\"",
    "Key(\"",
    ".text(\"",
    ".filled(\"",
];

type Texts = BTreeMap<String, String>;

/// Both locales have the same keys, and the same blanks in each text.
pub(super) fn same_keys(tree: &Tree) -> Vec<Finding> {
    let (Some(ja), Some(en)) = (tree.get(JAPANESE), tree.get(ENGLISH)) else {
        return missing_locale(tree);
    };
    let mut findings = Vec::new();
    let (ja_texts, en_texts) = (texts(ja, &mut findings), texts(en, &mut findings));
    let mut compare = |file: &File, mine: &Texts, other: &File, theirs: &Texts| {
        for (key, text) in mine {
            let message = match theirs.get(key) {
                None => format!("`{key}` is not in {}", other.path),
                Some(their) if blanks(their) != blanks(text) => {
                    format!("`{key}` has other blanks than in {}", other.path)
                }
                Some(_) if text.trim().is_empty() => format!("`{key}` is empty"),
                Some(_) => continue,
            };
            findings.push(Finding::new(
                "locales",
                &file.path,
                line_of(file, key),
                message,
            ));
        }
    };
    compare(ja, &ja_texts, en, &en_texts);
    compare(en, &en_texts, ja, &ja_texts);
    findings
}

/// Every key that pages ask for exists, and every key is asked for somewhere that ships.
pub(super) fn used_keys(tree: &Tree) -> Vec<Finding> {
    let Some(en) = tree.get(ENGLISH) else {
        return missing_locale(tree);
    };
    let known = texts(en, &mut Vec::new());
    let mut findings = Vec::new();
    let mut unused: Vec<&String> = known.keys().collect();
    let sources = tree.with_extension(&["rs", "html"]).filter(|file| {
        [SERVER, CLIENT]
            .iter()
            .any(|place| file.path.starts_with(place))
    });
    for file in sources {
        for (number, line) in lines_of(file) {
            unused.retain(|key| !line.contains(&format!("\"{key}\"")));
            for key in asked_for(line).filter(|key| !known.contains_key(*key)) {
                let text = format!("no locale has `{key}`");
                findings.push(Finding::new("locales", &file.path, number, text));
            }
        }
    }
    for key in unused {
        let text = format!("no page uses `{key}`");
        findings.push(Finding::new("locales", ENGLISH, line_of(en, key), text));
    }
    findings
}

/// A made-up tree has no server; the repository always has one.
fn missing_locale(tree: &Tree) -> Vec<Finding> {
    let gone = |path: &&&str| tree.has(SERVER) && tree.get(path).is_none();
    [JAPANESE, ENGLISH]
        .iter()
        .filter(gone)
        .map(|path| Finding::new("locales", path, 0, "this locale is missing"))
        .collect()
}

fn lines_of(file: &File) -> Vec<(usize, &str)> {
    if file.extension() == "rs" {
        shipped_lines(file)
    } else {
        file.lines().collect()
    }
}

/// The keys that a line asks for. A dot tells a key from any other text that is looked up by such a call.
fn asked_for(line: &str) -> impl Iterator<Item = &str> {
    let keys = ASKS.iter().flat_map(|call| {
        line.split(call)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
    });
    keys.filter(|key| key.contains('.') && !key.contains([' ', '/']))
}

/// All texts of a locale by their full key: `[sign_in] title` is `sign_in.title`.
fn texts(file: &File, findings: &mut Vec<Finding>) -> Texts {
    let mut all = Texts::new();
    match file.text.parse::<Table>() {
        Ok(table) => flatten("", &table, &mut all),
        Err(error) => {
            let text = format!("not TOML: {}", error.message());
            findings.push(Finding::new("locales", &file.path, 1, text));
        }
    }
    all
}

fn flatten(prefix: &str, table: &Table, into: &mut Texts) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Table(inner) => flatten(&key, inner, into),
            Value::String(text) => {
                into.insert(key, text.clone());
            }
            // build.rs refuses anything else.
            _ => {}
        }
    }
}

/// The names in braces, sorted.
pub(super) fn blanks(text: &str) -> Vec<&str> {
    let mut names: Vec<_> = text
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    names
}

/// The line of a key: the last part's, after the header of its group.
fn line_of(file: &File, key: &str) -> usize {
    let (group, name) = key.rsplit_once('.').unwrap_or(("", key));
    let header = format!("[{group}]");
    file.lines()
        .skip_while(|(_, line)| !group.is_empty() && line.trim() != header)
        .find(|(_, line)| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        })
        .map_or(1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    const TEXTS: &str = "[a]\ntitle = \"T\"\n[a.b]\nlead = \"{n} of {m}\"\n";

    #[test]
    fn a_key_of_one_language_only_is_found() {
        let more = format!("{TEXTS}extra = \"x\"\n");
        assert!(found(same_keys, &[(JAPANESE, TEXTS), (ENGLISH, TEXTS)]).is_empty());
        assert_eq!(
            found(same_keys, &[(JAPANESE, &more), (ENGLISH, TEXTS)]),
            [format!("{JAPANESE}:5")]
        );
        assert_eq!(
            found(same_keys, &[(JAPANESE, TEXTS), (ENGLISH, &more)]),
            [format!("{ENGLISH}:5")]
        );
    }

    #[test]
    fn another_blank_an_empty_text_and_a_lost_locale_are_found() {
        let other = TEXTS.replace("{m}", "{k}");
        let places = found(same_keys, &[(JAPANESE, TEXTS), (ENGLISH, &other)]);
        assert_eq!(places, [format!("{JAPANESE}:4"), format!("{ENGLISH}:4")]);
        let empty = TEXTS.replace("\"T\"", "\"\"");
        let places = found(same_keys, &[(JAPANESE, &empty), (ENGLISH, TEXTS)]);
        assert_eq!(places, [format!("{JAPANESE}:2")]);
        let files = [("crates/server/src/lib.rs", ""), (JAPANESE, TEXTS)];
        assert_eq!(found(same_keys, &files), [format!("{ENGLISH}:0")]);
    }

    #[test]
    fn a_key_that_nobody_uses_and_one_that_nobody_has_are_found() {
        let page = "<h1>{{ ui.t(\"a.title\") }}</h1>\n{{ ui.t(\"a.gone\") }}\n";
        let tests = "#[cfg(test)]\nmod tests {\n    const A: Key = Key(\"a.b.lead\");\n}\n";
        let files = [
            (ENGLISH, TEXTS),
            ("crates/server/src/a/page.html", page),
            ("crates/server/src/a/page.rs", tests),
        ];
        assert_eq!(
            found(used_keys, &files),
            [
                "crates/server/src/a/page.html:2".to_owned(),
                format!("{ENGLISH}:4")
            ]
        );
    }
}
