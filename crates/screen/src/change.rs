//! What changed: the screen as a grid of tiles, and the comparison of a captured picture with the one we know.

use crate::{
    picture::{Frame, Picture, RGB},
    tiles::TILE,
};
use wire::stream::Rect;

/// The screen's tiles. Those at the right and the bottom may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    w: u16,
    h: u16,
    cols: u16,
    rows: u16,
}

impl Grid {
    pub(crate) fn new(w: u16, h: u16) -> Self {
        Self {
            w,
            h,
            cols: w.div_ceil(TILE),
            rows: h.div_ceil(TILE),
        }
    }

    pub(crate) fn len(self) -> usize {
        usize::from(self.cols) * usize::from(self.rows)
    }

    pub(crate) fn cols(self) -> usize {
        self.cols.into()
    }

    /// Where a tile lies.
    pub(crate) fn rect(self, index: usize) -> Rect {
        let cols = usize::from(self.cols);
        // Both fit: they are below `cols` and `rows`.
        let (x, y) = ((index % cols) as u16 * TILE, (index / cols) as u16 * TILE);
        Rect {
            x,
            y,
            w: TILE.min(self.w - x),
            h: TILE.min(self.h - y),
        }
    }

    /// The tiles that a rectangle touches; what of it is outside the screen is left out.
    pub(crate) fn touched(self, rect: Rect) -> impl Iterator<Item = usize> {
        let end = |at: u16, len: u16, max: u16| at.saturating_add(len).min(max).div_ceil(TILE);
        let cols = rect.x / TILE..end(rect.x, rect.w, self.w);
        let rows = rect.y / TILE..end(rect.y, rect.h, self.h);
        let width = usize::from(self.cols);
        rows.flat_map(move |row| {
            cols.clone()
                .map(move |col| usize::from(row) * width + usize::from(col))
        })
    }

    /// The tiles that differ, of those that are `wanted` (one for each tile), each with the smallest rectangle that
    /// holds all pixels that do.
    pub(crate) fn changed(
        self,
        old: &Picture,
        new: &Frame<'_>,
        wanted: &[bool],
    ) -> Vec<(usize, Rect)> {
        let mut changed = Vec::new();
        for (row, wanted) in wanted.chunks(self.cols()).enumerate() {
            let first = wanted.iter().position(|wanted| *wanted);
            let last = wanted.iter().rposition(|wanted| *wanted);
            let (Some(first), Some(last)) = (first, last) else {
                continue;
            };
            let index = |col: usize| row * self.cols() + col;
            let span = union(self.rect(index(first)), self.rect(index(last)));
            // Line by line, as the pictures lie in memory: waiting for it is most of the work.
            let mut differences = vec![0; last - first + 1];
            for y in span.y..span.y + span.h {
                let (olds, news) = (old.line(y, span.x, span.w), new.line(y, span.x, span.w));
                differ_by(TILE, olds, news, &mut differences);
            }
            let tiles = (first..=last)
                .zip(differences)
                .filter(|(col, bits)| wanted[*col] && bits & RGB != 0);
            changed.extend(tiles.filter_map(|(col, _)| {
                let index = index(col);
                Some((index, changed_in(old, new, self.rect(index))?))
            }));
        }
        changed
    }
}

/// The smallest rectangle within `rect`, which is a tile at most, that holds every pixel that differs.
fn changed_in(old: &Picture, new: &Frame<'_>, rect: Rect) -> Option<Rect> {
    let differs = |y: &u16| differ(old.line(*y, rect.x, rect.w), new.line(*y, rect.x, rect.w));
    let mut lines = rect.y..rect.y + rect.h;
    let top = lines.find(|y| differs(y))?;
    let bottom = lines.rfind(|y| differs(y)).unwrap_or(top);
    // All lines laid over each other, which is much faster than looking for the edges in each.
    let mut columns = [0; TILE as usize];
    for y in top..=bottom {
        let olds = old.line(y, rect.x, rect.w);
        let news = new.line(y, rect.x, rect.w);
        for (column, (a, b)) in columns.iter_mut().zip(olds.iter().zip(news)) {
            *column |= a ^ b;
        }
    }
    let differing = || (0u16..).zip(columns).filter(|(_, bits)| bits & RGB != 0);
    let (left, _) = differing().next()?;
    let (right, _) = differing().last()?;
    Some(Rect {
        x: rect.x + left,
        y: top,
        w: right + 1 - left,
        h: bottom - top + 1,
    })
}

/// Whether two lines differ in more than padding.
pub(crate) fn differ(a: &[u32], b: &[u32]) -> bool {
    a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) & RGB != 0
}

/// Adds up in which bits two lines differ, for each cell of so many pixels.
pub(crate) fn differ_by(cell: u16, a: &[u32], b: &[u32], differences: &mut [u32]) {
    let pairs = a.chunks(cell.into()).zip(b.chunks(cell.into()));
    for (bits, (a, b)) in differences.iter_mut().zip(pairs) {
        *bits |= a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
    }
}

/// The smallest rectangle that holds both.
pub(crate) fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect {
        x,
        y,
        w: (a.x + a.w).max(b.x + b.w) - x,
        h: (a.y + a.h).max(b.y + b.h) - y,
    }
}

/// Whether `outer` holds all of `inner`.
pub(crate) fn holds(outer: Rect, inner: Rect) -> bool {
    outer.x <= inner.x
        && outer.y <= inner.y
        && inner.x + inner.w <= outer.x + outer.w
        && inner.y + inner.h <= outer.y + outer.h
}

/// Whether the two have a pixel in common.
pub(crate) fn meet(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_is_no_change() {
        let new = vec![0xff00_0000; 100];
        let frame = Frame::new(&new, 10, 10, 10).unwrap();
        let all = Rect {
            x: 0,
            y: 0,
            w: 10,
            h: 10,
        };
        assert_eq!(changed_in(&Picture::new(10, 10), &frame, all), None);
    }

    #[test]
    fn the_grid_covers_the_screen_once() {
        let grid = Grid::new(130, 65);
        assert_eq!(grid.len(), 6);
        let area: u32 = (0..grid.len()).map(|index| grid.rect(index).area()).sum();
        assert_eq!(area, 130 * 65);
        let outside = Rect {
            x: 120,
            y: 60,
            w: 500,
            h: 500,
        };
        assert_eq!(grid.touched(outside).collect::<Vec<_>>(), [1, 2, 4, 5]);
    }

    proptest! {
        #[test]
        fn the_changed_rectangle_is_the_smallest(points in proptest::collection::vec((0u16..50, 0u16..40), 1..6)) {
            let mut new = vec![0; 2000];
            for (x, y) in &points {
                new[usize::from(*y) * 50 + usize::from(*x)] = 1;
            }
            let frame = Frame::new(&new, 50, 50, 40).unwrap();
            let all = Rect { x: 0, y: 0, w: 50, h: 40 };
            let found = changed_in(&Picture::new(50, 40), &frame, all).unwrap();
            let smallest = points
                .iter()
                .map(|(x, y)| Rect { x: *x, y: *y, w: 1, h: 1 })
                .reduce(union)
                .unwrap();
            prop_assert_eq!(found, smallest);
        }
    }
}
