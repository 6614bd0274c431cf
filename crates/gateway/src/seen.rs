//! Tickets that were used, each remembered until it would have expired anyway. Pure: time comes in.

use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// The set of used tickets. Its size is bounded by how many tickets the control plane signs in a minute.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    ids: HashSet<Uuid>,
    by_expiry: BTreeSet<(u64, Uuid)>,
}

impl Seen {
    /// Notes a ticket; `false` when it was used before.
    pub(crate) fn first_use(&mut self, id: Uuid, forget_at_s: u64, now_s: u64) -> bool {
        while let Some(&(at_s, old)) = self.by_expiry.first() {
            if at_s > now_s {
                break;
            }
            self.by_expiry.pop_first();
            self.ids.remove(&old);
        }
        let first = self.ids.insert(id);
        if first {
            self.by_expiry.insert((forget_at_s, id));
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_and_is_forgotten_only_after_it_expired() {
        let mut seen = Seen::default();
        let id = Uuid::from_u128(1);
        assert!(seen.first_use(id, 100, 40));
        assert!(!seen.first_use(id, 100, 99));
        assert!(seen.first_use(Uuid::from_u128(2), 200, 100));
        assert_eq!(seen.ids.len(), 1);
    }
}
