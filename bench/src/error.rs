//! Why a workload could not run.

use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};

/// Why a workload could not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error("cannot reach the X server: {0}")]
    Connect(#[from] ConnectError),
    #[error("the X server went away: {0}")]
    Connection(#[from] ConnectionError),
    #[error("the X server refused: {0}")]
    Reply(#[from] ReplyError),
    #[error("the X server refused: {0}")]
    ReplyOrId(#[from] ReplyOrIdError),
    #[error("input or output failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("the authority file is not right")]
    Authority,
    #[error("the screen is not 24 bits deep")]
    Depth,
    #[error("the keyboard is held by another program")]
    Keyboard,
    #[error("cannot read the font {0}")]
    Font(&'static str),
    #[error("ffmpeg gave no picture")]
    Video,
}
