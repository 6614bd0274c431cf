//! The master key in a file of the state folder.

use super::{KeyError, KeyStore, seal::Seal};
use crate::authority::{self, AuthorityError};
use std::path::Path;

/// A master key that is in the process's memory, read from a file that its owner alone may read.
#[derive(Debug)]
pub struct FileStore(Seal);

impl FileStore {
    /// Reads `master.key`, or makes it at the first start. Refuses a file that others may read.
    pub fn open(dir: &Path) -> Result<Self, AuthorityError> {
        let key = authority::key_file(dir, "master.key")?;
        Ok(Self(Seal::new(&key)))
    }

    /// The one that is there already, if there is one.
    pub(super) fn present(dir: &Path) -> Result<Option<Self>, AuthorityError> {
        if !dir.join("master.key").exists() {
            return Ok(None);
        }
        Self::open(dir).map(Some)
    }
}

/// The key that sealed fields before customers had keys of their own, while it is there.
pub(super) fn before(dir: &Path) -> Result<Option<Seal>, AuthorityError> {
    if !dir.join("fields.key").exists() {
        return Ok(None);
    }
    let key = authority::key_file(dir, "fields.key")?;
    Ok(Some(Seal::new(&key)))
}

impl KeyStore for FileStore {
    fn name(&self) -> &'static str {
        "file"
    }

    fn wrap(&self, label: &str, key: &[u8; 32]) -> Result<String, KeyError> {
        self.0.close(label, key).ok_or(KeyError::Sealed)
    }

    fn unwrap(&self, label: &str, wrapped: &str) -> Result<[u8; 32], KeyError> {
        let key = self.0.open(label, wrapped).ok_or(KeyError::Sealed)?;
        key.try_into().map_err(|_| KeyError::Sealed)
    }
}
