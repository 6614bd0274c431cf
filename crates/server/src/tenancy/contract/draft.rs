//! A contract's next version as an operator types it.

use super::ContractRow;
use crate::{
    activity::{MOST_DAYS, STANDARD_DAYS},
    portal::Key,
};
use time::{Date, macros::format_description};

/// The most accounts or sessions that can be agreed on.
const MOST: i64 = 100_000;
const LONGEST_NUMBER: usize = 40;
const LONGEST_REASON: usize = 200;

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The number on paper.
    pub number: String,
    /// The first day: `YYYY-MM-DD`.
    pub starts_on: String,
    /// The last day, or nothing.
    pub ends_on: String,
    /// The version of the terms.
    pub terms_version: String,
    /// For how many days the activity log keeps what records say.
    pub retention_days: String,
    /// How many accounts there may be.
    pub max_people: String,
    /// How many sessions there may be at the same time.
    pub max_sessions: String,
    /// Codes of regions.
    pub regions: Vec<String>,
    /// Why.
    pub reason: String,
    /// The day from which it counts, or nothing for at once.
    pub counts_from: String,
}

/// What is wrong with it, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Of the number.
    pub number: Option<Key>,
    /// Of the first day.
    pub starts_on: Option<Key>,
    /// Of the last day.
    pub ends_on: Option<Key>,
    /// Of the terms.
    pub terms_version: Option<Key>,
    /// Of the days.
    pub retention_days: Option<Key>,
    /// Of the accounts.
    pub max_people: Option<Key>,
    /// Of the sessions.
    pub max_sessions: Option<Key>,
    /// Of the regions.
    pub regions: Option<Key>,
    /// Of the reason.
    pub reason: Option<Key>,
    /// Of the day from which it counts.
    pub counts_from: Option<Key>,
}

/// What there is to choose from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices<'a> {
    /// Today in Japan.
    pub(super) today: &'a str,
    pub(super) terms: &'a [i64],
    pub(super) regions: &'a [String],
}

impl Draft {
    /// A version to be changed; the reason is empty, and it counts at once.
    #[must_use]
    pub fn of(row: &ContractRow) -> Self {
        Self {
            number: row.number.clone(),
            starts_on: row.starts_on.clone(),
            ends_on: row.ends_on.clone().unwrap_or_default(),
            terms_version: row.terms_version.to_string(),
            retention_days: row.retention_days.to_string(),
            max_people: row.max_people.to_string(),
            max_sessions: row.max_sessions.to_string(),
            regions: row.regions.split_whitespace().map(str::to_owned).collect(),
            reason: String::new(),
            counts_from: String::new(),
        }
    }

    /// The row, without version, writer and moment.
    pub(super) fn check(&self, choices: Choices<'_>) -> Result<ContractRow, Box<Wrong>> {
        let mut wrong = Wrong::default();
        let number = self.number.trim();
        if number.is_empty() || number.chars().count() > LONGEST_NUMBER {
            wrong.number = Some(Key("contract.error.number"));
        }
        let starts_on = day(&self.starts_on);
        if starts_on.is_none() {
            wrong.starts_on = Some(Key("contract.error.day"));
        }
        let is_open = self.ends_on.trim().is_empty();
        let ends_on = day(&self.ends_on);
        if !is_open && ends_on.is_none() {
            wrong.ends_on = Some(Key("contract.error.day"));
        } else if ends_on.is_some_and(|end| starts_on.is_some_and(|start| end < start)) {
            wrong.ends_on = Some(Key("contract.error.order"));
        }
        let terms_version = whole(&self.terms_version, 1..=i64::MAX);
        if !terms_version.is_some_and(|version| choices.terms.contains(&version)) {
            wrong.terms_version = Some(Key("contract.error.terms"));
        }
        let kept = STANDARD_DAYS..=MOST_DAYS;
        let retention_days = whole(&self.retention_days, kept);
        let max_people = whole(&self.max_people, 1..=MOST);
        let max_sessions = whole(&self.max_sessions, 0..=MOST);
        wrong.retention_days = missing(retention_days, "contract.error.retention");
        wrong.max_people = missing(max_people, "contract.error.people");
        wrong.max_sessions = missing(max_sessions, "contract.error.sessions");
        let known = |code: &String| choices.regions.contains(code);
        if self.regions.is_empty() || !self.regions.iter().all(known) {
            wrong.regions = Some(Key("contract.error.regions"));
        }
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            wrong.reason = Some(Key("contract.error.reason"));
        }
        let counts_from = self.counts_from(choices.today, ends_on);
        wrong.counts_from = counts_from.as_ref().err().copied();
        if wrong != Wrong::default() {
            return Err(Box::new(wrong));
        }
        Ok(ContractRow {
            version: 0,
            number: number.to_owned(),
            starts_on: text(starts_on).unwrap_or_default(),
            ends_on: text(ends_on),
            terms_version: terms_version.unwrap_or_default(),
            retention_days: retention_days.unwrap_or_default(),
            max_people: max_people.unwrap_or_default(),
            max_sessions: max_sessions.unwrap_or_default(),
            regions: self.regions.join(" "),
            who: String::new(),
            reason: reason.to_owned(),
            at_ms: 0,
            counts_from: counts_from.unwrap_or_default(),
            began_at_ms: None,
            withdrawn_at_ms: None,
            withdrawn_who: None,
        })
    }
}

