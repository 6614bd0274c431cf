//! Filters and paths, as text (RFC 7644, section 3.4.2.2 and figures 1 and 7). Nothing of the server is named here, so
//! that `fuzz` builds this file alone.

use serde_json::Value;

/// The longest text that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 4096;
/// How deep parentheses, `not` and brackets may stand in each other.
const MAX_DEPTH: u32 = 16;

/// What a resource must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// One of the two, or both.
    Or(Box<Filter>, Box<Filter>),
    /// Not that.
    Not(Box<Filter>),
    /// Has a value.
    Present(AttributePath),
    /// Compares to a value.
    Compare(AttributePath, Operator, Value),
    /// One of several values is all of that: `emails[type eq "work"]`.
    Within(AttributePath, Box<Filter>),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

/// The name of an attribute: `[schema:]name[.sub]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributePath {
    /// The schema's URI, if it is named.
    pub(crate) schema: Option<String>,
    /// The attribute.
    pub(crate) name: String,
    /// What of it.
    pub(crate) sub: Option<String>,
}

/// What a PATCH operation is about: `members[value eq "x"].display`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    /// The attribute.
    pub(crate) attribute: AttributePath,
    /// Which of its values.
    pub(crate) filter: Option<Filter>,
}

/// The text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unexpected at byte {at}")]
pub(crate) struct Unreadable {
    /// Where, in bytes from the start.
    pub(crate) at: usize,
}

/// Reads a filter.
pub(crate) fn parse(text: &str) -> Result<Filter, Unreadable> {
    let mut reader = Reader::new(text)?;
    let filter = reader.either(0)?;
    reader.end().map(|()| filter)
}

/// Reads the path of a PATCH operation.
pub(crate) fn parse_path(text: &str) -> Result<Path, Unreadable> {
    let mut reader = Reader::new(text)?;
    let mut attribute = reader.attribute()?;
    let mut filter = None;
    if reader.skip('[') {
        filter = Some(reader.either(1)?);
        reader.expect(']')?;
        if reader.skip('.') {
            if attribute.sub.is_some() {
                return Err(reader.fault());
            }
            attribute.sub = Some(reader.name()?.to_owned());
        }
    }
    reader.end()?;
    Ok(Path { attribute, filter })
}

/// Reads the name of an attribute.
pub(crate) fn parse_attribute(text: &str) -> Result<AttributePath, Unreadable> {
    let mut reader = Reader::new(text)?;
    let attribute = reader.attribute()?;
    reader.end().map(|()| attribute)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self, Unreadable> {
        if text.len() > MAX_BYTES {
            return Err(Unreadable { at: MAX_BYTES });
        }
        Ok(Self { text, at: 0 })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fault(&self) -> Unreadable {
        Unreadable { at: self.at }
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        self.blanks();
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.fault())
        }
    }

    fn skip(&mut self, sign: char) -> bool {
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, sign: char) -> Result<(), Unreadable> {
        self.blanks();
        if self.skip(sign) {
            Ok(())
        } else {
            Err(self.fault())
        }
    }

    /// The word that begins here, which is not consumed.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        &rest[..end.unwrap_or(rest.len())]
    }

    fn skip_word(&mut self, word: &str) -> bool {
        self.blanks();
        let found = self.word().eq_ignore_ascii_case(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn either(&mut self, depth: u32) -> Result<Filter, Unreadable> {
        let mut left = self.both(depth)?;
        while self.skip_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both(depth)?));
        }
        Ok(left)
    }

    fn both(&mut self, depth: u32) -> Result<Filter, Unreadable> {
        let mut left = self.one(depth)?;
        while self.skip_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: u32) -> Result<Filter, Unreadable> {
        if depth > MAX_DEPTH {
            return Err(self.fault());
        }
        self.blanks();
        if self.skip('(') {
            return self.closed(depth, ')');
        }
        let before = self.at;
        if self.skip_word("not") {
            self.blanks();
            if self.skip('(') {
                return Ok(Filter::Not(Box::new(self.closed(depth, ')')?)));
            }
            // An attribute may be called so.
            self.at = before;
        }
        let attribute = self.attribute()?;
        if self.skip('[') {
            let within = self.closed(depth, ']')?;
            return Ok(Filter::Within(attribute, Box::new(within)));
        }
        self.blanks();
        if self.skip_word("pr") {
            return Ok(Filter::Present(attribute));
        }
        let operator = operator_of(self.word()).ok_or_else(|| self.fault())?;
        self.at += 2;
        self.blanks();
        Ok(Filter::Compare(attribute, operator, self.value()?))
    }

    fn closed(&mut self, depth: u32, sign: char) -> Result<Filter, Unreadable> {
        let filter = self.either(depth + 1)?;
        self.expect(sign)?;
        Ok(filter)
    }

    /// `[URI ":"] name ["." sub]`. URIs hold colons and periods too, so that the name begins after the last colon.
    fn attribute(&mut self) -> Result<AttributePath, Unreadable> {
        self.blanks();
        let rest = self.rest();
        let names = |c: char| c.is_ascii_alphanumeric() || "_-$:.".contains(c);
        let whole = &rest[..rest.find(|c| !names(c)).unwrap_or(rest.len())];
        let (schema, names) = match whole.rsplit_once(':') {
            Some((schema, names)) => (Some(schema.to_owned()), names),
            None => (None, whole),
        };
        let (name, sub) = match names.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (names, None),
        };
        if !is_name(name) || sub.is_some_and(|sub| !is_name(sub)) {
            return Err(self.fault());
        }
        self.at += whole.len();
        Ok(AttributePath {
            schema,
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    fn name(&mut self) -> Result<&'a str, Unreadable> {
        let rest = self.rest();
        let names = |c: char| c.is_ascii_alphanumeric() || "_-$".contains(c);
        let name = &rest[..rest.find(|c| !names(c)).unwrap_or(rest.len())];
        if !is_name(name) {
            return Err(self.fault());
        }
        self.at += name.len();
        Ok(name)
    }

    /// A text, number, truth value or `null`, as JSON writes them.
    fn value(&mut self) -> Result<Value, Unreadable> {
        let rest = self.rest();
        let length = if rest.starts_with('"') {
            closing_quote(rest).ok_or_else(|| self.fault())?
        } else {
            let end = rest.find([' ', ')', ']']);
            end.unwrap_or(rest.len())
        };
        let value = serde_json::from_str(&rest[..length]).map_err(|_| self.fault())?;
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            return Err(self.fault());
        }
        self.at += length;
        Ok(value)
    }
}

