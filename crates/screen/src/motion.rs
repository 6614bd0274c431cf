//! Scrolled and dragged content: which part of the new picture is a part of the old one, moved.
//!
//! Runs of 16 pixels of the new picture ("anchors") are looked for everywhere in the old one by a rolling hash (Karp and
//! Rabin); each find votes for a movement. The best movement is then verified pixel by pixel, and becomes rectangles.

use crate::{
    change::{differ, differ_by, meet},
    picture::{Frame, Picture, RGB},
};
use std::collections::HashMap;
use wire::stream::Rect;

/// Pixels of a run, and width and height of a cell.
const RUN: u16 = 16;
const MULTIPLIER: u32 = 0x0100_0193;
/// `MULTIPLIER` to the power of `RUN`.
const LEAVING: u32 = MULTIPLIER.wrapping_pow(RUN as u32);
const MAX_ANCHORS: u32 = 1500;
/// Fewer votes than this are chance.
const MIN_VOTES: u32 = 4;
const MAX_MOVES: usize = 24;
/// Moves that mend fewer pixels cost more than they spare.
const MIN_MENDED: u32 = 512;

/// A part of the picture moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// Where it was.
    pub(crate) src: Rect,
    /// Where its left edge is now.
    pub(crate) x: u16,
    /// Where its top edge is now.
    pub(crate) y: u16,
}

impl Move {
    /// Where it is now.
    pub(crate) fn target(&self) -> Rect {
        Rect {
            x: self.x,
            y: self.y,
            ..self.src
        }
    }
}

/// A movement in pixels, right and down.
pub(crate) type Vector = (i32, i32);

/// Moves that were found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The movement that all of them make.
    pub(crate) vector: Vector,
    /// In the order in which they must be made.
    pub(crate) moves: Vec<Move>,
    /// Whether what they paint is right to the last pixel: none of them reads what an earlier one has written.
    pub(crate) exact: bool,
}

/// Finds moves within the area. `hint` is tried first: what scrolled or was dragged is often still moving.
pub(crate) fn find(
    old: &Picture,
    new: &Frame<'_>,
    area: Rect,
    hint: Option<Vector>,
) -> Option<Found> {
    let anchors = anchors(old, new, area);
    let vector = hint
        .filter(|hint| is_likely(old, new, &anchors, *hint))
        .or_else(|| vote(old, &anchors, area))?;
    let moves = moves(old, new, area, vector);
    (!moves.is_empty()).then(|| Found {
        exact: is_exact(&moves),
        vector,
        moves,
    })
}

/// Runs of the new picture that changed and are not of one colour, by hash; those that occur twice say nothing.
fn anchors(old: &Picture, new: &Frame<'_>, area: Rect) -> HashMap<u32, (u16, u16)> {
    let lines_apart = (area.area() / u32::from(RUN) / MAX_ANCHORS).clamp(1, 64);
    let mut found: HashMap<u32, Option<(u16, u16)>> = HashMap::new();
    for y in (area.y..area.y + area.h).step_by(lines_apart as usize) {
        for x in (area.x..(area.x + area.w).saturating_sub(RUN - 1)).step_by(RUN.into()) {
            let run = new.line(y, x, RUN);
            let plain = run.iter().all(|pixel| (pixel ^ run[0]) & RGB == 0);
            if plain || !differ(run, old.line(y, x, RUN)) {
                continue;
            }
            found
                .entry(hash(run))
                .and_modify(|place| *place = None)
                .or_insert(Some((x, y)));
        }
    }
    found
        .into_iter()
        .filter_map(|(hash, place)| Some((hash, place?)))
        .collect()
}

fn is_likely(
    old: &Picture,
    new: &Frame<'_>,
    anchors: &HashMap<u32, (u16, u16)>,
    (dx, dy): Vector,
) -> bool {
    let hits = anchors.values().filter(|(x, y)| {
        let from = Rect {
            x: *x,
            y: *y,
            w: RUN,
            h: 1,
        };
        shifted(from, (-dx, -dy), old)
            .is_some_and(|source| !differ(old.line(source.y, source.x, RUN), new.line(*y, *x, RUN)))
    });
    anchors.len() >= MIN_VOTES as usize && hits.count() * 2 > anchors.len()
}

