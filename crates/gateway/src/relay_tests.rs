//! The relay over pipes of a few bytes, where time passes only when nothing else can happen.

use super::*;
use crate::side::BATCH;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncWriteExt as _, BufReader, DuplexStream, duplex},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};
use uuid::Uuid;
use wire::{
    ids::{ConnectionId, GatewayId, SessionId, TenantId, UserId},
    rights::Rights,
    ticket,
};

/// So much fits into a pipe.
const PIPE: usize = 1024;
const MAX_MESSAGE: usize = 256 * 1024;
/// What a side's own library keeps back until it is flushed.
const UNBUFFERED: usize = 0;

type Client = WebSocketStream<DuplexStream>;

impl Transport for BufReader<DuplexStream> {
    fn abandon(&self) {}
}

/// Two sides and the relay between them.
struct Bench {
    browser: Client,
    agent: Client,
    counts: std::sync::Arc<Counts>,
    kill: watch::Sender<Option<Close>>,
    relay: JoinHandle<u16>,
}

impl Bench {
    async fn new(idle_timeout_s: u32, max_duration_s: u32) -> Self {
        let (browser, at_browser) = duplex(PIPE);
        let (agent, at_agent) = duplex(PIPE);
        let side = |pipe| Side::new(BufReader::new(pipe), MAX_MESSAGE);
        let (at_browser, at_agent) = (side(at_browser), side(at_agent));
        let claims = claims(idle_timeout_s, max_duration_s);
        let (kill, ordered) = watch::channel(None);
        let counts = std::sync::Arc::<Counts>::default();
        let shared = std::sync::Arc::clone(&counts);
        let relay =
            tokio::spawn(
                async move { relay(at_browser, at_agent, &claims, &shared, ordered).await },
            );
        // The relay's clock begins with it.
        tokio::task::yield_now().await;
        Self {
            browser: client(browser).await,
            agent: client(agent).await,
            counts,
            kill,
            relay,
        }
    }

    /// What both sides are told, and what is recorded.
    async fn over(self) -> (Vec<Option<u16>>, u16) {
        let Self {
            browser,
            agent,
            relay,
            kill,
            ..
        } = self;
        let (at_browser, at_agent) = tokio::join!(closed(browser), closed(agent));
        let code = relay.await.unwrap();
        drop(kill);
        (vec![at_browser, at_agent], code)
    }
}

async fn client(pipe: DuplexStream) -> Client {
    let config = WebSocketConfig::default().write_buffer_size(UNBUFFERED);
    WebSocketStream::from_raw_socket(pipe, Role::Client, Some(config)).await
}

fn claims(idle_timeout_s: u32, max_duration_s: u32) -> Claims {
    Claims {
        id: Uuid::nil(),
        issued_at_s: 0,
        expires_at_s: 0,
        tenant: TenantId(Uuid::nil()),
        user: UserId(Uuid::nil()),
        session: SessionId(Uuid::nil()),
        gateway: GatewayId(Uuid::nil()),
        connection: ConnectionId(Uuid::nil()),
        side: ticket::Side::Browser,
        rights: Rights::default(),
        idle_timeout_s,
        max_duration_s,
    }
}

/// Reads to the end: the code, if there was one.
async fn closed(mut client: Client) -> Option<u16> {
    let mut code = None;
    while let Some(Ok(message)) = client.next().await {
        if let Message::Close(Some(CloseFrame { code: close, .. })) = message {
            code = Some(close.into());
        }
    }
    code
}

fn told(close: Close) -> Vec<Option<u16>> {
    vec![Some(close.code()); 2]
}

