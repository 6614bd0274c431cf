//! The page on which a session is shown.

use crate::portal::{Key, Ui};
use askama::Template;
use serde::Serialize;
use wire::control::EndReason;

/// `GET /sessions/ID`: loads the web client, which takes over the whole view.
#[derive(Template)]
#[template(path = "sessions/session.html")]
pub struct SessionPage {
    /// The reader.
    pub ui: Ui,
    /// What the web client needs to know, made by [`script_json`].
    pub data_json: String,
    /// The name of the desktop or application.
    pub name: String,
}

/// `GET /sessions/ID` of a session that is over.
#[derive(Template)]
#[template(path = "sessions/ended.html")]
pub struct SessionEndedPage {
    /// The reader.
    pub ui: Ui,
    /// The name of the desktop or application.
    pub name: String,
    /// Why it is over, see [`ended_because`].
    pub reason: Key,
    /// Where it can be opened again: `POST` with `csrf`.
    pub launch_url: Option<String>,
}

/// `GET /sessions/ID` of a session that goes on, and that its owner may not open now.
#[derive(Template)]
#[template(path = "sessions/kept.html")]
pub struct SessionKeptPage {
    /// The reader.
    pub ui: Ui,
    /// The name of the desktop or application.
    pub name: String,
    /// Where it is ended: `POST` with `csrf`.
    pub end_url: String,
}

/// What a reader is told about the end of a session.
#[must_use]
pub fn ended_because(reason: EndReason) -> Key {
    match reason {
        EndReason::SignedOut => Key("session.ended.signed_out"),
        EndReason::Stopped => Key("session.ended.stopped"),
        EndReason::StartFailed => Key("session.ended.start_failed"),
        EndReason::NoSuchApplication => Key("session.ended.no_such_application"),
        EndReason::Crashed => Key("session.ended.crashed"),
        EndReason::Lost => Key("session.ended.lost"),
    }
}

/// JSON that can stand inside a `script` element. Neither `</script` nor `<!--` can occur in it: `<`, `>` and `&` are
/// written as escapes, which are the same text to a JSON parser.
pub fn script_json<T: Serialize>(data: &T) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(data)?;
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            c => safe.push(c),
        }
    }
    Ok(safe)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_close_its_script_element() {
        let evil = "</script><script>alert(1)</script><!-- & \u{2028} 長屋";
        let json = script_json(&[evil]).unwrap();
        assert!(!json.contains(['<', '>', '&']));
        let back: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, [evil]);
    }
}
