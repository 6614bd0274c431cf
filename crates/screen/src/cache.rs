//! What the client keeps, as the host knows it: contents by hash, in slots, the least recently used given up first.

use crate::tiles::SLOTS;
use std::collections::HashMap;
use twox_hash::XxHash3_128;

/// The hash of a rectangle's content and size (XXH3, 128 bits). Two contents with the same hash would show a wrong
/// picture to the one who made them, and to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content(u128);

impl Content {
    /// Of pixels without padding bits.
    pub(crate) fn of(w: u16, pixels: &[u32]) -> Self {
        Self(XxHash3_128::oneshot_with_seed(
            w.into(),
            bytemuck::cast_slice(pixels),
        ))
    }
}

/// Which content lies in which slot.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    slots: HashMap<Content, u16>,
    /// For each slot: what it holds, and when that was used last, by the count of uses.
    held: Vec<(Content, u64)>,
    uses: u64,
}

impl Cache {
    /// The slot that holds the content.
    pub(crate) fn find(&mut self, content: Content) -> Option<u16> {
        let slot = *self.slots.get(&content)?;
        self.uses += 1;
        self.held[usize::from(slot)].1 = self.uses;
        Some(slot)
    }

    /// A slot to keep new content in.
    pub(crate) fn keep(&mut self, content: Content) -> u16 {
        self.uses += 1;
        let slot = if self.held.len() < usize::from(SLOTS) {
            self.held.push((content, self.uses));
            self.held.len() - 1
        } else {
            let oldest = (0..self.held.len())
                .min_by_key(|slot| self.held[*slot].1)
                .unwrap_or(0);
            self.slots.remove(&self.held[oldest].0);
            self.held[oldest] = (content, self.uses);
            oldest
        };
        // Below SLOTS.
        let slot = slot as u16;
        self.slots.insert(content, slot);
        slot
    }

    /// The client has forgotten everything.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_stays_and_the_oldest_goes() {
        let mut cache = Cache::default();
        let content = |i: u32| Content::of(1, &[i]);
        for i in 0..u32::from(SLOTS) {
            cache.keep(content(i));
        }
        let first = cache.find(content(0));
        assert!(first.is_some());
        let slot = cache.keep(content(5000));
        assert_eq!(cache.find(content(1)), None, "the least recently used");
        assert_eq!(cache.find(content(0)), first);
        assert_eq!(cache.find(content(5000)), Some(slot));
    }

    #[test]
    fn the_same_pixels_in_another_shape_are_other_content() {
        assert_ne!(Content::of(2, &[1; 8]), Content::of(4, &[1; 8]));
    }
}
