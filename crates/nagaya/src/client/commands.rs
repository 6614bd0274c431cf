//! The commands as they are typed, made from the list of calls, with help in the language of the one who types.

use super::{
    calls::{self, CALLS, Call, Place, Shows},
    config,
};
use clap::{Arg, ArgAction, Command, builder::PossibleValuesParser, value_parser};
use server::portal::Lang;

pub(super) const LOGIN: &str = "login";
pub(super) const LOGOUT: &str = "logout";
pub(super) const COMPLETION: &str = "completion";

/// Everything of the client: the calls by noun, and what looks after tokens.
pub(super) fn all(lang: Lang) -> Vec<Command> {
    let mut nouns: Vec<&str> = CALLS.iter().map(|call| call.noun).collect();
    nouns.dedup();
    let mut all: Vec<Command> = nouns.into_iter().map(|noun| of_noun(noun, lang)).collect();
    all.push(
        Command::new(LOGIN)
            .about(lang.text("client.about.login"))
            .arg(option("url", lang.text("client.take.url")).value_name("URL"))
            .arg(
                option("ca-file", lang.text("client.take.ca_file"))
                    .value_name("FILE")
                    .value_parser(value_parser!(std::path::PathBuf)),
            ),
    );
    all.push(Command::new(LOGOUT).about(lang.text("client.about.logout")));
    all.push(
        Command::new(COMPLETION)
            .about(lang.text("client.about.completion"))
            .arg(
                Arg::new("shell")
                    .required(true)
                    .value_parser(["bash", "zsh", "fish"])
                    .help(lang.text("client.take.shell")),
            ),
    );
    all.into_iter()
        .map(|command| with_settings(command, lang))
        .collect()
}

fn of_noun(noun: &'static str, lang: Lang) -> Command {
    let command = Command::new(noun).about(lang.text(calls::about(noun).0));
    CALLS
        .iter()
        .filter(|call| call.noun == noun)
        .fold(command, |command, call| match call.verb {
            None => with_arguments(command, call, lang),
            Some(verb) => {
                let inner = Command::new(verb).about(lang.text(call.about.0));
                command
                    .subcommand_required(true)
                    .arg_required_else_help(true)
                    .subcommand(with_arguments(inner, call, lang))
            }
        })
}

fn with_arguments(command: Command, call: &Call, lang: Lang) -> Command {
    let mut command = command;
    for take in call.takes {
        let help = lang.text(take.help.0);
        command = command.arg(match take.place {
            Place::Person | Place::Id | Place::File => {
                Arg::new(take.name).required(true).help(help)
            }
            Place::Query(_) => option(take.name, help).value_name("TEXT"),
            Place::Field {
                is_required,
                values,
                ..
            } => {
                let arg = option(take.name, help).required(is_required);
                if values.is_empty() {
                    arg.value_name("TEXT")
                } else {
                    arg.value_name("NAME")
                        .value_parser(PossibleValuesParser::new(values))
                }
            }
        });
    }
    if matches!(call.shows, Shows::Pages(_)) {
        command = command
            .arg(
                option("page", lang.text("client.take.page"))
                    .value_name("NUMBER")
                    .value_parser(value_parser!(u64).range(1..))
                    .conflicts_with("all"),
            )
            .arg(flag("all", lang.text("client.take.all")));
    }
    if call.asks.is_some() {
        command = command.arg(flag("yes", lang.text("client.take.yes")).short('y'));
    }
    command
}

/// What every command of the client takes.
fn with_settings(command: Command, lang: Lang) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .global(true)
        .help(lang.text("client.take.help"));
    let profile = option("profile", lang.text("client.take.profile"))
        .value_name("NAME")
        .value_parser(|name: &str| {
            let name = name.to_owned();
            config::is_name(&name)
                .then_some(name)
                .ok_or("letters, digits, - and _, at most 40")
        });
    command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .arg(profile.global(true))
        .arg(flag("json", lang.text("client.take.json")).global(true))
        .arg(
            option("lang", lang.text("client.take.lang"))
                .value_name("LANG")
                .value_parser(["ja", "en"])
                .global(true),
        )
        .arg(help)
}

fn option(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help)
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    option(name, help).action(ArgAction::SetTrue)
}

/// The call that was typed.
pub(super) fn call_of(noun: &str, verb: Option<&str>) -> Option<&'static Call> {
    CALLS
        .iter()
        .find(|call| call.noun == noun && call.verb == verb)
}
