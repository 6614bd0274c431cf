//! Checks of the repository that a compiler does not make, and the table of the measurements.
//!
//! ```text
//! cargo xtask tidy          every rule in `rules`; prints `path:line: rule: message` and fails
//! cargo xtask licences      licences, bans and sources of every dependency, as deny.toml has them
//! cargo xtask bench-table   bench/results/*.json as one table
//! ```

// A test that cannot go on may stop.
#![cfg_attr(test, allow(clippy::expect_used))]

mod figures;
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
    match run(&command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask {command}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str) -> Result<ExitCode, Box<dyn Error>> {
    let tree = Tree::of_repository()?;
    match command {
        "tidy" => Ok(show(rules::all(&tree))),
        "licences" => Ok(show(licences::check(&tree)?)),
        "bench-table" => {
            print!("{}", figures::table(&tree)?);
            Ok(ExitCode::SUCCESS)
        }
        _ => Err("usage: cargo xtask tidy|licences|bench-table".into()),
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
