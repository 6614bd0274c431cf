//! `nagaya login` and `nagaya logout`: a token comes from the standard input and goes into a file of its own.

use super::{
    config::{self, Config, Output, Profile},
    failure::{Failed, SETTINGS, USAGE},
    http::{Api, Request},
    show, token, values,
};
use clap::ArgMatches;
use server::portal::Lang;
use std::{
    fmt::Display,
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Takes a token, tries it, and keeps it with its profile.
pub(super) async fn login(given: &ArgMatches, lang: Lang) -> Result<(), Failed> {
    let path = config::path();
    let config = Config::read(&path, lang)?;
    let wanted = given.get_one::<String>("profile").map(String::as_str);
    let name = config.name(wanted).to_owned();
    let is_new = !config.has(&name);
    let profile = if is_new {
        new_profile(given, &name, lang)?
    } else {
        let profile = config.profile(Some(&name), &path, lang)?;
        let url = given.get_one::<String>("url");
        if url.is_some_and(|url| config::portal(url) != config::portal(&profile.url)) {
            let values: [(&str, &dyn Display); 3] = [
                ("name", &name),
                ("url", &profile.url),
                ("file", &path.display()),
            ];
            let key = "client.error.profile_other";
            return Err(Failed::of(USAGE, lang, key, &values));
        }
        profile
    };
    let secret = token::ask(lang)?;
    let api = Api::open(&profile, secret.clone(), lang)?;
    let me = Request {
        path: "/api/v1/me",
        ..Request::default()
    };
    let me = api.call(&me).await?.unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new("."));
    let token_file = folder.join(&profile.token_file);
    token::write(&token_file, &secret, lang)?;
    if is_new {
        add(&path, &name, &profile).map_err(|error| {
            let values: [(&str, &dyn Display); 2] = [("file", &path.display()), ("why", &error)];
            Failed::of(SETTINGS, lang, "client.error.unwritten", &values)
        })?;
    }
    let role = values::written(values::Form::Role, me.get("role"), lang);
    let values: [(&str, &dyn Display); 3] = [
        ("name", &name),
        ("role", &role),
        ("file", &token_file.display()),
    ];
    show::print(&format!("{}\n", lang.filled("client.login.done", &values)));
    Ok(())
}

/// Removes the token's file. The token itself ends in the portal.
pub(super) fn logout(given: &ArgMatches, lang: Lang) -> Result<(), Failed> {
    let path = config::path();
    let config = Config::read(&path, lang)?;
    let wanted = given.get_one::<String>("profile").map(String::as_str);
    let profile = config.profile(wanted, &path, lang)?;
    let file = profile.token_file.display();
    match fs::remove_file(&profile.token_file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let values: [(&str, &dyn Display); 2] = [("file", &file), ("why", &error)];
            Err(Failed::of(
                SETTINGS,
                lang,
                "client.error.unwritten",
                &values,
            ))
        }
        _ => {
            let text = lang.filled("client.logout_done", &[("file", &file)]);
            show::print(&format!("{text}\n"));
            Ok(())
        }
    }
}

fn new_profile(given: &ArgMatches, name: &str, lang: Lang) -> Result<Profile, Failed> {
    let url = given.get_one::<String>("url");
    let url = url.ok_or_else(|| Failed::of(USAGE, lang, "client.error.url_missing", &[]))?;
    if config::portal(url).is_none() {
        let key = "client.error.url";
        return Err(Failed::of(USAGE, lang, key, &[("name", &name)]));
    }
    let ca_file = given.get_one::<PathBuf>("ca-file");
    Ok(Profile {
        url: url.clone(),
        token_file: format!("{name}.token").into(),
        // The command may have been typed in any folder.
        ca_file: ca_file.and_then(|file| std::path::absolute(file).ok()),
        output: Output::Table,
        lang: None,
    })
}

/// Writes a profile below what the file has already.
fn add(path: &Path, name: &str, profile: &Profile) -> io::Result<()> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = format!(
        "\n[profiles.{name}]\nurl = {}\ntoken_file = {}\n",
        quoted(&profile.url),
        quoted(&profile.token_file.to_string_lossy()),
    );
    if let Some(file) = &profile.ca_file {
        text += "ca_file = ";
        text += &quoted(&file.to_string_lossy());
        text.push('\n');
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