impl Draft {
    /// The day from which it counts: not before today, nor after the contract's last day. Without one it is today.
    fn counts_from(&self, today: &str, ends_on: Option<Date>) -> Result<String, Key> {
        if self.counts_from.trim().is_empty() {
            return Ok(today.to_owned());
        }
        let typed = day(&self.counts_from);
        match text(typed).filter(|day| day.as_str() >= today) {
            None => Err(Key("contract.error.counts_from")),
            Some(_) if ends_on.is_some() && ends_on < typed => Err(Key("contract.error.after_end")),
            Some(day) => Ok(day),
        }
    }
}

fn whole(typed: &str, allowed: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let number = typed.trim().parse().ok()?;
    allowed.contains(&number).then_some(number)
}

fn missing(value: Option<i64>, key: &'static str) -> Option<Key> {
    value.is_none().then_some(Key(key))
}

fn day(typed: &str) -> Option<Date> {
    Date::parse(typed.trim(), format_description!("[year]-[month]-[day]")).ok()
}

fn text(day: Option<Date>) -> Option<String> {
    day.map(|day| day.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn good() -> Draft {
        Draft {
            number: " N-1 ".to_owned(),
            starts_on: "2026-04-01".to_owned(),
            terms_version: "1".to_owned(),
            retention_days: "31".to_owned(),
            max_people: "5".to_owned(),
            max_sessions: "0".to_owned(),
            regions: vec!["jp".to_owned()],
            reason: "signed".to_owned(),
            ..Draft::default()
        }
    }

    fn check(draft: &Draft) -> Result<ContractRow, Box<Wrong>> {
        draft.check(Choices {
            today: "2026-11-28",
            terms: &[1],
            regions: &["jp".to_owned()],
        })
    }

    #[test]
    fn a_good_draft_becomes_a_row_and_a_draft_again() {
        let row = check(&good()).unwrap();
        assert_eq!((row.number.as_str(), row.ends_on.as_deref()), ("N-1", None));
        let again = Draft {
            reason: "again".to_owned(),
            ..Draft::of(&row)
        };
        assert!(check(&again).is_ok());
        assert_eq!(row.counts_from, "2026-11-28");
        let coming = Draft {
            counts_from: " 2027-03-31 ".to_owned(),
            ends_on: "2027-03-31".to_owned(),
            ..good()
        };
        assert_eq!(check(&coming).unwrap().counts_from, "2027-03-31");
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let wrong = check(&Draft::default()).unwrap_err();
        let without = [wrong.ends_on];
        assert_eq!(without, [None]);
        for field in [
            wrong.number,
            wrong.starts_on,
            wrong.terms_version,
            wrong.retention_days,
            wrong.max_people,
            wrong.max_sessions,
            wrong.regions,
            wrong.reason,
        ] {
            assert!(field.is_some());
        }
        for (starts_on, ends_on) in [("2026-04-01", "2026-03-31"), ("2026-04-01", "2026-02-30")] {
            let draft = Draft {
                starts_on: starts_on.to_owned(),
                ends_on: ends_on.to_owned(),
                ..good()
            };
            assert!(check(&draft).unwrap_err().ends_on.is_some());
        }
        for version in ["0", "2", "1.0", "x"] {
            let draft = Draft {
                terms_version: version.to_owned(),
                ..good()
            };
            assert!(check(&draft).unwrap_err().terms_version.is_some());
        }
        let draft = Draft {
            regions: vec!["jp".to_owned(), "mars".to_owned()],
            ..good()
        };
        assert!(check(&draft).unwrap_err().regions.is_some());
        for counts_from in ["2026-11-27", "2027-02-29", "tomorrow", "2027-04-01"] {
            let draft = Draft {
                counts_from: counts_from.to_owned(),
                ends_on: "2027-03-31".to_owned(),
                ..good()
            };
            assert!(check(&draft).unwrap_err().counts_from.is_some());
        }
        for days in ["30", "3654", "-1", "x", "9999999999999999999999"] {
            let draft = Draft {
                retention_days: days.to_owned(),
                ..good()
            };
            assert!(check(&draft).unwrap_err().retention_days.is_some());
        }
    }
}
