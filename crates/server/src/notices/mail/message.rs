//! A message as it goes over the wire (RFC 5322), and what keeps names and addresses inside their headers.

use super::{letter::Words, state::Why};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

/// The most characters of a name in a header.
const MAX_NAME_CHARS: usize = 100;

/// To whom a message is.
#[derive(Clone, Copy, Debug)]
pub(super) struct To<'a> {
    pub(super) address: &'a str,
    pub(super) name: &'a str,
}

/// Builds a message. Its id and its date are those of the row, so that a message that is sent twice is known to be the same.
pub(super) fn build(
    from: &Mailbox,
    to: To<'_>,
    (id, at_ms): (Uuid, i64),
    words: &Words,
) -> Result<Message, Why> {
    let to = Mailbox::new(name(to.name), address(to.address)?);
    let at = Duration::from_millis(u64::try_from(at_ms).unwrap_or_default());
    let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject(one_line(&words.subject))
        .date(UNIX_EPOCH + at)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        // Nobody's holiday notice shall answer (RFC 3834).
        .raw_header(HeaderValue::new(auto, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(
            words.text.clone(),
            words.html.clone(),
        ))
        .map_err(|_| Why::Address)
}

/// An address, with the domain as servers know it (RFC 5891). What is left of other letters takes a server with SMTPUTF8.
pub(super) fn address(text: &str) -> Result<Address, Why> {
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || "<>()[],;:\\\"".contains(c)) {
        return Err(Why::Address);
    }
    let (local, domain) = text.rsplit_once('@').ok_or(Why::Address)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| Why::Address)?;
    Address::new(local, domain).map_err(|_| Why::Address)
}

/// A name without what could end its header.
fn name(text: &str) -> Option<String> {
    let name: String = one_line(text).chars().take(MAX_NAME_CHARS).collect();
    (!name.is_empty()).then_some(name)
}

fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn built(name: &str, address: &str, subject: &str) -> Result<String, Why> {
        let from: Mailbox = "Nagaya <no-reply@desk.example.jp>".parse().unwrap();
        let words = Words {
            subject: subject.to_owned(),
            text: "hello\n.\nQUIT\n".to_owned(),
            html: "<p>hello</p>".to_owned(),
        };
        let message = build(&from, To { address, name }, (Uuid::nil(), 5000), &words)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    /// The names of the headers, those that go on over several lines once.
    fn headers(message: &str) -> Vec<String> {
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        head.split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
            .collect()
    }

    const HEADERS: [&str; 8] = [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "mime-version",
        "content-type",
    ];

    #[test]
    fn a_message_bears_the_rows_id_and_time_whenever_it_is_built() {
        let message = built("佐藤 花子", "hana@shoji.example", "ご案内").unwrap();
        assert_eq!(headers(&message), HEADERS);
        let id = "<00000000-0000-0000-0000-000000000000@desk.example.jp>";
        assert!(
            message.contains(&format!("Message-ID: {id}\r\n")),
            "{message}"
        );
        assert!(message.contains("Date: Thu, 01 Jan 1970 00:00:05 +0000"));
        assert!(message.contains("=?utf-8?b?"));
        assert!(message.is_ascii());
    }

    #[test]
    fn nothing_breaks_out_of_a_header() {
        let line = "x\r\nBcc: thief@evil.example\r\n\r\nhello";
        for (name, subject) in [
            (line, "hello"),
            ("Hana", line),
            ("Hana\nBcc: a@b.jp", "a\rb"),
        ] {
            let message = built(name, "hana@shoji.example", subject).unwrap();
            assert_eq!(headers(&message), HEADERS, "{message}");
        }
        for address in [
            "hana@shoji.example\r\nBcc: thief@evil.example",
            "hana@shoji.example, thief@evil.example",
            "hana@shoji.example> BODY=8BITMIME",
            "\"hana\r\n\"@shoji.example",
            "hana@shoji.example\0",
            "hana",
            "",
        ] {
            assert_eq!(
                built("Hana", address, "hello").err(),
                Some(Why::Address),
                "{address}"
            );
        }
    }

    #[test]
    fn addresses_in_other_letters_are_taken_as_servers_can() {
        let japanese = address("hana@例え.jp").unwrap();
        assert_eq!(japanese.to_string(), "hana@xn--r8jz45g.jp");
        assert_eq!(address("花子@例え.jp").unwrap().user(), "花子");
    }

    proptest! {
        #[test]
        fn whatever_names_and_addresses_hold_the_headers_stay_ours(
            name in any::<String>(), address in any::<String>(), subject in any::<String>(),
        ) {
            let good = built(&name, "hana@shoji.example", &subject).unwrap();
            prop_assert_eq!(headers(&good), HEADERS);
            if let Ok(message) = built("Hana", &address, "hello") {
                prop_assert_eq!(headers(&message), HEADERS);
            }
        }
    }
}
