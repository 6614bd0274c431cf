//! Pressing keys: the client says which character and which physical key; the session may have another layout.

use super::{
    super::{DisplayError, X},
    fake,
    keymap::{Keymap, Place, is_character},
};
use std::{collections::HashMap, rc::Rc};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConnectionExt as _, KEY_PRESS_EVENT, KEY_RELEASE_EVENT},
};

const SHIFT_L: u32 = 0xffe1;
const SHIFT_R: u32 = 0xffe2;
/// Control, Caps Lock, Shift Lock, Meta, Alt, Super, Hyper, each left and right.
const MODIFIERS: std::ops::RangeInclusive<u32> = 0xffe1..=0xffee;
/// AltGr. The client's character already says what it did.
const LEVEL3_SHIFT: u32 = 0xfe03;
/// X key codes are Linux's and this much.
const EVDEV_OFFSET: u16 = 8;

/// A key that the client holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    keycode: u8,
    keysym: u32,
}

/// The keys, and which of them are down.
pub(super) struct Keys {
    x: Rc<X>,
    map: Keymap,
    /// By what the client calls them: the physical key, or the keysym where there is none.
    held: HashMap<(u16, u32), Held>,
    /// Characters that were given a spare key, the oldest first.
    lent: Vec<(u32, u8)>,
}

impl Keys {
    pub(super) fn new(x: Rc<X>) -> Result<Self, DisplayError> {
        let mut keys = Self {
            x,
            map: Keymap::default(),
            held: HashMap::new(),
            lent: Vec::new(),
        };
        keys.read_map()?;
        Ok(keys)
    }

    /// Reads the session's keyboard map.
    pub(super) fn read_map(&mut self) -> Result<(), DisplayError> {
        let setup = self.x.conn.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let reply = self
            .x
            .conn
            .get_keyboard_mapping(first, last - first + 1)?
            .reply()?;
        let mut keysyms = reply.keysyms;
        // Keys that were lent are not part of the layout. A layout that was set since has taken them back.
        let per_keycode = usize::from(reply.keysyms_per_keycode);
        self.lent.retain(|(lent, keycode)| {
            let at = usize::from(keycode - first) * per_keycode;
            match keysyms.get_mut(at..at + per_keycode) {
                Some(symbols) if symbols.first() == Some(lent) => {
                    symbols.fill(0);
                    true
                }
                _ => false,
            }
        });
        self.map = Keymap::new(first, reply.keysyms_per_keycode, &keysyms);
        Ok(())
    }

    /// A key goes down.
    pub(super) fn press(&mut self, keysym: u32, code: u16) -> Result<(), DisplayError> {
        let physical = physical(code);
        let on_layout = |keycode: &u8| self.map.has(*keycode);
        let place = if keysym == LEVEL3_SHIFT && self.map.find(keysym, physical).is_none() {
            None
        } else if keysym == 0 {
            physical.filter(on_layout).map(|keycode| Place {
                keycode,
                shift: false,
            })
        } else {
            self.map.find(keysym, physical)
        };
        let place = match place {
            Some(place) => place,
            None if is_character(keysym) => match self.lend(keysym)? {
                Some(keycode) => Place {
                    keycode,
                    shift: false,
                },
                None => return Ok(()),
            },
            None if keysym == LEVEL3_SHIFT => return Ok(()),
            // A function key whose name the layout does not know: its place must do.
            None => match physical.filter(on_layout) {
                Some(keycode) => Place {
                    keycode,
                    shift: false,
                },
                None => return Ok(()),
            },
        };
        if let Some(before) = self.held.insert(
            name(keysym, code),
            Held {
                keycode: place.keycode,
                keysym,
            },
        ) {
            fake(&self.x, KEY_RELEASE_EVENT, before.keycode, 0, 0)?;
        }
        if is_character(keysym) {
            self.with_shift(place, |x| fake(x, KEY_PRESS_EVENT, place.keycode, 0, 0))
        } else {
            fake(&self.x, KEY_PRESS_EVENT, place.keycode, 0, 0)
        }
    }

    /// A key goes up; whatever was pressed for it is let go.
    pub(super) fn release(&mut self, keysym: u32, code: u16) -> Result<(), DisplayError> {
        match self.held.remove(&name(keysym, code)) {
            Some(held) => fake(&self.x, KEY_RELEASE_EVENT, held.keycode, 0, 0),
            None => Ok(()),
        }
    }

