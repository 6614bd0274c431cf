//! The command-line client: what the portal's API offers, for people at a terminal and for scripts.
//!
//! `nagaya login` keeps a token in a file that its owner alone reads; the commands of [`calls`] use it. What a program can
//! do is decided by the service, by the token's scopes and its person's rights.

mod calls;
mod commands;
mod config;
mod failure;
mod http;
mod login;
mod show;
mod table;
#[cfg(test)]
mod tests;
mod token;
mod values;

pub(crate) use failure::Failed;

use calls::{Call, Place, Shows};
use clap::{ArgMatches, Command};
use clap_complete::Shell;
use config::{Config, Output, Profile};
use failure::{NOT_FOUND, UNCONFIRMED, USAGE};
use http::{Api, Request};
use serde_json::{Map, Value, json};
use server::portal::Lang;
use std::{
    env, fs,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
};

/// The longest answer to a question, in bytes.
const MAX_ANSWER: u64 = 100;

/// The language of help and answers: `--lang`, or what the environment says as POSIX has it.
pub(crate) fn lang_of(arguments: impl Iterator<Item = String>) -> Lang {
    let mut is_next = false;
    for argument in arguments {
        let value = argument.strip_prefix("--lang=");
        if let Some(lang) = value
            .or(is_next.then_some(&*argument))
            .and_then(Lang::from_tag)
        {
            return lang;
        }
        is_next = argument == "--lang";
    }
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let posix = set("LC_ALL")
        .or_else(|| set("LC_MESSAGES"))
        .or_else(|| set("LANG"));
    match posix {
        Some(locale) if locale.starts_with("ja") => Lang::Ja,
        _ => Lang::En,
    }
}

/// Adds the client's commands to the executable's own.
pub(crate) fn add_to(command: Command, lang: Lang) -> Command {
    command.subcommands(commands::all(lang))
}

/// Whether the command is one of the client's.
pub(crate) fn knows(name: &str) -> bool {
    let own = [commands::LOGIN, commands::LOGOUT, commands::COMPLETION];
    own.contains(&name) || calls::CALLS.iter().any(|call| call.noun == name)
}

/// Runs one of the client's commands; `whole` is the executable's command line, for completions.
pub(crate) async fn run(
    name: &str,
    given: &ArgMatches,
    whole: &mut Command,
    lang: Lang,
) -> Result<(), Failed> {
    match name {
        commands::LOGIN => return login::login(given, lang).await,
        commands::LOGOUT => return login::logout(given, lang),
        commands::COMPLETION => {
            let shell = given.get_one::<String>("shell");
            if let Some(shell) = shell.and_then(|name| name.parse::<Shell>().ok()) {
                let mut script = Vec::new();
                clap_complete::generate(shell, whole, "nagaya", &mut script);
                show::print(&String::from_utf8_lossy(&script));
            }
            return Ok(());
        }
        _ => {}
    }
    let (verb, given) = match given.subcommand() {
        Some((verb, given)) => (Some(verb), given),
        None => (None, given),
    };
    let Some(call) = commands::call_of(name, verb) else {
        return Err(Failed::of(USAGE, lang, "client.error.command", &[]));
    };
    make(call, given, lang).await
}

/// The profile that is meant, and the language in which it is answered.
fn settings(given: &ArgMatches, lang: Lang) -> Result<(Profile, Lang), Failed> {
    let path = config::path();
    let config = Config::read(&path, lang)?;
    let wanted = given.get_one::<String>("profile").map(String::as_str);
    let profile = config.profile(wanted, &path, lang)?;
    let of_profile = profile.lang.as_deref().and_then(Lang::from_tag);
    let is_told = given.get_one::<String>("lang").is_some();
    let lang = of_profile.filter(|_| !is_told).unwrap_or(lang);
    Ok((profile, lang))
}

async fn make(call: &Call, given: &ArgMatches, lang: Lang) -> Result<(), Failed> {
    let (profile, lang) = settings(given, lang)?;
    let token = token::read(&profile.token_file, lang)?;
    let api = Api::open(&profile, token, lang)?;
    let mut request = request(call, given, lang)?;
    let mut thing = request.id.clone().unwrap_or_default();
    if call.takes.iter().any(|take| take.place == Place::Person) && thing.contains('@') {
        let person = person(&api, &thing, lang).await?;
        request.id = person["id"].as_str().map(str::to_owned);
        let name = person["full_name"].as_str().unwrap_or_default();
        thing = format!("{} <{thing}>", values::harmless(name));
    }
    if let Some(question) = call.asks.filter(|_| !given.get_flag("yes")) {
        confirm(&lang.filled(question.0, &[("thing", &thing)]), lang)?;
    }
    let is_json = given.get_flag("json") || profile.output == Output::Json;
    let output = if is_json { Output::Json } else { Output::Table };
    let answer = match call.shows {
        Shows::Pages(_) => Some(pages(&api, request, given).await?),
        _ => api.call(&request).await?,
    };
    show::answer(call, answer.as_ref(), output, lang);
    Ok(())
}

