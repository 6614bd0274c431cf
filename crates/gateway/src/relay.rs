//! One pair: moves messages both ways until one side ends, time is up, or the control plane says so.

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{self, Instant},
};
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Bytes, Message, Utf8Bytes,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use wire::{close::Close, ticket::Claims};

/// One side's connection.
pub(crate) type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// How often each side is asked whether it is alive.
const PING: Duration = Duration::from_secs(20);
/// How long a closing side may take to take its close message.
const CLOSING: Duration = Duration::from_secs(2);

/// Bytes relayed, counted while the pair lives.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) to_browser: AtomicU64,
    pub(crate) to_agent: AtomicU64,
}

/// Relays until the end and closes both sockets. Returns the close code that says why, as the record keeps it.
///
/// Back-pressure is end to end: a message is read from one side only when the one before it was taken by the other.
pub(crate) async fn relay(
    browser: Socket,
    agent: Socket,
    claims: &Claims,
    counts: &Counts,
    mut kill: watch::Receiver<Option<Close>>,
) -> u16 {
    let (mut to_browser, mut from_browser) = browser.split();
    let (mut to_agent, mut from_agent) = agent.split();
    let begun = Instant::now();
    let moved = watch::Sender::new(begun);
    let (why, code) = {
        let down = pump(&mut from_agent, &mut to_browser, &counts.to_browser, &moved);
        let up = pump(&mut from_browser, &mut to_agent, &counts.to_agent, &moved);
        tokio::select! {
            end = down => end.seen_by_the_other(),
            end = up => end.seen_by_the_other(),
            close = ordered(&mut kill) => (close, close.code()),
            () = idle(&moved, Duration::from_secs(claims.idle_timeout_s.into())) => (Close::Idle, Close::Idle.code()),
            () = time::sleep(Duration::from_secs(claims.max_duration_s.into())) => (Close::TooLong, Close::TooLong.code()),
        }
    };
    let sockets = (
        to_browser.reunite(from_browser),
        to_agent.reunite(from_agent),
    );
    if let (Ok(browser), Ok(agent)) = sockets {
        tokio::join!(close(browser, why), close(agent, why));
    }
    code
}

/// Closes a socket with the code, without waiting long for a peer that does not listen.
pub(crate) async fn close(mut socket: Socket, why: Close) {
    let frame = CloseFrame {
        code: CloseCode::from(why.code()),
        reason: Utf8Bytes::from_static(why.reason()),
    };
    let closing = async {
        socket.close(Some(frame)).await?;
        // Until the peer has answered, so that the code arrives before the connection goes.
        while let Some(message) = socket.next().await {
            message?;
        }
        Ok::<(), tungstenite::Error>(())
    };
    // A peer that is gone cannot be told.
    let _ = time::timeout(CLOSING, closing).await;
}

/// How one direction came to its end.
enum End {
    /// The reading side closed, with its own code.
    Closed(u16),
    /// A link broke.
    Broken,
    /// The reading side sent what may not be sent.
    Bad,
}

impl End {
    fn seen_by_the_other(self) -> (Close, u16) {
        match self {
            Self::Closed(code) => (Close::PeerClosed, code),
            Self::Broken => (Close::PeerLost, Close::PeerLost.code()),
            Self::Bad => (Close::BadMessage, Close::BadMessage.code()),
        }
    }
}

async fn pump(
    from: &mut SplitStream<Socket>,
    to: &mut SplitSink<Socket, Message>,
    count: &AtomicU64,
    moved: &watch::Sender<Instant>,
) -> End {
    let mut ping = time::interval_at(Instant::now() + PING, PING);
    loop {
        let message = tokio::select! {
            message = from.next() => message,
            _ = ping.tick() => {
                if to.send(Message::Ping(Bytes::new())).await.is_err() {
                    return End::Broken;
                }
                continue;
            }
        };
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                let len = bytes.len() as u64;
                if to.send(Message::Binary(bytes)).await.is_err() {
                    return End::Broken;
                }
                count.fetch_add(len, Ordering::Relaxed);
                moved.send_replace(Instant::now());
            }
            // A pong proves life; it is not use.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(frame))) => {
                return End::Closed(frame.map_or(1005, |frame| frame.code.into()));
            }
            Some(
                Ok(Message::Text(_) | Message::Frame(_)) | Err(tungstenite::Error::Capacity(_)),
            ) => {
                return End::Bad;
            }
            Some(Err(_)) | None => return End::Broken,
        }
    }
}

async fn idle(moved: &watch::Sender<Instant>, limit: Duration) {
    loop {
        let last = *moved.borrow();
        if last.elapsed() >= limit {
            return;
        }
        time::sleep_until(last + limit).await;
    }
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

/// A short text for the record.
pub(crate) fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(100) {
        Some((at, _)) => Cow::Owned(text[..at].to_owned()),
        None => Cow::Borrowed(text),
    }
}
