//! What becomes of a pair: bytes, counts, and how it ends.

use crate::site::{Client, Pair, Site, closed, closes, next, passes};
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use wire::{
    close::Close,
    control::ToGateway,
    stream::MAX_HOST_LEN,
    ticket::{Claims, Side},
};

/// Lengths at which the form of a frame's length, or what fits into a TLS record, changes.
const LENGTHS: [usize; 9] = [0, 1, 125, 126, 16_380, 16_385, 65_535, 65_536, MAX_HOST_LEN];

/// Bytes that show when any two are exchanged.
fn pattern(len: usize) -> Vec<u8> {
    let numbers = (0_u32..).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[3]);
    numbers.take(len).collect()
}

#[tokio::test]
async fn messages_arrive_as_they_were_sent_both_ways_and_are_counted() {
    let mut site = Site::start().await;
    let Pair {
        claims,
        mut browser,
        mut agent,
    } = site.pair().await;
    let mut sum = 0;
    for len in LENGTHS {
        let bytes = pattern(len);
        let message = Message::binary(bytes.clone());
        agent.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut browser).await, bytes);
        browser.send(message).await.unwrap();
        assert_eq!(next(&mut agent).await, bytes);
        sum += len as u64;
    }
    browser.send(Message::binary(pattern(10))).await.unwrap();
    next(&mut agent).await;

    browser.close(None).await.unwrap();
    closes(&mut agent, Close::PeerClosed).await;
    let (last, _) = site.ended(&claims).await;
    assert_eq!(last.to_browser_bytes, sum);
    assert_eq!(last.to_agent_bytes, sum + 10);
}

#[tokio::test]
async fn a_side_that_closes_is_answered_and_its_code_is_on_record() {
    let mut site = Site::start().await;
    for from_browser in [true, false] {
        let mut pair = site.pair().await;
        let (closing, other) = if from_browser {
            (&mut pair.browser, &mut pair.agent)
        } else {
            (&mut pair.agent, &mut pair.browser)
        };
        let going = CloseFrame {
            code: CloseCode::Away,
            reason: "".into(),
        };
        closing.send(Message::binary(&b"last"[..])).await.unwrap();
        closing.close(Some(going.clone())).await.unwrap();
        // What was sent before the end still arrives.
        assert_eq!(next(other).await, "last");
        closes(other, Close::PeerClosed).await;
        assert_eq!(
            closed(closing).await.map(|frame| frame.code),
            Some(going.code)
        );
        assert_eq!(site.ended(&pair.claims).await.1, 1001);
    }
}

