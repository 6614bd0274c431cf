//! Text from the client's input method. What the session's keyboard lacks is typed on keys that are lent to the
//! characters; before a lent key is used for another one, programs need time to read the first.

use super::{super::DisplayError, keymap::keysym_of, keys::Keys};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// What a program may take to read the keyboard's map after it was told of a change.
const PAUSE: Duration = Duration::from_millis(120);
/// More text than this does not wait.
const MAX_WAITING: usize = 64 * 1024;

/// What is to be typed, in order.
#[derive(Clone, Copy, Debug)]
enum Item {
    Character(u32),
    /// A key that was pressed or let go after text that waits.
    Key {
        down: bool,
        keysym: u32,
        code: u16,
    },
}

/// Text that is being typed, and the keys that came after it.
#[derive(Debug, Default)]
pub(super) struct Typist {
    waiting: VecDeque<Item>,
    /// Lent keys since the last pause.
    lent: usize,
    not_before: Option<Instant>,
}

impl Typist {
    /// Adds text. Characters that no keyboard can give are left out.
    pub(super) fn queue(&mut self, text: &str) {
        let room = MAX_WAITING.saturating_sub(self.waiting.len());
        let characters = text.chars().filter_map(keysym_of).map(Item::Character);
        self.waiting.extend(characters.take(room));
    }

    /// Puts a key behind text that waits; `false` when none does and the key can be pressed at once.
    pub(super) fn queue_key(&mut self, down: bool, keysym: u32, code: u16) -> bool {
        let waits = !self.waiting.is_empty() && self.waiting.len() < MAX_WAITING;
        if waits {
            self.waiting.push_back(Item::Key { down, keysym, code });
        }
        waits
    }

    /// No key is held any more: what was pressed after text that still waits is not pressed at all.
    pub(super) fn forget_keys(&mut self) {
        self.waiting
            .retain(|item| matches!(item, Item::Character(_)));
    }

    /// When there is something to do; `None` when there is nothing.
    pub(super) fn next_at(&self) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        self.not_before
    }

    /// Types as much as can be typed now.
    pub(super) fn type_on(&mut self, now: Instant, keys: &mut Keys) -> Result<(), DisplayError> {
        if self.not_before.is_some_and(|at| now < at) {
            return Ok(());
        }
        if self.not_before.take().is_some() {
            self.lent = 0;
        }
        while let Some(item) = self.waiting.front().copied() {
            match item {
                Item::Key {
                    down: true,
                    keysym,
                    code,
                } => keys.press(keysym, code)?,
                Item::Key {
                    down: false,
                    keysym,
                    code,
                } => keys.release(keysym, code)?,
                Item::Character(keysym) => {
                    if keys.needs_lending(keysym) {
                        // Half of the keys: those of the last round may still be on their way to being read.
                        if self.lent >= keys.spare() / 2 {
                            self.not_before = Some(now + PAUSE);
                            return Ok(());
                        }
                        self.lent += 1;
                    }
                    keys.tap(keysym)?;
                }
            }
            self.waiting.pop_front();
        }
        if self.lent > 0 {
            self.not_before = Some(now + PAUSE);
        }
        Ok(())
    }
}
