//! A table as spreadsheets write it: CSV (RFC 4180) in UTF-8, or in the `Shift_JIS` (CP932) of Japanese Excel.
//!
//! Each record knows the line of the file on which it begins: line breaks in quotes and empty lines count. What is not
//! well formed is refused rather than guessed. Needs nothing of the service, so that `fuzz/` takes this file as it is.

use encoding_rs::SHIFT_JIS;

/// In what a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// With a byte order mark or without.
    Utf8,
    /// As Microsoft writes it: CP932.
    ShiftJis,
}

/// Some cells that stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What is in its cells, without quotes.
    pub cells: Vec<String>,
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// Neither UTF-8 nor `Shift_JIS`.
    Encoding,
    /// A quote is never closed.
    Open {
        /// The line on which it is opened.
        line: u64,
    },
    /// Something stands between a closing quote and the end of the cell.
    AfterQuote {
        /// The line on which the quote is closed.
        line: u64,
    },
    /// More records than were allowed.
    Long,
}

/// The text of a file.
pub fn decode(bytes: &[u8]) -> Result<(String, Encoding), TableError> {
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bare) {
        return Ok((text.to_owned(), Encoding::Utf8));
    }
    match SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok((text.into_owned(), Encoding::ShiftJis)),
        None => Err(TableError::Encoding),
    }
}

/// The records of a text, at most so many. Lines with nothing on them are none.
pub fn records(text: &str, most: usize) -> Result<Vec<Record>, TableError> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
        line: 1,
    };
    let mut found = Vec::new();
    while let Some(record) = reader.record()? {
        if found.len() == most {
            return Err(TableError::Long);
        }
        found.push(record);
    }
    Ok(found)
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    /// The line of the next character.
    line: u64,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Option<Record>, TableError> {
        while self.line_break().is_some() {}
        if self.rest.peek().is_none() {
            return Ok(None);
        }
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            if self.rest.next_if_eq(&',').is_none() {
                break;
            }
        }
        self.line_break();
        Ok(Some(Record { line, cells }))
    }

    fn cell(&mut self) -> Result<String, TableError> {
        if self.rest.next_if_eq(&'"').is_some() {
            return self.quoted();
        }
        let mut cell = String::new();
        while let Some(letter) = self.rest.next_if(|c| !matches!(c, ',' | '\r' | '\n')) {
            cell.push(letter);
        }
        Ok(cell)
    }

    /// The rest of a cell whose quote was opened just now.
    fn quoted(&mut self) -> Result<String, TableError> {
        let opened = self.line;
        let mut cell = String::new();
        loop {
            if let Some(text) = self.line_break() {
                cell.push_str(text);
                continue;
            }
            match self.rest.next() {
                None => return Err(TableError::Open { line: opened }),
                Some('"') if self.rest.next_if_eq(&'"').is_some() => cell.push('"'),
                Some('"') => break,
                Some(letter) => cell.push(letter),
            }
        }
        match self.rest.peek() {
            None | Some(',' | '\r' | '\n') => Ok(cell),
            Some(_) => Err(TableError::AfterQuote { line: self.line }),
        }
    }

    /// Passes over a line break of any system, if one is next.
    fn line_break(&mut self) -> Option<&'static str> {
        let first = self.rest.next_if(|letter| matches!(letter, '\r' | '\n'))?;
        let text = match first {
            '\n' => "\n",
            _ if self.rest.next_if_eq(&'\n').is_some() => "\r\n",
            _ => "\r",
        };
        self.line += 1;
        Some(text)
    }
}

