//! The addresses and the content of tiles (C2SP tlog-tiles): `tile/L/N[.p/W]` and `tile/entries/N[.p/W]`.

use super::merkle::Hash;

/// Hashes in a full tile; leaves in a full bundle.
pub const WIDTH: u64 = 256;
/// The levels of the tree that one level of tiles spans.
pub const HEIGHT: u32 = 8;
/// No tree of 2⁶⁴ leaves has a higher level.
const MAX_LEVEL: u32 = 7;

/// Which tile is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The level of hashes; `None` for the leaves themselves.
    pub level: Option<u32>,
    /// Which of that level, from the left.
    pub index: u64,
    /// How many hashes or leaves: 1 to 256.
    pub width: u64,
}

impl Tile {
    /// Reads what follows `tile/` in an address. There is one way to write each.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.split_once('/')?;
        let level = match level {
            "entries" => None,
            number => Some(canonical(number).and_then(|n| u32::try_from(n).ok())?),
        };
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => (groups, canonical(width).filter(|w| (1..WIDTH).contains(w))?),
            None => (rest, WIDTH),
        };
        let index = parse_index(groups)?;
        (level.is_none_or(|level| level <= MAX_LEVEL)).then_some(Self {
            level,
            index,
            width,
        })
    }

    /// The leaves, or hashes of its level, that it covers: from and to, the end not included.
    #[must_use]
    pub fn range(&self) -> Option<(u64, u64)> {
        let start = self.index.checked_mul(WIDTH)?;
        Some((start, start.checked_add(self.width)?))
    }

    /// Whether a tree of this size has it: the last one of a level is as wide as the tree makes it, and also as wide as it
    /// was before.
    #[must_use]
    pub fn is_in(&self, size: u64) -> bool {
        let shift = self.level.unwrap_or(0) * HEIGHT;
        let available = size.checked_shr(shift).unwrap_or(0);
        self.range().is_some_and(|(_, end)| end <= available)
    }
}

/// A number as the specification writes it, without leading zeros.
fn canonical(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// `x001/x234/067` is 1234067.
fn parse_index(path: &str) -> Option<u64> {
    let mut index = 0_u64;
    let groups: Vec<&str> = path.split('/').collect();
    let (last, before) = groups.split_last()?;
    for group in before {
        index = add_group(index, group.strip_prefix('x')?)?;
    }
    index = add_group(index, last)?;
    // A first group of zeros only would be a second way to write the same index.
    (before.is_empty() || groups[0] != "x000").then_some(index)
}

fn add_group(index: u64, digits: &str) -> Option<u64> {
    let three = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = three.then(|| digits.parse().ok())??;
    index.checked_mul(1000)?.checked_add(number)
}

/// The body of a tile of hashes.
#[must_use]
pub fn hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// The body of a bundle of leaves: each after its length, two bytes, the higher first.
#[must_use]
pub fn entries(leaves: &[String]) -> Vec<u8> {
    let mut body = Vec::new();
    for leaf in leaves {
        // A leaf is far shorter than 64 KiB.
        let length = u16::try_from(leaf.len()).unwrap_or_default();
        body.extend(length.to_be_bytes());
        body.extend(leaf.as_bytes());
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_those_of_the_specification() {
        let tile = |level, index, width| {
            Some(Tile {
                level,
                index,
                width,
            })
        };
        assert_eq!(
            Tile::parse("0/x001/x234/067"),
            tile(Some(0), 1_234_067, 256)
        );
        assert_eq!(Tile::parse("1/000.p/8"), tile(Some(1), 0, 8));
        assert_eq!(Tile::parse("entries/x001/000.p/255"), tile(None, 1000, 255));
        for bad in [
            "",
            "0",
            "0/",
            "8/000",
            "-1/000",
            "00/000",
            "0/1",
            "0/0001",
            "0/x001",
            "0/001/002",
            "0/x000/001",
            "0/000.p/256",
            "0/000.p/0",
            "0/000.p/07",
            "0/000.p/",
            "entries/x1/000",
            "data/000",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_tile_is_there_when_the_tree_fills_it() {
        let there = |path, size| Tile::parse(path).is_some_and(|tile| tile.is_in(size));
        assert!(there("0/000.p/3", 3) && there("0/000.p/3", 300) && !there("0/000.p/4", 3));
        assert!(there("0/000", 256) && !there("0/000", 255));
        assert!(there("1/000.p/2", 512) && !there("1/000.p/2", 511));
        assert!(!there("7/000.p/1", u64::MAX >> 8));
    }

    proptest! {
        #[test]
        fn no_address_makes_it_panic(path in "(entries|[0-9])/[x0-9/.p]{0,40}") {
            if let Some(tile) = Tile::parse(&path) {
                let _ = tile.is_in(u64::MAX);
            }
        }
    }
}