    pub(super) fn release_all(&mut self) -> Result<(), DisplayError> {
        for (_, held) in self.held.drain() {
            fake(&self.x, KEY_RELEASE_EVENT, held.keycode, 0, 0)?;
        }
        Ok(())
    }

    /// Types a character that is no key of the client's. `false` when no key is free for it now.
    pub(super) fn tap(&mut self, keysym: u32) -> Result<bool, DisplayError> {
        let place = match self.map.find(keysym, None) {
            Some(place) => place,
            None => match self.lend(keysym)? {
                Some(keycode) => Place {
                    keycode,
                    shift: false,
                },
                None => return Ok(false),
            },
        };
        self.with_shift(place, |x| {
            fake(x, KEY_PRESS_EVENT, place.keycode, 0, 0)?;
            fake(x, KEY_RELEASE_EVENT, place.keycode, 0, 0)
        })?;
        Ok(true)
    }

    /// How many characters that are not on the keyboard can be typed before programs must have read their keys.
    pub(super) fn spare(&self) -> usize {
        self.map.spare.len()
    }

    /// Whether typing this needs a lent key that it does not have yet.
    pub(super) fn needs_lending(&self, keysym: u32) -> bool {
        self.map.find(keysym, None).is_none() && !self.lent.iter().any(|(lent, _)| *lent == keysym)
    }

    /// Does something while Shift is, or is not, held as the key needs it.
    fn with_shift(
        &self,
        place: Place,
        act: impl FnOnce(&X) -> Result<(), DisplayError>,
    ) -> Result<(), DisplayError> {
        let shifts: Vec<u8> = self
            .held
            .values()
            .filter(|held| [SHIFT_L, SHIFT_R].contains(&held.keysym))
            .map(|held| held.keycode)
            .collect();
        // In a shortcut the case of a letter is whatever the client's Caps Lock made of it.
        let shortcut = self.map.is_letter(place.keycode)
            && self.held.values().any(|held| {
                MODIFIERS.contains(&held.keysym) && ![SHIFT_L, SHIFT_R].contains(&held.keysym)
            });
        if shortcut || place.shift != shifts.is_empty() {
            return act(&self.x);
        }
        if place.shift {
            let Some(shift) = self.map.find(SHIFT_L, None) else {
                return act(&self.x);
            };
            fake(&self.x, KEY_PRESS_EVENT, shift.keycode, 0, 0)?;
            act(&self.x)?;
            return fake(&self.x, KEY_RELEASE_EVENT, shift.keycode, 0, 0);
        }
        for keycode in &shifts {
            fake(&self.x, KEY_RELEASE_EVENT, *keycode, 0, 0)?;
        }
        act(&self.x)?;
        for keycode in &shifts {
            fake(&self.x, KEY_PRESS_EVENT, *keycode, 0, 0)?;
        }
        Ok(())
    }

    /// Gives a character a key that has none, the one that was lent the longest time ago.
    fn lend(&mut self, keysym: u32) -> Result<Option<u8>, DisplayError> {
        if let Some(at) = self.lent.iter().position(|(lent, _)| *lent == keysym) {
            let entry = self.lent.remove(at);
            self.lent.push(entry);
            return Ok(Some(entry.1));
        }
        let in_use = |keycode: &u8| self.held.values().any(|held| held.keycode == *keycode);
        let fresh = self
            .map
            .spare
            .iter()
            .copied()
            .find(|keycode| !self.lent.iter().any(|(_, lent)| lent == keycode));
        let keycode = match fresh {
            Some(keycode) => keycode,
            None => match self.lent.iter().position(|(_, keycode)| !in_use(keycode)) {
                Some(oldest) => self.lent.remove(oldest).1,
                None => return Ok(None),
            },
        };
        // Both levels, so that Shift makes no difference.
        self.x
            .conn
            .change_keyboard_mapping(1, keycode, 2, &[keysym, keysym])?
            .check()?;
        self.lent.push((keysym, keycode));
        Ok(Some(keycode))
    }
}

fn name(keysym: u32, code: u16) -> (u16, u32) {
    if code == 0 { (0, keysym) } else { (code, 0) }
}

fn physical(code: u16) -> Option<u8> {
    if code == 0 {
        return None;
    }
    u8::try_from(code + EVDEV_OFFSET.min(u16::MAX - code)).ok()
}
