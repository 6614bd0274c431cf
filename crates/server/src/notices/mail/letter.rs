//! What messages say: the facts as they are sealed, and their words in the reader's language.

use super::state::Why;
use crate::{
    portal::{Key, Lang},
    tenancy::TenantRow,
};
use askama::Template;
use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The secret part of a one-time link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Token(pub(crate) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(not shown)")
    }
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Content {
    /// The first link of somebody who was invited.
    Invitation { token: Token },
    /// A new link, which an administrator made.
    Link { token: Token },
    /// A new link, which the person asked for from a network address.
    Reset { token: Token, address: String },
    /// Somebody made a link for the person and hands it over by another way.
    LinkMade { by: String },
    /// The person's password is another one since somebody at a network address set it.
    PasswordChanged { address: String },
    /// A second factor was added, from a network address.
    FactorAdded { address: String },
    /// A second factor was taken away, from a network address.
    FactorRemoved { address: String },
    /// A passkey was added, from a network address.
    PasskeyAdded { address: String },
    /// A passkey was removed, from a network address.
    PasskeyRemoved { address: String },
    /// An administrator took the second factors away.
    FactorsReset { by: String },
}

impl Content {
    /// The stored form of its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::Link { .. } => "link",
            Self::Reset { .. } => "reset",
            Self::LinkMade { .. } => "link_made",
            Self::PasswordChanged { .. } => "password_changed",
            Self::FactorAdded { .. } => "factor_added",
            Self::FactorRemoved { .. } => "factor_removed",
            Self::PasskeyAdded { .. } => "passkey_added",
            Self::PasskeyRemoved { .. } => "passkey_removed",
            Self::FactorsReset { .. } => "factors_reset",
        }
    }

    /// The one-time link that it carries.
    pub(super) fn token(&self) -> Option<&Token> {
        match self {
            Self::Invitation { token } | Self::Link { token } | Self::Reset { token, .. } => {
                Some(token)
            }
            _ => None,
        }
    }

    fn subject(&self) -> Key {
        subject(self.kind())
    }

    fn text(&self) -> Key {
        match self {
            Self::Invitation { .. } => Key("mail.text.invitation"),
            Self::Link { .. } => Key("mail.text.link"),
            Self::Reset { .. } => Key("mail.text.reset"),
            Self::LinkMade { .. } => Key("mail.text.link_made"),
            Self::PasswordChanged { .. } => Key("mail.text.password_changed"),
            Self::FactorAdded { .. } => Key("mail.text.factor_added"),
            Self::FactorRemoved { .. } => Key("mail.text.factor_removed"),
            Self::PasskeyAdded { .. } => Key("mail.text.passkey_added"),
            Self::PasskeyRemoved { .. } => Key("mail.text.passkey_removed"),
            Self::FactorsReset { .. } => Key("mail.text.factors_reset"),
        }
    }

    /// Who did it, or from where.
    fn whence(&self) -> &str {
        match self {
            Self::Invitation { .. } | Self::Link { .. } => "",
            Self::LinkMade { by } | Self::FactorsReset { by } => by,
            Self::Reset { address, .. }
            | Self::PasswordChanged { address }
            | Self::FactorAdded { address }
            | Self::FactorRemoved { address }
            | Self::PasskeyAdded { address }
            | Self::PasskeyRemoved { address } => address,
        }
    }
}

/// The subject of a kind's messages, which the portal calls them by too.
pub(super) fn subject(kind: &str) -> Key {
    match kind {
        "invitation" => Key("mail.subject.invitation"),
        "link" => Key("mail.subject.link"),
        "reset" => Key("mail.subject.reset"),
        "link_made" => Key("mail.subject.link_made"),
        "password_changed" => Key("mail.subject.password_changed"),
        "factor_added" => Key("mail.subject.factor_added"),
        "factor_removed" => Key("mail.subject.factor_removed"),
        "passkey_added" => Key("mail.subject.passkey_added"),
        "passkey_removed" => Key("mail.subject.passkey_removed"),
        _ => Key("mail.subject.factors_reset"),
    }
}

