//! What an agent is told by its configuration file (TOML).

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The configuration of one session host. Secrets are files, named here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentConfig {
    /// The control plane's infrastructure listener, as `https://HOST:PORT`.
    pub control_url: String,
    /// The authority that the control plane shows at the first contact, in PEM. Later the one learned there is used.
    pub authority_file: PathBuf,
    /// A one-time token. Read when the host has no usable certificate, and deleted once it was used.
    pub enrol_token_file: Option<PathBuf>,
    /// What outlives a restart of the machine: key, certificate, homes. Others must be able to pass through it.
    pub state_dir: PathBuf,
    /// What does not: sockets and state of running sessions. A short path: it is part of socket names.
    pub run_dir: PathBuf,
    /// How many sessions the host carries at once.
    pub max_sessions: u32,
    /// The first of the user ids that sessions run under; none of them may belong to anyone else. Displays use the
    /// first [`AgentConfig::DISPLAY_UIDS`], owners of homes the ones above.
    pub first_uid: u32,
    /// The control group under which each session gets its own, relative to the root of each hierarchy.
    pub cgroup: String,
    /// Paths of the host that no session may see, besides those that are hidden anyway.
    pub hidden_paths: Vec<PathBuf>,
    /// How large a session's /tmp may grow, in MiB. It counts towards the session's memory.
    pub tmp_mib: u32,
}

impl AgentConfig {
    /// How many user ids are set aside for displays, one for each running session.
    pub const DISPLAY_UIDS: u32 = 10_000;

    pub(crate) fn enrolment(&self) -> machine::Enrolment {
        machine::Enrolment {
            control_url: self.control_url.clone(),
            authority_file: self.authority_file.clone(),
            enrol_token_file: self.enrol_token_file.clone(),
            state_dir: self.state_dir.join("identity"),
        }
    }
    pub(crate) fn sessions_dir(&self) -> PathBuf {
        self.run_dir.join("sessions")
    }
    pub(crate) fn homes_dir(&self) -> PathBuf {
        self.state_dir.join("homes")
    }
    /// What every sandbox sees under `/opt/nagaya`: the executable, our defaults and the locales.
    pub(crate) fn share_dir(&self) -> PathBuf {
        self.state_dir.join("share")
    }
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            control_url: "https://localhost:8446".to_owned(),
            authority_file: Path::new("/etc/nagaya/authority.pem").to_owned(),
            enrol_token_file: None,
            state_dir: Path::new("/var/lib/nagaya/agent").to_owned(),
            run_dir: Path::new("/run/nagaya").to_owned(),
            max_sessions: 50,
            first_uid: 1_900_000_000,
            cgroup: "nagaya".to_owned(),
            hidden_paths: Vec::new(),
            tmp_mib: 512,
        }
    }
}
