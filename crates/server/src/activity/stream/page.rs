//! Where an organisation's records are sent.

use super::{
    send::SendError,
    target::{Draft, Field},
};
use crate::portal::{Key, Ui};
use askama::Template;
use time::OffsetDateTime;

/// How it goes.
#[derive(Clone, Debug)]
pub struct StreamState {
    /// When something was delivered last.
    pub delivered_at: Option<OffsetDateTime>,
    /// Records that wait.
    pub behind: i64,
    /// When it failed last, while it fails, and why.
    pub failure: Option<(OffsetDateTime, Key)>,
    /// Whether a key is kept.
    pub has_key: bool,
    /// Whether a value of the Authorization header is kept.
    pub has_authorization: bool,
}

/// `GET /activity/stream`.
#[derive(Template)]
#[template(path = "activity/stream/stream.html")]
pub struct StreamPage {
    /// The reader.
    pub ui: Ui,
    /// What is kept, or was typed.
    pub draft: Draft,
    /// Which of its fields is wrong.
    pub(super) wrong: Option<Field>,
    /// What was done, well or not.
    pub done: Option<(bool, Key)>,
    /// How it goes, when there is a collector.
    pub state: Option<StreamState>,
}

impl StreamPage {
    /// What to say beside a field, when it is the wrong one.
    fn wrong(&self, field: &str) -> Option<Key> {
        let wrong = self.wrong?;
        (wrong.name() == field).then(|| wrong_key(wrong))
    }
}

/// `GET /activity/stream/remove`: asks before nothing is sent any more.
#[derive(Template)]
#[template(path = "activity/stream/stream_remove.html")]
pub struct StreamRemovePage {
    /// The reader.
    pub ui: Ui,
    /// Where records go now.
    pub host: String,
    /// Records that wait.
    pub behind: i64,
}

fn wrong_key(field: Field) -> Key {
    match field {
        Field::Kind => Key("stream.wrong.kind"),
        Field::Host => Key("stream.wrong.host"),
        Field::Port => Key("stream.wrong.port"),
        Field::Path => Key("stream.wrong.path"),
        Field::Certificates => Key("stream.wrong.certificates"),
        Field::Authorization => Key("stream.wrong.authorization"),
    }
}

pub(super) fn error_key(error: SendError) -> Key {
    match error {
        SendError::Unknown => Key("stream.error.unknown"),
        SendError::Forbidden => Key("stream.error.forbidden"),
        SendError::Unreachable => Key("stream.error.unreachable"),
        SendError::Certificate => Key("stream.error.certificate"),
        SendError::Tls => Key("stream.error.tls"),
        SendError::Refused => Key("stream.error.refused"),
        SendError::Slow => Key("stream.error.slow"),
    }
}
