//! Which version of a contract counts on which day. Pure; days are days in Japan, `YYYY-MM-DD`, which compare as the days do.

use super::ContractRow;

/// Where a version stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Present,
    /// Its day comes.
    Coming,
    /// Another one counts instead.
    Past,
    /// It was withdrawn before its day.
    Withdrawn,
}

/// The version that counts: of those whose day has come the one of the latest day; of those of one day the last written.
/// So a version that is written at once in between counts until the day of one that was agreed on before.
#[must_use]
pub fn counting<'a>(versions: &'a [ContractRow], today: &str) -> Option<&'a ContractRow> {
    let has_come =
        |row: &&ContractRow| row.withdrawn_at_ms.is_none() && row.counts_from.as_str() <= today;
    versions
        .iter()
        .filter(has_come)
        .max_by_key(|row| (&row.counts_from, row.version))
}

/// Those whose day comes, the next one first.
#[must_use]
pub fn coming<'a>(versions: &'a [ContractRow], today: &str) -> Vec<&'a ContractRow> {
    let mut found: Vec<_> = versions.iter().filter(|row| row.is_coming(today)).collect();
    found.sort_by_key(|row| (&row.counts_from, row.version));
    found
}

/// Where one of them stands.
#[must_use]
pub fn standing(versions: &[ContractRow], row: &ContractRow, today: &str) -> Standing {
    if row.withdrawn_at_ms.is_some() {
        return Standing::Withdrawn;
    }
    if row.is_coming(today) {
        return Standing::Coming;
    }
    match counting(versions, today) {
        Some(present) if present.version == row.version => Standing::Present,
        _ => Standing::Past,
    }
}

impl ContractRow {
    /// The codes of the regions.
    #[must_use]
    pub fn regions(&self) -> Vec<String> {
        self.regions.split_whitespace().map(str::to_owned).collect()
    }

    /// Whether the contract is in force on a day: between its first day and its last.
    #[must_use]
    pub fn is_in_force(&self, today: &str) -> bool {
        let has_ended = |end: &String| end.as_str() < today;
        self.starts_on.as_str() <= today && !self.ends_on.as_ref().is_some_and(has_ended)
    }

    /// Whether its day comes and nobody has withdrawn it.
    #[must_use]
    pub fn is_coming(&self, today: &str) -> bool {
        self.withdrawn_at_ms.is_none() && self.counts_from.as_str() > today
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: i64, counts_from: &str, is_withdrawn: bool) -> ContractRow {
        ContractRow {
            version,
            counts_from: counts_from.to_owned(),
            began_at_ms: None,
            withdrawn_at_ms: is_withdrawn.then_some(1),
            withdrawn_who: None,
            number: String::new(),
            starts_on: String::new(),
            ends_on: None,
            terms_version: 1,
            retention_days: 31,
            max_people: 1,
            max_sessions: 1,
            regions: String::new(),
            who: String::new(),
            reason: String::new(),
            at_ms: 0,
        }
    }

    #[test]
    fn the_latest_day_that_has_come_counts_and_of_one_day_the_last_written() {
        use Standing::{Coming, Past, Present, Withdrawn};
        let versions = [
            row(6, "2027-04-01", true),
            row(5, "2027-01-02", false),
            row(4, "2027-01-02", false),
            row(3, "2027-04-01", false),
            row(2, "", false),
            row(1, "", false),
        ];
        let counts = |day| counting(&versions, day).map(|row| row.version);
        assert_eq!(counts("2027-01-01"), Some(2));
        assert_eq!(counts("2027-01-02"), Some(5));
        assert_eq!(counts("2027-03-31"), Some(5));
        assert_eq!(counts("2027-04-01"), Some(3));
        assert_eq!(counting(&versions[..1], "2030-01-01"), None);
        let stand = |day| versions.each_ref().map(|row| standing(&versions, row, day));
        assert_eq!(
            stand("2027-01-02"),
            [Withdrawn, Present, Past, Coming, Past, Past]
        );
        let next = coming(&versions, "2027-01-01");
        let next: Vec<_> = next.iter().map(|row| row.version).collect();
        assert_eq!(next, [4, 5, 3]);
    }
}
