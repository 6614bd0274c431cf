//! Where the demo keeps its files, on which addresses its parts listen, and the parts' configurations.

use serde::Serialize;
use std::{
    fs, io,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The demo's places and addresses.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Everything that outlives a run. Readable by root alone.
    pub(crate) state_dir: PathBuf,
    /// Sockets and run-time state of sessions.
    pub(crate) run_dir: PathBuf,
    /// The first of the ports.
    pub(crate) port_base: u16,
    /// The mail server, if there is one.
    pub(crate) mail: Option<server::notices::MailConfig>,
}

impl Layout {
    /// Makes the folders.
    pub(crate) fn create(&self) -> io::Result<()> {
        for dir in [
            &self.state_dir,
            &self.serve_dir(),
            &self.gateway_dir(),
            &self.agent_dir(),
            &self.state_dir.join("logs"),
            &self.state_dir.join("config"),
        ] {
            // Session homes lie below; others may pass through (not list) the folders that lead there.
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o711)
                .create(dir)?;
        }
        Ok(())
    }

    pub(crate) fn serve_dir(&self) -> PathBuf {
        self.state_dir.join("serve")
    }
    pub(crate) fn gateway_dir(&self) -> PathBuf {
        self.state_dir.join("gateway")
    }
    pub(crate) fn agent_dir(&self) -> PathBuf {
        self.state_dir.join("agent")
    }
    pub(crate) fn config_file(&self, part: &str) -> PathBuf {
        self.state_dir.join("config").join(format!("{part}.toml"))
    }
    pub(crate) fn log_file(&self, part: &str) -> PathBuf {
        self.state_dir.join("logs").join(format!("{part}.log"))
    }
    pub(crate) fn token_file(&self, part: &str) -> PathBuf {
        self.state_dir.join(format!("{part}-enrol-token"))
    }

    pub(crate) fn portal(&self) -> SocketAddr {
        self.address(0)
    }
    pub(crate) fn gateway(&self) -> SocketAddr {
        self.address(1)
    }
    pub(crate) fn infrastructure(&self) -> SocketAddr {
        self.address(2)
    }
    pub(crate) fn console(&self) -> SocketAddr {
        self.address(3)
    }
    pub(crate) fn console_url(&self) -> String {
        format!("https://localhost:{}", self.console().port())
    }
    /// An operator's certificate and, beside it, its key.
    pub(crate) fn operator_file(&self, login: &str) -> PathBuf {
        self.state_dir.join(format!("{login}.pem"))
    }
    /// The authorities of identity providers to try, when somebody put them there.
    pub(crate) fn identity_authorities(&self) -> Option<PathBuf> {
        Some(self.state_dir.join("identity-authorities.pem")).filter(|file| file.exists())
    }
    pub(crate) fn portal_url(&self) -> String {
        format!("https://localhost:{}", self.portal().port())
    }
    pub(crate) fn relay_url(&self) -> String {
        format!("wss://localhost:{}/v1/relay", self.gateway().port())
    }
    pub(crate) fn control_url(&self) -> String {
        format!("https://localhost:{}", self.infrastructure().port())
    }

    fn address(&self, offset: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port_base.saturating_add(offset)))
    }
}

/// Writes a configuration where a part finds it.
pub(crate) fn write_config(path: &Path, config: &impl Serialize) -> io::Result<()> {
    let text = toml::to_string(config).map_err(io::Error::other)?;
    write_secret(path, &text)
}

/// Writes a file that the owner alone can read, whole or not at all.
pub(crate) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let part = path.with_extension("part");
    let _ = fs::remove_file(&part);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)
}
