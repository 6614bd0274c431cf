//! The measurements in `bench/results/*.json`: their shape, and one table of them all.

use crate::tree::{File, Tree};
use serde_json::{Map, Value};

const FOLDER: &str = "bench/results/";
const HEADS: [&str; 7] = ["", "value", "unit", "aim", "holds", "peer", "commit"];

/// One measured figure.
#[derive(Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// Absent when the measurement failed; then no aim holds.
    pub(crate) value: Option<f64>,
    pub(crate) unit: String,
    /// A comparison and its limit, such as `<= 60`.
    pub(crate) aim: Option<String>,
    pub(crate) holds: Option<bool>,
    /// What it is compared with, and that one's value.
    pub(crate) peer: Option<(String, f64)>,
    pub(crate) commit: String,
}

/// The files of the measurements.
pub(crate) fn files(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.with_extension(&["json"])
        .filter(|file| file.path.starts_with(FOLDER))
}

/// The figures of one file, or what is wrong with each, with the line where that figure's name stands.
pub(crate) fn read(file: &File) -> Result<Vec<Figure>, Vec<(usize, String)>> {
    let values: Vec<Value> = serde_json::from_str(&file.text)
        .map_err(|error| vec![(error.line(), error.to_string())])?;
    let mut figures: Vec<Figure> = Vec::new();
    let mut faults = Vec::new();
    for value in &values {
        match figure(value) {
            Ok(figure) if figures.iter().any(|other| other.name == figure.name) => {
                let text = format!("`{}` is here twice", figure.name);
                faults.push((line_of(file, value), text));
            }
            Ok(figure) => figures.push(figure),
            Err(fault) => faults.push((line_of(file, value), fault)),
        }
    }
    if faults.is_empty() {
        Ok(figures)
    } else {
        Err(faults)
    }
}

/// All figures as an aligned table, each file under its name.
pub(crate) fn table(tree: &Tree) -> Result<String, String> {
    let mut rows = Vec::new();
    for file in files(tree) {
        let figures = read(file).map_err(|faults| {
            let (line, fault) = &faults[0];
            format!("{}:{line}: {fault}", file.path)
        })?;
        let mut head = HEADS.map(str::to_owned);
        head[0].push_str(file.name().trim_end_matches(".json"));
        rows.push(head);
        rows.extend(figures.iter().map(row));
        rows.push(Default::default());
    }
    if rows.is_empty() {
        return Err(format!("{FOLDER} is empty: run `make bench`"));
    }
    Ok(aligned(&rows))
}

fn figure(value: &Value) -> Result<Figure, String> {
    let fields = value.as_object().ok_or("not an object")?;
    let figure = Figure {
        name: text(fields, "name")?,
        value: optional(fields, "value", Value::as_f64)?,
        unit: text(fields, "unit")?,
        aim: optional(fields, "aim", as_text)?,
        holds: optional(fields, "holds", Value::as_bool)?,
        peer: optional(fields, "peer", as_text)?.zip(optional(
            fields,
            "peer_value",
            Value::as_f64,
        )?),
        commit: text(fields, "commit")?,
    };
    if figure.aim.is_some() != figure.holds.is_some() {
        return Err("`holds` is told with an `aim`, and only then".to_owned());
    }
    if figure.value.is_none() && figure.holds == Some(true) {
        return Err("no value, and yet its aim `holds`".to_owned());
    }
    if fields["peer"].is_null() != fields["peer_value"].is_null() {
        return Err("`peer` and `peer_value` come together".to_owned());
    }
    let hex = |c: char| c.is_ascii_hexdigit();
    if figure.commit.len() < 7 || !figure.commit.chars().all(hex) {
        return Err("`commit` is not a commit".to_owned());
    }
    if !is_utc_date(&text(fields, "date")?) {
        return Err("`date` is not a date in UTC (RFC 3339)".to_owned());
    }
    Ok(figure)
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<String, String> {
    match fields.get(name).and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(format!("`{name}` is not a text")),
    }
}

fn optional<T>(
    fields: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    match fields.get(name) {
        None => Err(format!("`{name}` is missing")),
        Some(Value::Null) => Ok(None),
        Some(value) => match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(format!("`{name}` is of the wrong type")),
        },
    }
}

