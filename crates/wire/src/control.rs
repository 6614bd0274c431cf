//! The control links: what agents and gateways say to the control plane and are told by it.
//!
//! Both dial out to the control plane over mutual TLS and keep one WebSocket open; each text message is one JSON
//! object. Everything is safe to say twice: orders name what should be true, reports name what is true, and after each
//! reconnect both sides begin with the whole picture.

use crate::{
    close::Close,
    ids::{ConnectionId, GatewayId, HostId, SessionId, TenantId, UserId},
    rights::Rights,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The version of these messages; a peer of another version is refused with a clear text.
pub const PROTOCOL: u32 = 1;
/// The longest message that is parsed, in bytes.
pub const MAX_LEN: usize = 1 << 20;
/// Both sides send something at least this often, in seconds; twice the time without is a lost link.
pub const KEEPALIVE_S: u64 = 10;
/// The path of the WebSocket for agents on the control plane's infrastructure listener.
pub const HOST_LINK_PATH: &str = "/v1/link/host";
/// The same for gateways.
pub const GATEWAY_LINK_PATH: &str = "/v1/link/gateway";
/// Where a one-time token and a certificate request become a certificate (POST [`Enrol`] → [`Enrolled`]).
pub const ENROL_PATH: &str = "/v1/enrol";
/// Where a machine that has a certificate gets the next one (POST [`Renew`] → [`Enrolled`]).
pub const RENEW_PATH: &str = "/v1/renew";

/// What kind of machine enrols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineKind {
    /// A session host, with an agent.
    Host,
    /// A gateway.
    Gateway,
}

/// A machine asks for its first certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The one-time token; it decides the kind and the id.
    pub token: String,
    /// PKCS#10 certificate request (RFC 2986) in PEM. Only its public key is used.
    pub csr_pem: String,
}

/// A machine asks for its next certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// PKCS#10 certificate request in PEM. Only its public key is used.
    pub csr_pem: String,
}

/// A certificate was issued.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Enrolled {
    /// The machine's id, also in the certificate as the URI `nagaya://host/ID` or `nagaya://gateway/ID`.
    pub id: uuid::Uuid,
    /// What the certificate makes of the machine.
    pub kind: MachineKind,
    /// The certificate chain in PEM, the machine's own first.
    pub certificate_pem: String,
    /// The authority to trust for the control plane and for gateways, in PEM.
    pub authority_pem: String,
    /// Unix time in seconds from which the certificate should be renewed.
    pub renew_at_s: u64,
}

/// What a session shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Launch {
    /// A whole desktop.
    Desktop,
    /// One published application, by its name in the image's catalogue (`editor`, `terminal`, `files`, `calculator`).
    Application {
        /// The name.
        name: String,
    },
}

/// The limits of one session's sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory, in MiB.
    pub memory_mib: u32,
    /// Processor time, in per cent of one core (200 = two cores).
    pub cpu_percent: u32,
    /// Processes and threads.
    pub tasks: u32,
}

/// All an agent needs to start a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSpec {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who works in it; with the tenant this names the home folder.
    pub user: UserId,
    /// The login name inside the session: `[a-z][a-z0-9_-]{0,30}`.
    pub login: String,
    /// The user's name as shown, any script.
    pub full_name: String,
    /// Desktop or application.
    pub launch: Launch,
    /// The image, by name; `machine` is the host's own file system.
    pub image: String,
    /// BCP 47 language tag: `ja` or `en`.
    pub language: String,
    /// IANA zone name, such as `Asia/Tokyo`.
    pub time_zone: String,
    /// XKB layout of the session, such as `jp` or `us`.
    pub keyboard: String,
    /// Width of the screen at first, in pixels.
    pub width: u16,
    /// Height of the screen at first, in pixels.
    pub height: u16,
    /// The sandbox's limits.
    pub limits: Limits,
}

/// How far a session on a host is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// The sandbox or the display is being made.
    Starting,
    /// A browser can be attached.
    Ready,
    /// Nothing of it runs any more. Reported until [`ToHost::Forget`].
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The user signed out inside the session, or closed the application's last window.
    SignedOut,
    /// The control plane stopped it.
    Stopped,
    /// It could not be started.
    StartFailed,
    /// The image has no such application.
    NoSuchApplication,
    /// The desktop or the X server died.
    Crashed,
    /// The host no longer knows it (after a restart of the machine, for instance).
    Lost,
}

/// Where a session's start-up time went, in milliseconds; zero for what has not happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartTimes {
    /// From the order to a running sandbox.
    pub sandbox_ms: u32,
    /// From there to an X server that answers.
    pub display_ms: u32,
    /// From there to the desktop's first window.
    pub desktop_ms: u32,
}

/// One session as its host sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReport {
    /// The session.
    pub session: SessionId,
    /// How far it is.
    #[serde(flatten)]
    pub phase: Phase,
    /// Where the start-up time went.
    pub times: StartTimes,
    /// Memory of the whole sandbox, in bytes.
    pub memory_bytes: u64,
}

