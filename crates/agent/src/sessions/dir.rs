//! A session's folder on the host, and what is written there.
//!
//! The folder and its files belong to root. What sandboxes write lies on a small file system of its own below `shared`,
//! so that a session can fill nothing but that; root reads from there with care: bounded, and following no link.

use super::record::Record;
use crate::{process::Process, sandbox::home::make_dir};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

/// The longest word that is read from a sandbox, in bytes.
const MAX_WORD: u64 = 64;
/// What a session may write for others to read, in bytes: sockets and a few words.
const SHARED_BYTES: u32 = 1 << 20;

/// One session's folder.
#[derive(Clone, Debug)]
pub(crate) struct SessionDir(PathBuf);

impl SessionDir {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
    /// The X server's socket folder.
    pub(crate) fn x11(&self) -> PathBuf {
        self.shared().join("x11")
    }
    /// Where the desktop says how far it is.
    pub(crate) fn status(&self) -> PathBuf {
        self.shared().join("status")
    }
    /// The folder of the display's socket.
    pub(crate) fn stream(&self) -> PathBuf {
        self.shared().join("stream")
    }
    /// The display's socket.
    pub(crate) fn stream_socket(&self) -> PathBuf {
        self.stream().join("sock")
    }
    /// The facts that the desktop (`desktop`) or the display (`display`) reads.
    pub(crate) fn facts(&self, which: &str) -> PathBuf {
        self.0.join(format!("{which}-facts"))
    }
    /// A file of root's own about a sandbox, such as its plan.
    pub(crate) fn about(&self, which: &str, what: &str) -> PathBuf {
        self.0.join(format!("{which}-{what}"))
    }

    fn shared(&self) -> PathBuf {
        self.0.join("shared")
    }

    /// Makes the folder, with the parts that sandboxes write to.
    pub(crate) fn create(&self, uid: u32, display_uid: u32) -> io::Result<()> {
        // Sandboxes pass through here under their own user ids, so others may pass, and not list.
        make_dir(&self.0, 0o711)?;
        make_dir(&self.shared(), 0o711)?;
        let options = format!("size={SHARED_BYTES},nr_inodes=256,mode=0711");
        mount(
            Some("nagaya"),
            &self.shared(),
            Some("tmpfs"),
            MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC,
            Some(options.as_str()),
        )?;
        for (dir, owner, mode) in [
            (self.x11(), uid, 0o755),
            (self.status(), uid, 0o700),
            (self.stream(), display_uid, 0o700),
        ] {
            make_dir(&dir, mode)?;
            chown(&dir, Some(owner), Some(owner))?;
        }
        Ok(())
    }

    /// Writes the facts for one sandbox, readable by it alone.
    pub(crate) fn write_facts(
        &self,
        which: &str,
        uid: u32,
        files: &[(&str, Vec<u8>)],
    ) -> io::Result<()> {
        let dir = self.facts(which);
        make_dir(&dir, 0o700)?;
        for (name, bytes) in files {
            let path = dir.join(name);
            fs::write(&path, bytes)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o400))?;
            chown(&path, Some(uid), Some(uid))?;
        }
        chown(&dir, Some(uid), Some(uid))
    }

    /// Saves what the agent knows, whole or not at all.
    pub(crate) fn save(&self, record: &Record) -> io::Result<()> {
        self.write_whole("record.json", &serde_json::to_vec(record)?)
    }

    /// What an agent knew; none when the folder has no record that can be read.
    pub(crate) fn load(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.0.join("record.json")).ok()?).ok()
    }

    /// Writes a file of root's own, whole or not at all.
    pub(crate) fn write_whole(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let part = self.0.join(format!("{name}.part"));
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(bytes)?;
        fs::rename(part, self.0.join(name))
    }

    /// The process that became a sandbox, as noted by itself; none when it was never started.
    pub(crate) fn sandbox_process(&self, which: &str) -> Option<Process> {
        serde_json::from_slice(&fs::read(self.about(which, "process")).ok()?).ok()
    }

    /// The first process inside a sandbox, as bubblewrap noted it.
    pub(crate) fn inner_process(&self, which: &str) -> Option<Process> {
        let noted: serde_json::Value =
            serde_json::from_slice(&fs::read(self.about(which, "inner")).ok()?).ok()?;
        let pid = i32::try_from(noted.get("child-pid")?.as_i64()?).ok()?;
        Process::find(pid)
    }

    /// Forgets the processes of a sandbox, before it is launched again.
    pub(crate) fn forget_processes(&self, which: &str) -> io::Result<()> {
        for what in ["process", "inner"] {
            match fs::remove_file(self.about(which, what)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => (),
            }
        }
        Ok(())
    }

    /// A word that the desktop has said, from inside its sandbox. It is believed only for what concerns the session itself.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        // The folder on the way is the agent's own; the file may be anything: a link, a pipe, a huge file.
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(self.status().join(name))
            .ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut word = String::new();
        file.take(MAX_WORD).read_to_string(&mut word).ok()?;
        Some(word.trim().to_owned())
    }

    /// Whether the display has made its socket.
    pub(crate) fn has_stream_socket(&self) -> bool {
        use std::os::unix::fs::FileTypeExt as _;
        fs::symlink_metadata(self.stream_socket()).is_ok_and(|found| found.file_type().is_socket())
    }

    /// Takes the shared part away and everything but the record. Can be done twice.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.unmount()?;
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name() == "record.json" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Takes everything away. Can be done twice.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.unmount()?;
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn unmount(&self) -> io::Result<()> {
        loop {
            // Not a mount, or not there: nothing left to do.
            match umount2(
                &self.shared(),
                MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW,
            ) {
                Ok(()) => (),
                Err(nix::Error::EINVAL | nix::Error::ENOENT) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
