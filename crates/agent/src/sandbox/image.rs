//! Images: what a session's file system is made of, and which applications it has.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The image of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    /// The host's own file system, read-only, and only the parts that hold programs.
    Machine,
}

/// A published application of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    /// The name in the catalogue.
    pub(crate) name: &'static str,
    /// The command that shows it, and stays for as long as a window of it is open.
    pub(crate) command: &'static [&'static str],
}

const MACHINE_APPLICATIONS: [Application; 5] = [
    Application {
        name: "editor",
        command: &["mousepad", "--disable-server"],
    },
    Application {
        name: "terminal",
        command: &["xfce4-terminal", "--disable-server", "--hide-menubar"],
    },
    Application {
        name: "files",
        command: &["thunar"],
    },
    Application {
        name: "calculator",
        command: &["galculator"],
    },
    Application {
        name: "viewer",
        command: &["ristretto"],
    },
];

/// Of the machine's `/etc`, what programs need and what tells nothing about the machine.
const MACHINE_ETC: [&str; 33] = [
    "X11",
    "alternatives",
    "ca-certificates.conf",
    "chromium",
    "chromium.d",
    "dbus-1",
    "dconf",
    "debian_version",
    "default/keyboard",
    "dictionaries-common",
    "environment",
    "fonts",
    "glvnd",
    "gtk-2.0",
    "gtk-3.0",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "magic",
    "magic.mime",
    "mailcap",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "profile",
    "protocols",
    "services",
    "shells",
    "ssl/certs",
    "terminfo",
    "xdg",
];

impl Image {
    /// Images of this host, by name.
    pub(crate) const NAMES: [&'static str; 1] = ["machine"];

    /// The image of this name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        (name == Self::NAMES[0]).then_some(Self::Machine)
    }

    /// The application of this name.
    pub(crate) fn application(&self, name: &str) -> Option<Application> {
        match self {
            Self::Machine => MACHINE_APPLICATIONS
                .into_iter()
                .find(|application| application.name == name),
        }
    }

    /// Arguments for bubblewrap that lay out the image's files. `hidden` are paths that are covered even where the image
    /// would show them.
    pub(crate) fn mounts(&self, hidden: &[PathBuf]) -> Vec<String> {
        match self {
            Self::Machine => machine(Path::new("/"), hidden),
        }
    }
}

fn machine(root: &Path, hidden: &[PathBuf]) -> Vec<String> {
    let mut args = Vec::new();
    let mut add = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
    for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        let path = root.join(name);
        match (fs::read_link(&path), path.is_dir()) {
            (Ok(target), _) => add(&["--symlink", &target.to_string_lossy(), &format!("/{name}")]),
            (Err(_), true) => add(&["--ro-bind", &path.to_string_lossy(), &format!("/{name}")]),
            (Err(_), false) => (),
        }
    }
    add(&["--dir", "/etc"]);
    for name in MACHINE_ETC {
        let path = root.join("etc").join(name);
        add(&[
            "--ro-bind-try",
            &path.to_string_lossy(),
            &format!("/etc/{name}"),
        ]);
    }
    let fonts = root.join("var/cache/fontconfig");
    add(&[
        "--ro-bind-try",
        &fonts.to_string_lossy(),
        "/var/cache/fontconfig",
    ]);
    // Parts of the image itself may be nobody's business: sources or state under /usr, say. Everything else outside the
    // image is not there to begin with.
    for path in hidden {
        let shown = path.starts_with("/usr")
            || MACHINE_ETC
                .iter()
                .any(|name| path.starts_with(Path::new("/etc").join(name)));
        if shown && path.is_dir() {
            add(&["--tmpfs", &path.to_string_lossy()]);
            add(&["--remount-ro", &path.to_string_lossy()]);
        } else if shown && path.exists() {
            add(&["--ro-bind", "/dev/null", &path.to_string_lossy()]);
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_parts_of_the_machine_are_shown() {
        let args =
            Image::Machine.mounts(&[PathBuf::from("/usr/share/doc"), PathBuf::from("/var/lib")]);
        let sources: Vec<&str> = args
            .windows(2)
            .filter(|words| words[0].starts_with("--ro-bind"))
            .map(|words| words[1].as_str())
            .collect();
        assert!(sources.contains(&"/usr"));
        for secret in [
            "/",
            "/etc",
            "/etc/shadow",
            "/etc/ssh",
            "/var",
            "/root",
            "/home",
            "/run",
            "/dev",
        ] {
            assert!(!sources.contains(&secret), "{secret} is shown");
        }
        assert!(
            args.windows(2)
                .any(|words| words == ["--tmpfs", "/usr/share/doc"])
        );
        assert!(!args.iter().any(|word| word == "/var/lib"));
    }

    #[test]
    fn an_unknown_image_or_application_is_none() {
        assert_eq!(Image::find("/etc"), None);
        assert_eq!(Image::Machine.application("sh"), None);
        assert!(Image::Machine.application("editor").is_some());
    }
}
