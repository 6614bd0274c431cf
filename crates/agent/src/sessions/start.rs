//! Makes a session's two sandboxes from what was ordered.

use super::{Host, dir::SessionDir, record::Record};
use crate::{
    app,
    config::AgentConfig,
    sandbox::{
        Desktop, Display, Frame, PROGRAM,
        home::Home,
        image::{Application, Image},
        launch::Launch,
    },
    session_init::Facts,
};
use std::{io, path::Path, process::Stdio, sync::Arc};
use wire::control;

/// Oom scores: of a machine's programs a session's go first, of a session's the desktop's (see `session_init`).
const OOM_SCORE_ADJ: i16 = 100;
const MIB: u64 = 1 << 20;
/// What a display may keep in files of its own memory.
const DISPLAY_TMP_BYTES: u64 = 16 * MIB;

/// Why a session cannot be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// It was forgotten in between.
    #[error("the session is no more")]
    Forgotten,
    /// It ran, and ended while there was no agent.
    #[error("the session has ended")]
    Gone,
    /// The order names an image that this host has not.
    #[error("no image {0:?}")]
    NoSuchImage(String),
    /// The image has no such application.
    #[error("no such application")]
    NoSuchApplication,
    /// A word of the order is not of the agreed form; it would end up in files or command lines.
    #[error("{0} is not of the agreed form")]
    Malformed(&'static str),
    /// Something on the host.
    #[error("the host cannot do it")]
    Io(#[from] io::Error),
}

/// Launches the desktop's sandbox. Returns the home, to be held for as long as the session lives.
pub(super) fn desktop(
    host: &Host,
    dir: &SessionDir,
    record: &Record,
) -> Result<Arc<Home>, StartError> {
    let spec = &record.spec;
    let image =
        Image::find(&spec.image).ok_or_else(|| StartError::NoSuchImage(spec.image.clone()))?;
    let application = match &spec.launch {
        control::Launch::Desktop => None,
        control::Launch::Application { name } => Some(
            image
                .application(name)
                .ok_or(StartError::NoSuchApplication)?,
        ),
    };
    check(spec)?;
    let (home, shared) = host.homes.take(spec.tenant, spec.user)?;
    let display_uid = display_uid(host, record);
    host.group(host_id(record)).create(&spec.limits)?;
    dir.create(home.uid, display_uid)?;
    dir.save(record)?;

    let cookie = app::secret()?;
    let facts = Facts {
        application: application.map(|a| a.command.iter().map(|w| (*w).to_owned()).collect()),
        keyboard: spec.keyboard.clone(),
        width: spec.width.max(1),
        height: spec.height.max(1),
    };
    for (which, uid, login) in [
        ("desktop", home.uid, spec.login.as_str()),
        ("display", display_uid, "display"),
    ] {
        let files = [
            ("xauthority", xauthority(&cookie)),
            (
                "facts.json",
                serde_json::to_vec(&facts).map_err(io::Error::from)?,
            ),
            ("passwd", passwd(login, uid, &spec.full_name)),
            (
                "group",
                format!("{login}:x:{uid}:\nnogroup:x:65534:\n").into(),
            ),
            (
                "hosts",
                b"127.0.0.1 localhost nagaya\n::1 localhost nagaya\n".to_vec(),
            ),
            ("machine-id", machine_id(record)),
        ];
        dir.write_facts(which, uid, &files)?;
    }
    let sandbox = Desktop {
        frame: Frame {
            uid: home.uid,
            image: image.mounts(&host.config.hidden_paths),
            share: host.share.dir(),
            facts: dir.facts("desktop"),
            tmp_bytes: u64::from(host.config.tmp_mib) * MIB,
        },
        home: &home.dir,
        login: &spec.login,
        x11: dir.x11(),
        status: dir.status(),
        env: environment(spec, application, home.uid, shared),
        command: vec![PROGRAM.to_owned(), "session-init".to_owned()],
    };
    let group = host.group(host_id(record)).desktop();
    launch(
        dir,
        "desktop",
        home.uid,
        group.entrances(),
        sandbox.args(),
        host,
    )?;
    Ok(home)
}

/// Launches the display's sandbox.
pub(super) fn display(host: &Host, dir: &SessionDir, record: &Record) -> io::Result<()> {
    let uid = display_uid(host, record);
    let group = host.group(host_id(record)).display();
    // Whatever is left of an earlier one.
    group.kill();
    match std::fs::remove_file(dir.stream_socket()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    dir.forget_processes("display")?;
    let sandbox = Display {
        frame: Frame {
            uid,
            image: Image::Machine.mounts(&host.config.hidden_paths),
            share: host.share.dir(),
            facts: dir.facts("display"),
            tmp_bytes: DISPLAY_TMP_BYTES,
        },
        x11: dir.x11(),
        stream: dir.stream(),
        command: vec![PROGRAM.to_owned(), "display".to_owned()],
    };
    launch(dir, "display", uid, group.entrances(), sandbox.args(), host)
}

fn launch(
    dir: &SessionDir,
    which: &str,
    uid: u32,
    entrances: Vec<std::path::PathBuf>,
    args: Vec<String>,
    host: &Host,
) -> io::Result<()> {
    let launch = Launch {
        entrances,
        uid,
        oom_score_adj: OOM_SCORE_ADJ,
        process_file: dir.about(which, "process"),
        inner_file: dir.about(which, "inner"),
        log_file: dir.about(which, "log"),
        args,
    };
    dir.write_whole(&format!("{which}-plan"), &serde_json::to_vec(&launch)?)?;
    let mut child = tokio::process::Command::new(host.share.program())
        .arg("sandbox-launch")
        .arg(dir.about(which, "plan"))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()?;
    // Only so that it does not stay as a zombie; the keeper watches the process itself, as it would somebody else's.
    tokio::spawn(async move { child.wait().await });
    Ok(())
}

fn host_id(record: &Record) -> wire::ids::SessionId {
    record.spec.session
}

fn display_uid(host: &Host, record: &Record) -> u32 {
    let slot = record.slot.min(AgentConfig::DISPLAY_UIDS - 1);
    host.config.first_uid.saturating_add(slot)
}

/// The control plane is trusted to order sessions, not to write files or command lines on this host.
fn check(spec: &control::SessionSpec) -> Result<(), StartError> {
    let login = spec.login.as_bytes();
    let login_ok = login.len() <= 31
        && login.first().is_some_and(u8::is_ascii_lowercase)
        && login
            .iter()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"_-".contains(c));
    if !login_ok {
        return Err(StartError::Malformed("login"));
    }
    let zone = spec.time_zone.as_bytes();
    let zone_ok = zone.len() <= 64
        && zone
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b"/_+-".contains(c))
        && Path::new("/usr/share/zoneinfo")
            .join(&spec.time_zone)
            .is_file()
        && !spec.time_zone.starts_with('/');
    if !zone_ok {
        return Err(StartError::Malformed("time_zone"));
    }
    let keyboard = spec.keyboard.as_bytes();
    if keyboard.is_empty() || keyboard.len() > 16 || !keyboard.iter().all(u8::is_ascii_lowercase) {
        return Err(StartError::Malformed("keyboard"));
    }
    Ok(())
}

