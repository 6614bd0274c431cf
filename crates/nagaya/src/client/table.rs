//! Tables on a terminal, in which East Asian characters take two columns.

use unicode_width::UnicodeWidthStr as _;

/// What stands between two columns.
const GAP: usize = 2;

/// A table: each column as wide as its widest cell, the last one as it comes.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| head.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut out = String::new();
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    for row in std::iter::once(&heads).chain(rows) {
        line(&mut out, row, &widths);
    }
    out
}

/// One thing, line by line: what it is, and the value.
pub(super) fn record(lines: &[(&str, String)]) -> String {
    let widest = lines.iter().map(|(label, _)| label.width()).max();
    let widths = [widest.unwrap_or_default(), 0];
    let mut out = String::new();
    for (label, value) in lines {
        line(&mut out, &[(*label).to_owned(), value.clone()], &widths);
    }
    out
}

fn line(out: &mut String, cells: &[String], widths: &[usize]) {
    let start = out.len();
    for (cell, width) in cells.iter().zip(widths) {
        out.push_str(cell);
        let missing = width.saturating_sub(cell.width()) + GAP;
        out.extend(std::iter::repeat_n(' ', missing));
    }
    let end = start + out[start..].trim_end_matches(' ').len();
    out.truncate(end);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let shown = table(
            &["名前", "役割", "状態"],
            &[
                row(&["佐藤 花子", "管理者", "有効"]),
                row(&["Ann", "利用者", ""]),
                row(&["ﾀﾅｶ", "監査者", "有効"]),
            ],
        );
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[0], "名前       役割    状態");
        assert_eq!(lines[1], "佐藤 花子  管理者  有効");
        assert_eq!(lines[2], "Ann        利用者");
        assert_eq!(lines[3], "ﾀﾅｶ        監査者  有効");
    }

    #[test]
    fn marks_that_take_no_room_move_nothing() {
        let shown = table(&["a", "b"], &[row(&["が", "x"]), row(&["か\u{3099}", "y"])]);
        assert_eq!(shown, "a   b\nが  x\nか\u{3099}  y\n");
    }

    #[test]
    fn a_record_has_its_values_below_each_other() {
        let shown = record(&[("番号", "7".to_owned()), ("ID", String::new())]);
        assert_eq!(shown, "番号  7\nID\n");
    }
}
