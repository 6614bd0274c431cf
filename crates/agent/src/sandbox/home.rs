//! Homes: one folder for each user, kept between sessions, owned by a user id that belongs to that user for good.
//!
//! The agent (root) only ever makes and locks folders whose parents belong to root; what is inside a home is the
//! user's, and root never follows a path into it. Several sessions of one user on this host share the home; another
//! agent cannot use it at the same time.

use crate::config::AgentConfig;
use nix::fcntl::{Flock, FlockArg};
use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};
use wire::ids::{TenantId, UserId};

/// A home that this host uses now. Dropped by its last session, it is free for others.
#[derive(Debug)]
pub(crate) struct Home {
    /// The folder.
    pub(crate) dir: PathBuf,
    /// Whose it is.
    pub(crate) uid: u32,
    _lock: Flock<File>,
}

/// All homes of this host.
#[derive(Debug)]
pub(crate) struct Homes {
    dir: PathBuf,
    first_uid: u32,
    used: Mutex<HashMap<(TenantId, UserId), Weak<Home>>>,
}

impl Homes {
    /// The homes below the configured state folder.
    pub(crate) fn open(config: &AgentConfig) -> io::Result<Self> {
        make_dir(&config.homes_dir(), 0o711)?;
        Ok(Self {
            dir: config.homes_dir(),
            first_uid: config.first_uid.saturating_add(AgentConfig::DISPLAY_UIDS),
            used: Mutex::default(),
        })
    }

    /// Takes a user's home into use, making it at first. The second value says whether another session has it already.
    ///
    /// Fails with `ResourceBusy` when another agent has it.
    pub(crate) fn take(&self, tenant: TenantId, user: UserId) -> io::Result<(Arc<Home>, bool)> {
        // Held throughout: two sessions of one user may start at the same moment, and user ids must not collide.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, home| home.strong_count() > 0);
        if let Some(home) = used.get(&(tenant, user)).and_then(Weak::upgrade) {
            return Ok((home, true));
        }
        let parent = self.dir.join(tenant.to_string());
        make_dir(&parent, 0o711)?;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(parent.join(format!("{user}.lock")))?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock)
            .map_err(|_| io::Error::from(io::ErrorKind::ResourceBusy))?;
        let dir = parent.join(user.to_string());
        let uid = match fs::symlink_metadata(&dir) {
            Ok(found) => found.uid(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(&dir)?,
            Err(error) => return Err(error),
        };
        let home = Arc::new(Home {
            dir,
            uid,
            _lock: lock,
        });
        used.insert((tenant, user), Arc::downgrade(&home));
        Ok((home, false))
    }

    fn make(&self, dir: &Path) -> io::Result<u32> {
        let uid = self.free_uid()?;
        // Complete before it has its name: a crash in between must not leave a home that belongs to root.
        let part = dir.with_extension("new");
        match fs::remove_dir(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => (),
        }
        fs::DirBuilder::new().mode(0o700).create(&part)?;
        chown(&part, Some(uid), Some(uid))?;
        fs::rename(&part, dir)?;
        Ok(uid)
    }

    /// The first user id above all that homes have.
    fn free_uid(&self) -> io::Result<u32> {
        let mut free = self.first_uid;
        for tenant in fs::read_dir(&self.dir)? {
            for home in fs::read_dir(tenant?.path())? {
                let found = home?.metadata()?;
                if found.is_dir() {
                    free = free.max(found.uid().saturating_add(1));
                }
            }
        }
        Ok(free)
    }
}

/// Makes a folder of root's with this mode, or sets the mode of the one that is there.
pub(crate) fn make_dir(path: &Path, mode: u32) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wire::ids::Id as _;

    fn homes(state: &Path) -> Homes {
        Homes::open(&AgentConfig {
            state_dir: state.to_owned(),
            ..AgentConfig::default()
        })
        .unwrap()
    }

    fn ids(n: u128) -> (TenantId, UserId) {
        (
            TenantId::from_uuid(Uuid::from_u128(1)),
            UserId::from_uuid(Uuid::from_u128(n)),
        )
    }

    #[test]
    fn each_user_keeps_an_own_user_id() {
        let state = tempfile::tempdir().unwrap();
        let ((tenant, a), (_, b)) = (ids(1), ids(2));
        let first = homes(state.path());
        let (home_a, _) = first.take(tenant, a).unwrap();
        let (home_b, _) = first.take(tenant, b).unwrap();
        assert_ne!(home_a.uid, home_b.uid);
        assert_eq!(fs::metadata(&home_a.dir).unwrap().mode() & 0o777, 0o700);
        let uid = home_a.uid;
        drop((first, home_a, home_b));
        assert_eq!(homes(state.path()).take(tenant, a).unwrap().0.uid, uid);
    }

    #[test]
    fn a_home_is_shared_by_own_sessions_and_closed_to_another_agent() {
        let state = tempfile::tempdir().unwrap();
        let (tenant, user) = ids(1);
        let (here, there) = (homes(state.path()), homes(state.path()));
        let (one, shared) = here.take(tenant, user).unwrap();
        assert!(!shared);
        let (two, shared) = here.take(tenant, user).unwrap();
        assert!(shared);
        let busy = there.take(tenant, user).unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        drop((one, two));
        assert!(there.take(tenant, user).is_ok());
    }
}