/// The environment that depends on who works here.
fn environment(
    spec: &control::SessionSpec,
    application: Option<Application>,
    uid: u32,
    shared_home: bool,
) -> Vec<(&'static str, String)> {
    let (locale, languages) = match spec.language.split('-').next() {
        Some("ja") => ("ja_JP.UTF-8", "ja"),
        _ => ("en_US.UTF-8", "en"),
    };
    let defaults = "/opt/nagaya/xdg:/etc/xdg";
    let mut env = vec![
        ("LANG", locale.to_owned()),
        ("LANGUAGE", languages.to_owned()),
        ("TZ", spec.time_zone.clone()),
        (
            "XDG_CONFIG_DIRS",
            match application {
                Some(_) => format!("/opt/nagaya/xdg-app:{defaults}"),
                None => defaults.to_owned(),
            },
        ),
        (
            "XDG_DATA_DIRS",
            "/opt/nagaya/data:/usr/local/share:/usr/share".to_owned(),
        ),
    ];
    for (name, value) in [
        ("XDG_SESSION_TYPE", "x11"),
        ("XDG_CURRENT_DESKTOP", "XFCE"),
        ("XDG_MENU_PREFIX", "xfce-"),
        ("DESKTOP_SESSION", "xfce"),
        ("GTK_IM_MODULE", "fcitx"),
        ("QT_IM_MODULE", "fcitx"),
        ("XMODIFIERS", "@im=fcitx"),
        ("NO_AT_BRIDGE", "1"),
        ("GIO_USE_VFS", "local"),
        // Settings go to a file in the home; there is no daemon to write them.
        ("GSETTINGS_BACKEND", "keyfile"),
        ("GTK_OVERLAY_SCROLLING", "0"),
    ] {
        env.push((name, value.to_owned()));
    }
    if shared_home {
        // Another session of the same user has the settings in use; two writers would spoil them.
        env.push(("XDG_CONFIG_HOME", format!("/run/user/{uid}/config")));
        env.push(("XDG_CACHE_HOME", format!("/run/user/{uid}/cache")));
    }
    env
}

/// The session's user, and nobody else.
fn passwd(login: &str, uid: u32, full_name: &str) -> Vec<u8> {
    let name: String = full_name
        .chars()
        .filter(|c| !c.is_control() && !":,=".contains(*c))
        .take(100)
        .collect();
    format!(
        "{login}:x:{uid}:{uid}:{name}:/home/{login}:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
    )
    .into()
}

/// Of no machine: derived from the session's id, so that programs see one that lasts as long as the session.
fn machine_id(record: &Record) -> Vec<u8> {
    format!("{}\n", record.spec.session.0.simple()).into()
}

/// One cookie that is good for display 0 of any host name (libXau's file format: big-endian counted fields).
fn xauthority(cookie: &[u8; 16]) -> Vec<u8> {
    const ANY_HOST: u16 = 0xffff;
    let mut file = ANY_HOST.to_be_bytes().to_vec();
    for field in [&b""[..], b"0", b"MIT-MAGIC-COOKIE-1", cookie] {
        file.extend(u16::try_from(field.len()).unwrap_or_default().to_be_bytes());
        file.extend(field);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_add_a_line_or_a_field() {
        let line =
            String::from_utf8(passwd("a", 7, "x:0:0\nroot::0:0:::/bin/sh")).unwrap_or_default();
        assert_eq!(line.lines().count(), 2);
        assert_eq!(line.lines().next().map(|l| l.split(':').count()), Some(7));
    }

    #[test]
    fn the_cookie_file_has_the_form_that_x_reads() {
        let file = xauthority(&[7; 16]);
        assert_eq!(&file[..4], &[0xff, 0xff, 0, 0]);
        assert_eq!(&file[4..7], &[0, 1, b'0']);
        assert_eq!(file.len(), 2 + 2 + 3 + 20 + 18);
    }
}
