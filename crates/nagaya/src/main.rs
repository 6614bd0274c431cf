//! The executable: control plane, gateway, agent, and the demonstration that runs all three.

mod child;
mod cli;
mod controls;
mod demo;
mod logging;
mod migrate;
mod verify;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The agent starts this same executable inside sandboxes. That path must stay short: no argument parser, no
    // runtime, no logging of the outer process.
    if let Some(code) = agent::internal::dispatch(std::env::args_os()) {
        return code;
    }
    let command = cli::Cli::parse();
    if let Err(error) = command.run() {
        // The chain of causes, one line: what failed, and why.
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        eprintln!("nagaya: {text}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
