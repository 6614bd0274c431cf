//! Calls with a token that is not good, in the service's own log: of each address a few, so that nobody fills it.

use crate::{
    activity::{self, Record, What},
    app::App,
    identity,
};
use axum::{extract::MatchedPath, http::request::Parts};
use std::{collections::HashMap, sync::Mutex};

/// So many calls of one address are recorded within [`WINDOW_MS`].
const EACH: u32 = 5;
const WINDOW_MS: i64 = 60 * 60 * 1000;
/// So many addresses are kept in mind; those of others are not recorded until there is room.
const ADDRESSES: usize = 500;

/// How many calls of which address were recorded, and since when (Unix milliseconds). In memory: each process has its own.
#[derive(Debug, Default)]
pub struct RefusedCalls(Mutex<HashMap<String, (i64, u32)>>);

impl RefusedCalls {
    /// Which of an address's calls this is, from 1; `None` when it is not recorded.
    fn number(&self, address: &str, now_ms: i64) -> Option<u32> {
        let mut known = self.0.lock().ok()?;
        let is_new = |since_ms: i64| now_ms - since_ms < WINDOW_MS;
        let address = identity::counted(address);
        if known.len() >= ADDRESSES && !known.contains_key(&address) {
            known.retain(|_, (since_ms, _)| is_new(*since_ms));
            if known.len() >= ADDRESSES {
                return None;
            }
        }
        let entry = known.entry(address).or_insert((now_ms, 0));
        if !is_new(entry.0) {
            *entry = (now_ms, 0);
        }
        entry.1 = entry.1.saturating_add(1);
        (entry.1 <= EACH).then_some(entry.1)
    }
}

/// Records a call whose token is not good. Nothing of the token is kept.
pub(super) async fn record(app: &App, parts: &Parts, address: &str) {
    let Some(number) = app.refused_calls.number(address, app.clock.now_ms()) else {
        return;
    };
    let route = parts.extensions.get::<MatchedPath>();
    let mut asked = format!("{} {}", parts.method, route.map_or("", MatchedPath::as_str));
    if number == EACH {
        asked.push_str(" (further ones of the next hour are not recorded)");
    }
    let record = Record {
        tenant: None,
        user: None,
        who: "",
        address,
        what: What::TokenRefused,
        subject: None,
        detail: &asked,
    };
    if let Err(error) = activity::record(app, &record).await {
        tracing::error!(%error, "a call with a bad token cannot be recorded");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_a_few_times_and_many_do_not_fill_the_memory() {
        let calls = RefusedCalls::default();
        let of = |address: &str, now_ms| calls.number(address, now_ms);
        for number in 1..=EACH {
            assert_eq!(of("192.0.2.7", 0), Some(number));
        }
        assert_eq!(of("192.0.2.7", WINDOW_MS - 1), None);
        assert_eq!(of("192.0.2.8", 0), Some(1));
        assert_eq!(of("192.0.2.7", WINDOW_MS), Some(1));
        // An IPv6 network is one address, and more addresses than are kept in mind are not recorded for a while.
        for n in 0..2 * ADDRESSES {
            of(&format!("2001:db8:0:{n:x}::1"), WINDOW_MS);
        }
        assert_eq!(of("198.51.100.1", WINDOW_MS), None);
        assert!(calls.0.lock().is_ok_and(|known| known.len() <= ADDRESSES));
        assert_eq!(of("2001:db8:0:1::2", WINDOW_MS), Some(2));
        assert_eq!(of("198.51.100.1", 2 * WINDOW_MS), Some(1));
    }
}
