//! What every sandbox sees under `/opt/nagaya`: a copy of our executable, our desktop's defaults, and the locales.
//!
//! A copy, because the executable may be replaced while sessions run, and may lie where sessions must not look.

use crate::{config::AgentConfig, sandbox::home::make_dir};
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The desktop's defaults, from `crates/agent/desktop`.
const FILES: &[(&str, &[u8])] = &{
    macro_rules! files { ($($path:literal),* $(,)?) => {
        [$(($path, include_bytes!(concat!("../desktop/", $path)).as_slice())),*]
    } }
    files![
        "data/applications/galculator.desktop",
        "data/fcitx5/themes/nagaya/theme.conf",
        "data/themes/Nagaya/gtk-3.0/gtk-dark.css",
        "data/themes/Nagaya/gtk-3.0/gtk.css",
        "data/themes/Nagaya/index.theme",
        "etc/bash.bashrc",
        "etc/glib-2.0/settings/defaults",
        "menu.svg",
        "wallpaper.svg",
        "xdg/autostart/at-spi-dbus-bus.desktop",
        "xdg/autostart/org.fcitx.Fcitx5.desktop",
        "xdg/autostart/xscreensaver.desktop",
        "xdg/fcitx5/conf/classicui.conf",
        "xdg/fcitx5/conf/notifications.conf",
        "xdg/fcitx5/conf/xcb.conf",
        "xdg/fcitx5/config",
        "xdg/fcitx5/profile",
        "xdg/gtk-3.0/settings.ini",
        "xdg/menus/xfce-applications.menu",
        "xdg/xfce4/terminal/terminalrc",
        "xdg/xfce4/xfconf/xfce-perchannel-xml/xfce4-desktop.xml",
        "xdg/xfce4/xfconf/xfce-perchannel-xml/xfce4-keyboard-shortcuts.xml",
        "xdg/xfce4/xfconf/xfce-perchannel-xml/xfce4-notifyd.xml",
        "xdg/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml",
        "xdg/xfce4/xfconf/xfce-perchannel-xml/xfce4-session.xml",
        "xdg/xfce4/xfconf/xfce-perchannel-xml/xfwm4.xml",
        "xdg/xfce4/xfconf/xfce-perchannel-xml/xsettings.xml",
        "xdg-app/xfce4/xfconf/xfce-perchannel-xml/xfwm4.xml",
    ]
};

/// Languages of sessions, as locales.
const LOCALES: [&str; 2] = ["ja_JP", "en_US"];

/// The folder, complete.
#[derive(Debug)]
pub(crate) struct Share {
    dir: PathBuf,
}

impl Share {
    /// Makes the folder, unless it is there already. Its name says what is in it, so that a folder in use by running
    /// sessions is never changed.
    pub(crate) fn prepare(config: &AgentConfig) -> io::Result<Self> {
        // The link in /proc leads to the file even if it was replaced since.
        let program = Path::new("/proc/self/exe");
        let all = config.share_dir();
        make_dir(&all, 0o711)?;
        let dir = all.join(fingerprint(&fs::metadata(program)?));
        if !dir.exists() {
            let part = all.join("new");
            match fs::remove_dir_all(&part) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => (),
            }
            fill(&part, program)?;
            fs::rename(&part, &dir)?;
        }
        Ok(Self { dir })
    }

    /// The folder on the host.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Our executable on the host.
    pub(crate) fn program(&self) -> PathBuf {
        self.dir.join("nagaya")
    }

    /// Takes away what earlier versions left; only while no session runs that may use it.
    pub(crate) fn remove_others(&self) -> io::Result<()> {
        let Some(all) = self.dir.parent() else {
            return Ok(());
        };
        for entry in fs::read_dir(all)? {
            let path = entry?.path();
            if path != self.dir {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }
}

fn fingerprint(program: &fs::Metadata) -> String {
    let mut hash = Sha256::new();
    for number in [
        program.ino(),
        program.len(),
        program.mtime().cast_unsigned(),
        program.mtime_nsec().cast_unsigned(),
    ] {
        hash.update(number.to_le_bytes());
    }
    for (path, bytes) in FILES {
        hash.update(path);
        hash.update(bytes);
    }
    let mut name = [0; 8];
    name.copy_from_slice(&hash.finalize()[..8]);
    format!("{:016x}", u64::from_be_bytes(name))
}

fn fill(dir: &Path, program: &Path) -> io::Result<()> {
    make_dir(dir, 0o755)?;
    for (name, bytes) in FILES {
        let path = dir.join(name);
        for parent in path.ancestors().skip(1) {
            if parent == dir {
                break;
            }
            make_dir(parent, 0o755)?;
        }
        fs::write(&path, bytes)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
    }
    fs::copy(program, dir.join("nagaya"))?;
    fs::set_permissions(dir.join("nagaya"), fs::Permissions::from_mode(0o755))?;
    let locales = dir.join("locale");
    make_dir(&locales, 0o755)?;
    for name in LOCALES {
        // Without it a session still works, in English; a host may lack the sources of locales.
        if let Err(error) = compile_locale(name, &locales) {
            tracing::warn!(name, %error, "a language is not available in sessions");
        }
    }
    Ok(())
}

fn compile_locale(name: &str, dir: &Path) -> io::Result<()> {
    let target = dir.join(format!("{name}.UTF-8"));
    let status = Command::new("localedef")
        .args(["-i", name, "-f", "UTF-8", "--no-archive"])
        .arg(&target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !status.success() || !target.is_dir() {
        return Err(io::Error::other(format!("localedef: {status}")));
    }
    make_dir(&target, 0o755)
}
