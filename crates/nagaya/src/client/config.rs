//! The client's configuration: named profiles, each with the portal's address and where its token is kept.

use super::failure::{Failed, SETTINGS};
use serde::Deserialize;
use server::portal::Lang;
use std::{
    collections::BTreeMap,
    env, fs,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

/// A configuration that is larger is none.
const MAX_BYTES: u64 = 64 * 1024;
/// The profile that is meant where none is named.
pub(super) const DEFAULT: &str = "default";

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The profile that is used where none is named.
    default_profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// One portal and one token.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// The portal: `https://…`.
    pub(super) url: String,
    /// The file with the token; beside the configuration where the path is relative.
    pub(super) token_file: PathBuf,
    /// Authorities that are trusted besides the system's (PEM).
    pub(super) ca_file: Option<PathBuf>,
    /// How answers are written where the command does not say.
    #[serde(default)]
    pub(super) output: Output,
    /// The language, where the command does not say: `ja` or `en`.
    pub(super) lang: Option<String>,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs, as the API tells it.
    Json,
}

/// Where the configuration is: `NAGAYA_CONFIG`, or the place that the XDG base directories give it.
pub(super) fn path() -> PathBuf {
    if let Some(path) = env::var_os("NAGAYA_CONFIG").filter(|path| !path.is_empty()) {
        return path.into();
    }
    let folder = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let folder = folder.filter(|folder| folder.is_absolute());
    folder
        .unwrap_or_else(|| home().join(".config"))
        .join("nagaya/client.toml")
}

fn home() -> PathBuf {
    env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

impl Config {
    /// Reads the file; one that is not there is an empty one.
    pub(super) fn read(path: &Path, lang: Lang) -> Result<Self, Failed> {
        let wrong = |key, why: String| {
            let path = path.display();
            Failed::of(SETTINGS, lang, key, &[("file", &path), ("why", &why)])
        };
        let mut text = String::new();
        match fs::File::open(path) {
            Ok(file) => file.take(MAX_BYTES + 1).read_to_string(&mut text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => Err(error),
        }
        .map_err(|error| wrong("client.error.config_unread", error.to_string()))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(wrong("client.error.config_large", String::new()));
        }
        let config: Self = toml::from_str(&text)
            .map_err(|error| wrong("client.error.config", place(&text, &error)))?;
        for (name, profile) in &config.profiles {
            if let Some(why) = profile.fault(name, lang) {
                return Err(wrong("client.error.config", why));
            }
        }
        Ok(config)
    }

    /// The profile of a name, or the one that is meant without; its paths begin at the file's folder.
    pub(super) fn profile(
        &self,
        wanted: Option<&str>,
        path: &Path,
        lang: Lang,
    ) -> Result<Profile, Failed> {
        let name = self.name(wanted);
        let mut profile = self.profiles.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let values: [(&str, &dyn std::fmt::Display); 3] = [
                ("name", &name),
                ("file", &path.display()),
                ("known", &known.join(", ")),
            ];
            let key = if known.is_empty() {
                "client.error.no_profiles"
            } else {
                "client.error.no_profile"
            };
            Failed::of(SETTINGS, lang, key, &values)
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        profile.token_file = absolute(&profile.token_file, folder);
        profile.ca_file = profile.ca_file.map(|file| absolute(&file, folder));
        Ok(profile)
    }

    /// What a profile is called where the command names none.
    pub(super) fn name<'a>(&'a self, wanted: Option<&'a str>) -> &'a str {
        wanted
            .or(self.default_profile.as_deref())
            .unwrap_or(DEFAULT)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.profiles.contains_key(name)
    }
}

impl Profile {
    /// What is wrong with it, if anything is.
    fn fault(&self, name: &str, lang: Lang) -> Option<String> {
        let key = if !is_name(name) {
            "client.error.profile_name"
        } else if portal(&self.url).is_none() {
            "client.error.url"
        } else if self
            .lang
            .as_deref()
            .is_some_and(|lang| Lang::from_tag(lang).is_none())
        {
            "client.error.lang"
        } else {
            return None;
        };
        let name = super::values::harmless(name);
        Some(lang.filled(key, &[("name", &name)]))
    }
}

/// Whether a profile can be called so. Names become names of files.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=40).contains(&name.len()) && name.chars().all(fits)
}

