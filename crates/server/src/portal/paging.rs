//! A long list, one page at a time.

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
    /// How many pages there are; at least one.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.per_page.max(1)).max(1)
    }

    /// The number of the first row shown, from 1.
    #[must_use]
    pub fn first(&self) -> u64 {
        (self.page.max(1) - 1) * self.per_page + 1
    }

    /// The number of the last row shown.
    #[must_use]
    pub fn last(&self) -> u64 {
        (self.page.max(1) * self.per_page).min(self.total)
    }

    /// The page before, if there is one.
    #[must_use]
    pub fn before(&self) -> Option<u64> {
        (self.page > 1).then(|| (self.page - 1).min(self.pages()))
    }

    /// The page after, if there is one.
    #[must_use]
    pub fn after(&self) -> Option<u64> {
        (self.page < self.pages()).then_some(self.page + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let last = list(3, 41);
        assert_eq!(
            (last.first(), last.last(), last.before(), last.after()),
            (41, 41, Some(2), None)
        );
        let empty = list(1, 0);
        assert_eq!((empty.pages(), empty.last(), empty.after()), (1, 0, None));
    }
}
