//! Close codes of the relay's WebSocket (RFC 6455, section 7.4.2: 4000 to 4999 are for private use).
//!
//! The browser shows a text by the code and decides by it whether to reconnect by itself.

/// Why the gateway closed a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Close {
    /// The other side closed in good order (the user disconnected, or the session ended).
    PeerClosed = 4000,
    /// The other side's link broke; reconnecting is worth while.
    PeerLost = 4001,
    /// The ticket was wrong, replayed, expired, or not for here. Deliberately one code for all of them.
    Refused = 4003,
    /// The other side did not come in time.
    PeerAbsent = 4004,
    /// Nothing was relayed for the idle limit.
    Idle = 4008,
    /// The same session was opened elsewhere.
    Replaced = 4009,
    /// The control plane ended the connection.
    Killed = 4010,
    /// The connection reached its maximum length.
    TooLong = 4011,
    /// A message was larger than the limit, or not of the expected kind.
    BadMessage = 4013,
    /// The gateway has no room for more connections.
    Busy = 4029,
}

impl Close {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 10] = [
        Self::PeerClosed,
        Self::PeerLost,
        Self::Refused,
        Self::PeerAbsent,
        Self::Idle,
        Self::Replaced,
        Self::Killed,
        Self::TooLong,
        Self::BadMessage,
        Self::Busy,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The meaning of a number on the wire, if it is one of ours.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|close| close.code() == code)
    }

    /// The reason text that goes with the code; for logs and debuggers, never shown to a user.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::PeerClosed => "peer-closed",
            Self::PeerLost => "peer-lost",
            Self::Refused => "refused",
            Self::PeerAbsent => "peer-absent",
            Self::Idle => "idle",
            Self::Replaced => "replaced",
            Self::Killed => "killed",
            Self::TooLong => "too-long",
            Self::BadMessage => "bad-message",
            Self::Busy => "busy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_private_use_and_distinct() {
        for close in Close::ALL {
            assert!((4000..5000).contains(&close.code()));
            assert_eq!(Close::from_code(close.code()), Some(close));
        }
        assert_eq!(Close::from_code(1000), None);
    }
}