#[tokio::test(start_paused = true)]
async fn what_one_side_does_not_take_is_not_read_from_the_other() {
    let mut bench = Bench::new(600, 600).await;
    // The clock moves on only when the relay and the agent have nothing left to do.
    let mut sent = 0;
    while timeout(
        Duration::from_secs(1),
        bench.agent.send(Message::binary(vec![7; 1000])),
    )
    .await
    .is_ok()
    {
        sent += 1000;
    }
    // What the relay holds is one batch, what the reader in front of it holds another 8 KiB.
    let held = 2 * PIPE + BATCH + 8 * 1024;
    assert!(sent <= held, "{sent} bytes were taken");
    // The other way is still free.
    bench.browser.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(bench.agent.next().await.unwrap().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pair_ends_when_nothing_was_relayed_for_so_long() {
    let mut bench = Bench::new(30, 600).await;
    let begun = Instant::now();
    for _ in 0..3 {
        time::advance(Duration::from_secs(20)).await;
        bench.agent.send(Message::binary(vec![1])).await.unwrap();
        while !matches!(bench.browser.next().await, Some(Ok(Message::Binary(_)))) {}
    }
    assert_eq!(bench.over().await, (told(Close::Idle), Close::Idle.code()));
    assert_eq!(begun.elapsed().as_secs(), 90);
}

#[tokio::test(start_paused = true)]
async fn a_pair_ends_when_it_is_too_old_however_busy_it_is() {
    let mut bench = Bench::new(30, 100).await;
    let begun = Instant::now();
    for _ in 0..9 {
        time::advance(Duration::from_secs(10)).await;
        bench.agent.send(Message::binary(vec![1])).await.unwrap();
        while !matches!(bench.browser.next().await, Some(Ok(Message::Binary(_)))) {}
    }
    assert_eq!(
        bench.over().await,
        (told(Close::TooLong), Close::TooLong.code())
    );
    assert_eq!(begun.elapsed().as_secs(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_side_that_gives_no_sign_of_life_is_lost() {
    let Bench {
        browser,
        agent,
        relay,
        kill,
        ..
    } = Bench::new(6000, 6000).await;
    // The browser's machine is gone without a word; the agent answers pings.
    let begun = Instant::now();
    assert_eq!(closed(agent).await, Some(Close::PeerLost.code()));
    assert_eq!(relay.await.unwrap(), Close::PeerLost.code());
    assert_eq!(begun.elapsed(), PING * u32::from(SILENT_PINGS));
    drop((browser, kill));
}

#[tokio::test(start_paused = true)]
async fn sides_that_answer_pings_are_alive_for_as_long_as_they_like() {
    let bench = Bench::new(6000, 60_000).await;
    let begun = Instant::now();
    assert_eq!(bench.over().await, (told(Close::Idle), Close::Idle.code()));
    assert_eq!(begun.elapsed().as_secs(), 6000);
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_and_goes_no_further() {
    let mut bench = Bench::new(600, 600).await;
    let ping = Message::Ping(b"who"[..].into());
    bench.browser.send(ping).await.unwrap();
    let pong = Message::Pong(b"who"[..].into());
    assert_eq!(bench.browser.next().await.unwrap().unwrap(), pong);
    bench.browser.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(bench.agent.next().await.unwrap().unwrap().len(), 1);
    assert_eq!(
        bench
            .counts
            .to_agent
            .load(std::sync::atomic::Ordering::Relaxed),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_ends_a_pair_though_nobody_reads() {
    let mut bench = Bench::new(600, 600).await;
    let message = Message::binary(vec![7; MAX_MESSAGE]);
    let sending = timeout(Duration::from_secs(1), bench.agent.send(message));
    assert!(sending.await.is_err());
    let begun = Instant::now();
    bench.kill.send_replace(Some(Close::Killed));
    assert_eq!(bench.relay.await.unwrap(), Close::Killed.code());
    assert!(begun.elapsed() < Duration::from_secs(1));
    drop(bench.browser);
}

#[tokio::test(start_paused = true)]
async fn half_a_message_does_not_keep_a_close_message_back() {
    let mut bench = Bench::new(600, 600).await;
    // The header of a long message and the first of its bytes; then nothing.
    let pipe = bench.agent.get_mut();
    pipe.write_all(&[0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 1])
        .await
        .unwrap();
    let reading = timeout(Duration::from_secs(1), bench.browser.next());
    assert!(
        reading.await.is_err(),
        "half a message was taken for a whole one"
    );
    bench.kill.send_replace(Some(Close::Killed));
    assert_eq!(closed(bench.browser).await, Some(Close::Killed.code()));
}