/// A message as it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    /// The person's address.
    pub(super) to: String,
    /// The person's name.
    pub(super) name: String,
    pub(super) content: Content,
}

impl Letter {
    /// Texts always have a JSON form.
    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn of(bytes: &[u8]) -> Result<Self, Why> {
        serde_json::from_slice(bytes).map_err(|_| Why::Sealed)
    }
}

/// What the words need to know besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// How people name the portal; from the configuration alone, never from a request.
    pub(super) portal: &'a str,
    /// The person's organisation.
    pub(super) tenant: &'a TenantRow,
    /// The person's language, where it is known; both are written otherwise.
    pub(super) lang: Option<Lang>,
    /// When it was written, Unix milliseconds.
    pub(super) at_ms: i64,
    /// Until when its link works, Unix milliseconds.
    pub(super) until_ms: i64,
}

/// A message in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// The same in one language.
#[derive(Debug)]
struct Block {
    lang: Lang,
    greeting: String,
    text: String,
    /// What to open: the one-time link, or where one looks after one's account.
    url: String,
    rest: Vec<String>,
}

#[derive(Template)]
#[template(path = "notices/mail/letter.html")]
struct Html<'a> {
    subject: &'a str,
    blocks: &'a [Block],
}

/// Writes a letter out.
pub(super) fn write(letter: &Letter, around: &Around<'_>) -> Words {
    let langs = match (around.lang, around.tenant.language.as_str()) {
        (Some(lang), _) => vec![lang],
        (None, "en") => vec![Lang::En, Lang::Ja],
        (None, _) => vec![Lang::Ja, Lang::En],
    };
    let subjects = langs
        .iter()
        .map(|lang| lang.text(letter.content.subject().0));
    let subject = subjects.collect::<Vec<_>>().join(" / ");
    let blocks: Vec<Block> = langs
        .iter()
        .map(|lang| block(letter, around, *lang))
        .collect();
    let texts: Vec<String> = blocks.iter().map(plain).collect();
    let html = Html {
        subject: &subject,
        blocks: &blocks,
    };
    Words {
        html: html.render().unwrap_or_default(),
        text: texts.join("\n----------------------------------------\n\n"),
        subject,
    }
}

fn plain(block: &Block) -> String {
    let Block {
        greeting,
        text,
        url,
        rest,
        ..
    } = block;
    format!("{greeting}\n\n{text}\n\n{url}\n\n{}\n", rest.join("\n\n"))
}

fn block(letter: &Letter, around: &Around<'_>, lang: Lang) -> Block {
    let (tenant, portal) = (around.tenant, around.portal);
    let organisation = match lang {
        Lang::Ja => &tenant.name_ja,
        Lang::En => &tenant.name_en,
    };
    let moment = |ms| moment(ms, &tenant.time_zone);
    let t = |key: &'static str| lang.text(key).to_owned();
    let at = moment(around.at_ms);
    let values: [(&str, &dyn fmt::Display); 3] = [
        ("tenant", organisation),
        ("whence", &letter.content.whence()),
        ("at", &at),
    ];
    let (url, mut rest) = match letter.content.token() {
        Some(Token(token)) => {
            let until = moment(around.until_ms);
            let hint = lang.filled("mail.link_hint", &[("until", &until)]);
            let url = format!("{portal}/welcome/{token}");
            (url, vec![hint, t("mail.not_you_link")])
        }
        None => (format!("{portal}/account"), vec![t("mail.not_you")]),
    };
    rest.extend([t("mail.never"), t("mail.automatic")]);
    Block {
        lang,
        greeting: lang.filled("mail.greeting", &[("name", &letter.name)]),
        text: lang.filled(letter.content.text().0, &values),
        url,
        rest,
    }
}

