//! What the control plane is told by its configuration file.

use crate::{client_address::ForwardedHeader, keys::KeyStoreConfig, notices::MailConfig};
use certificates::CertificateFiles;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// The configuration of `nagaya serve`, as TOML. Every field has a default that suits one machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// Where customers' browsers come.
    pub customer_listen: SocketAddr,
    /// Where session hosts and gateways come.
    pub infra_listen: SocketAddr,
    /// Where operators' browsers come: an address on the provider's own network.
    pub management_listen: SocketAddr,
    /// How operators' browsers name the management console: `https://HOST[:PORT]`, without a path.
    pub management_url: String,
    /// How customers' browsers name the portal: `https://HOST[:PORT]`, without a path.
    pub public_url: String,
    /// How customers' browsers name the listener when they show a device's certificate: `https://HOST[:PORT]` with a host of
    /// its own, at the same address. Without it `device.` before the host of `public_url`.
    pub device_url: Option<String>,
    /// The certificate of a public authority that the portal shows (`chain_file`, `key_file`; PEM), for the host of
    /// `public_url`. Without it the service's own authority issues one. The files are read again when they change.
    pub certificate: Option<CertificateFiles>,
    /// Likewise for the host of `device_url`.
    pub device_certificate: Option<CertificateFiles>,
    /// Keys, certificates and, by default, the database.
    pub state_dir: PathBuf,
    /// `postgres://…`; without it an SQLite file in the state folder is used.
    pub database_url: Option<String>,
    /// Where the master key is, under which the keys of sealed fields are kept: `kind = "file"` or `kind = "pkcs11"`.
    pub key_store: KeyStoreConfig,
    /// The mail server that takes messages to people. Without it no mail is sent: links are shown to whoever makes them.
    pub mail: Option<MailConfig>,
    /// Whether customers may have their logs sent to loopback, link-local and private addresses: for a service that runs
    /// inside its only customer's network.
    pub private_log_destinations: bool,
    /// Whether customers' identity providers may be at loopback, link-local and private addresses: likewise.
    pub private_identity_providers: bool,
    /// A file with more authorities (PEM) from which identity providers' certificates may come, besides the public ones.
    pub identity_provider_authorities: Option<PathBuf>,
    /// The region of session hosts that were enrolled without one. A code of the provider's list of regions.
    pub region: String,
    /// Networks of proxies in front of the listeners, as `10.0.0.0/8`. Only what these say of a client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they say it: `x-forwarded-for` or `forwarded`. They must write it themselves.
    pub forwarded_header: ForwardedHeader,
    /// A local copy of breached passwords in the range format of Have I Been Pwned: a folder of range files, or one sorted
    /// file of hashes. Without it only the most common ones are refused.
    pub breached_passwords: Option<PathBuf>,
    /// More names and addresses for the listeners' certificate, besides `localhost` and the loopback addresses.
    pub extra_names: Vec<String>,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            customer_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            infra_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8446)),
            management_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8447)),
            management_url: "https://localhost:8447".to_owned(),
            public_url: "https://localhost:8443".to_owned(),
            device_url: None,
            certificate: None,
            device_certificate: None,
            state_dir: PathBuf::from("/var/lib/nagaya/serve"),
            database_url: None,
            key_store: KeyStoreConfig::default(),
            mail: None,
            private_log_destinations: false,
            private_identity_providers: false,
            identity_provider_authorities: None,
            region: "jp-east".to_owned(),
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            breached_passwords: None,
            extra_names: Vec::new(),
        }
    }
}

impl ServeConfig {
    /// The database's URL.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| {
            format!("sqlite:{}", self.state_dir.join("nagaya.sqlite3").display())
        })
    }

    /// How browsers name the listener when they show a device's certificate.
    #[must_use]
    pub fn device_url(&self) -> String {
        self.device_url.clone().unwrap_or_else(|| {
            let host = self.public_url.trim_start_matches("https://");
            format!("https://device.{host}")
        })
    }

    /// The host of `public_url`.
    #[must_use]
    pub fn public_host(&self) -> String {
        host_of(&self.public_url)
    }

    /// The host of the devices' name.
    #[must_use]
    pub fn device_host(&self) -> String {
        host_of(&self.device_url())
    }

    /// Whether both names are of one host: then no browser could come to the portal without being asked.
    #[must_use]
    pub fn device_host_is_the_portals(&self) -> bool {
        self.device_host() == self.public_host()
    }
}

/// The host of `https://HOST[:PORT]`, in lower case.
fn host_of(url: &str) -> String {
    let host = url.trim_start_matches("https://");
    let host = host.split(['/', ':']).next();
    host.unwrap_or_default().to_lowercase()
}
