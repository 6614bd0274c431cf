//! Files of secrets, which nobody else may read or change.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

/// Why a file is not fit for a secret.
#[derive(Debug, thiserror::Error)]
pub enum NotPrivate {
    /// It cannot be looked at.
    #[error("cannot use {path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "{0} may be read by others than its owner; run `chmod 600 {0}`, and make new keys if others have had it"
    )]
    Exposed(String),
    /// It is another user's, who could change it.
    #[error("{0} belongs to another user than the one who runs this; run `chown` on it")]
    Foreign(String),
}

/// Refuses a file of a secret that others can read, or that belongs to somebody else.
pub fn private(path: &Path) -> Result<(), NotPrivate> {
    let facts = |path: &Path| {
        fs::metadata(path).map_err(|source| NotPrivate::File {
            path: path.display().to_string(),
            source,
        })
    };
    let file = facts(path)?;
    if file.mode() & 0o077 != 0 {
        return Err(NotPrivate::Exposed(path.display().to_string()));
    }
    // Root's files are as safe as root.
    let own = facts(Path::new("/proc/self"))?.uid();
    if file.uid() != own && file.uid() != 0 {
        return Err(NotPrivate::Foreign(path.display().to_string()));
    }
    Ok(())
}