/// With what a cell begins that a spreadsheet takes for a formula (OWASP, CSV injection), in Japanese input too.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A line of a file: every cell quoted, and none of them a formula.
#[must_use]
pub fn line(cells: &[&str]) -> String {
    let cell = |text: &&str| format!("\"{}\"", guarded(text).replace('"', "\"\""));
    let cells: Vec<String> = cells.iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// The text with an apostrophe before it where it would be a formula, or would look like one that was guarded.
fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) || unguarded(text) != text {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text without the apostrophe that [`line()`] put before it.
#[must_use]
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) || rest.starts_with('\'') => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>)> {
        let records = records(text, 1000).unwrap();
        records.into_iter().map(|r| (r.line, r.cells)).collect()
    }

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn a_record_is_on_the_line_where_an_editor_shows_it() {
        let text = "a,b\r\n\r\n\"one\ntwo\r\nthree\",x\n\ny,\"\"\"q\"\"\"\rz,";
        let found = read(text);
        assert_eq!(found[0], (1, cells(&["a", "b"])));
        assert_eq!(found[1], (3, cells(&["one\ntwo\r\nthree", "x"])));
        assert_eq!(found[2], (7, cells(&["y", "\"q\""])));
        assert_eq!(found[3], (8, cells(&["z", ""])));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_line() {
        assert_eq!(records("a\n\"b\nc", 9), Err(TableError::Open { line: 2 }));
        assert_eq!(
            records("a\n\"b\nc\"d", 9),
            Err(TableError::AfterQuote { line: 3 })
        );
        assert_eq!(records("a\nb\nc", 2), Err(TableError::Long));
        assert_eq!(decode(b"\x81\xff\xff"), Err(TableError::Encoding));
    }

    #[test]
    fn excels_shift_jis_is_read_with_the_letters_that_only_microsoft_has() {
        // 髙 (FBFC), ① (8740) and a wave dash (8160) of CP932.
        let bytes = b"\x96\xbc\x91\x4f,\xfb\xfc\x8b\xb4,\x87\x40\x81\x60\r\n";
        let (text, encoding) = decode(bytes).unwrap();
        assert_eq!(
            (text.as_str(), encoding),
            ("名前,髙橋,①～\r\n", Encoding::ShiftJis)
        );
        let (text, encoding) = decode("\u{feff}名前".as_bytes()).unwrap();
        assert_eq!((text.as_str(), encoding), ("名前", Encoding::Utf8));
    }

    #[test]
    fn no_cell_that_is_written_is_a_formula() {
        for text in [
            "=1+1", "+81", "-1", "@SUM", "\tx", "\rx", "＝１", "'=x", "''x",
        ] {
            assert_eq!(line(&[text]), format!("\"'{text}\"\r\n"));
        }
        assert_eq!(
            line(&["'Okina", "a\"b", "花子"]),
            "\"'Okina\",\"a\"\"b\",\"花子\"\r\n"
        );
    }

    proptest! {
        /// What is written is read as it was, on the line where it is.
        #[test]
        fn what_is_written_is_read_again(
            rows in proptest::collection::vec(proptest::collection::vec("[\\PC\r\n\t',\"=+@-]{0,12}", 1..5), 0..8)
        ) {
            let text: String = rows.iter().map(|row| {
                line(&row.iter().map(String::as_str).collect::<Vec<_>>())
            }).collect();
            let (decoded, _) = decode(text.as_bytes()).unwrap();
            let found = records(&decoded, 100).unwrap();
            let plain: Vec<Vec<String>> = found.iter()
                .map(|record| record.cells.iter().map(|cell| unguarded(cell).to_owned()).collect())
                .collect();
            prop_assert_eq!(&plain, &rows);
            for record in &found {
                for cell in &record.cells {
                    prop_assert!(!cell.starts_with(FORMULA));
                }
            }
        }

        /// Any bytes are read or refused, and no record lies beyond the last line.
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok((text, _)) = decode(&bytes) {
                let breaks = text.matches(['\n', '\r']).count() as u64;
                if let Ok(found) = records(&text, 1000) {
                    prop_assert!(found.windows(2).all(|pair| pair[0].line < pair[1].line));
                    prop_assert!(found.iter().all(|record| record.line <= breaks + 1));
                }
            }
        }
    }
}
