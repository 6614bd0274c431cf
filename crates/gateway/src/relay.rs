//! One pair: moves messages both ways until one side ends, time is up, or the control plane says so.

use crate::side::{End, Side, Transport};
use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::AtomicU64,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{self, Instant, MissedTickBehavior},
};
use wire::{close::Close, ticket::Claims};

/// How often each side is asked whether it is alive.
const PING: Duration = Duration::from_secs(20);
/// A side that was silent for so many pings is gone: its link broke without a word.
const SILENT_PINGS: u8 = 3;
/// So many batches go one way before it is the other way's turn: a picture must not keep a key waiting.
const TURN: usize = 8;

/// Bytes of messages relayed, counted while the pair lives.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) to_browser: AtomicU64,
    pub(crate) to_agent: AtomicU64,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Browser,
    Agent,
}

/// Why a pair is no more.
enum Outcome {
    Ended(Who, End),
    /// The gateway closes both.
    Over(Close),
}

struct Pair<'a, T> {
    browser: Side<T>,
    agent: Side<T>,
    counts: &'a Counts,
    /// When something was relayed last.
    moved: Instant,
    /// For how many pings the browser and the agent were silent.
    silent: (u8, u8),
}

/// Relays until the end and closes both sides. Returns the close code that says why, as the record keeps it.
///
/// Back-pressure is end to end: a batch is read from one side only when the one before it was taken by the other.
pub(crate) async fn relay<T: Transport>(
    browser: Side<T>,
    agent: Side<T>,
    claims: &Claims,
    counts: &Counts,
    kill: watch::Receiver<Option<Close>>,
) -> u16 {
    let mut pair = Pair {
        browser,
        agent,
        counts,
        moved: Instant::now(),
        silent: (0, 0),
    };
    let outcome = pair.run(claims, kill).await;
    let Pair { browser, agent, .. } = pair;
    let (who, end) = match outcome {
        Outcome::Ended(who, end) => (who, end),
        Outcome::Over(close) => {
            tokio::join!(browser.close(close), agent.close(close));
            return close.code();
        }
    };
    let (ended, other) = match who {
        Who::Browser => (browser, agent),
        Who::Agent => (agent, browser),
    };
    match end {
        End::Closed(code) => {
            tokio::join!(ended.answer_close(code), other.close(Close::PeerClosed));
            code
        }
        End::Lost => {
            ended.abandon();
            other.close(Close::PeerLost).await;
            Close::PeerLost.code()
        }
        End::Bad => {
            let close = Close::BadMessage;
            tokio::join!(ended.close(close), other.close(close));
            close.code()
        }
    }
}

impl<T: Transport> Pair<'_, T> {
    async fn run(&mut self, claims: &Claims, mut kill: watch::Receiver<Option<Close>>) -> Outcome {
        let idle = Duration::from_secs(claims.idle_timeout_s.into());
        let longest = Duration::from_secs(claims.max_duration_s.into());
        let mut idle_at = pin!(time::sleep(idle));
        let mut over_at = pin!(time::sleep(longest));
        let mut ping = time::interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                close = ordered(&mut kill) => return Outcome::Over(close),
                () = &mut over_at => return Outcome::Over(Close::TooLong),
                (who, end) = poll_fn(|cx| self.poll(cx)) => return Outcome::Ended(who, end),
                () = &mut idle_at => {
                    if self.moved.elapsed() >= idle {
                        return Outcome::Over(Close::Idle);
                    }
                    idle_at.as_mut().reset(self.moved + idle);
                }
                _ = ping.tick() => {
                    if let Some(who) = self.ping() {
                        return Outcome::Ended(who, End::Lost);
                    }
                }
            }
        }
    }

    /// Moves what can be moved now. Ready only at the end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Who, End)> {
        let mut moved = false;
        let Self { browser, agent, .. } = self;
        let counts = self.counts;
        let down = poll_flow(agent, browser, &counts.to_browser, &mut moved, cx);
        let up = poll_flow(browser, agent, &counts.to_agent, &mut moved, cx);
        if moved {
            self.moved = Instant::now();
        }
        if let Poll::Ready((is_source, end)) = down {
            let who = if is_source { Who::Agent } else { Who::Browser };
            return Poll::Ready((who, end));
        }
        if let Poll::Ready((is_source, end)) = up {
            let who = if is_source { Who::Browser } else { Who::Agent };
            return Poll::Ready((who, end));
        }
        // Reading from the browser may have left an answer to a ping for it.
        match self.browser.poll_send(cx) {
            Poll::Ready(Err(_)) => Poll::Ready((Who::Browser, End::Lost)),
            _ => Poll::Pending,
        }
    }

    /// Asks both sides for a sign of life. Returns who has given none for too long.
    fn ping(&mut self) -> Option<Who> {
        // Nobody is heard while the gateway does not listen, because the other side takes nothing.
        let browser_heard = self.browser.take_heard() || !self.agent.is_clear();
        let agent_heard = self.agent.take_heard() || !self.browser.is_clear();
        let count = |heard, silent: u8| if heard { 0 } else { silent + 1 };
        self.silent = (
            count(browser_heard, self.silent.0),
            count(agent_heard, self.silent.1),
        );
        self.browser.ping();
        self.agent.ping();
        match self.silent {
            (SILENT_PINGS.., _) => Some(Who::Browser),
            (_, SILENT_PINGS..) => Some(Who::Agent),
            _ => None,
        }
    }
}

/// Moves one way. At its end: whether it was the source's, and how it came.
fn poll_flow<T: Transport>(
    from: &mut Side<T>,
    to: &mut Side<T>,
    count: &AtomicU64,
    moved: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<(bool, End)> {
    for _ in 0..TURN {
        if ready!(to.poll_send(cx)).is_err() {
            return Poll::Ready((false, End::Lost));
        }
        if let Err(end) = from.poll_batch(to, count, cx) {
            return Poll::Ready((true, end));
        }
        if to.is_clear() {
            to.rest();
            return Poll::Pending;
        }
        *moved = true;
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

async fn ordered(kill: &mut watch::Receiver<Option<Close>>) -> Close {
    loop {
        if let Some(close) = *kill.borrow_and_update() {
            return close;
        }
        if kill.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
