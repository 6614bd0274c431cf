//! Just enough reading of rustfmt's Rust for the rules: which lines ship, and which paths a file imports.

use crate::tree::File;
use std::collections::HashSet;

/// The lines that ship, with their numbers: no comments, no items under `#[cfg(test)]`.
pub(crate) fn shipped_lines(file: &File) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    if file.is_test_code() {
        return lines;
    }
    let mut all = file.lines();
    while let Some((number, line)) = all.next() {
        let code = line.trim_start();
        if code == "#[cfg(test)]" {
            skip_item(&line[..line.len() - code.len()], &mut all);
        } else if !code.starts_with("//") {
            lines.push((number, line));
        }
    }
    lines
}

/// The lines that only tests run, with their numbers: no comments.
pub(crate) fn test_lines(file: &File) -> Vec<(usize, &str)> {
    let shipped: HashSet<_> = shipped_lines(file)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    file.lines()
        .filter(|(number, line)| !shipped.contains(number) && !line.trim_start().starts_with("//"))
        .collect()
}

/// Skips attributes and one item: until a line of the same indentation that ends a block or a statement.
fn skip_item<'a>(indent: &str, lines: &mut impl Iterator<Item = (usize, &'a str)>) {
    for (_, line) in lines {
        let Some(code) = line.strip_prefix(indent) else {
            continue;
        };
        let same_indent = !code.starts_with(' ');
        if same_indent && !code.starts_with("#[") && (code.starts_with('}') || code.ends_with(';'))
        {
            return;
        }
    }
}

/// Every path that a file's shipped `use` declarations name, written out, with the declaration's line.
pub(crate) fn imports(file: &File) -> Vec<(usize, String)> {
    let lines = shipped_lines(file);
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (number, line) = lines[at];
        let code = line.trim_start();
        let after_pub = code
            .strip_prefix("pub(crate) ")
            .or(code.strip_prefix("pub "))
            .unwrap_or(code);
        at += 1;
        let Some(rest) = after_pub.strip_prefix("use ") else {
            continue;
        };
        let mut declaration = rest.to_owned();
        while !declaration.contains(';') && at < lines.len() {
            declaration += lines[at].1.trim();
            at += 1;
        }
        let tree = declaration.split(';').next().unwrap_or_default();
        expand("", tree, &mut |path| found.push((number, path)));
    }
    found
}

/// Writes out `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn expand(prefix: &str, tree: &str, found: &mut impl FnMut(String)) {
    let Some((head, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        if !path.is_empty() {
            found(format!("{prefix}{path}"));
        }
        return;
    };
    let group = group.trim_end().trim_end_matches('}');
    let group = restore(group);
    let prefix = format!("{prefix}{}", head.trim());
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                expand(&prefix, &group[start..at], found);
                start = at + 1;
            }
            _ => {}
        }
    }
    expand(&prefix, &group[start..], found);
}

/// Gives back the closing braces of inner groups that went with the outer one's.
fn restore(group: &str) -> String {
    let open = group.matches('{').count();
    let closed = group.matches('}').count();
    format!("{group}{}", "}".repeat(open.saturating_sub(closed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    fn first(tree: &Tree) -> &File {
        tree.files().next().expect("a file")
    }

    #[test]
    fn comments_and_test_items_do_not_ship() {
        let text = "\
//! Words.
fn a() {}
#[cfg(test)]
mod tests;
fn b() {}
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    fn c() {
        x;
    }
}
fn d() {}
";
        let tree = Tree::of(&[("crates/a/src/x.rs", text)]);
        let shipped: Vec<_> = shipped_lines(first(&tree))
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        assert_eq!(shipped, [2, 5, 14]);
    }

    #[test]
    fn imports_are_written_out() {
        let text = "\
use crate::{
    app::App,
    identity::{service, store::{People, self}},
};
pub(crate) use wire::ids as names;
";
        let tree = Tree::of(&[("crates/a/src/x.rs", text)]);
        let paths: Vec<_> = imports(first(&tree));
        let expected = [
            (1, "crate::app::App"),
            (1, "crate::identity::service"),
            (1, "crate::identity::store::People"),
            (1, "crate::identity::store::self"),
            (5, "wire::ids"),
        ];
        assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
    }
}
