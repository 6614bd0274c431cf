//! How mail leaves the service, as the configuration says.

use serde::{Deserialize, Serialize};
use std::{net::IpAddr, path::PathBuf};

/// The section `[mail]` of the configuration: the provider's mail server, which takes messages for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The server's name, which its certificate must bear.
    pub host: String,
    /// Its port; without it the usual one of `tls`: 587, 465 or 25.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: MailTls,
    /// From whom messages are: `Nagaya <no-reply@example.jp>`.
    pub from: String,
    /// The name with which the service signs in at the server.
    pub user: Option<String>,
    /// A file with the password to it, which its owner alone can read.
    pub password_file: Option<PathBuf>,
    /// Authorities to trust instead of the public ones: a file of certificates (PEM).
    pub authority_file: Option<PathBuf>,
}

/// How a connection to the mail server is encrypted. Without a good certificate nothing is sent, whatever is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// It begins in the clear and must go on in TLS before anything is said (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Not at all: for a relay on this machine, reached by a loopback address.
    None,
}

impl MailConfig {
    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::Starttls => 587,
            MailTls::Implicit => 465,
            MailTls::None => 25,
        })
    }

    /// Whether the server is on this machine for sure.
    pub(super) fn is_loopback(&self) -> bool {
        let address: Result<IpAddr, _> = self.host.parse();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}
