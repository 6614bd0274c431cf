//! What a gateway is told by its configuration file.

use certificates::CertificateFiles;
use serde::{Deserialize, Serialize};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// The configuration of `nagaya gateway`, as TOML.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where browsers and agents come.
    pub listen: SocketAddr,
    /// How they name it: `wss://HOST:PORT/v1/relay`.
    pub relay_url: String,
    /// The control plane's infrastructure listener: `https://HOST:PORT`.
    pub control_url: String,
    /// The authority to trust, in PEM.
    pub authority_file: PathBuf,
    /// The one-time token for the first start; the file is removed once it was used.
    pub enrol_token_file: Option<PathBuf>,
    /// Key and certificate of this gateway.
    pub state_dir: PathBuf,
    /// The certificate of a public authority that browsers are shown (`chain_file`, `key_file`; PEM), for the host of
    /// `relay_url`. Without it they are shown this gateway's own. The files are read again when they change.
    pub certificate: Option<CertificateFiles>,
    /// What it lets happen.
    pub limits: Limits,
}

/// Limits, so that strangers cannot exhaust the gateway.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Sockets in all.
    pub max_sockets: usize,
    /// Sockets that are not part of a pair, from one address.
    pub max_unpaired_per_address: usize,
    /// How long TLS, upgrade and ticket may take together, in milliseconds.
    pub handshake_timeout_ms: u64,
    /// How long one side waits for the other, in milliseconds.
    pub pair_timeout_ms: u64,
    /// The longest message, in bytes.
    pub max_message_bytes: usize,
}

impl GatewayConfig {
    /// How browsers name the gateway's host.
    pub(crate) fn host(&self) -> &str {
        let rest = self.relay_url.trim_start_matches("wss://");
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.rsplit_once(':') {
            // Not a colon inside the brackets of an IPv6 address.
            Some((host, port)) if !port.ends_with(']') => host,
            _ => authority,
        }
    }

    pub(crate) fn enrolment(&self) -> machine::Enrolment {
        machine::Enrolment {
            control_url: self.control_url.clone(),
            authority_file: self.authority_file.clone(),
            enrol_token_file: self.enrol_token_file.clone(),
            state_dir: self.state_dir.clone(),
        }
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8445)),
            relay_url: "wss://localhost:8445/v1/relay".to_owned(),
            control_url: "https://localhost:8446".to_owned(),
            authority_file: PathBuf::from("/etc/nagaya/authority.pem"),
            enrol_token_file: None,
            state_dir: PathBuf::from("/var/lib/nagaya/gateway"),
            certificate: None,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_sockets: 4000,
            max_unpaired_per_address: 64,
            handshake_timeout_ms: 10_000,
            pair_timeout_ms: 15_000,
            max_message_bytes: wire::stream::MAX_HOST_LEN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_the_relay_is_what_its_certificate_must_name() {
        for (relay_url, host) in [
            ("wss://relay.example.jp:8445/v1/relay", "relay.example.jp"),
            ("wss://relay.example.jp/v1/relay", "relay.example.jp"),
            ("wss://[2001:db8::7]:8445/v1/relay", "[2001:db8::7]"),
            ("wss://[2001:db8::7]/v1/relay", "[2001:db8::7]"),
        ] {
            let config = GatewayConfig {
                relay_url: relay_url.to_owned(),
                ..GatewayConfig::default()
            };
            assert_eq!(config.host(), host);
        }
    }
}
