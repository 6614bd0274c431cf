//! A leaf of the log: a header that stays for ever, with a commitment to content that does not.
//!
//! A leaf is one line of text, `nagaya/1 LOG INDEX TIME CLOCK ERROR HASH`. Its last field is SHA-256(salt || content): with
//! content and salt deleted, nobody can tell from the hash what was recorded, not even by trying all likely contents, and
//! yet every checkpoint stays provable.

use super::{Record, acts::Outcome, merkle::Hash};
use crate::app::{ClockReading, ClockState};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::str::FromStr;
use uuid::Uuid;

const VERSION: &str = "nagaya/1";
/// Stands for an error of the clock that is not known.
const UNKNOWN: &str = "-";

/// What keeps a content from being guessed from its hash.
pub type Salt = [u8; 16];

/// One leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// In which log.
    pub log: Uuid,
    /// At which place, from 0.
    pub index: u64,
    /// Unix time in milliseconds.
    pub at_ms: i64,
    /// How the clock was then.
    pub clock: ClockReading,
    /// SHA-256(salt || content).
    pub content: Hash,
}

impl Leaf {
    /// The line that is hashed, without an end of line.
    #[must_use]
    pub fn text(&self) -> String {
        let error = match self.clock.error_us {
            Some(us) => us.to_string(),
            None => UNKNOWN.to_owned(),
        };
        let content = encode(&self.content);
        let (log, clock) = (self.log.hyphenated(), self.clock.state.name());
        format!(
            "{VERSION} {log} {} {} {clock} {error} {content}",
            self.index, self.at_ms
        )
    }

    /// Reads the line. There is one way to write a leaf: all others are refused. Nothing is allocated, since millions are
    /// read when a log is verified.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix(VERSION)?.strip_prefix(' ')?.split(' ');
        let leaf = Self {
            log: uuid(fields.next()?)?,
            index: number(fields.next()?)?,
            at_ms: number(fields.next()?)?,
            clock: ClockReading {
                state: ClockState::from_name(fields.next()?)?,
                error_us: match fields.next()? {
                    UNKNOWN => None,
                    us => Some(number(us)?),
                },
            },
            content: decode(fields.next()?)?,
        };
        fields.next().is_none().then_some(leaf)
    }
}

/// A UUID in the one form that is written: small letters, with hyphens.
fn uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut buffer = Uuid::encode_buffer();
    (uuid.hyphenated().encode_lower(&mut buffer) == text).then_some(uuid)
}

/// A number in the one form that is written: no plus, no zero before it, no minus zero.
fn number<N: FromStr>(text: &str) -> Option<N> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !digits.starts_with('0');
    if plain && shortest {
        text.parse().ok()
    } else {
        None
    }
}

/// What is said of an act, besides when it was. Its text is what is hashed, so fields are only ever added at the end, and
/// left out where they are not there.
#[derive(Clone, Debug, Serialize)]
pub struct Content<'a> {
    /// The record.
    pub id: Uuid,
    /// Who did it; not there for the service, or for somebody unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    /// Their name at that time.
    pub who: &'a str,
    /// From where.
    pub address: &'a str,
    /// The stored form of what happened.
    pub what: &'a str,
    /// To which thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Uuid>,
    /// Its name, or the result.
    pub detail: &'a str,
    /// The stored form of how it ended; not there in records of the time before that was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'a str>,
    /// The record of the beginning of what this one says the end of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completes: Option<Uuid>,
}

impl<'a> Content<'a> {
    /// The content of a record.
    pub(super) fn of(
        id: Uuid,
        record: &Record<'a>,
        (outcome, completes): (Outcome, Option<Uuid>),
    ) -> Self {
        Self {
            id,
            user: record.user.map(|user| user.0),
            who: record.who,
            address: record.address,
            what: record.what.name(),
            subject: record.subject,
            detail: record.detail,
            outcome: Some(outcome.name()),
            completes,
        }
    }

    /// The text that is hashed: JSON on one line.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts and ids always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// SHA-256(salt || content).
#[must_use]
pub fn commit(salt: &Salt, content: &str) -> Hash {
    Sha256::new()
        .chain_update(salt)
        .chain_update(content)
        .finalize()
        .into()
}

/// The stored form of hashes and salts.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads the stored form of a hash or salt.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Room for a hash; no field holds more.
    let mut buffer = [0; 48];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).ok()?;
    buffer[..length].try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn leaf() -> Leaf {
        Leaf {
            log: Uuid::from_u128(7),
            index: 17,
            at_ms: 1_800_000_000_000,
            clock: ClockReading {
                state: ClockState::Synchronised,
                error_us: Some(250),
            },
            content: [3; 32],
        }
    }

    #[test]
    fn a_leaf_has_one_form() {
        let text = leaf().text();
        assert_eq!(Leaf::parse(&text), Some(leaf()));
        for other in [
            text.replace(" 17 ", " 017 "),
            text.replace(" 17 ", " +17 "),
            text.replace(" 17 ", " -17 "),
            text.replace(" 250 ", " 0250 "),
            text.replace(" 1800000000000 ", " -0 "),
            text.replace(" 17 ", "  17 "),
            format!("{text} "),
            format!("{text}\n"),
            text.replace("nagaya/1", "nagaya/2"),
            text.replace("00000000-0000", "000000000000"),
            text.replace("synchronised", "fine"),
        ] {
            assert_ne!(other, text);
            assert_eq!(Leaf::parse(&other), None, "{other}");
        }
    }

    #[test]
    fn the_text_that_is_hashed_never_changes() {
        let content = Content {
            id: Uuid::from_u128(1),
            user: None,
            who: "佐藤 \"美咲\"",
            address: "192.0.2.7",
            what: "identity.signed_in",
            subject: Some(Uuid::from_u128(2)),
            detail: "",
            outcome: None,
            completes: None,
        };
        let text = r#"{"id":"00000000-0000-0000-0000-000000000001","who":"佐藤 \"美咲\"","address":"192.0.2.7","what":"identity.signed_in","subject":"00000000-0000-0000-0000-000000000002","detail":""}"#;
        assert_eq!(content.text(), text);
        let hash = encode(&commit(&[1; 16], text));
        assert_eq!(hash, "gqV-5RzZrhytiDIJkBWuoFjOzoXLP9o6YSvTkr9jEto");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(nagaya/1 )?.{0,120}") {
            let _ = Leaf::parse(&text);
        }

        #[test]
        fn every_leaf_is_read_back(log in any::<u128>(), index in any::<u64>(), at_ms in any::<i64>(),
                                   error_us in any::<Option<u32>>(), content in any::<[u8; 32]>()) {
            let clock = ClockReading { state: ClockState::Unknown, error_us };
            let leaf = Leaf { log: Uuid::from_u128(log), index, at_ms, clock, content };
            prop_assert_eq!(Leaf::parse(&leaf.text()), Some(leaf));
        }
    }
}
