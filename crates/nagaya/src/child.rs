//! A part of the service as a child process: it dies with its parent and stops in good order on SIGTERM.

use nix::{
    sys::{prctl, signal::Signal},
    unistd::{Pid, getppid},
};
use tokio::signal::unix::{SignalKind, signal};

/// Asks the kernel to stop this process when the parent with this id ends, however it ends.
///
/// Returns `false` when the parent ended before it could be asked.
pub(crate) fn die_with_parent(parent: i32) -> bool {
    // A graceful signal: parts close their connections and files, and the agent leaves running desktops alone.
    prctl::set_pdeathsig(Signal::SIGTERM).is_ok() && getppid() == Pid::from_raw(parent)
}

/// Ends when SIGINT or SIGTERM arrives.
pub(crate) async fn stop_signal() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        // Without handlers the signals end the process at once, which is what the sender wanted.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
    }
}