/// Agent → control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum FromHost {
    /// First message after each connect.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// The agent's version.
        version: String,
        /// How many sessions the host can carry.
        max_sessions: u32,
        /// Images and features the host has, such as `image:machine`, `cgroup:v1`.
        features: Vec<String>,
    },
    /// All sessions on the host; after `Hello`, at each change, and as keep-alive.
    Sessions {
        /// One for each session, ended ones until they are forgotten.
        sessions: Vec<SessionReport>,
    },
    /// An `Attach` failed. (Success shows at the gateway.)
    AttachFailed {
        /// The session.
        session: SessionId,
        /// The connection that will not come.
        connection: ConnectionId,
        /// For the log.
        detail: String,
    },
}

/// Control plane → agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ToHost {
    /// Answer to `Hello`.
    Welcome {
        /// Who the agent is.
        host: HostId,
    },
    /// The session should run. Ignored when it runs or has ended.
    Start {
        /// What to start.
        spec: SessionSpec,
    },
    /// The session should not run. Answered by a report of `Ended`, also for an unknown session (`Lost`).
    Stop {
        /// The session.
        session: SessionId,
    },
    /// The control plane has recorded the end; the agent need not report it again.
    Forget {
        /// The session.
        session: SessionId,
    },
    /// Dial the gateway and show the session there. An earlier connection of the session ends.
    Attach {
        /// The session.
        session: SessionId,
        /// The pairing.
        connection: ConnectionId,
        /// The gateway's relay as `wss://HOST:PORT/PATH`.
        gateway_url: String,
        /// The agent's own ticket.
        ticket: String,
        /// What the connection may do. The agent enforces this.
        rights: Rights,
    },
    /// Keep-alive.
    Ping,
}

/// One open connection as its gateway sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenConnection {
    /// The pairing.
    pub connection: ConnectionId,
    /// The session shown.
    pub session: SessionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Bytes relayed towards the browser so far.
    pub to_browser_bytes: u64,
    /// Bytes relayed towards the agent so far.
    pub to_agent_bytes: u64,
}

/// Gateway → control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum FromGateway {
    /// First message after each connect.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// The gateway's version.
        version: String,
        /// Where browsers and agents reach the relay, as `wss://HOST:PORT/PATH`.
        relay_url: String,
    },
    /// All paired connections; after `Hello` and as keep-alive.
    Connections {
        /// One for each.
        open: Vec<OpenConnection>,
    },
    /// Browser and agent were paired.
    Opened {
        /// The connection, with zero bytes.
        open: OpenConnection,
        /// The browser's address.
        client_address: String,
    },
    /// A pair is no more.
    Closed {
        /// The connection with its final counts.
        last: OpenConnection,
        /// The close code, see [`Close`]; 1000, 1001 and 1006 as in RFC 6455.
        code: u16,
        /// How long it lived, in milliseconds.
        duration_ms: u64,
    },
    /// A ticket was refused. The bearer was told only that.
    Refused {
        /// The true reason, for the record.
        why: String,
        /// From where.
        address: String,
        /// The session that the ticket named, if its signature held.
        session: Option<SessionId>,
        /// Whose the ticket was, if its signature held.
        tenant: Option<TenantId>,
    },
}

impl FromGateway {
    /// The close code of a `Closed` message, if it is one of ours.
    #[must_use]
    pub fn close(&self) -> Option<Close> {
        match self {
            Self::Closed { code, .. } => Close::from_code(*code),
            _ => None,
        }
    }
}

/// Control plane → gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ToGateway {
    /// Answer to `Hello`, and again when keys or origins change.
    Welcome {
        /// Who the gateway is.
        gateway: GatewayId,
        /// Public keys that sign tickets, base64url of 32 bytes each.
        ticket_keys: Vec<String>,
        /// `Origin` header values from which browsers may come.
        origins: Vec<String>,
    },
    /// Close every connection of the session now.
    Kill {
        /// The session.
        session: SessionId,
    },
    /// Keep-alive.
    Ping,
}

/// Why a control message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Longer than [`MAX_LEN`].
    #[error("a control message of {0} bytes is too long")]
    TooLong(usize),
    /// Not JSON of the expected shape.
    #[error("a control message cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Reads one message.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, ControlError> {
    if text.len() > MAX_LEN {
        return Err(ControlError::TooLong(text.len()));
    }
    Ok(serde_json::from_str(text)?)
}

/// Writes one message.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> String {
    // Only maps with keys that are not strings, and failing `Serialize` code, can fail; there are none here.
    serde_json::to_string(message).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ids::Id as _;
    use uuid::Uuid;

    #[test]
    fn a_flattened_phase_survives_the_wire() {
        for phase in [
            Phase::Starting,
            Phase::Ready,
            Phase::Ended {
                reason: EndReason::SignedOut,
            },
        ] {
            let message = FromHost::Sessions {
                sessions: vec![SessionReport {
                    session: SessionId::from_uuid(Uuid::from_u128(7)),
                    phase,
                    times: StartTimes::default(),
                    memory_bytes: u64::MAX,
                }],
            };
            assert_eq!(decode::<FromHost>(&encode(&message)).unwrap(), message);
        }
    }

    #[test]
    fn what_is_too_long_is_refused_before_parsing() {
        let long = " ".repeat(MAX_LEN + 1);
        assert!(matches!(
            decode::<ToHost>(&long),
            Err(ControlError::TooLong(_))
        ));
        assert!(matches!(
            decode::<ToHost>("{\"type\":\"format_disk\"}"),
            Err(ControlError::Malformed(_))
        ));
    }
}