/// The length of the quoted text that begins here.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$');
    first && !name.contains(['.', ':']) && name.len() > usize::from(name.starts_with('$'))
}

fn operator_of(word: &str) -> Option<Operator> {
    Some(match word.to_ascii_lowercase().as_str() {
        "eq" => Operator::Equal,
        "ne" => Operator::NotEqual,
        "co" => Operator::Contains,
        "sw" => Operator::StartsWith,
        "ew" => Operator::EndsWith,
        "gt" => Operator::Greater,
        "ge" => Operator::GreaterOrEqual,
        "lt" => Operator::Less,
        "le" => Operator::LessOrEqual,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn name(text: &str) -> AttributePath {
        parse_attribute(text).unwrap()
    }

    fn equal(attribute: &str, value: &str) -> Filter {
        Filter::Compare(name(attribute), Operator::Equal, json!(value))
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        for text in [
            r#"userName eq "bjensen""#,
            r#"name.familyName co "O'Malley""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
            "title pr",
            r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
            r#"title pr and userType eq "Employee""#,
            r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
            r#"emails[type eq "work" and value co "@a.com"] or ims[type eq "xmpp" and value co "@b.com"]"#,
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in [
            "members",
            "name.familyName",
            r#"addresses[type eq "work"]"#,
            r#"members[value eq "2819c223-7f76-453a-919d-413861904646"]"#,
            r#"members[value eq "2819c223"].displayName"#,
        ] {
            assert!(parse_path(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn and_binds_more_than_or_and_words_may_be_large() {
        let read = parse(r#"a eq "1" OR b Eq "2" aNd not (c eq "3")"#).unwrap();
        let right = Filter::And(
            Box::new(equal("b", "2")),
            Box::new(Filter::Not(Box::new(equal("c", "3")))),
        );
        assert_eq!(read, Filter::Or(Box::new(equal("a", "1")), Box::new(right)));
        let path = name("urn:ietf:params:scim:schemas:core:2.0:User:name.formatted");
        assert_eq!(
            path.schema.as_deref(),
            Some("urn:ietf:params:scim:schemas:core:2.0:User")
        );
        assert_eq!(
            (path.name.as_str(), path.sub.as_deref()),
            ("name", Some("formatted"))
        );
        assert_eq!(parse(r#"a eq "q\"]) or""#).unwrap(), equal("a", "q\"]) or"));
    }

    #[test]
    fn what_is_no_filter_is_told_where() {
        for (text, at) in [
            ("", 0),
            ("userName", 8),
            ("userName is 3", 9),
            (r#"userName eq "x"#, 12),
            ("userName eq x", 12),
            ("userName eq {}", 12),
            (r#"userName eq "x" and"#, 19),
            (r#"(userName eq "x""#, 16),
            (r#"userName eq "x")"#, 15),
            ("emails[type pr", 14),
            ("a.b.c pr", 0),
            ("1a pr", 0),
        ] {
            assert_eq!(parse(text), Err(Unreadable { at }), "{text}");
        }
        let deep = format!("{}a pr{}", "(".repeat(40), ")".repeat(40));
        assert!(parse(&deep).is_err());
        assert!(parse(&format!("a eq \"{}\"", "x".repeat(MAX_BYTES))).is_err());
        assert!(parse_path("a.b[c pr].d").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"[a-c \.\[\]()"\\$:é]{0,40}|(a (eq|co|pr|and|or|not) ?["\[(]?){0,8}"#) {
            let _ = parse(&text);
            let _ = parse_path(&text);
            let _ = parse_attribute(&text);
        }
    }
}
