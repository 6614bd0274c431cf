//! On a session host: sandboxes, display, input. The only privileged code of the service.
//!
//! [`run`] is the agent itself, as root. The rest of this crate runs in processes that it starts through
//! [`internal::dispatch`]: the launcher of a sandbox, the first process inside, and the display beside it.

mod app;
mod attach;
mod cgroup;
mod config;
mod control;
mod display;
mod error;
pub mod internal;
mod process;
mod sandbox;
mod session_init;
mod sessions;
mod share;

pub use config::AgentConfig;
pub use error::AgentError;

use cgroup::Cgroups;
use machine::Identity;
use nix::fcntl::{Flock, FlockArg};
use sessions::Host;
use share::Share;
use std::{
    fs::File, future::Future, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc,
    time::Duration,
};
use tokio::time;

const CGROUP_ROOT: &str = "/sys/fs/cgroup";
/// How long sessions may take to end when all of them shall.
const FAREWELL: Duration = Duration::from_secs(10);

/// Runs the agent until `shutdown` is done. Sessions live on: the next agent finds them.
pub async fn run(
    config: AgentConfig,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), AgentError> {
    let (host, _lock) = open(config)?;
    tokio::select! {
        result = serve(host) => result,
        () = shutdown => Ok(()),
    }
}

async fn serve(host: Arc<Host>) -> Result<(), AgentError> {
    let enrolment = host.config.enrolment();
    let mut pause = Duration::from_millis(200);
    let identity = loop {
        match Identity::open(&enrolment).await {
            Ok(identity) => break identity,
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "cannot enrol yet; trying again");
                time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            Err(error) => return Err(error.into()),
        }
    };
    control::keep(host, identity).await;
    Ok(())
}

/// Ends every session of this host and takes away what they left; for a demonstration that leaves nothing behind.
pub async fn end_all_sessions(config: AgentConfig) -> Result<(), AgentError> {
    let (host, _lock) = open(config)?;
    host.stop_all();
    let mut changes = host.watch();
    let ended = async { while host.living() > 0 && changes.changed().await.is_ok() {} };
    let _ = time::timeout(FAREWELL, ended).await;
    match host.living() {
        0 => {
            host.remove_all();
            host.cgroups.remove().map_err(AgentError::Cgroups)
        }
        left => Err(AgentError::Left(left)),
    }
}

/// Takes the host's folders into use, alone, and finds what is there.
fn open(config: AgentConfig) -> Result<(Arc<Host>, Flock<File>), AgentError> {
    if !nix::unistd::geteuid().is_root() {
        return Err(AgentError::NotRoot);
    }
    let (state, run) = (config.state_dir.clone(), config.run_dir.clone());
    for dir in [&state, &run] {
        sandbox::home::make_dir(dir, 0o711).map_err(error::at(dir))?;
        check_passable(dir)?;
    }
    let path = run.join("agent.lock");
    let file = File::create(&path).map_err(error::at(&path))?;
    let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map_err(|_| AgentError::Busy(run.clone()))?;
    let cgroups =
        Cgroups::open(Path::new(CGROUP_ROOT), &config.cgroup).map_err(AgentError::Cgroups)?;
    let share = Share::prepare(&config).map_err(error::at(&state))?;
    let host = Host::open(config, cgroups, share).map_err(error::at(&run))?;
    if host.living() == 0 {
        host.share.remove_others().map_err(error::at(&state))?;
    }
    Ok((host, lock))
}

/// Others must be able to pass through every folder on the way.
fn check_passable(dir: &Path) -> Result<(), AgentError> {
    let dir = dir.canonicalize().map_err(error::at(dir))?;
    for folder in dir.ancestors() {
        let mode = folder
            .metadata()
            .map_err(error::at(folder))?
            .permissions()
            .mode();
        if mode & 0o001 == 0 {
            return Err(AgentError::Impassable(folder.to_owned()));
        }
    }
    Ok(())
}