fn vote(old: &Picture, anchors: &HashMap<u32, (u16, u16)>, area: Rect) -> Option<Vector> {
    // One bit for each value of a hash's 16 low bits: nearly every run that is no anchor stops here.
    let mut maybe = vec![0u64; 1024];
    for hash in anchors.keys() {
        maybe[(hash >> 6) as usize & 1023] |= 1 << (hash & 63);
    }
    let mut votes: HashMap<Vector, u32> = HashMap::new();
    for y in area.y..area.y + area.h {
        let line = old.line(y, area.x, area.w);
        let run = usize::from(RUN);
        if line.len() < run {
            return None;
        }
        let mut rolling = hash(&line[..run]);
        for at in 0..=line.len() - run {
            if maybe[(rolling >> 6) as usize & 1023] >> (rolling & 63) & 1 == 1
                && let Some((to_x, to_y)) = anchors.get(&rolling)
            {
                let from = i32::from(area.x) + at as i32;
                let vector = (i32::from(*to_x) - from, i32::from(*to_y) - i32::from(y));
                *votes.entry(vector).or_default() += 1;
            }
            if let Some(next) = line.get(at + run) {
                rolling = rolling
                    .wrapping_mul(MULTIPLIER)
                    .wrapping_add(next & RGB)
                    .wrapping_sub((line[at] & RGB).wrapping_mul(LEAVING));
            }
        }
    }
    let (vector, votes) = votes
        .into_iter()
        .max_by_key(|(vector, votes)| (*votes, *vector))?;
    let enough = MIN_VOTES.max(anchors.len() as u32 / 16);
    (votes >= enough && vector != (0, 0)).then_some(vector)
}

/// The rectangles of cells that the movement explains.
fn moves(old: &Picture, new: &Frame<'_>, area: Rect, vector: Vector) -> Vec<Move> {
    let mut open: Vec<Cells> = Vec::new();
    let mut done: Vec<Cells> = Vec::new();
    for y in (area.y..area.y + area.h).step_by(RUN.into()) {
        let h = RUN.min(area.y + area.h - y);
        let row = runs_of_cells(old, new, Rect { y, h, ..area }, vector);
        let mut still_open = Vec::new();
        for mut run in row {
            // The same columns one row above: one rectangle.
            if let Some(at) = open
                .iter()
                .position(|above| (above.rect.x, above.rect.w) == (run.rect.x, run.rect.w))
            {
                let above = open.swap_remove(at);
                run = Cells {
                    rect: Rect {
                        h: above.rect.h + h,
                        ..above.rect
                    },
                    mended: above.mended + run.mended,
                };
            }
            still_open.push(run);
        }
        done.append(&mut open);
        open = still_open;
    }
    done.append(&mut open);
    done.retain(|found| found.mended >= MIN_MENDED);
    done.sort_by_key(|found| std::cmp::Reverse(found.mended));
    done.truncate(MAX_MOVES);
    let mut rects: Vec<Rect> = done
        .iter()
        .map(|found| grown(old, new, found.rect, vector))
        .collect();
    // What is read by a later move must not be written by an earlier one. What still goes wrong is sent as tiles.
    let (dx, dy) = vector;
    rects.sort_by_key(|rect| {
        let (x, y) = (i32::from(rect.x), i32::from(rect.y));
        (if dy > 0 { -y } else { y }, if dx > 0 { -x } else { x })
    });
    rects
        .into_iter()
        .filter_map(|rect| {
            let src = shifted(rect, (-dx, -dy), old)?;
            Some(Move {
                src,
                x: rect.x,
                y: rect.y,
            })
        })
        .collect()
}

/// Neighbouring cells that the movement explains.
struct Cells {
    rect: Rect,
    /// Pixels in cells that had changed.
    mended: u32,
}

/// The longest runs of neighbouring cells in one row that the movement explains, if any of them had changed.
fn runs_of_cells(old: &Picture, new: &Frame<'_>, row: Rect, vector: Vector) -> Vec<Cells> {
    let mut runs: Vec<Cells> = Vec::new();
    let mut joins = false;
    for (cell, (moved, changed)) in (0u16..).zip(cells(old, new, row, vector)) {
        let x = row.x + cell * RUN;
        let cell = Rect {
            x,
            w: RUN.min(row.x + row.w - x),
            ..row
        };
        if !moved {
            joins = false;
            continue;
        }
        let mended = if changed { cell.area() } else { 0 };
        match runs.last_mut() {
            Some(run) if joins => {
                run.rect.w += cell.w;
                run.mended += mended;
            }
            _ => runs.push(Cells { rect: cell, mended }),
        }
        joins = true;
    }
    runs.retain(|run| run.mended > 0);
    runs
}

