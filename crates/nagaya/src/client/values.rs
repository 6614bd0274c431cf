//! Values of the API's answers as people read them.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use server::{
    activity::{self, What},
    portal::{Key, Lang},
    tenancy::inventory::AssetKind,
};

const HOUR_MS: i64 = 3_600_000;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is; several with commas between them.
    Text,
    /// A moment, in the zone of the one who reads.
    Moment,
    /// A length of time that the API tells in milliseconds.
    Hours,
    YesOrNo,
    /// What a person is.
    Role,
    /// Where an account stands.
    State,
    /// What happened, of the activity log.
    Act,
    /// Whether a promise holds.
    Outcome,
    /// Service codes with their services.
    Codes,
    /// Versions of a contract with their days.
    Versions,
    /// A kind of asset.
    AssetKind,
    /// Who answers for an asset.
    Side,
}

/// One value as a cell. Nothing that is not there is written as nothing.
pub(super) fn written(form: Form, value: Option<&Value>, lang: Lang) -> String {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return String::new();
    };
    let word =
        |known: Option<Key>| known.map_or_else(|| plain(value), |key| lang.text(key.0).into());
    let text = match form {
        Form::Text => plain(value),
        Form::Moment => moment(value, &TimeZone::system()),
        Form::Hours => {
            let hours = value.as_i64().unwrap_or_default() / HOUR_MS;
            lang.filled("client.hours", &[("hours", &hours)])
        }
        Form::YesOrNo if value == true => lang.text("access.yes").into(),
        Form::YesOrNo => lang.text("access.no").into(),
        Form::Role => word(value.as_str().and_then(role)),
        Form::State => word(value.as_str().and_then(state)),
        Form::Act => word(
            value
                .as_str()
                .and_then(What::from_name)
                .map(activity::label),
        ),
        Form::Outcome => word(value.as_str().and_then(outcome)),
        Form::Codes => codes(value, lang),
        Form::Versions => versions(value),
        Form::AssetKind => word(
            value
                .as_str()
                .and_then(AssetKind::from_name)
                .map(|kind| kind.label),
        ),
        Form::Side => word(value.as_str().and_then(side)),
    };
    harmless(&text)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let told = fields.values().filter(|value| !value.is_null());
            told.map(plain).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn moment(value: &Value, zone: &TimeZone) -> String {
    let text = value.as_str().unwrap_or_default();
    text.parse::<Timestamp>().map_or_else(
        |_| text.to_owned(),
        |at| {
            let at = at.to_zoned_datetime(zone.clone());
            at.strftime("%Y-%m-%d %H:%M %Z").to_string()
        },
    )
}

fn codes(value: &Value, lang: Lang) -> String {
    let one = |code: &Value| {
        let field = |name: &str| code[name].as_str().unwrap_or_default().to_owned();
        let ended = if code["ended"] == true {
            format!(" ({})", lang.text("client.ended"))
        } else {
            String::new()
        };
        format!("{} {}{ended}", field("code"), field("service"))
    };
    let codes = value.as_array().map_or(&[][..], Vec::as_slice);
    codes.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn versions(value: &Value) -> String {
    let one = |version: &Value| {
        let day = version["counts_from"].as_str().unwrap_or_default();
        format!("v{} {day}", version["version"])
    };
    let versions = value.as_array().map_or(&[][..], Vec::as_slice);
    versions.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn role(name: &str) -> Option<Key> {
    Some(match name {
        "operations_contact" => Key("role.operations_contact"),
        "administrator" => Key("role.administrator"),
        "user" => Key("role.user"),
        "auditor" => Key("role.auditor"),
        _ => return None,
    })
}

fn state(name: &str) -> Option<Key> {
    Some(match name {
        "active" => Key("account_state.active"),
        "invited" => Key("account_state.invited"),
        "suspended" => Key("account_state.locked"),
        _ => return None,
    })
}

fn outcome(name: &str) -> Option<Key> {
    Some(match name {
        "holds" => Key("evidence.state.holds"),
        "cannot_tell" => Key("evidence.state.cannot_tell"),
        "falls_short" => Key("evidence.state.falls_short"),
        _ => return None,
    })
}

fn side(name: &str) -> Option<Key> {
    Some(match name {
        "customer" => Key("inventory.customer"),
        "provider" => Key("inventory.provider"),
        _ => return None,
    })
}

/// Without what would move a terminal's cursor, change its colours or turn the direction of the text: others chose these
/// texts.
pub(super) fn harmless(text: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if is_harmful(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_moment_is_told_in_the_readers_zone() {
        let at = json!("2026-11-28T03:04:05.678Z");
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(moment(&at, &zone), "2026-11-28 12:04 JST");
        assert_eq!(moment(&json!("soon"), &zone), "soon");
    }

    #[test]
    fn what_is_known_has_a_word_and_what_is_not_stays() {
        let say = |form, value, lang| written(form, Some(&value), lang);
        assert_eq!(say(Form::Role, json!("auditor"), Lang::Ja), "監査者");
        assert_eq!(say(Form::State, json!("suspended"), Lang::En), "Locked");
        assert_eq!(say(Form::State, json!("frozen"), Lang::En), "frozen");
        assert_eq!(
            say(Form::Act, json!("identity.signed_in"), Lang::En),
            "Signed in"
        );
        assert_eq!(say(Form::Hours, json!(86_400_000), Lang::En), "24 hours");
        assert_eq!(say(Form::Text, json!(["a", "b"]), Lang::En), "a, b");
        assert_eq!(written(Form::YesOrNo, None, Lang::En), "");
    }

    #[test]
    fn no_text_of_others_commands_the_terminal() {
        let hostile = json!("\u{1b}]0;x\u{7}Hana\u{202e}\r\n");
        let shown = written(Form::Text, Some(&hostile), Lang::En);
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!(!shown.contains('\u{202e}') && shown.contains("Hana"));
    }
}