/// What is sent, of what was typed.
fn request(call: &Call, given: &ArgMatches, lang: Lang) -> Result<Request, Failed> {
    let mut request = Request {
        method: call.method.parse().unwrap_or_default(),
        path: call.path,
        ..Request::default()
    };
    let mut body = Map::new();
    let mut has_fields = false;
    for take in call.takes {
        let value = given.get_one::<String>(take.name).cloned();
        has_fields |= matches!(take.place, Place::Field { .. });
        let Some(value) = value else { continue };
        match take.place {
            Place::Person | Place::Id => request.id = Some(value),
            Place::Query(name) => request.query.push((name, value)),
            Place::File => request.file = Some(file(&value, lang)?),
            Place::Field { name, .. } => {
                body.insert(name.to_owned(), value.into());
            }
        }
    }
    if has_fields && body.is_empty() {
        return Err(Failed::of(USAGE, lang, "client.error.nothing", &[]));
    }
    request.body = has_fields.then_some(Value::Object(body));
    Ok(request)
}

/// What a file holds; `-` is the standard input.
fn file(path: &str, lang: Lang) -> Result<Vec<u8>, Failed> {
    let mut held = Vec::new();
    let read = if path == "-" {
        io::stdin().lock().read_to_end(&mut held)
    } else {
        fs::File::open(path).and_then(|mut file| file.read_to_end(&mut held))
    };
    read.map(|_| held).map_err(|error| {
        let path = values::harmless(path);
        let values: [(&str, &dyn std::fmt::Display); 2] = [("file", &path), ("why", &error)];
        Failed::of(USAGE, lang, "client.error.file", &values)
    })
}

/// The person of an address, of those whom the token's person may see.
async fn person(api: &Api, address: &str, lang: Lang) -> Result<Value, Failed> {
    let search = Request {
        path: "/api/v1/people",
        query: vec![("q", address.to_owned())],
        ..Request::default()
    };
    let found = api.call(&search).await?.unwrap_or_default();
    let people = found["items"].as_array().cloned().unwrap_or_default();
    let is_theirs = |person: &Value| {
        let email = person["email"].as_str().unwrap_or_default();
        email.eq_ignore_ascii_case(address)
    };
    people.into_iter().find(is_theirs).ok_or_else(|| {
        let address = values::harmless(address);
        Failed::of(
            NOT_FOUND,
            lang,
            "client.error.nobody",
            &[("address", &address)],
        )
    })
}

/// One page of a list, or with `--all` every page as one.
async fn pages(api: &Api, mut request: Request, given: &ArgMatches) -> Result<Value, Failed> {
    let wanted = given.get_one::<u64>("page").copied().unwrap_or(1);
    let mut items = Vec::new();
    for page in wanted.. {
        let mut asked = request.clone();
        asked.query.push(("page", page.to_string()));
        let answer = api.call(&asked).await?.unwrap_or_default();
        if !given.get_flag("all") {
            return Ok(answer);
        }
        let total = answer["total"].as_u64().unwrap_or_default();
        let mut part = answer["items"].as_array().cloned().unwrap_or_default();
        let is_over = part.is_empty() || answer["page"] != page;
        if answer["page"] == page {
            items.append(&mut part);
        }
        if is_over || items.len() as u64 >= total {
            break;
        }
        request.body = None;
    }
    Ok(json!({ "items": items, "page": 1, "total": items.len() }))
}

/// Asks on a terminal; where nobody can be asked, the command has to say yes itself.
fn confirm(question: &str, lang: Lang) -> Result<(), Failed> {
    let failed = |key| Err(Failed::of(UNCONFIRMED, lang, key, &[]));
    let input = io::stdin();
    if !input.is_terminal() {
        return failed("client.error.unasked");
    }
    eprint!("{question} [y/N] ");
    let mut line = String::new();
    let read = input.lock().take(MAX_ANSWER).read_line(&mut line);
    let said = line.trim().to_lowercase();
    if read.is_ok() && ["y", "yes", "はい"].contains(&said.as_str()) {
        Ok(())
    } else {
        failed("client.error.not_done")
    }
}
