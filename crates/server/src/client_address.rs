//! From which address a request comes, also behind proxies.
//!
//! What a header says is believed only of a peer that the configuration names as a proxy, and only the header that it names:
//! a proxy that writes one lets the other through as the browser sent it. Addresses are read from the right, where the
//! nearest proxy writes; the first that is no proxy of ours is the client's. All that stands to its left may be made up.

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// Which header the proxies write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: CLIENT, PROXY`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=CLIENT` (RFC 7239).
    Forwarded,
}

/// The client's address. `peer` is who is at the other end of the connection.
#[must_use]
pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet], kind: ForwardedHeader) -> IpAddr {
    let is_proxy = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut client = peer.to_canonical();
    if !is_proxy(client) {
        return client;
    }
    for address in written(headers, kind).iter().rev() {
        let Some(address) = address else {
            // What cannot be read hides all before it.
            return client;
        };
        client = *address;
        if !is_proxy(client) {
            return client;
        }
    }
    client
}

/// All addresses of the header, in order; `None` for one that cannot be read.
fn written(headers: &HeaderMap, kind: ForwardedHeader) -> Vec<Option<IpAddr>> {
    let name = match kind {
        ForwardedHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
        ForwardedHeader::Forwarded => header::FORWARDED,
    };
    let mut addresses = Vec::new();
    for value in headers.get_all(name) {
        let Ok(text) = value.to_str() else {
            addresses.push(None);
            continue;
        };
        addresses.extend(text.split(',').map(|part| {
            match kind {
                ForwardedHeader::XForwardedFor => address(part),
                ForwardedHeader::Forwarded => part
                    .split(';')
                    .find_map(|pair| {
                        let (name, value) = pair.split_once('=')?;
                        name.trim().eq_ignore_ascii_case("for").then_some(value)
                    })
                    .and_then(address),
            }
        }));
    }
    addresses
}

/// An address with or without quotes, brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address: Option<IpAddr> = bare.unwrap_or(text).parse().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|at| at.ip()));
    Some(address?.to_canonical())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client(peer: &str, lines: &[(&'static str, &str)], kind: ForwardedHeader) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let trusted = [
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8:1::/48".parse().unwrap(),
        ];
        of(peer.parse().unwrap(), &headers, &trusted, kind).to_string()
    }

    fn xff(peer: &str, value: &str) -> String {
        client(
            peer,
            &[("x-forwarded-for", value)],
            ForwardedHeader::XForwardedFor,
        )
    }

    #[test]
    fn only_proxies_of_ours_are_believed() {
        assert_eq!(xff("198.51.100.9", "203.0.113.5"), "198.51.100.9");
        assert_eq!(xff("10.1.2.3", "203.0.113.5"), "203.0.113.5");
        assert_eq!(xff("::ffff:10.1.2.3", "203.0.113.5"), "203.0.113.5");
        assert_eq!(xff("2001:db8:1::7", "2001:db8:9::5"), "2001:db8:9::5");
    }

    #[test]
    fn what_the_browser_wrote_itself_is_not_believed() {
        // The browser claims to be at 192.0.2.1; the proxy writes after it where the request came from.
        assert_eq!(xff("10.1.2.3", "192.0.2.1, 203.0.113.5"), "203.0.113.5");
        assert_eq!(
            xff("10.1.2.3", "192.0.2.1, 203.0.113.5, 10.9.9.9"),
            "203.0.113.5"
        );
        assert_eq!(xff("10.1.2.3", "192.0.2.1, nonsense"), "10.1.2.3");
        assert_eq!(xff("10.1.2.3", ""), "10.1.2.3");
        let two = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-for", "203.0.113.5"),
        ];
        let kind = ForwardedHeader::XForwardedFor;
        assert_eq!(client("10.1.2.3", &two, kind), "203.0.113.5");
        let other = [
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "203.0.113.5"),
        ];
        assert_eq!(client("10.1.2.3", &other, kind), "203.0.113.5");
    }

    #[test]
    fn the_standard_header_is_read_with_quotes_brackets_and_ports() {
        let kind = ForwardedHeader::Forwarded;
        let of = |value: &str| client("10.1.2.3", &[("forwarded", value)], kind);
        assert_eq!(of("for=203.0.113.5;proto=https"), "203.0.113.5");
        assert_eq!(
            of("by=10.0.0.1; For=\"[2001:db8:9::5]:4711\""),
            "2001:db8:9::5"
        );
        assert_eq!(of("for=192.0.2.1, for=\"203.0.113.5:80\""), "203.0.113.5");
        assert_eq!(of("for=unknown"), "10.1.2.3");
        let other = [("x-forwarded-for", "192.0.2.1")];
        assert_eq!(client("10.1.2.3", &other, kind), "10.1.2.3");
    }

    proptest! {
        #[test]
        fn whatever_a_header_says_a_stranger_stays_where_they_are(text in "[ -~]{0,60}") {
            prop_assert_eq!(xff("198.51.100.9", &text), "198.51.100.9");
        }
    }
}
