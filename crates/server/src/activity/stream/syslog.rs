//! Records as syslog messages (RFC 5424), framed by their octets (RFC 5425, section 4.3).

use super::super::{acts::Outcome, store::Row};
use crate::app::{self, ClockState};
use time::{format_description::BorrowedFormatItem, macros};
use uuid::Uuid;

/// Facility 13, log audit (RFC 5424, section 6.2.1).
const FACILITY: u8 = 13;
const INFORMATIONAL: u8 = 6;
const WARNING: u8 = 4;
/// The number that RFC 5612 sets aside for examples: ours is not registered.
const SD_ID: &str = "activity@32473";
const TIME: &[BorrowedFormatItem<'_>] = macros::format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
);

/// A record as a framed message; `host` is the service's name.
pub(super) fn frame(host: &str, log: Uuid, row: &Row) -> Vec<u8> {
    let message = message(host, log, row);
    format!("{} {message}", message.len()).into_bytes()
}

fn message(host: &str, log: Uuid, row: &Row) -> String {
    let severity = match row.outcome.as_deref().and_then(Outcome::from_name) {
        Some(Outcome::Success | Outcome::Begun) | None => INFORMATIONAL,
        Some(_) => WARNING,
    };
    let at = app::moment(row.at_ms)
        .format(TIME)
        .unwrap_or_else(|_| "-".to_owned());
    let clock = row.clock();
    let synchronised = u8::from(clock.state == ClockState::Synchronised);
    let accuracy = clock
        .error_us
        .map_or_else(String::new, |us| format!(" syncAccuracy=\"{us}\""));
    let mut data =
        format!("[timeQuality tzKnown=\"1\" isSynced=\"{synchronised}\"{accuracy}][{SD_ID}");
    let (index, log, id) = (
        row.leaf_index.to_string(),
        log.to_string(),
        row.id.to_string(),
    );
    let user = row.user_id.map(|user| user.to_string());
    let subject = row.subject_id.map(|subject| subject.to_string());
    for (name, value) in [
        ("log", Some(log.as_str())),
        ("index", Some(&index)),
        ("id", Some(&id)),
        ("outcome", row.outcome.as_deref()),
        ("user", user.as_deref()),
        ("who", Some(&row.who)),
        ("address", Some(&row.address)),
        ("subject", subject.as_deref()),
        ("detail", Some(&row.detail)),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            data.push_str(&[" ", name, "=\"", &escaped(value), "\""].concat());
        }
    }
    data.push(']');
    let priority = FACILITY * 8 + severity;
    let text = plain(&format!("{} {} {}", row.what, row.who, row.detail));
    format!(
        "<{priority}>1 {at} {} nagaya - {} {data} \u{feff}{text}",
        header(host, 255),
        header(&row.what, 32)
    )
}

/// A header's field: printable ASCII of a limited length, or `-`.
fn header(text: &str, most: usize) -> String {
    let text: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(most)
        .collect();
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

/// A parameter's value (RFC 5424, section 6.3.3).
fn escaped(text: &str) -> String {
    plain(text)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(']', "\\]")
}

/// Control characters end lines in what reads these later.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_framed_message() {
        let row = Row {
            id: Uuid::from_u128(1),
            at_ms: 1_800_000_000_123,
            user_id: None,
            who: "佐藤 \"美咲\"]\\".to_owned(),
            address: "192.0.2.7".to_owned(),
            what: "identity.sign_in_refused".to_owned(),
            subject_id: None,
            detail: "a\r\n<1>b".to_owned(),
            leaf_index: 7,
            clock: Some("synchronised".to_owned()),
            clock_error_us: Some(250),
            outcome: Some("refused".to_owned()),
        };
        let expected = "<108>1 2027-01-15T08:00:00.123Z nagaya.example nagaya - identity.sign_in_refused \
            [timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"250\"]\
            [activity@32473 log=\"00000000-0000-0000-0000-000000000002\" index=\"7\" \
            id=\"00000000-0000-0000-0000-000000000001\" outcome=\"refused\" who=\"佐藤 \\\"美咲\\\"\\]\\\\\" \
            address=\"192.0.2.7\" detail=\"a  <1>b\"] \
            \u{feff}identity.sign_in_refused 佐藤 \"美咲\"]\\ a  <1>b";
        let frame = frame("nagaya.example", Uuid::from_u128(2), &row);
        let text = String::from_utf8_lossy(&frame);
        assert_eq!(text, format!("{} {expected}", expected.len()));
    }
}