/// A moment in the organisation's zone, which is named: a mail is read anywhere.
fn moment(ms: i64, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    format!(
        "{} ({name})",
        ZonedDateTime::new(at, zone).strftime("%Y-%m-%d %H:%M")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::START_MS;
    use wire::ids::{Id as _, TenantId};

    fn tenant(language: &str) -> TenantRow {
        TenantRow {
            id: TenantId::from_uuid(uuid::Uuid::nil()),
            code: "shoji".to_owned(),
            name_ja: "株式会社長屋商事".to_owned(),
            name_en: "Nagaya <Shoji> & Co.".to_owned(),
            language: language.to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
        }
    }

    fn words(content: Content, language: &str, lang: Option<Lang>) -> Words {
        let letter = Letter {
            to: "hana@shoji.example".to_owned(),
            name: "佐藤 <b>花子</b>".to_owned(),
            content,
        };
        let around = Around {
            portal: "https://desk.example.jp",
            tenant: &tenant(language),
            lang,
            at_ms: START_MS,
            until_ms: START_MS + 24 * 60 * 60 * 1000,
        };
        write(&letter, &around)
    }

    fn every() -> Vec<Content> {
        let token = Token("s3cret".to_owned());
        let (by, address) = ("Grace".to_owned(), "192.0.2.7".to_owned());
        vec![
            Content::Invitation {
                token: token.clone(),
            },
            Content::Link {
                token: token.clone(),
            },
            Content::Reset {
                token,
                address: address.clone(),
            },
            Content::LinkMade { by: by.clone() },
            Content::PasswordChanged {
                address: address.clone(),
            },
            Content::FactorAdded {
                address: address.clone(),
            },
            Content::FactorRemoved {
                address: address.clone(),
            },
            Content::PasskeyAdded {
                address: address.clone(),
            },
            Content::PasskeyRemoved { address },
            Content::FactorsReset { by },
        ]
    }

    #[test]
    fn every_message_has_words_in_both_languages_and_nothing_left_open() {
        for content in every() {
            for lang in Lang::ALL {
                let words = words(content.clone(), "ja", Some(lang));
                for text in [&words.subject, &words.text, &words.html] {
                    assert!(!text.contains(['{', '}']), "{text}");
                    let keys = ["mail.text", "mail.subject", "mail.greeting"];
                    assert!(!keys.iter().any(|key| text.contains(key)), "{text}");
                }
                let whence = content.whence();
                assert!(words.text.contains(whence), "{}", words.text);
                assert_eq!(words.text.contains("s3cret"), content.token().is_some());
                assert!(words.text.contains("https://desk.example.jp/"));
            }
        }
    }

    #[test]
    fn a_link_says_until_when_it_works_where_the_reader_lives() {
        let token = Token("s3cret".to_owned());
        let words = words(Content::Invitation { token }, "ja", Some(Lang::Ja));
        assert!(words.text.contains("2027-01-16 17:00 (Asia/Tokyo)"));
        assert!(
            words
                .text
                .contains("https://desk.example.jp/welcome/s3cret\n")
        );
        assert!(words.text.contains("株式会社長屋商事"));
        assert!(!words.text.contains("Password"));
    }

    #[test]
    fn whose_language_nobody_knows_gets_both_the_organisations_first() {
        let content = || Content::LinkMade {
            by: "Grace".to_owned(),
        };
        let (ja, en) = (words(content(), "ja", None), words(content(), "en", None));
        let order = |text: &str| (text.find("様").unwrap_or(0), text.find("Dear").unwrap_or(0));
        let (first, second) = order(&ja.text);
        assert!(first > 0 && first < second, "{}", ja.text);
        assert!(en.text.starts_with("Dear "), "{}", en.text);
        assert!(ja.subject.contains(" / ") && en.html.contains("lang=\"ja\""));
    }

    #[test]
    fn names_are_no_html() {
        for content in every() {
            let words = words(content, "en", None);
            assert!(!words.html.contains("<b>") && !words.html.contains("<Shoji>"));
        }
    }

    #[test]
    fn a_letter_is_read_as_it_was_sealed_and_shows_no_secret() {
        for content in every() {
            let letter = Letter {
                to: "a@b.jp".to_owned(),
                name: "A".to_owned(),
                content,
            };
            assert_eq!(Letter::of(&letter.bytes()), Ok(letter.clone()));
            assert!(!format!("{letter:?}").contains("s3cret"));
        }
        assert_eq!(Letter::of(b"{}"), Err(Why::Sealed));
    }
}
