//! SPDX licence expressions (SPDX 2.3, annex D), as far as packages use them: identifiers, `WITH`, `AND`, `OR`,
//! parentheses, and the old `/` for `OR`.

/// Whether an expression can be met with allowed licences alone; an error if it cannot be read.
pub(super) fn is_met(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut reader = Reader {
        words: spaced.split_whitespace().peekable(),
        allowed,
    };
    let met = reader.either()?;
    match reader.words.next() {
        None => Ok(met),
        Some(word) => Err(format!("`{word}` is not expected there")),
    }
}

struct Reader<'a, W: Iterator<Item = &'a str>> {
    words: std::iter::Peekable<W>,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a, W: Iterator<Item = &'a str>> Reader<'a, W> {
    /// `a OR b`; `AND` binds closer.
    fn either(&mut self) -> Result<bool, String> {
        let mut met = self.both()?;
        while self.words.next_if_eq(&"OR").is_some() {
            met |= self.both()?;
        }
        Ok(met)
    }

    fn both(&mut self) -> Result<bool, String> {
        let mut met = self.one()?;
        while self.words.next_if_eq(&"AND").is_some() {
            met &= self.one()?;
        }
        Ok(met)
    }

    fn one(&mut self) -> Result<bool, String> {
        match self.words.next() {
            Some("(") => {
                let met = self.either()?;
                match self.words.next() {
                    Some(")") => Ok(met),
                    _ => Err("a parenthesis is not closed".to_owned()),
                }
            }
            None | Some(")" | "OR" | "AND" | "WITH") => Err("a licence is missing".to_owned()),
            Some(name) => {
                // An exception only widens what a licence permits, yet it is a text of its own, to be allowed as such.
                if self.words.next_if_eq(&"WITH").is_none() {
                    return Ok((self.allowed)(name));
                }
                let exception = self.words.next().ok_or("an exception is missing")?;
                Ok((self.allowed)(&format!("{name} WITH {exception}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(expression: &str) -> Result<bool, String> {
        is_met(expression, &|name| {
            ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&name)
        })
    }

    #[test]
    fn one_way_to_meet_an_expression_is_enough() {
        for good in [
            "MIT",
            "GPL-3.0-only OR MIT",
            "Unlicense/MIT",
            "GPL-3.0-only / MIT",
            "(MIT OR GPL-2.0-only) AND ISC",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-2.0-only AND BSL-1.0 OR MIT",
        ] {
            assert_eq!(met(good), Ok(true), "{good}");
        }
        for bad in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "Apache-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "MIT AND (GPL-2.0-only OR MPL-2.0)",
        ] {
            assert_eq!(met(bad), Ok(false), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for wrong in [
            "", "MIT OR", "(MIT", "MIT)", "MIT ISC", "AND MIT", "MIT WITH",
        ] {
            assert!(met(wrong).is_err(), "{wrong}");
        }
    }
}
