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

/// Text that is being typed.
#[derive(Debug, Default)]
pub(super) struct Typist {
    waiting: VecDeque<u32>,
    /// Lent keys since the last pause.
    lent: usize,
    not_before: Option<Instant>,
}

impl Typist {
    /// Adds text. Characters that no keyboard can give are left out.
    pub(super) fn queue(&mut self, text: &str) {
        let room = MAX_WAITING.saturating_sub(self.waiting.len());
        self.waiting
            .extend(text.chars().filter_map(keysym_of).take(room));
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
        while let Some(keysym) = self.waiting.front().copied() {
            if keys.needs_lending(keysym) {
                // Half of the keys: those of the last round may still be on their way to being read.
                if self.lent >= keys.spare() / 2 {
                    self.not_before = Some(now + PAUSE);
                    return Ok(());
                }
                self.lent += 1;
            }
            self.waiting.pop_front();
            keys.tap(keysym)?;
        }
        if self.lent > 0 {
            self.not_before = Some(now + PAUSE);
        }
        Ok(())
    }
}