#[tokio::test]
async fn a_kill_closes_both_sides_within_a_second_and_who_waits_as_well() {
    let mut site = Site::start().await;
    let mut pair = site.pair().await;
    let (session, other) = (pair.claims.session, site.claims(Side::Browser));
    let mut unconcerned = site.pair_with(other).await;
    let mut waiting = site
        .waiting(&Claims {
            session,
            ..site.claims(Side::Browser)
        })
        .await;
    let begun = Instant::now();
    site.control.order(ToGateway::Kill { session });
    for client in [&mut pair.browser, &mut pair.agent, &mut waiting] {
        closes(client, Close::Killed).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(site.ended(&pair.claims).await.1, Close::Killed.code());
    passes(&mut unconcerned).await;
}

#[tokio::test]
async fn a_kill_does_not_wait_for_a_browser_that_takes_nothing() {
    let mut site = Site::start().await;
    let mut pair = site.pair().await;
    fill(&mut pair.agent).await;
    let begun = Instant::now();
    site.control.order(ToGateway::Kill {
        session: pair.claims.session,
    });
    assert_eq!(site.ended(&pair.claims).await.1, Close::Killed.code());
    assert!(begun.elapsed() < Duration::from_secs(1));
    // What the gateway's kernel still had for it does not come any more.
    let mut bytes = 0;
    while let Some(Ok(message)) = pair.browser.next().await {
        bytes += message.len();
    }
    assert!(bytes < OFFERED);
}

#[tokio::test]
async fn a_browser_that_does_not_read_makes_the_agent_wait_and_loses_nothing() {
    let mut site = Site::start().await;
    let mut pair = site.pair().await;
    let taken = fill(&mut pair.agent).await;
    assert!(taken < OFFERED, "nothing holds the agent back");
    let message = pattern(MESSAGE);
    for _ in 0..taken / MESSAGE {
        assert_eq!(next(&mut pair.browser).await, message);
    }
    // The agent's message that had to wait is on its way now.
    pair.agent.flush().await.unwrap();
    assert_eq!(next(&mut pair.browser).await, message);
    passes(&mut pair).await;
}

#[tokio::test]
async fn a_message_that_is_too_long_or_is_text_closes_both_sides() {
    let mut site = Site::start().await;
    for message in [
        Message::binary(vec![0; MAX_HOST_LEN + 1]),
        Message::text("not a stream"),
    ] {
        let mut pair = site.pair().await;
        // The gateway may refuse before all of it is written.
        let _ = pair.browser.send(message).await;
        for client in [&mut pair.agent, &mut pair.browser] {
            closes(client, Close::BadMessage).await;
        }
        assert_eq!(site.ended(&pair.claims).await.1, Close::BadMessage.code());
    }
}

#[tokio::test]
async fn a_side_whose_link_breaks_is_lost() {
    let mut site = Site::start().await;
    for from_browser in [true, false] {
        let pair = site.pair().await;
        let (lost, mut other) = if from_browser {
            (pair.browser, pair.agent)
        } else {
            (pair.agent, pair.browser)
        };
        // A reset instead of an end in good order.
        lost.get_ref().get_ref().0.set_zero_linger().unwrap();
        drop(lost);
        closes(&mut other, Close::PeerLost).await;
        assert_eq!(site.ended(&pair.claims).await.1, Close::PeerLost.code());
    }
}

#[tokio::test]
async fn a_session_opened_elsewhere_replaces_the_earlier_view() {
    let mut site = Site::start().await;
    let mut first = site.pair().await;
    let claims = Claims {
        session: first.claims.session,
        ..site.claims(Side::Browser)
    };
    let mut second = site.pair_with(claims).await;
    for client in [&mut first.browser, &mut first.agent] {
        closes(client, Close::Replaced).await;
    }
    assert_eq!(site.ended(&first.claims).await.1, Close::Replaced.code());
    passes(&mut second).await;
}

#[tokio::test]
async fn the_tickets_limits_end_a_pair() {
    let mut site = Site::start().await;
    let short = |idle_timeout_s, max_duration_s, claims| Claims {
        idle_timeout_s,
        max_duration_s,
        ..claims
    };
    let idle = short(1, 600, site.claims(Side::Browser));
    let long = short(600, 1, site.claims(Side::Browser));
    for (claims, close) in [(idle, Close::Idle), (long, Close::TooLong)] {
        let mut pair = site.pair_with(claims).await;
        for client in [&mut pair.browser, &mut pair.agent] {
            closes(client, close).await;
        }
        assert_eq!(site.ended(&claims).await.1, close.code());
    }
}

/// What [`fill`] offers, in bytes: more than all buffers between two processes of one machine hold.
const OFFERED: usize = 256 << 20;
/// The length of its messages.
const MESSAGE: usize = 64 * 1024;

/// Sends until one message is not taken for a second, or all of [`OFFERED`] is. Returns how many bytes were taken.
/// (A machine that stands still for so long makes the test weaker, never wrong.)
async fn fill(client: &mut Client) -> usize {
    let message = Message::binary(pattern(MESSAGE));
    let mut taken = 0;
    while taken < OFFERED {
        let sending = client.send(message.clone());
        if timeout(Duration::from_secs(1), sending).await.is_err() {
            break;
        }
        taken += MESSAGE;
    }
    taken
}
