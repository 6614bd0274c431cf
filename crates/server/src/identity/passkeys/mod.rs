//! Passkeys: keys of people's own authenticators (Web Authentication, level 3). A passkey whose authenticator has verified
//! its person (fingerprint, face, PIN) is two factors at once: sign-in by it needs no password.
//!
//! A *ceremony* is one challenge of ours and its answer. What waits for an answer is kept in the database, since another
//! process may get it; it is for one use, for minutes, and bound to a secret of the browser that asked. `verify` is pure,
//! `service` looks after one's own passkeys, `enter` is every way in by one.

#[cfg(test)]
pub(super) mod authenticator;
mod ceremony;
mod cose;
pub(super) mod enter;
pub(super) mod http;
pub mod page;
#[cfg(test)]
mod rules_tests;
pub mod service;
pub(super) mod store;
#[cfg(test)]
pub(crate) mod tests;
mod verify;

use crate::config::ServeConfig;
use std::net::IpAddr;

/// For whom passkeys are made: the host of the portal's URL. `None` where that is an address: Web Authentication wants a
/// domain (section 5.1.3), so that there are no passkeys then.
pub(crate) fn relying_party(config: &ServeConfig) -> Option<String> {
    let url: ::http::Uri = config.public_url.parse().ok()?;
    let host = url.host()?.to_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_err().then_some(host)
}

#[cfg(test)]
mod relying_party_tests {
    use super::relying_party;
    use crate::config::ServeConfig;

    #[test]
    fn a_domain_has_passkeys_and_an_address_has_none() {
        let of = |url: &str| {
            relying_party(&ServeConfig {
                public_url: url.to_owned(),
                ..ServeConfig::default()
            })
        };
        assert_eq!(of("https://localhost:8443").as_deref(), Some("localhost"));
        let named = of("https://Desk.Example.jp");
        assert_eq!(named.as_deref(), Some("desk.example.jp"));
        assert_eq!(of("https://192.0.2.1:8443"), None);
        assert_eq!(of("https://[2001:db8::1]:8443"), None);
    }
}