/// The address of a portal: HTTPS, and nothing that could carry a secret or lead elsewhere.
pub(super) fn portal(url: &str) -> Option<reqwest::Url> {
    let url: reqwest::Url = url.parse().ok()?;
    let bare = url.username().is_empty() && url.password().is_none();
    let short = url.query().is_none() && url.fragment().is_none() && url.path() == "/";
    (url.scheme() == "https" && url.has_host() && bare && short).then_some(url)
}

fn absolute(path: &Path, folder: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        Ok(rest) => home().join(rest),
        Err(_) => folder.join(path),
    }
}

/// Where the text stops being a configuration, and why, without the text itself: a token may have been put there.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", super::values::harmless(error.message()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Failed> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.toml");
        fs::write(&path, text).unwrap();
        Config::read(&path, Lang::En)
    }

    const GOOD: &str = "default_profile = \"work\"\n[profiles.work]\nurl = \"https://portal.example\"\n\
        token_file = \"work.token\"\noutput = \"json\"\nlang = \"ja\"\n";

    #[test]
    fn a_profile_is_found_by_name_or_by_default() {
        let config = read(GOOD).unwrap();
        let path = Path::new("/etc/nagaya/client.toml");
        let work = config.profile(None, path, Lang::En).unwrap();
        assert_eq!(work.token_file, Path::new("/etc/nagaya/work.token"));
        assert_eq!(work.output, Output::Json);
        assert_eq!(config.profile(Some("work"), path, Lang::En).unwrap(), work);
        let gone = config.profile(Some("other"), path, Lang::En).unwrap_err();
        assert!(gone.text.contains("other") && gone.text.contains("work"));
        assert_eq!(gone.code, SETTINGS);
    }

    #[test]
    fn without_a_file_one_is_told_how_to_begin() {
        let path = Path::new("/nowhere/client.toml");
        let config = Config::read(path, Lang::En).unwrap();
        let failed = config.profile(None, path, Lang::En).unwrap_err();
        assert!(failed.text.contains("nagaya login"), "{}", failed.text);
    }

    #[test]
    fn a_hostile_file_is_refused_with_its_place_and_without_its_text() {
        for (text, says) in [
            ("[profiles.a]\nurl = \"https://p.example\"\n", "line 1"),
            (
                "[profiles.a]\nurl = \"https://p.example\"\ntoken = \"ngy_secret\"\ntoken_file = \"t\"\n",
                "line 3",
            ),
            ("\u{1b}[2J", "line 1"),
            (
                "[profiles.a]\nurl = \"http://p.example\"\ntoken_file = \"t\"\n",
                "https",
            ),
            (
                "[profiles.a]\nurl = \"https://u:secret@p.example\"\ntoken_file = \"t\"\n",
                "https",
            ),
            (
                "[profiles.\"../x\"]\nurl = \"https://p.example\"\ntoken_file = \"t\"\n",
                "letters",
            ),
            (
                "[profiles.a]\nurl = \"https://p.example\"\ntoken_file = \"t\"\nlang = \"fr\"\n",
                "ja",
            ),
        ] {
            let failed = read(text).unwrap_err();
            assert_eq!(failed.code, SETTINGS);
            assert!(failed.text.contains(says), "{text}: {}", failed.text);
            assert!(!failed.text.contains("secret"), "{}", failed.text);
            assert!(!failed.text.contains('\u{1b}'), "{:?}", failed.text);
        }
        let long = "#".repeat(70_000);
        assert!(read(&long).unwrap_err().text.contains("64"));
    }

    #[test]
    fn only_a_portals_own_address_is_one() {
        assert!(portal("https://portal.example:8443").is_some());
        for bad in [
            "portal.example",
            "http://portal.example",
            "https://portal.example/?next=//evil.example",
            "https://portal.example/a",
            "https://user@portal.example",
            "file:///etc/passwd",
            "",
        ] {
            assert!(portal(bad).is_none(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_panic(text in ".{0,400}") {
            let _ = read(&text);
        }
    }
}