/// For each cell of a row: whether the movement explains it, and whether it had changed. Goes through the row line by
/// line, for that is how it lies in memory.
fn cells(
    old: &Picture,
    new: &Frame<'_>,
    row: Rect,
    (dx, dy): Vector,
) -> impl Iterator<Item = (bool, bool)> {
    let run = usize::from(RUN);
    let count = usize::from(row.w).div_ceil(run);
    let mut unexplained = vec![0; count];
    let mut changed = vec![0; count];
    let sources = |cell: usize| {
        let x = row.x + cell as u16 * RUN;
        let w = RUN.min(row.x + row.w - x);
        shifted(Rect { x, w, ..row }, (-dx, -dy), old)
    };
    // Cells whose source is inside the picture lie side by side.
    let first = (0..count).find(|cell| sources(*cell).is_some());
    let inside = first.map_or(0, |first| {
        (first..count)
            .take_while(|cell| sources(*cell).is_some())
            .count()
    });
    let begin = first.unwrap_or(0);
    let source = first.and_then(sources);
    for line in 0..row.h {
        let news = new.line(row.y + line, row.x, row.w);
        let olds = old.line(row.y + line, row.x, row.w);
        differ_by(RUN, olds, news, &mut changed);
        let Some(source) = source else {
            continue;
        };
        let news = &news[begin * run..((begin + inside) * run).min(news.len())];
        // It is inside: so are all cells, and this is as wide as they are.
        let olds = old.line(source.y + line, source.x, news.len() as u16);
        differ_by(RUN, olds, news, &mut unexplained[begin..begin + inside]);
    }
    let is_inside = move |cell| (begin..begin + inside).contains(&cell);
    (0..count).map(move |cell| {
        let moved = is_inside(cell) && unexplained[cell] & RGB == 0;
        (moved, changed[cell] & RGB != 0)
    })
}

/// Whether no move reads what an earlier one has written.
fn is_exact(moves: &[Move]) -> bool {
    moves.iter().enumerate().all(|(at, later)| {
        let mut written = moves[..at].iter().map(Move::target);
        written.all(|target| !meet(target, later.src))
    })
}

/// Moves each edge out, by less than a cell, as long as the movement explains the line.
fn grown(old: &Picture, new: &Frame<'_>, rect: Rect, vector: Vector) -> Rect {
    let mut rect = rect;
    for _ in 1..RUN {
        let left = Rect {
            x: rect.x.wrapping_sub(1),
            w: 1,
            ..rect
        };
        let right = Rect {
            x: rect.x + rect.w,
            w: 1,
            ..rect
        };
        let above = Rect {
            y: rect.y.wrapping_sub(1),
            h: 1,
            ..rect
        };
        let below = Rect {
            y: rect.y + rect.h,
            h: 1,
            ..rect
        };
        let before = rect;
        if is_moved(old, new, left, vector) {
            rect.x -= 1;
            rect.w += 1;
        } else if is_moved(old, new, right, vector) {
            rect.w += 1;
        } else if is_moved(old, new, above, vector) {
            rect.y -= 1;
            rect.h += 1;
        } else if is_moved(old, new, below, vector) {
            rect.h += 1;
        }
        if rect == before {
            break;
        }
    }
    rect
}

fn is_moved(old: &Picture, new: &Frame<'_>, rect: Rect, (dx, dy): Vector) -> bool {
    if !old.contains(rect) {
        return false;
    }
    let Some(source) = shifted(rect, (-dx, -dy), old) else {
        return false;
    };
    (0..rect.h).all(|line| {
        !differ(
            old.line(source.y + line, source.x, source.w),
            new.line(rect.y + line, rect.x, rect.w),
        )
    })
}

/// The rectangle moved, if it is inside the picture then.
fn shifted(rect: Rect, (dx, dy): Vector, picture: &Picture) -> Option<Rect> {
    let moved = Rect {
        x: u16::try_from(i32::from(rect.x) + dx).ok()?,
        y: u16::try_from(i32::from(rect.y) + dy).ok()?,
        ..rect
    };
    picture.contains(moved).then_some(moved)
}

fn hash(run: &[u32]) -> u32 {
    run.iter().fold(0u32, |hash, pixel| {
        hash.wrapping_mul(MULTIPLIER).wrapping_add(pixel & RGB)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
