//! Inserting many rows with few statements.

use sqlx::AssertSqlSafe;
use std::{iter, sync::OnceLock};

/// How many rows one statement inserts: few sizes, so that each is prepared once and stays so; none so large that finding
/// its places takes longer than filling them (SQLite looks through all of them for each).
const SIZES: [usize; 3] = [32, 8, 1];

/// An `INSERT` of several rows. It stands in a `static`, as other statements stand in constants.
#[derive(Debug)]
pub(crate) struct InsertRows {
    head: &'static str,
    columns: usize,
    texts: OnceLock<[String; 3]>,
}

impl InsertRows {
    /// `head` ends before the word `VALUES`; each row has as many places as there are columns.
    pub(crate) const fn new(head: &'static str, columns: usize) -> Self {
        Self {
            head,
            columns,
            texts: OnceLock::new(),
        }
    }

    /// All rows, in parts, each with the statement for as many.
    pub(crate) fn parts<'r, T>(
        &'static self,
        mut rows: &'r [T],
    ) -> impl Iterator<Item = (AssertSqlSafe<&'static str>, &'r [T])> {
        let texts = self.texts.get_or_init(|| SIZES.map(|rows| self.text(rows)));
        iter::from_fn(move || {
            let n = SIZES.iter().position(|size| *size <= rows.len())?;
            let (part, rest) = rows.split_at(SIZES[n]);
            rows = rest;
            Some((AssertSqlSafe(texts[n].as_str()), part))
        })
    }

    fn text(&self, rows: usize) -> String {
        let row = |n: usize| {
            let places = n * self.columns + 1..=(n + 1) * self.columns;
            let places: Vec<String> = places.map(|place| format!("${place}")).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("{} VALUES {}", self.head, rows.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part() {
        static INSERT: InsertRows = InsertRows::new("INSERT INTO t (a, b)", 2);
        let rows: Vec<u32> = (0..50).collect();
        let (texts, parts): (Vec<_>, Vec<_>) = INSERT
            .parts(&rows)
            .map(|(AssertSqlSafe(text), part)| (text, part))
            .unzip();
        assert_eq!(parts.concat(), rows);
        let sizes: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(sizes, [32, 8, 8, 1, 1]);
        assert_eq!(texts[4], "INSERT INTO t (a, b) VALUES ($1, $2)");
        assert!(texts[1].ends_with("($13, $14), ($15, $16)"));
        assert_eq!(INSERT.parts(&[] as &[u32]).count(), 0);
    }
}
