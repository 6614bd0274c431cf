//! What an organisation asks of its people, role by role. Pure: addresses and times in, a decision out.

use ipnet::IpNet;
use jiff::{Timestamp, ZonedDateTime, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

const MINUTE_MS: i64 = 60_000;
/// Minutes of a day.
pub const DAY_MIN: u16 = 24 * 60;

/// What is asked of the people of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
// Each is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct Rules {
    /// Whether nothing is open without a second factor.
    pub second_factor: bool,
    /// Whether nothing is open before a device's certificate was shown. Rules from before do not say it.
    #[serde(default)]
    pub device_certificate: bool,
    /// Whether nothing is open without a passkey, which no other site can ask for; a one-time code is not enough then.
    #[serde(default)]
    pub passkey: bool,
    /// From where one may come; empty for anywhere.
    pub networks: Vec<IpNet>,
    /// When one may come; empty for always.
    pub windows: Vec<Window>,
    /// A session of the web ends this long after its last use, in minutes.
    pub idle_timeout_min: u16,
    /// A session of the web ends this long after its beginning, in minutes.
    pub absolute_timeout_min: u16,
    /// How long ago one may have proved who one is when something dangerous is done, in minutes.
    pub proof_max_age_min: u16,
    /// Whether one proves who one is before each connection to a desktop.
    pub proof_before_connect: bool,
}

/// A time of the week, in the organisation's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// On which days it begins: Monday first.
    pub days: [bool; 7],
    /// Its beginning, in minutes since midnight.
    pub from_min: u16,
    /// Its end, in minutes since midnight, itself outside. At or before the beginning: on the day after.
    pub to_min: u16,
}

/// A minute of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekTime {
    /// Days since Monday.
    pub day: usize,
    /// Minutes since midnight.
    pub minute: u16,
}

/// Why somebody may not be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// Their address is in none of the networks.
    Network,
    /// It is none of the times.
    Hours,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            second_factor: false,
            device_certificate: false,
            passkey: false,
            networks: Vec::new(),
            windows: Vec::new(),
            idle_timeout_min: 2 * 60,
            absolute_timeout_min: 12 * 60,
            proof_max_age_min: 15,
            proof_before_connect: false,
        }
    }
}

impl Rules {
    /// Whether somebody may come from an address at a time. An address that cannot be read is in no network.
    pub fn admit(&self, address: &str, at: WeekTime) -> Result<(), Shut> {
        self.admit_from(address)?;
        if !self.windows.is_empty() && !self.windows.iter().any(|window| window.holds(at)) {
            return Err(Shut::Hours);
        }
        Ok(())
    }

    /// Whether somebody may come from an address.
    pub fn admit_from(&self, address: &str) -> Result<(), Shut> {
        let address = address.parse().ok().map(|at: IpAddr| at.to_canonical());
        let is_in = |net: &IpNet| address.is_some_and(|address| net.contains(&address));
        if self.networks.is_empty() || self.networks.iter().any(is_in) {
            Ok(())
        } else {
            Err(Shut::Network)
        }
    }

    /// A session of the web ends this long after its last use, in milliseconds.
    #[must_use]
    pub fn idle_timeout_ms(&self) -> i64 {
        i64::from(self.idle_timeout_min) * MINUTE_MS
    }

    /// A session of the web ends this long after its beginning, in milliseconds.
    #[must_use]
    pub fn absolute_timeout_ms(&self) -> i64 {
        i64::from(self.absolute_timeout_min) * MINUTE_MS
    }

    /// Whether the time of a session of the web is over. All in Unix milliseconds.
    #[must_use]
    pub fn is_over(&self, created_at_ms: i64, last_seen_ms: i64, now_ms: i64) -> bool {
        now_ms - created_at_ms > self.absolute_timeout_ms()
            || now_ms - last_seen_ms > self.idle_timeout_ms()
    }

    /// How old a proof may be when something dangerous is done, in milliseconds.
    #[must_use]
    pub fn proof_max_age_ms(&self) -> i64 {
        i64::from(self.proof_max_age_min) * MINUTE_MS
    }
}

