//! The executable: control plane, gateway, agent, the demonstration that runs all three, and the command-line client.

mod child;
mod cli;
mod client;
mod controls;
mod demo;
mod logging;
mod migrate;
mod verify;

use clap::{CommandFactory as _, FromArgMatches as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    // The agent starts this same executable inside sandboxes. That path must stay short: no argument parser, no
    // runtime, no logging of the outer process.
    if let Some(code) = agent::internal::dispatch(std::env::args_os()) {
        return code;
    }
    let words = std::env::args_os().filter_map(|word| word.into_string().ok());
    let lang = client::lang_of(words);
    let mut whole = client::add_to(cli::Cli::command(), lang);
    let given = whole.get_matches_mut();
    if let Some((name, given)) = given.subcommand().filter(|(name, _)| client::knows(name)) {
        return cli::run_client(name, given, &mut whole, lang);
    }
    let command = match cli::Cli::from_arg_matches(&given) {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
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
