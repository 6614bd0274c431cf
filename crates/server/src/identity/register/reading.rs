//! From a file's bytes to lines that say what they want, and what of them cannot be understood.

use super::{
    super::page::AccountState,
    plan::Problem,
    table::{self, Encoding, Record, TableError, unguarded},
    words::{self, Action, Column},
};
use crate::{actor::Role, portal::Key};

/// The most bytes of a file.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// The most lines of a file, its head among them.
pub(super) const MOST_LINES: usize = 10_000;
/// The most cells of a line.
const MOST_CELLS: usize = 100;

/// A line that can be understood.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) address: String,
    pub(super) full_name: String,
    pub(super) role: Option<Role>,
    pub(super) state: Option<AccountState>,
    pub(super) action: Option<Action>,
    /// What was typed where words have a meaning.
    pub(super) role_cell: String,
    pub(super) state_cell: String,
    pub(super) action_cell: String,
}

impl Line {
    /// What is wrong with a cell of it.
    pub(super) fn wrong(&self, column: Column, what: Key) -> Problem {
        let cell = match column {
            Column::Action => &self.action_cell,
            Column::State => &self.state_cell,
            Column::Role => &self.role_cell,
            Column::Name => &self.full_name,
            Column::Address => &self.address,
        };
        Problem::at(self.number, Some(column), what, cell)
    }
}

/// What a file says.
pub(super) struct Read {
    pub(super) encoding: Encoding,
    pub(super) unused: Vec<String>,
    pub(super) lines: Vec<Line>,
    pub(super) problems: Vec<Problem>,
}

/// Reads a file. What can be understood is read also where something else cannot, so that all is told at once.
pub(super) fn read(file: &[u8]) -> Read {
    let mut read = Read {
        encoding: Encoding::Utf8,
        unused: Vec::new(),
        lines: Vec::new(),
        problems: Vec::new(),
    };
    if let Err(problem) = fill(file, &mut read) {
        read.problems.push(problem);
    }
    read
}

fn fill(file: &[u8], read: &mut Read) -> Result<(), Problem> {
    if file.len() > MOST_BYTES {
        return Err(Problem::of_file(Key("register.problem.big")));
    }
    let (text, encoding) = table::decode(file).map_err(|error| fault(file, error))?;
    read.encoding = encoding;
    let records = table::records(&text, MOST_LINES).map_err(|error| fault(file, error))?;
    let Some((head, records)) = records.split_first() else {
        return Err(Problem::of_file(Key("register.problem.empty")));
    };
    if let Some(wide) = std::iter::once(head)
        .chain(records)
        .find(|record| record.cells.len() > MOST_CELLS)
    {
        return Err(Problem::at(
            wide.line,
            None,
            Key("register.problem.wide"),
            "",
        ));
    }
    let columns = columns(head, &mut read.unused)?;
    for record in records {
        // Spreadsheets leave lines with nothing but commas behind.
        if record.cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match line(record, &columns) {
            Ok(line) => read.lines.push(line),
            Err(problems) => read.problems.extend(problems),
        }
    }
    if read.lines.is_empty() && read.problems.is_empty() {
        return Err(Problem::of_file(Key("register.problem.empty")));
    }
    Ok(())
}

fn fault(file: &[u8], error: TableError) -> Problem {
    let is_utf16 = file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff");
    match error {
        TableError::Encoding if is_utf16 => Problem::of_file(Key("register.problem.utf16")),
        TableError::Encoding => Problem::of_file(Key("register.problem.encoding")),
        TableError::Long => Problem::of_file(Key("register.problem.long")),
        TableError::Open { line } => {
            Problem::at(line, None, Key("register.problem.open_quote"), "")
        }
        TableError::AfterQuote { line } => {
            Problem::at(line, None, Key("register.problem.after_quote"), "")
        }
    }
}

/// Which column stands where.
fn columns(head: &Record, unused: &mut Vec<String>) -> Result<Vec<Option<Column>>, Problem> {
    let mut found = Vec::new();
    for cell in &head.cells {
        let column = Column::of(cell);
        if column.is_some() && found.contains(&column) {
            let what = Key("register.problem.head_twice");
            return Err(Problem::at(head.line, column, what, cell));
        }
        if column.is_none() && !cell.trim().is_empty() {
            unused.push(cell.trim().chars().take(60).collect());
        }
        found.push(column);
    }
    if found.contains(&Some(Column::Address)) {
        return Ok(found);
    }
    let what = Key("register.problem.head_missing");
    let cells = head.cells.join(", ");
    Err(Problem::at(head.line, Some(Column::Address), what, &cells))
}

fn line(record: &Record, columns: &[Option<Column>]) -> Result<Line, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut line = Line {
        number: record.line,
        ..Line::default()
    };
    for (at, cell) in record.cells.iter().enumerate() {
        let cell = unguarded(cell.trim());
        match columns.get(at) {
            None if !cell.is_empty() => {
                let what = Key("register.problem.cells");
                problems.push(Problem::at(record.line, None, what, cell));
                break;
            }
            None | Some(None) => {}
            Some(Some(column)) => problems.extend(fill_cell(&mut line, *column, cell)),
        }
    }
    if line.address.is_empty() {
        problems.push(line.wrong(Column::Address, Key("register.problem.address_missing")));
    }
    if problems.is_empty() {
        Ok(line)
    } else {
        Err(problems)
    }
}

/// Takes a cell for what its column means; a word that is none of the column's is a problem.
fn fill_cell(line: &mut Line, column: Column, cell: &str) -> Option<Problem> {
    let (is_known, what) = match column {
        Column::Address => {
            cell.clone_into(&mut line.address);
            return None;
        }
        Column::Name => {
            cell.clone_into(&mut line.full_name);
            return None;
        }
        Column::Role => {
            cell.clone_into(&mut line.role_cell);
            line.role = words::role(cell);
            (line.role.is_some(), Key("register.problem.role"))
        }
        Column::State => {
            cell.clone_into(&mut line.state_cell);
            line.state = words::state(cell);
            (line.state.is_some(), Key("register.problem.state"))
        }
        Column::Action => {
            cell.clone_into(&mut line.action_cell);
            line.action = Action::of(cell);
            (line.action.is_some(), Key("register.problem.action"))
        }
    };
    // An empty cell says nothing.
    (!cell.is_empty() && !is_known).then(|| line.wrong(column, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_very_many_cells_is_refused_as_such() {
        let wide = ",".repeat(MOST_CELLS);
        for file in [
            format!("email{wide}\n"),
            format!("email,name\na@b.example{wide}\n"),
        ] {
            let read = read(file.as_bytes());
            let keys: Vec<Key> = read.problems.iter().map(|problem| problem.what).collect();
            assert_eq!(keys, [Key("register.problem.wide")]);
            assert!(read.lines.is_empty());
        }
    }
}
