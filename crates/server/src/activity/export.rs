//! Records as files: CSV (RFC 4180) for spreadsheets and JSON lines for programs.

use super::{
    What, label,
    store::{self, Row, Search},
};
use crate::{app, app::App, portal::Ui};
use serde::Serialize;
use std::sync::Arc;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::offset};
use uuid::Uuid;

/// Records that are read at once.
const BATCH: i64 = 1000;
const JAPAN: UtcOffset = offset!(+9);

/// As what records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For spreadsheets: with a byte order mark, heads in the reader's language.
    Csv,
    /// One JSON object on each line.
    JsonLines,
}

/// An export that is being written, a part at a time, the oldest record first.
#[derive(Debug)]
pub struct Writer {
    app: Arc<App>,
    log: Uuid,
    ui: Ui,
    search: Search,
    format: Format,
    /// The place of the last record that was written.
    after: Option<(i64, i64)>,
    begun: bool,
}

impl Writer {
    /// Begins an export of what a search finds.
    pub fn new(app: &Arc<App>, log: Uuid, ui: Ui, search: Search, format: Format) -> Self {
        Self {
            app: Arc::clone(app),
            log,
            ui,
            search,
            format,
            after: None,
            begun: false,
        }
    }

    /// The next part; `None` at the end.
    pub async fn next(&mut self) -> sqlx::Result<Option<String>> {
        if !self.begun {
            self.begun = true;
            if self.format == Format::Csv {
                return Ok(Some(self.csv_head()));
            }
        }
        let mut tx = self.app.db.read(super::log::scope(self.log)).await?;
        let rows = store::after(&mut tx, self.log, &self.search, self.after, BATCH).await?;
        drop(tx);
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        self.after = Some((last.at_ms, last.leaf_index));
        let lines = rows.iter().map(|row| match self.format {
            Format::Csv => self.csv_line(row),
            Format::JsonLines => json_line(row),
        });
        Ok(Some(lines.collect()))
    }

    fn csv_head(&self) -> String {
        let ui = &self.ui;
        let cells = [
            ui.t("activity.column.number"),
            ui.t("activity.column.at_utc"),
            ui.t("activity.column.at_japan"),
            ui.t("activity.column.what"),
            ui.t("activity.column.code"),
            ui.t("activity.column.who"),
            ui.t("activity.column.detail"),
            ui.t("activity.column.address"),
            ui.t("activity.column.clock"),
            ui.t("activity.column.clock_error"),
            ui.t("activity.column.outcome"),
        ];
        format!("\u{feff}{}", csv_row(&cells))
    }

    fn csv_line(&self, row: &Row) -> String {
        let at = app::moment(row.at_ms);
        let error_us = row
            .clock()
            .error_us
            .map_or_else(String::new, |us| us.to_string());
        let what = What::from_name(&row.what).map_or("", |what| self.ui.label(label(what)));
        csv_row(&[
            &row.leaf_index.to_string(),
            &rfc3339(at),
            &rfc3339(at.to_offset(JAPAN)),
            what,
            &row.what,
            &row.who,
            &row.detail,
            &row.address,
            row.clock().state.name(),
            &error_us,
            row.outcome.as_deref().unwrap_or_default(),
        ])
    }
}

/// A line of a sheet (RFC 4180); no cell of it is taken for a formula.
pub(crate) fn csv_row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection): one that begins as a formula does, also in the full
/// width that Japanese spreadsheets take for the same, gets an apostrophe before it. All are quoted, so that nothing in
/// them ends the cell, and what would end the text for a program in C is left out.
fn csv_cell(text: &str) -> String {
    let text = text.replace('\0', "");
    let begins = text.trim_start_matches(' ');
    let formula =
        begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[derive(Serialize)]
struct JsonRow<'a> {
    index: i64,
    at: String,
    what: &'a str,
    who: &'a str,
    user: Option<Uuid>,
    detail: &'a str,
    subject: Option<Uuid>,
    address: &'a str,
    id: Uuid,
    clock: &'a str,
    clock_error_us: Option<u32>,
    outcome: Option<&'a str>,
}

fn json_line(row: &Row) -> String {
    let line = JsonRow {
        index: row.leaf_index,
        at: rfc3339(app::moment(row.at_ms)),
        what: &row.what,
        who: &row.who,
        user: row.user_id,
        detail: &row.detail,
        subject: row.subject_id,
        address: &row.address,
        id: row.id,
        clock: row.clock().state.name(),
        clock_error_us: row.clock().error_us,
        outcome: row.outcome.as_deref(),
    };
    // Texts and numbers always have a JSON form.
    let mut text = serde_json::to_string(&line).unwrap_or_default();
    text.push('\n');
    text
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn no_cell_is_a_formula_and_none_ends_early() {
        for (text, cell) in [
            ("=1+1", "\"'=1+1\""),
            ("＝1+1", "\"'＝1+1\""),
            (" =1+1", "\"' =1+1\""),
            ("\0=1+1", "\"'=1+1\""),
            ("+81", "\"'+81\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\tx", "\"'\tx\""),
            ("\r=x", "\"'\r=x\""),
            ("a,\"b\"\r\n=c", "\"a,\"\"b\"\"\r\n=c\""),
            ("", "\"\""),
            ("花子", "\"花子\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
