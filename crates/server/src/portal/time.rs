//! Moments as pages write them.

use super::text::Lang;
use time::{
    Date, OffsetDateTime, UtcOffset,
    format_description::well_known::Rfc3339,
    macros::{format_description, offset},
};

/// Japan has one zone and no summer time.
const JAPAN: UtcOffset = offset!(+9);

/// Date and time in Japan.
pub(super) fn shown(lang: Lang, at: OffsetDateTime) -> String {
    let at = at.to_offset(JAPAN);
    let text = match lang {
        Lang::Ja => at.format(format_description!(
            "[year]年[month padding:none]月[day padding:none]日 [hour]:[minute]"
        )),
        Lang::En => at.format(format_description!(
            "[day padding:none] [month repr:short] [year], [hour]:[minute]"
        )),
    };
    // Formatting these parts cannot fail; if it did, the plain form would still say the truth.
    text.unwrap_or_else(|_| at.to_string())
}

/// A day that is kept as `YYYY-MM-DD`, as the reader's language writes it.
pub(super) fn day(lang: Lang, kept: &str) -> String {
    let Ok(day) = Date::parse(kept, format_description!("[year]-[month]-[day]")) else {
        return kept.to_owned();
    };
    let text = match lang {
        Lang::Ja => day.format(format_description!(
            "[year]年[month padding:none]月[day padding:none]日"
        )),
        Lang::En => day.format(format_description!(
            "[day padding:none] [month repr:short] [year]"
        )),
    };
    text.unwrap_or_else(|_| kept.to_owned())
}

/// The same in UTC as RFC 3339 writes it, to the second.
pub(super) fn iso(at: OffsetDateTime) -> String {
    let at = at
        .to_offset(UtcOffset::UTC)
        .replace_nanosecond(0)
        .unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_day_is_shown_as_each_language_writes_it() {
        assert_eq!(day(Lang::Ja, "2026-04-01"), "2026年4月1日");
        assert_eq!(day(Lang::En, "2026-04-01"), "1 Apr 2026");
        assert_eq!(day(Lang::En, "soon"), "soon");
    }

    #[test]
    fn a_moment_is_shown_in_japans_time() {
        let at = datetime!(2026-11-23 16:05:06.7 UTC);
        assert_eq!(shown(Lang::Ja, at), "2026年11月24日 01:05");
        assert_eq!(shown(Lang::En, at), "24 Nov 2026, 01:05");
        assert_eq!(iso(at), "2026-11-23T16:05:06Z");
    }
}
