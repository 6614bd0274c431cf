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

type Said = Result<Arc<Metadata>, Trouble>;
/// When it was said, and what; whoever asks first holds it while they ask.
type Slot = Arc<tokio::sync::Mutex<Option<(i64, Said)>>>;

/// What providers say of themselves, by issuer.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<String, Slot>>);

/// What a provider says of itself; all who ask at once wait for one request.
pub(super) async fn metadata(app: &App, issuer: &str) -> Said {
    let slot = app.providers.slot(issuer);
    let mut said = slot.lock().await;
    let now_ms = app.clock.now_ms();
    if let Some((at_ms, said)) = &*said {
        let lasts_ms = if said.is_ok() { GOOD_MS } else { BAD_MS };
        if (0..lasts_ms).contains(&(now_ms - at_ms)) {
            return said.clone();
        }
    }
    let new = oidc::discover(app, issuer).await.map(Arc::new);
    *said = Some((now_ms, new.clone()));
    new
}

impl Known {
    /// What was said is asked anew the next time.
    pub(super) fn forget(&self, issuer: &str) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.remove(issuer);
    }

    fn slot(&self, issuer: &str) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(issuer.to_owned()).or_default())
    }
}
