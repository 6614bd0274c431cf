//! What can be wrong with a provider.

/// What is wrong with a provider, or with what it says of somebody. The names are kept in the customer's log; what a server
/// says is not, since the customer chose the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.name())]
pub enum Trouble {
    /// The name leads nowhere.
    Unknown,
    /// It leads to where the service must not go.
    Forbidden,
    /// Nobody answers there.
    Unreachable,
    /// Its certificate is not trusted.
    Tls,
    /// It took too long.
    Slow,
    /// Too many sign-ins from one address are there already.
    Busy,
    /// It answers what nobody can read.
    Answer,
    /// Its description is another issuer's.
    Issuer,
    /// An endpoint is not of https.
    Insecure,
    /// It signs in no way that is trusted.
    Algorithms,
    /// It did not take the code.
    Code,
    /// It sent no identity, or one that cannot be read.
    Token,
    /// The identity is not signed by it.
    Signature,
    /// The identity is of another issuer, for another service, of another sign-in or of another time.
    Claims,
    /// What it says elsewhere is of another person.
    Subject,
}

impl Trouble {
    /// As records write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "provider: no such host",
            Self::Forbidden => "provider: address not allowed",
            Self::Unreachable => "provider: unreachable",
            Self::Tls => "provider: certificate",
            Self::Slow => "provider: too slow",
            Self::Busy => "provider: too many sign-ins at once",
            Self::Answer => "provider: unreadable answer",
            Self::Issuer => "provider: other issuer",
            Self::Insecure => "provider: endpoint without TLS",
            Self::Algorithms => "provider: no trusted signature",
            Self::Code => "provider: code refused",
            Self::Token => "identity: missing",
            Self::Signature => "identity: signature",
            Self::Claims => "identity: issuer, audience, nonce or time",
            Self::Subject => "identity: other subject",
        }
    }
}
