//! Where tokens are kept: in files that their owner alone reads. None is ever an argument or in the environment.

use super::failure::{Failed, SETTINGS, USAGE};
use nix::{
    sys::termios::{self, LocalFlags, SetArg, Termios},
    unistd,
};
use server::portal::Lang;
use std::{
    fs,
    io::{self, BufRead as _, ErrorKind, IsTerminal as _, Read as _, Stdin, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

const PREFIX: &str = "ngy_";
/// What is longer is no token.
const MAX_BYTES: u64 = 1024;

/// The token in a file that nobody else can read.
pub(super) fn read(path: &Path, lang: Lang) -> Result<String, Failed> {
    let file = path.display();
    let failed = |key| Failed::of(SETTINGS, lang, key, &[("file", &file)]);
    let unread = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => failed("client.error.no_token"),
        _ => Failed::of(
            SETTINGS,
            lang,
            "client.error.token_unread",
            &[("file", &file), ("why", &error)],
        ),
    };
    // Opened once, so that what is looked at is what is read; without waiting for a pipe that nobody writes to.
    let opened = fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(path)
        .map_err(unread)?;
    let facts = opened.metadata().map_err(unread)?;
    if !facts.is_file() {
        return Err(failed("client.error.token_no_file"));
    }
    if facts.mode() & 0o077 != 0 {
        return Err(failed("client.error.token_exposed"));
    }
    // Root's files are as safe as root.
    if facts.uid() != unistd::geteuid().as_raw() && facts.uid() != 0 {
        return Err(failed("client.error.token_foreign"));
    }
    let mut text = String::new();
    opened
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(unread)?;
    let token = text.trim();
    if is_token(token) {
        Ok(token.to_owned())
    } else {
        Err(failed("client.error.token_wrong"))
    }
}

/// Writes the token so that nobody else can read it, in one step.
pub(super) fn write(path: &Path, token: &str, lang: Lang) -> Result<(), Failed> {
    keep(path, token).map_err(|error| {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("file", &path.display()), ("why", &error)];
        Failed::of(SETTINGS, lang, "client.error.unwritten", &values)
    })
}

fn keep(path: &Path, token: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    let written = writeln!(file, "{token}").and_then(|()| file.sync_all());
    let kept = written.and_then(|()| fs::rename(&new, path));
    if kept.is_err() {
        // What could not be put in place is not left behind.
        let _ = fs::remove_file(&new);
    }
    kept
}

/// Takes a token from the standard input; on a terminal it is asked for, and not shown.
pub(super) fn ask(lang: Lang) -> Result<String, Failed> {
    let input = io::stdin();
    let mut line = String::new();
    let silence = input.is_terminal().then(|| Silence::begin(&input));
    if silence.is_some() {
        eprint!("{}", lang.text("client.login.prompt"));
    }
    let read = input.lock().take(MAX_BYTES).read_line(&mut line);
    if silence.is_some() {
        eprintln!();
    }
    drop(silence);
    let token = line.trim();
    if read.is_ok() && is_token(token) {
        Ok(token.to_owned())
    } else {
        Err(Failed::of(USAGE, lang, "client.error.token_typed", &[]))
    }
}

fn is_token(text: &str) -> bool {
    let rest = text.strip_prefix(PREFIX).unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    rest.len() >= 16 && rest.chars().all(fits)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence<'a> {
    input: &'a Stdin,
    before: Option<Termios>,
}

impl<'a> Silence<'a> {
    fn begin(input: &'a Stdin) -> Self {
        let before = termios::tcgetattr(input).ok();
        if let Some(mut now) = before.clone() {
            now.local_flags.remove(LocalFlags::ECHO);
            // A terminal that cannot do it shows the token; nothing else is lost.
            let _ = termios::tcsetattr(input, SetArg::TCSAFLUSH, &now);
        }
        Self { input, before }
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = termios::tcsetattr(self.input, SetArg::TCSAFLUSH, before);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const TOKEN: &str = "ngy_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_";

    #[test]
    fn what_was_written_is_read_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/work.token");
        write(&path, TOKEN, Lang::En).unwrap();
        write(&path, TOKEN, Lang::En).unwrap();
        assert_eq!(read(&path, Lang::En).unwrap(), TOKEN);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let left = fs::read_dir(dir.path().join("new")).unwrap().count();
        assert_eq!(left, 1);
    }

    #[test]
    fn a_file_that_others_read_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        write(&path, TOKEN, Lang::En).unwrap();
        for mode in [0o644, 0o660, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let failed = read(&path, Lang::En).unwrap_err();
            assert!(failed.text.contains("chmod 600"), "{}", failed.text);
        }
    }

    #[test]
    fn what_is_no_token_is_told_without_being_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        assert!(read(&path, Lang::En).unwrap_err().text.contains("login"));
        for text in [
            "",
            "ngy_",
            "hunter2hunter2hunter2hunter2",
            "ngy_a b c d e f g h i j",
        ] {
            write(&path, text, Lang::En).unwrap();
            let failed = read(&path, Lang::En).unwrap_err();
            assert!(!failed.text.contains("hunter2"), "{}", failed.text);
        }
        let folder = read(dir.path(), Lang::En).unwrap_err();
        assert_eq!(folder.code, SETTINGS);
    }
}
