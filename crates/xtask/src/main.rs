//! Checks of the repository that a compiler does not make, and the table of the measurements.
//!
//! ```text
//! cargo xtask tidy          every rule in `rules`; prints `file:line: rule: message` and fails
//! cargo xtask licences      licences, bans and sources of every dependency, from Cargo.lock alone
//! cargo xtask bench-table   bench/results/*.json as one table
//! ```

mod bench_table;
mod finding;
mod licences;
mod rules;
mod rust_text;
mod tree;

use finding::Finding;
use std::{error::Error, process::ExitCode};
use tree::Tree;

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let result = match command.as_str() {
        "tidy" => Tree::of_repository()
            .map(|tree| show(rules::all(&tree)))
            .map_err(Into::into),
        "licences" => licences::check().map(show),
        "bench-table" => Tree::of_repository()
            .map_err(Into::into)
            .and_then(|tree| print_table(&tree)),
        _ => Err("usage: cargo xtask tidy|licences|bench-table".into()),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask {command}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints findings; warnings alone do not fail.
fn show(mut findings: Vec<Finding>) -> ExitCode {
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let failing = findings.iter().filter(|finding| finding.fails).count();
    if failing > 0 {
        println!("{failing} to mend");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn print_table(tree: &Tree) -> Result<ExitCode, Box<dyn Error>> {
    print!("{}", bench_table::table(tree)?);
    Ok(ExitCode::SUCCESS)
}
