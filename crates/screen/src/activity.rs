//! How lively each tile is, and what follows: which regions are worth a video stream, and what is still enough to be
//! sent once more without loss.

use crate::change::{Grid, meet, union};
use wire::stream::Rect;

/// Changes count less and less; after so long, a third.
const MEMORY_US: f32 = 500_000.0;
/// Heat of a tile that changes about eight times a second.
const HOT: f32 = 4.0;
/// A tile that costs less each time is better off without loss, in bytes.
const MIN_COST: f32 = 250.0;
/// What a pixel that changed costs at most, in bytes, as long as it is not known better.
const COST_OF_PIXEL: f32 = 0.3;
/// Heat of a tile that belongs to a region when it touches it: it changes five times a second, at whatever cost.
const WARM: f32 = 2.5;
/// A region that is mostly still is not a video.
const MIN_FILL: f32 = 0.35;
/// What stands still for so long is sent without loss.
pub(crate) const STILL_US: u64 = 400_000;
/// What stood still for so long is worth keeping when it is painted over.
const SETTLED_US: u64 = 250_000;

#[derive(Clone, Copy, Debug, Default)]
struct Tile {
    /// The client shows an approximation.
    lossy: bool,
    changed_at_us: u64,
    /// Changes, counted less the older they are.
    heat: f32,
    /// Bytes of a change without loss.
    cost: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Warmth {
    Cold,
    Warm,
    Hot,
}

/// A region that moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lively {
    /// Where: whole tiles.
    pub(crate) rect: Rect,
    /// What it costs without loss, in bytes a second.
    pub(crate) rate: f32,
}

/// The liveliness of all tiles.
#[derive(Debug)]
pub(crate) struct Activity {
    grid: Grid,
    tiles: Vec<Tile>,
}

impl Activity {
    pub(crate) fn new(grid: Grid) -> Self {
        Self {
            grid,
            tiles: vec![Tile::default(); grid.len()],
        }
    }

    /// A tile changed.
    pub(crate) fn changed(&mut self, index: usize, now_us: u64) {
        let tile = &mut self.tiles[index];
        tile.heat = tile.heat_at(now_us) + 1.0;
        tile.changed_at_us = now_us;
    }

    /// A tile changed within a video, where it is not learned what it costs: what it cost once says little when only so
    /// many of its pixels change now.
    pub(crate) fn changed_in_video(&mut self, index: usize, pixels: u32, now_us: u64) {
        self.changed(index, now_us);
        let tile = &mut self.tiles[index];
        tile.cost = tile.cost.min(pixels as f32 * COST_OF_PIXEL);
    }

    /// What a change cost without loss.
    pub(crate) fn cost(&mut self, index: usize, bytes: f32) {
        let tile = &mut self.tiles[index];
        tile.cost = if tile.cost == 0.0 {
            bytes
        } else {
            tile.cost.mul_add(0.7, bytes * 0.3)
        };
    }

    pub(crate) fn is_lossy(&self, index: usize) -> bool {
        self.tiles[index].lossy
    }

    pub(crate) fn set_lossy(&mut self, index: usize, lossy: bool) {
        self.tiles[index].lossy = lossy;
    }

    /// Whether what the tile shows is likely to be seen again.
    pub(crate) fn is_settled(&self, index: usize, now_us: u64) -> bool {
        let tile = &self.tiles[index];
        !tile.lossy && now_us.saturating_sub(tile.changed_at_us) >= SETTLED_US
    }

    /// Tiles that are shown with loss and have stood still, the stillest first.
    pub(crate) fn to_refine(&self, now_us: u64, skip: &[Rect]) -> Vec<usize> {
        let mut still: Vec<usize> = self
            .lossy_outside(skip)
            .filter(|index| now_us.saturating_sub(self.tiles[*index].changed_at_us) >= STILL_US)
            .collect();
        still.sort_by_key(|index| self.tiles[*index].changed_at_us);
        still
    }

    /// When [`Activity::to_refine`] finds something, if nothing changes before.
    pub(crate) fn refine_at_us(&self, skip: &[Rect]) -> Option<u64> {
        self.lossy_outside(skip)
            .map(|index| self.tiles[index].changed_at_us + STILL_US)
            .min()
    }

    /// The regions that move and would cost at least so many bytes a second without loss, the costliest first.
    pub(crate) fn lively(&self, now_us: u64, min_rate: f32) -> Vec<Lively> {
        let hot = |tile: &Tile| tile.cost >= MIN_COST && tile.heat_at(now_us) >= HOT;
        let mut left: Vec<Warmth> = self
            .tiles
            .iter()
            .map(|tile| {
                if hot(tile) {
                    Warmth::Hot
                } else if tile.heat_at(now_us) >= WARM {
                    Warmth::Warm
                } else {
                    Warmth::Cold
                }
            })
            .collect();
        let mut found: Vec<Lively> = Vec::new();
        while let Some(start) = left.iter().position(|warmth| *warmth == Warmth::Hot) {
            let members = self.neighbours(&mut left, start);
            let lively = self.region(&members, now_us);
            let area: u32 = members
                .iter()
                .map(|tile| self.grid.rect(*tile).area())
                .sum();
            if lively.rate >= min_rate && area as f32 >= lively.rect.area() as f32 * MIN_FILL {
                found.push(lively);
            }
        }
        found.sort_by(|a, b| b.rate.total_cmp(&a.rate));
        joined(found)
    }

