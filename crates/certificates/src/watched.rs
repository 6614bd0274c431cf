//! The files, looked at again while the listener runs.

use crate::files::{CertificateError, CertificateFiles, Public};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A certificate that is read again when its files change.
#[derive(Debug)]
pub struct Watched {
    files: CertificateFiles,
    host: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    current: Public,
    /// What was wrong with the files when they were last looked at, so that it is told once.
    wrong: Option<String>,
}

impl Watched {
    /// Reads the files for the first time. `host`: how browsers name the listener.
    pub fn open(files: CertificateFiles, host: &str) -> Result<Self, CertificateError> {
        let current = files.read(host)?;
        Ok(Self {
            files,
            host: host.to_owned(),
            state: Mutex::new(State {
                current,
                wrong: None,
            }),
        })
    }

    /// What is shown now.
    #[must_use]
    pub fn current(&self) -> Public {
        self.state().current.clone()
    }

    /// Looks at the files again. `true` when another certificate is shown from now on. While they do not fit together, as
    /// between the writing of the one and of the other, the certificate before stays; why is told once.
    pub fn look(&self) -> Result<bool, CertificateError> {
        let read = self.files.read(&self.host);
        let mut state = self.state();
        match read {
            Ok(read) => {
                state.wrong = None;
                let is_new = read.key.cert != state.current.key.cert;
                state.current = read;
                Ok(is_new)
            }
            Err(error) => {
                let wrong = Some(error.to_string());
                if state.wrong == wrong {
                    return Ok(false);
                }
                state.wrong = wrong;
                Err(error)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::files::tests::{Folder, pair};

    const HOST: &str = "portal.example.jp";

    #[test]
    fn a_renewed_certificate_is_taken_once_both_files_are_there() {
        let folder = Folder::of(&[HOST]);
        let watched = Watched::open(folder.files.clone(), HOST).unwrap();
        let first = watched.current().key.cert.clone();
        assert!(!watched.look().unwrap());

        let (chain, key) = pair(&[HOST]);
        folder.put(Some(&chain), None);
        // Told once, and the certificate before is shown meanwhile.
        assert!(watched.look().is_err());
        assert!(!watched.look().unwrap());
        assert_eq!(watched.current().key.cert, first);

        folder.put(None, Some(&key));
        assert!(watched.look().unwrap());
        assert_ne!(watched.current().key.cert, first);
        assert!(!watched.look().unwrap());
        // What is wrong later is told anew.
        folder.put(Some("gone"), None);
        assert!(watched.look().is_err());
        assert_ne!(watched.current().key.cert, first);
        drop(folder.dir);
    }
}
