//! Requests for a new link that wait to be looked at.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};
use tokio::sync::Notify;

/// More than so many do not wait: what comes then is dropped, and asked again by whoever means it.
const MOST: usize = 1000;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// As typed.
    pub(super) email: String,
    /// The network address from which it was asked.
    pub(super) address: String,
}

/// The requests of this process.
#[derive(Debug, Default)]
pub struct Asked {
    waiting: Mutex<VecDeque<Request>>,
    wake: Notify,
}

impl Asked {
    /// Puts a request at the end. Takes the same time whatever is asked.
    pub(super) fn push(&self, request: Request) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST {
            waiting.push_back(request);
        } else {
            tracing::warn!("too many requests for new links; one was dropped");
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// The first of those that wait.
    pub(super) fn pop(&self) -> Option<Request> {
        let waiting = self.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Waits until there may be one.
    pub(super) async fn some(&self) {
        self.wake.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_takes_no_more_memory_than_it_may_and_the_first_come_first() {
        let asked = Asked::default();
        for at in 0..2 * MOST {
            asked.push(Request {
                email: at.to_string(),
                address: String::new(),
            });
        }
        let mut emails = Vec::new();
        while let Some(request) = asked.pop() {
            emails.push(request.email);
        }
        assert_eq!(emails.len(), MOST);
        assert_eq!(emails.first().map(String::as_str), Some("0"));
    }
}
