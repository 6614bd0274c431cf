//! Answers as they are written: tables and lines for people, the API's own words for programs.

use super::{
    calls::{Call, Column, Shows},
    config::Output,
    table,
    values::written,
};
use serde_json::Value;
use server::portal::Lang;
use std::io::Write as _;

/// Writes an answer.
pub(super) fn answer(call: &Call, answer: Option<&Value>, output: Output, lang: Lang) {
    if let (Shows::File, Some(Value::String(file))) = (&call.shows, answer) {
        print(file);
        return;
    }
    if output == Output::Json {
        if let Some(answer) = answer {
            print(&format!("{answer:#}\n"));
        }
        return;
    }
    let answer = answer.unwrap_or(&Value::Null);
    match call.shows {
        Shows::Pages(columns) => {
            list(&answer["items"], columns, lang);
            more(answer, lang);
        }
        Shows::List(columns) => list(answer, columns, lang),
        // What is no text is shown as the API told it.
        Shows::File => print(&format!("{answer:#}\n")),
        Shows::Record(columns) => print(&record(answer, columns, lang)),
        Shows::Done(key) => print(&format!("{}\n", lang.text(key.0))),
    }
}

fn list(items: &Value, columns: &[Column], lang: Lang) {
    let items = items.as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        eprintln!("{}", lang.text("client.none"));
        return;
    }
    let heads: Vec<&str> = columns.iter().map(|one| lang.text(one.label.0)).collect();
    let cells = |item: &Value| columns.iter().map(|one| cell(item, one, lang)).collect();
    let rows: Vec<Vec<String>> = items.iter().map(cells).collect();
    print(&table::table(&heads, &rows));
}

fn record(answer: &Value, columns: &[Column], lang: Lang) -> String {
    let line = |one: &Column| (lang.text(one.label.0), cell(answer, one, lang));
    table::record(&columns.iter().map(line).collect::<Vec<_>>())
}

fn cell(item: &Value, column: &Column, lang: Lang) -> String {
    written(column.form, item.pointer(column.at[lang as usize]), lang)
}

/// Tells of the pages that were not asked for.
fn more(answer: &Value, lang: Lang) {
    let number = |name: &str| answer[name].as_u64().unwrap_or_default();
    let (page, total) = (number("page"), number("total"));
    let shown = answer["items"].as_array().map_or(0, Vec::len) as u64;
    if shown < total {
        let text = lang.filled(
            "client.more",
            &[
                ("shown", &shown),
                ("total", &total),
                ("page", &page),
                ("next", &(page + 1)),
            ],
        );
        eprintln!("{text}");
    }
}

/// Writes to the standard output. Who closes it early, as `head` does, has read enough.
pub(super) fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
