//! What providers say of themselves, for a while: pages that nobody had to sign in for must not make a request each.

use super::{Trouble, answers::Metadata};
use crate::{app::App, identity::federation::oidc};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How long a description is used, in milliseconds.
const GOOD_MS: i64 = 10 * 60 * 1000;
/// How long a provider that could not be asked is left alone.
const BAD_MS: i64 = 15_000;
/// More providers than this are not kept in mind: the one that was asked first is asked again when it is needed.
const MOST: usize = 500;

type Said = Result<Arc<Metadata>, Trouble>;
/// When it was said, and what; whoever asks first holds it while they ask.
type Slot = Arc<tokio::sync::Mutex<Option<(i64, Said)>>>;

/// What providers say of themselves, by issuer.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<String, Slot>>);

/// What a provider says of itself; all who ask at once wait for one request.
pub(super) async fn metadata(app: &App, issuer: &str) -> Said {
    let slot = app.providers.slot(issuer, app.clock.now_ms());
    let mut said = slot.lock().await;
    let now_ms = app.clock.now_ms();
    if let Some((at_ms, said)) = &*said
        && is_good(*at_ms, said, now_ms)
    {
        return said.clone();
    }
    let new = oidc::discover(app, issuer).await.map(Arc::new);
    *said = Some((now_ms, new.clone()));
    new
}

fn is_good(at_ms: i64, said: &Said, now_ms: i64) -> bool {
    let lasts_ms = if said.is_ok() { GOOD_MS } else { BAD_MS };
    (0..lasts_ms).contains(&(now_ms - at_ms))
}

/// When something was said that is still good; `None` when nothing was. What is being asked now is the newest of all.
fn good_since_ms(slot: &Slot, now_ms: i64) -> Option<i64> {
    // Whoever is about to ask has it besides this map.
    if Arc::strong_count(slot) > 1 {
        return Some(i64::MAX);
    }
    let said = slot.try_lock().ok()?;
    let (at_ms, said) = said.as_ref()?;
    is_good(*at_ms, said, now_ms).then_some(*at_ms)
}

impl Known {
    /// What was said is asked anew the next time.
    pub(super) fn forget(&self, issuer: &str) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.remove(issuer);
    }

    fn slot(&self, issuer: &str, now_ms: i64) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(issuer) {
            return Arc::clone(slot);
        }
        slots.retain(|_, slot| good_since_ms(slot, now_ms).is_some());
        if slots.len() >= MOST {
            let oldest = slots
                .iter()
                .min_by_key(|(_, slot)| good_since_ms(slot, now_ms));
            let oldest = oldest.map(|(issuer, _)| issuer.clone());
            slots.remove(&oldest.unwrap_or_default());
        }
        Arc::clone(slots.entry(issuer.to_owned()).or_default())
    }

    #[cfg(test)]
    pub(super) fn issuers(&self) -> Vec<String> {
        let slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(known: &Known, issuer: &str, now_ms: i64) {
        let slot = known.slot(issuer, now_ms);
        *slot.lock().await = Some((now_ms, Err(Trouble::Slow)));
    }

    #[tokio::test]
    async fn what_is_too_old_is_forgotten_and_there_is_an_end_to_what_is_kept() {
        let known = Known::default();
        said(&known, "old", 0).await;
        let asking = known.slot("asking", 0);
        said(&known, "new", BAD_MS).await;
        let mut there = known.issuers();
        there.sort_unstable();
        assert_eq!(there, ["asking", "new"]);
        for at in 0..2 * MOST {
            said(&known, &at.to_string(), BAD_MS + 1).await;
        }
        let there = known.issuers();
        assert_eq!(there.len(), MOST);
        // Whoever asks now is not forgotten, nor the newest; the oldest went first.
        let last = (2 * MOST - 1).to_string();
        assert!(there.contains(&"asking".to_owned()) && there.contains(&last));
        assert!(!there.contains(&"new".to_owned()));
        drop(asking);
    }
}