    fn lossy_outside(&self, skip: &[Rect]) -> impl Iterator<Item = usize> {
        (0..self.tiles.len()).filter(move |index| {
            self.tiles[*index].lossy && !skip.iter().any(|rect| meet(*rect, self.grid.rect(*index)))
        })
    }

    /// Takes a hot tile, the hot ones near it over gaps of one tile, and the warm ones that touch any of them.
    fn neighbours(&self, left: &mut [Warmth], start: usize) -> Vec<usize> {
        let cols = self.grid.cols();
        let mut members = vec![start];
        left[start] = Warmth::Cold;
        let mut next = 0;
        while let Some(&index) = members.get(next) {
            next += 1;
            let (row, col) = (index / cols, index % cols);
            for near_row in row.saturating_sub(2)..=row + 2 {
                for near_col in col.saturating_sub(2)..=(col + 2).min(cols - 1) {
                    let near = near_row * cols + near_col;
                    let touches = near_row.abs_diff(row) <= 1 && near_col.abs_diff(col) <= 1;
                    let taken = match left.get(near) {
                        Some(Warmth::Hot) => true,
                        Some(Warmth::Warm) => touches,
                        _ => false,
                    };
                    if taken {
                        left[near] = Warmth::Cold;
                        members.push(near);
                    }
                }
            }
        }
        members
    }

    fn region(&self, members: &[usize], now_us: u64) -> Lively {
        let rect = members
            .iter()
            .map(|index| self.grid.rect(*index))
            .reduce(union)
            .unwrap_or(self.grid.rect(0));
        let rate = members
            .iter()
            .map(|index| {
                let tile = &self.tiles[*index];
                tile.cost * tile.heat_at(now_us) * 1_000_000.0 / MEMORY_US
            })
            .sum();
        Lively { rect, rate }
    }
}

impl Tile {
    fn heat_at(&self, now_us: u64) -> f32 {
        let age_us = now_us.saturating_sub(self.changed_at_us) as f32;
        self.heat * (-age_us / MEMORY_US).exp()
    }
}

/// Regions that overlap become one.
fn joined(regions: Vec<Lively>) -> Vec<Lively> {
    let mut joined: Vec<Lively> = Vec::new();
    for mut region in regions {
        while let Some(at) = joined
            .iter()
            .position(|other| meet(other.rect, region.rect))
        {
            let other = joined.remove(at);
            region.rect = union(region.rect, other.rect);
            region.rate += other.rate;
        }
        joined.push(region);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_changes(hz: u64, cost: f32) -> (Activity, u64) {
        let grid = Grid::new(640, 480);
        let mut activity = Activity::new(grid);
        let block = Rect {
            x: 128,
            y: 64,
            w: 256,
            h: 192,
        };
        let mut now = 1_000_000;
        for _ in 0..hz {
            now += 1_000_000 / hz;
            for index in grid.touched(block) {
                activity.changed(index, now);
                activity.cost(index, cost);
            }
        }
        (activity, now)
    }

    #[test]
    fn what_changes_often_and_costs_much_is_a_region() {
        let (activity, now) = after_changes(30, 4000.0);
        let [region] = activity.lively(now, 500_000.0)[..] else {
            unreachable!("one region");
        };
        assert_eq!(
            region.rect,
            Rect {
                x: 128,
                y: 64,
                w: 256,
                h: 192
            }
        );
        // 12 tiles of 4000 bytes at 30 a second.
        assert!(
            (1_000_000.0..2_000_000.0).contains(&region.rate),
            "{region:?}"
        );
        assert!(
            activity.lively(now + 2_000_000, 1.0).is_empty(),
            "it cools down"
        );
    }

    #[test]
    fn typing_and_cheap_changes_are_not() {
        let (typing, now) = after_changes(5, 4000.0);
        assert!(typing.lively(now, 1.0).is_empty());
        let (cheap, now) = after_changes(30, 100.0);
        assert!(cheap.lively(now, 1.0).is_empty());
    }

    #[test]
    fn what_was_lossy_is_refined_when_it_stands_still() {
        let (mut activity, now) = after_changes(30, 4000.0);
        let index = Grid::new(640, 480)
            .touched(Rect {
                x: 128,
                y: 64,
                w: 1,
                h: 1,
            })
            .next();
        let index = index.unwrap_or_default();
        activity.set_lossy(index, true);
        assert_eq!(activity.refine_at_us(&[]), Some(now + STILL_US));
        assert!(activity.to_refine(now + STILL_US - 1, &[]).is_empty());
        assert_eq!(activity.to_refine(now + STILL_US, &[]), [index]);
    }
}