impl Window {
    /// Whether a time lies in it.
    #[must_use]
    pub fn holds(&self, at: WeekTime) -> bool {
        let (today, yesterday) = (self.days[at.day % 7], self.days[(at.day + 6) % 7]);
        if self.from_min < self.to_min {
            return today && (self.from_min..self.to_min).contains(&at.minute);
        }
        (today && at.minute >= self.from_min) || (yesterday && at.minute < self.to_min)
    }
}

impl Shut {
    /// As records write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Hours => "hours",
        }
    }
}

/// The minute of the week of a moment (Unix milliseconds) in a zone of the IANA database; in UTC when it has no such zone.
#[must_use]
pub fn week_time(at_ms: i64, zone: &str) -> WeekTime {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = ZonedDateTime::new(at, zone);
    let day = match at.weekday() {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    };
    let minute = u16::from(at.hour().unsigned_abs()) * 60 + u16::from(at.minute().unsigned_abs());
    WeekTime { day, minute }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: WeekTime = WeekTime {
        day: 0,
        minute: 12 * 60,
    };

    fn from(networks: &[&str], address: &str) -> bool {
        let rules = Rules {
            networks: networks.iter().map(|net| net.parse().unwrap()).collect(),
            ..Rules::default()
        };
        rules.admit(address, NOON).is_ok()
    }

    #[test]
    fn addresses_of_both_families_are_looked_up_in_the_networks() {
        assert!(from(&[], "203.0.113.5") && from(&[], "nowhere"));
        let nets = ["192.0.2.0/24", "2001:db8:1::/48"];
        assert!(from(&nets, "192.0.2.255") && from(&nets, "2001:db8:1:2::3"));
        assert!(from(&nets, "::ffff:192.0.2.1"));
        assert!(!from(&nets, "192.0.3.0") && !from(&nets, "2001:db8:2::1"));
        assert!(!from(&nets, "") && !from(&nets, "192.0.2"));
    }

    #[test]
    fn the_week_is_the_one_of_the_zone() {
        // Sunday, 2026-11-22, 23:30 UTC: Monday morning in Japan, Sunday afternoon in California.
        let at_ms = 1_795_390_200_000;
        let time = |zone| {
            let at = week_time(at_ms, zone);
            (at.day, at.minute)
        };
        assert_eq!(time("Asia/Tokyo"), (0, 8 * 60 + 30));
        assert_eq!(time("America/Los_Angeles"), (6, 15 * 60 + 30));
        assert_eq!(time("Nowhere/At_All"), (6, 23 * 60 + 30));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let night = Window {
            days: [false, false, false, false, true, false, false],
            from_min: 22 * 60,
            to_min: 6 * 60,
        };
        let at = |day, hour: u16| {
            night.holds(WeekTime {
                day,
                minute: hour * 60,
            })
        };
        assert!(at(4, 22) && at(4, 23) && at(5, 0) && at(5, 5));
        assert!(!at(4, 21) && !at(5, 6) && !at(4, 3) && !at(5, 22));
    }

    proptest! {
        /// A window, minute by minute, is as long as it says, on as many days as it says.
        #[test]
        fn a_window_lasts_as_long_as_it_says(days: [bool; 7], from_min in 0..DAY_MIN, to_min in 0..DAY_MIN) {
            let window = Window { days, from_min, to_min };
            let week = (0..7).flat_map(|day| (0..DAY_MIN).map(move |minute| WeekTime { day, minute }));
            let open = week.filter(|at| window.holds(*at)).count();
            let length = if to_min > from_min { to_min - from_min } else { DAY_MIN - from_min + to_min };
            prop_assert_eq!(open, usize::from(length) * days.iter().filter(|day| **day).count());
        }

        #[test]
        fn what_is_kept_is_read_again(second_factor: bool, days: [bool; 7], from_min in 0..DAY_MIN) {
            let rules = Rules {
                second_factor,
                passkey: !second_factor,
                networks: vec!["10.0.0.0/8".parse().unwrap()],
                windows: vec![Window { days, from_min, to_min: 0 }],
                ..Rules::default()
            };
            let text = serde_json::to_string(&rules).unwrap();
            prop_assert_eq!(serde_json::from_str::<Rules>(&text).unwrap(), rules);
        }
    }
}
