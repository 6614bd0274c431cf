//! Which key gives which character in the session. Pure: a table in, answers out.

use std::collections::HashMap;

/// No symbol (X11 protocol, `NoSymbol`).
const NO_SYMBOL: u32 = 0;
/// Keys of multimedia keyboards (XF86keysym.h), which no browser sends: their places are free for characters.
const MULTIMEDIA: std::ops::RangeInclusive<u32> = 0x1008_0000..=0x1008_ffff;
/// Keysyms of Unicode characters that have no older name are the code point with this bit (X11 protocol, appendix A).
const UNICODE: u32 = 0x0100_0000;

/// A key, and whether Shift must be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) keycode: u8,
    pub(super) shift: bool,
}

/// The keyboard's map.
#[derive(Debug, Default)]
pub(super) struct Keymap {
    first: u8,
    /// For each keycode: what it gives alone and with Shift.
    levels: Vec<[u32; 2]>,
    places: HashMap<u32, Place>,
    /// Keycodes that give nothing.
    pub(super) spare: Vec<u8>,
}

impl Keymap {
    /// From the answer to `GetKeyboardMapping`.
    pub(super) fn new(first: u8, per_keycode: u8, keysyms: &[u32]) -> Self {
        let mut map = Self {
            first,
            ..Self::default()
        };
        for (keycode, symbols) in
            (first..=u8::MAX).zip(keysyms.chunks(usize::from(per_keycode.max(1))))
        {
            let alone = symbols.first().copied().unwrap_or(NO_SYMBOL);
            let shifted = match symbols.get(1).copied().unwrap_or(NO_SYMBOL) {
                NO_SYMBOL => upper(alone),
                symbol => symbol,
            };
            map.levels.push([alone, shifted]);
            if symbols
                .iter()
                .all(|symbol| *symbol == NO_SYMBOL || MULTIMEDIA.contains(symbol))
            {
                map.spare.push(keycode);
                continue;
            }
            for (symbol, shift) in [(alone, false), (shifted, true)] {
                if symbol == NO_SYMBOL {
                    continue;
                }
                let place = map.places.entry(symbol).or_insert(Place { keycode, shift });
                if place.shift && !shift {
                    *place = Place { keycode, shift };
                }
            }
        }
        map
    }

    /// Where a keysym is: on the physical key if that gives it, else wherever.
    pub(super) fn find(&self, keysym: u32, physical: Option<u8>) -> Option<Place> {
        let here = physical.and_then(|keycode| {
            let shift = self
                .levels(keycode)?
                .iter()
                .position(|symbol| *symbol == keysym)?
                == 1;
            Some(Place { keycode, shift })
        });
        here.or_else(|| self.places.get(&keysym).copied())
    }

    /// Whether the key exists in this map.
    pub(super) fn has(&self, keycode: u8) -> bool {
        self.levels(keycode)
            .is_some_and(|levels| levels[0] != NO_SYMBOL)
    }

    /// Whether the key gives the same letter in its two cases.
    pub(super) fn is_letter(&self, keycode: u8) -> bool {
        self.levels(keycode)
            .is_some_and(|levels| levels[0] != levels[1] && upper(levels[0]) == levels[1])
    }

    fn levels(&self, keycode: u8) -> Option<&[u32; 2]> {
        self.levels
            .get(usize::from(keycode.checked_sub(self.first)?))
    }
}

/// The keysym of a character.
pub(super) fn keysym_of(character: char) -> Option<u32> {
    match character {
        '\n' => Some(0xff0d),
        '\t' => Some(0xff09),
        // Latin-1 has its code points.
        ' '..='~' | '\u{a0}'..='\u{ff}' => Some(character.into()),
        character if character.is_control() => None,
        character => Some(u32::from(character) | UNICODE),
    }
}

/// Whether a keysym stands for a character rather than for a function.
pub(super) fn is_character(keysym: u32) -> bool {
    keysym & UNICODE != 0 || (0x20..0xfe00).contains(&keysym)
}

fn upper(keysym: u32) -> u32 {
    match keysym {
        0x61..=0x7a => keysym - 0x20,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keycodes 10 to 14: `2`/`"`, `a`, `@`/`` ` ``, nothing, Shift.
    fn japanese() -> Keymap {
        Keymap::new(10, 2, &[0x32, 0x22, 0x61, 0, 0x40, 0x60, 0, 0, 0xffe1, 0])
    }

    #[test]
    fn a_character_is_found_where_the_session_has_it() {
        let map = japanese();
        assert_eq!(
            map.find(0x40, Some(10)),
            Some(Place {
                keycode: 12,
                shift: false
            })
        );
        assert_eq!(
            map.find(0x22, Some(10)),
            Some(Place {
                keycode: 10,
                shift: true
            })
        );
        assert_eq!(
            map.find(0x41, None),
            Some(Place {
                keycode: 11,
                shift: true
            })
        );
        assert_eq!(map.find(0x3042, Some(10)), None);
        assert_eq!(map.spare, [13]);
        assert!(map.is_letter(11) && !map.is_letter(10));
    }

    #[test]
    fn characters_have_the_keysyms_of_the_standard() {
        assert_eq!(keysym_of('a'), Some(0x61));
        assert_eq!(keysym_of('é'), Some(0xe9));
        assert_eq!(keysym_of('日'), Some(0x0100_65e5));
        assert_eq!(keysym_of('\n'), Some(0xff0d));
        assert_eq!(keysym_of('\u{7}'), None);
        assert!(is_character(0x0100_65e5) && !is_character(0xffe1));
    }
}
