//! Rules as a form has them: what was typed, and what is wrong with it beside each field.

use super::rules::{DAY_MIN, Rules, Window};
use crate::portal::Key;
use ipnet::IpNet;
use std::net::IpAddr;

/// How many times of the week the form has.
pub const WINDOWS: usize = 3;
/// More networks than this nobody can keep in view.
const MAX_NETWORKS: usize = 100;

/// The form, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
// Each is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct Draft {
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// Whether a device's certificate is asked for.
    pub device_certificate: bool,
    /// Whether a passkey is asked for.
    pub passkey: bool,
    /// One network or address a line.
    pub networks: String,
    /// Times of the week; one without days, beginning and end is none.
    pub windows: [WindowDraft; WINDOWS],
    /// Minutes.
    pub idle_timeout_min: String,
    /// Minutes.
    pub absolute_timeout_min: String,
    /// Minutes.
    pub proof_max_age_min: String,
    /// Whether one proves who one is before each connection.
    pub proof_before_connect: bool,
}

/// A time of the week, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowDraft {
    /// Monday first.
    pub days: [bool; 7],
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`.
    pub to: String,
}

/// What is wrong, beside each field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// With the networks, and the line that is.
    pub networks: Option<(Key, String)>,
    /// With each time of the week.
    pub windows: [Option<Key>; WINDOWS],
    /// With the idle limit.
    pub idle: Option<Key>,
    /// With the absolute limit.
    pub absolute: Option<Key>,
    /// With the age of a proof.
    pub proof: Option<Key>,
    /// With the device's certificate.
    pub device: Option<Key>,
    /// With the whole: it would lock out whoever saves it.
    pub lockout: Option<Key>,
}

impl Wrong {
    /// Whether nothing is.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Draft {
    /// The form that shows kept rules.
    #[must_use]
    pub fn of(rules: &Rules) -> Self {
        let mut windows = <[WindowDraft; WINDOWS]>::default();
        for (draft, window) in windows.iter_mut().zip(&rules.windows) {
            *draft = WindowDraft {
                days: window.days,
                from: clock(window.from_min),
                to: clock(window.to_min),
            };
        }
        let lines: Vec<String> = rules.networks.iter().map(ToString::to_string).collect();
        Self {
            second_factor: rules.second_factor,
            device_certificate: rules.device_certificate,
            passkey: rules.passkey,
            networks: lines.join("\n"),
            windows,
            idle_timeout_min: rules.idle_timeout_min.to_string(),
            absolute_timeout_min: rules.absolute_timeout_min.to_string(),
            proof_max_age_min: rules.proof_max_age_min.to_string(),
            proof_before_connect: rules.proof_before_connect,
        }
    }

    /// Reads the pairs of a form; what it does not know it leaves.
    #[must_use]
    pub fn read(pairs: &[(String, String)]) -> Self {
        let mut draft = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "second_factor" => draft.second_factor = true,
                "device_certificate" => draft.device_certificate = true,
                "passkey" => draft.passkey = true,
                "networks" => draft.networks.clone_from(value),
                "idle_timeout_min" => draft.idle_timeout_min.clone_from(value),
                "absolute_timeout_min" => draft.absolute_timeout_min.clone_from(value),
                "proof_max_age_min" => draft.proof_max_age_min.clone_from(value),
                "proof_before_connect" => draft.proof_before_connect = true,
                other => draft.read_window(other, value),
            }
        }
        draft
    }

    fn read_window(&mut self, name: &str, value: &str) {
        let Some((field, number)) = name.split_once('-') else {
            return;
        };
        let window = number
            .parse()
            .ok()
            .and_then(|at: usize| self.windows.get_mut(at));
        let Some(window) = window else {
            return;
        };
        match field {
            "from" => value.clone_into(&mut window.from),
            "to" => value.clone_into(&mut window.to),
            "day" => {
                let day = value
                    .parse()
                    .ok()
                    .and_then(|at: usize| window.days.get_mut(at));
                if let Some(day) = day {
                    *day = true;
                }
            }
            _ => {}
        }
    }

    /// The rules, or all that is wrong.
    pub fn check(&self) -> Result<Rules, Box<Wrong>> {
        let mut wrong = Box::<Wrong>::default();
        let networks = read_networks(&self.networks).unwrap_or_else(|line| {
            wrong.networks = Some(line);
            Vec::new()
        });
        let mut windows = Vec::new();
        for (draft, wrong) in self.windows.iter().zip(&mut wrong.windows) {
            match draft.check() {
                Ok(window) => windows.extend(window),
                Err(key) => *wrong = Some(key),
            }
        }
        let minutes = |text: &str, least: u16, most: u16| {
            let given = text.trim().parse().ok();
            given.filter(|given: &u16| (least..=most).contains(given))
        };
        let idle = minutes(&self.idle_timeout_min, 5, DAY_MIN);
        let absolute = minutes(&self.absolute_timeout_min, 15, DAY_MIN);
        let proof = minutes(&self.proof_max_age_min, 1, 60);
        if idle.is_none() {
            wrong.idle = Some(Key("policy.wrong.idle"));
        }
        if absolute.is_none() {
            wrong.absolute = Some(Key("policy.wrong.absolute"));
        } else if idle > absolute {
            wrong.idle = Some(Key("policy.wrong.idle_longer"));
        }
        if proof.is_none() {
            wrong.proof = Some(Key("policy.wrong.proof"));
        }
        let (Some(idle), Some(absolute), Some(proof), true) =
            (idle, absolute, proof, wrong.is_nothing())
        else {
            return Err(wrong);
        };
        Ok(Rules {
            second_factor: self.second_factor,
            device_certificate: self.device_certificate,
            passkey: self.passkey,
            networks,
            windows,
            idle_timeout_min: idle,
            absolute_timeout_min: absolute,
            proof_max_age_min: proof,
            proof_before_connect: self.proof_before_connect,
        })
    }
}

impl WindowDraft {
    fn check(&self) -> Result<Option<Window>, Key> {
        let is_empty = self.from.trim().is_empty() && self.to.trim().is_empty();
        match (self.days.contains(&true), is_empty) {
            (false, true) => return Ok(None),
            (false, false) => return Err(Key("policy.wrong.days")),
            _ => {}
        }
        let (from, to) = (read_clock(&self.from), read_clock(&self.to));
        let (Some(from_min), Some(to_min)) = (from, to) else {
            return Err(Key("policy.wrong.times"));
        };
        Ok(Some(Window {
            days: self.days,
            from_min,
            to_min,
        }))
    }
}

/// Networks and single addresses, one a line; the first line that is none.
fn read_networks(text: &str) -> Result<Vec<IpNet>, (Key, String)> {
    let mut networks = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let net = line.parse::<IpNet>().ok().or_else(|| {
            let address: IpAddr = line.parse().ok()?;
            Some(IpNet::from(address))
        });
        let Some(net) = net else {
            let shown = line.chars().take(60).collect();
            return Err((Key("policy.wrong.network"), shown));
        };
        let net = net.trunc();
        if !networks.contains(&net) {
            networks.push(net);
        }
    }
    if networks.len() > MAX_NETWORKS {
        return Err((Key("policy.wrong.networks"), MAX_NETWORKS.to_string()));
    }
    Ok(networks)
}

/// Minutes since midnight of `HH:MM`.
fn read_clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn clock(min: u16) -> String {
    format!("{:02}:{:02}", min / 60, min % 60)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_form_of_kept_rules_gives_the_same_rules() {
        let rules = Rules {
            second_factor: true,
            networks: vec![
                "192.0.2.0/24".parse().unwrap(),
                "2001:db8::/32".parse().unwrap(),
            ],
            windows: vec![Window {
                days: [true, true, true, true, true, false, false],
                from_min: 8 * 60 + 30,
                to_min: 19 * 60,
            }],
            ..Rules::default()
        };
        assert_eq!(Draft::of(&rules).check(), Ok(rules));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_beside_its_field() {
        let mut draft = Draft::of(&Rules::default());
        draft.networks = "192.0.2.7\n10.0.0.0/33".to_owned();
        draft.windows[0].from = "25:00".to_owned();
        draft.windows[1].days[2] = true;
        draft.idle_timeout_min = "800".to_owned();
        draft.proof_max_age_min = "soon".to_owned();
        let wrong = draft.check().unwrap_err();
        assert_eq!(wrong.networks.unwrap().1, "10.0.0.0/33");
        assert_eq!(wrong.windows[0], Some(Key("policy.wrong.days")));
        assert_eq!(wrong.windows[1], Some(Key("policy.wrong.times")));
        assert_eq!(wrong.idle, Some(Key("policy.wrong.idle_longer")));
        assert!(wrong.proof.is_some() && wrong.absolute.is_none() && wrong.windows[2].is_none());
    }

    #[test]
    fn an_address_is_a_network_of_one_and_host_bits_are_dropped() {
        let nets = read_networks(" 192.0.2.7 \n\n10.1.2.3/8\n10.0.0.0/8\n2001:db8::1").unwrap();
        let nets: Vec<String> = nets.iter().map(ToString::to_string).collect();
        assert_eq!(nets, ["192.0.2.7/32", "10.0.0.0/8", "2001:db8::1/128"]);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_answered(name in "[a-z_]{0,8}-?[0-9]{0,3}", value in "\\PC{0,30}") {
            let draft = Draft::read(&[(name, value.clone()), ("networks".to_owned(), value)]);
            let _ = draft.check();
        }
    }
}
