//! How failed sign-ins slow down the next ones. Pure: counts and times in, times out.

use std::net::{IpAddr, Ipv6Addr};

/// Counts are forgotten when nothing failed for this long.
pub(super) const FORGET_MS: i64 = 60 * 60 * 1000;
const LONGEST_DELAY_MS: i64 = 15 * 60 * 1000;

/// As what an address is counted. Of IPv6 whoever has one address has the other 2^64 of its network as well (RFC 6177), so
/// that the network is counted; an IPv4 address is itself, in whichever form it comes.
pub(super) fn counted(address: &str) -> String {
    match address
        .parse()
        .map(|address: IpAddr| address.to_canonical())
    {
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() >> 64 << 64;
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        Ok(address) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Failures for one account name, whether there is such an account or not.
    Account,
    /// Failures from one address, which may be a whole office.
    Address,
    /// Messages that somebody has sent to one address, whether it is anybody's or not.
    Letter,
}

impl Subject {
    /// How many failures are free.
    fn free(self) -> u32 {
        match self {
            Self::Account => 4,
            Self::Address => 30,
            Self::Letter => 2,
        }
    }

    /// The first delay is twice this, in milliseconds.
    fn step_ms(self) -> i64 {
        match self {
            Self::Account | Self::Address => 1000,
            Self::Letter => 60_000,
        }
    }
}

/// The failures so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many in a row.
    pub count: u32,
    /// No attempt is accepted before, in Unix milliseconds.
    pub blocked_until_ms: i64,
    /// The last one, in Unix milliseconds.
    pub last_at_ms: i64,
}

impl Failures {
    /// Milliseconds until the next attempt is accepted; zero when it is now.
    #[must_use]
    pub fn wait_ms(self, now_ms: i64) -> i64 {
        (self.blocked_until_ms - now_ms).max(0)
    }

    /// One failure less: an attempt turned out to be good.
    #[must_use]
    pub fn minus_one(self) -> Self {
        Self {
            count: self.count.saturating_sub(1),
            blocked_until_ms: 0,
            last_at_ms: self.last_at_ms,
        }
    }

    /// One more failure: after the free ones each delay is twice the one before.
    #[must_use]
    pub fn plus_one(self, subject: Subject, now_ms: i64) -> Self {
        let before = if now_ms - self.last_at_ms > FORGET_MS {
            0
        } else {
            self.count
        };
        let count = before.saturating_add(1);
        let over = count.saturating_sub(subject.free());
        let delay_ms = match over {
            0 => 0,
            n => (subject.step_ms() << n.min(20)).min(LONGEST_DELAY_MS),
        };
        Self {
            count,
            blocked_until_ms: now_ms + delay_ms,
            last_at_ms: now_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fifth_failure_blocks_and_each_further_one_longer() {
        let mut failures = Failures::default();
        for _ in 0..4 {
            failures = failures.plus_one(Subject::Account, 1_000_000_000);
            assert_eq!(failures.wait_ms(1_000_000_000), 0);
        }
        let fifth = failures.plus_one(Subject::Account, 1_000_000_000);
        let sixth = fifth.plus_one(Subject::Account, 1_000_000_000);
        assert_eq!(fifth.wait_ms(1_000_000_000), 2000);
        assert_eq!(sixth.wait_ms(1_000_000_000), 4000);
        assert_eq!(fifth.wait_ms(1_000_002_000), 0);
    }

    #[test]
    fn an_address_is_counted_with_all_that_its_owner_has() {
        let one = counted("2001:db8:7:1::1");
        assert_eq!(one, counted("2001:db8:7:1:ffff:ffff:ffff:ffff"));
        assert_ne!(one, counted("2001:db8:7:2::1"));
        assert_eq!(counted("192.0.2.7"), counted("::ffff:192.0.2.7"));
        assert_ne!(counted("192.0.2.7"), counted("192.0.2.8"));
        assert_ne!(counted("::ffff:192.0.2.7"), counted("::ffff:192.0.2.8"));
        assert_eq!(counted(""), "");
    }

    #[test]
    fn an_hour_of_peace_forgets() {
        let old = Failures {
            count: 50,
            blocked_until_ms: 5,
            last_at_ms: 0,
        };
        let now = FORGET_MS + 1;
        assert_eq!(old.plus_one(Subject::Account, now).wait_ms(now), 0);
    }

    proptest! {
        #[test]
        fn the_delay_is_never_longer_than_the_longest(count in any::<u32>(), now in 0i64..1 << 50) {
            let failures = Failures { count, blocked_until_ms: 0, last_at_ms: now };
            let wait = failures.plus_one(Subject::Address, now).wait_ms(now);
            prop_assert!((0..=LONGEST_DELAY_MS).contains(&wait));
        }
    }
}
