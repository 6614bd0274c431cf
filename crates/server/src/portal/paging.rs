//! A long list, one page at a time, and the addresses of its parts.

use super::Ui;
use std::fmt::Write as _;

/// Which part of a list a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The page, from 1.
    pub page: u64,
    /// Rows on a full page.
    pub per_page: u64,
    /// Rows of the whole list, as searched.
    pub total: u64,
}

impl Paging {
    /// The page that was asked for; what no list reaches is cut, so that counting rows before it cannot overflow.
    #[must_use]
    pub fn asked(page: u64) -> u64 {
        page.clamp(1, 1_000_000)
    }

    /// How many pages there are; at least one.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.per_page.max(1)).max(1)
    }

    /// The number of the first row shown, from 1.
    #[must_use]
    pub fn first(&self) -> u64 {
        (self.page.max(1) - 1)
            .saturating_mul(self.per_page)
            .saturating_add(1)
    }

    /// The number of the last row shown.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.page
            .max(1)
            .saturating_mul(self.per_page)
            .min(self.total)
    }

    /// "1–20 of 41".
    #[must_use]
    pub fn range(&self, ui: &Ui) -> String {
        let (from, to) = (self.first(), self.last());
        ui.filled(
            "paging.range",
            &[("from", &from), ("to", &to), ("total", &self.total)],
        )
    }

    /// "Page 1 of 3".
    #[must_use]
    pub fn position(&self, ui: &Ui) -> String {
        ui.filled(
            "paging.page_of",
            &[("page", &self.page), ("pages", &self.pages())],
        )
    }

    /// The page before, if there is one.
    #[must_use]
    pub fn before(&self) -> Option<u64> {
        (self.page > 1).then(|| (self.page - 1).min(self.pages()))
    }

    /// The page after, if there is one.
    #[must_use]
    pub fn after(&self) -> Option<u64> {
        (self.page < self.pages()).then(|| self.page + 1)
    }
}

/// A path with a query of percent-encoded names and values (RFC 3986, section 2.1; only unreserved characters stay).
#[must_use]
pub fn local_url(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = path.to_owned();
    for (at, (name, value)) in pairs.iter().enumerate() {
        url.push(if at == 0 { '?' } else { '&' });
        encode(name, &mut url);
        url.push('=');
        encode(value, &mut url);
    }
    url
}

fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_searched_for_cannot_change_the_address() {
        let url = local_url("/users", &[("q", "a&b=c #長"), ("sort", "name")]);
        assert_eq!(url, "/users?q=a%26b%3Dc%20%23%E9%95%B7&sort=name");
    }

    #[test]
    fn the_ends_of_the_list_have_no_neighbours() {
        let list = |page, total| Paging {
            page,
            per_page: 20,
            total,
        };
        let first = list(1, 41);
        assert_eq!(
            (first.first(), first.last(), first.before(), first.after()),
            (1, 20, None, Some(2))
        );
        let end = list(3, 41);
        assert_eq!(
            (end.first(), end.last(), end.before(), end.after()),
            (41, 41, Some(2), None)
        );
        let far = list(u64::MAX, 41);
        assert_eq!((far.last(), far.after()), (41, None));
        assert_eq!((Paging::asked(0), Paging::asked(7)), (1, 7));
        let empty = list(1, 0);
        assert_eq!((empty.pages(), empty.last(), empty.after()), (1, 0, None));
    }
}