fn as_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// `2025-01-31T00:00:00Z`, with or without parts of a second.
fn is_utc_date(date: &str) -> bool {
    let shape: String = date
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z')
}

/// The line where a figure's name stands; its first if it has none.
fn line_of(file: &File, value: &Value) -> usize {
    let name = value.get("name").unwrap_or(&Value::Null).to_string();
    file.lines()
        .find(|(_, line)| line.contains("\"name\"") && line.contains(&name))
        .map_or(1, |(number, _)| number)
}

fn row(figure: &Figure) -> [String; 7] {
    let peer = |(name, value): &(String, f64)| format!("{name} {}", number(*value));
    let holds = figure
        .holds
        .map_or("", |holds| if holds { "yes" } else { "NO" });
    [
        format!("  {}", figure.name),
        figure.value.map_or_else(|| "none".to_owned(), number),
        figure.unit.clone(),
        figure.aim.clone().unwrap_or_default(),
        holds.to_owned(),
        figure.peer.as_ref().map_or_else(String::new, peer),
        figure.commit.chars().take(12).collect(),
    ]
}

/// Without digits that mean nothing: at most three after the point, and none for thousands.
fn number(value: f64) -> String {
    let places = if value.abs() >= 1000.0 { 0 } else { 3 };
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Columns as wide as their widest entry; the values, in the second column, stand to the right.
fn aligned(rows: &[[String; 7]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut out = String::new();
    for row in rows {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(at, (cell, width))| {
                if at == 1 {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"[
  {
    "name": "idle: traffic",
    "value": 0.5, "unit": "kbit/s", "aim": "< 1", "holds": true,
    "peer": "noVNC", "peer_value": 12.25, "commit": "0123456789ab", "date": "2025-01-31T10:20:30.123Z"
  },
  {
    "name": "start", "value": null, "unit": "ms", "aim": null, "holds": null,
    "peer": null, "peer_value": null, "commit": "0123456789ab", "date": "2025-01-31T10:20:30Z"
  }
]"#;

    fn reading(text: &str) -> Result<Vec<Figure>, Vec<(usize, String)>> {
        let tree = Tree::of(&[("bench/results/a.json", text)]);
        read(tree.files().next().expect("a file"))
    }

    #[test]
    fn figures_are_read() {
        let figures = reading(GOOD).expect("good figures");
        assert_eq!(figures[0].peer, Some(("noVNC".to_owned(), 12.25)));
        assert_eq!(figures[1].value, None);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let faulty = [
            ("\"value\": 0.5", "\"value\": \"0.5\""),
            ("\"unit\": \"kbit/s\", ", ""),
            ("\"aim\": \"< 1\"", "\"aim\": null"),
            ("\"peer_value\": 12.25", "\"peer_value\": null"),
            ("\"value\": 0.5", "\"value\": null"),
            ("\"value\": 0.5, ", ""),
            ("0123456789ab", "unknown"),
            ("2025-01-31T10:20:30.123Z", "yesterday"),
            ("\"kbit/s\"", "\" \""),
        ];
        for (good, bad) in faulty {
            let told = reading(&GOOD.replacen(good, bad, 1)).expect_err(bad);
            assert_eq!(told.len(), 1, "{bad}");
            assert_eq!(told[0].0, 3, "{bad}");
        }
        assert_eq!(reading("{}").expect_err("not an array").len(), 1);
        let twice = GOOD.replace("start", "idle: traffic");
        assert!(reading(&twice).expect_err("twice")[0].1.contains("twice"));
    }

    #[test]
    fn the_table_is_aligned() {
        let tree = Tree::of(&[("bench/results/stream.json", GOOD)]);
        let expected = "\
stream           value  unit    aim  holds  peer         commit
  idle: traffic    0.5  kbit/s  < 1  yes    noVNC 12.25  0123456789ab
  start           none  ms                               0123456789ab

";
        assert_eq!(table(&tree).expect("a table"), expected);
        assert!(table(&Tree::of(&[])).is_err());
    }

    #[test]
    fn numbers_have_no_idle_digits() {
        let shown = [12.0, 0.1234, 1234.5, -3.5, 0.0].map(number);
        assert_eq!(shown, ["12", "0.123", "1234", "-3.5", "0"]);
    }
}
