//! Why the agent as a whole stops.

use std::{io, path::PathBuf};

/// Why an agent cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Sandboxes are made by root, which then drops its rights.
    #[error("the agent must run as root")]
    NotRoot,
    /// A file or folder of the agent's own.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Sandboxes reach their files under user ids of their own.
    #[error("{0} must let others pass (chmod o+x): homes and sockets of sessions lie below it")]
    Impassable(PathBuf),
    /// The host's control groups.
    #[error("cannot use control groups")]
    Cgroups(#[source] io::Error),
    /// Another agent already works with the same folders.
    #[error("another agent uses {0}")]
    Busy(PathBuf),
    /// The host has no certificate and cannot get one.
    #[error("cannot enrol")]
    Enrol(#[from] machine::MachineError),
    /// Some sessions would not end.
    #[error("{0} sessions could not be ended")]
    Left(usize),
}

/// Names the path in an error.
pub(crate) fn at(path: &std::path::Path) -> impl FnOnce(io::Error) -> AgentError {
    let path = path.to_owned();
    |source| AgentError::File { path, source }
}
