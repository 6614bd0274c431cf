//! What the relay costs, measured from outside: how fast it is as a share of a program that does nothing but TLS, and how
//! much memory an idle pair keeps. Prints one JSON object a line.
//!
//! The gateway is a process of its own (this executable again), and so is its peer; browsers, agents and the control plane
//! are in the first process.
// A benchmark that cannot go on says where, and ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bearer;
#[allow(dead_code)] // The tests ask it for more than is needed here.
#[path = "../../tests/gateway/control_plane.rs"]
mod control_plane;
mod program;

use bearer::{Site, binary_frame};
use program::Program;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// Bytes that go through in one run.
const RUN_BYTES: u32 = 256 * 1024 * 1024;
/// Runs of each of the two, by turns.
const RUNS: usize = 9;
/// The length of a message, in bytes: a picture that changed a good deal.
const MESSAGE: u16 = 60 * 1024;
/// Pairs that are made before memory is looked at for the first time, and that stay.
const FIRST_PAIRS: usize = 50;
/// Pairs that share what the gateway has grown by.
const IDLE_PAIRS: u16 = 500;
/// Memory is looked at when it has not changed for so long.
const QUIET: Duration = Duration::from_millis(500);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments.first().map(String::as_str) {
        Some(program::GATEWAY) => runtime.block_on(program::gateway(&arguments[1..])),
        Some(program::COPY) => runtime.block_on(program::copy()),
        _ => runtime.block_on(measure()),
    }
}

async fn measure() {
    let mut site = Site::start().await;
    let mut shares = Vec::new();
    for _ in 0..RUNS {
        let (copy, mut sender, mut receiver) = program::bare_copy().await;
        let bare = throughput(&mut sender, &mut receiver).await;
        drop(copy);
        let (mut browser, mut agent) = site.pair().await;
        let relayed = throughput(&mut agent, &mut browser).await;
        eprintln!("bare TLS copy {bare:.0} MiB/s, relay {relayed:.0} MiB/s");
        shares.push(relayed / bare * 100.0);
    }
    shares.sort_by(f64::total_cmp);
    print("relay share of a bare TLS copy", shares[RUNS / 2], "%");
    print(
        "memory per idle relayed session",
        idle_memory(&mut site).await,
        "KiB",
    );
}

/// MiB per second from one end to the other.
async fn throughput(from: &mut TlsStream<TcpStream>, to: &mut TlsStream<TcpStream>) -> f64 {
    let message = binary_frame(&vec![0x5a; MESSAGE.into()]);
    let begun = Instant::now();
    let sending = async {
        // More than is waited for: how much the relay's own headers add is not known here.
        for _ in 0..RUN_BYTES / u32::from(MESSAGE) + 64 {
            from.write_all(&message).await.unwrap();
        }
        from.flush().await.unwrap();
    };
    let receiving = async {
        let mut buffer = vec![0; 64 * 1024];
        let mut received = 0;
        while received < RUN_BYTES as usize {
            let len = to.read(&mut buffer).await.unwrap();
            assert!(len > 0, "the link broke");
            received += len;
        }
        let took = begun.elapsed();
        // Takes the rest, so that the sender comes to its end.
        while let Ok(Ok(1..)) = tokio::time::timeout(QUIET, to.read(&mut buffer)).await {}
        took
    };
    let ((), took) = tokio::join!(sending, receiving);
    f64::from(RUN_BYTES) / (1024.0 * 1024.0) / took.as_secs_f64()
}

/// KiB that the gateway keeps for a pair that has relayed something and now rests.
async fn idle_memory(site: &mut Site) -> f64 {
    let mut pairs = Vec::new();
    for _ in 0..FIRST_PAIRS {
        pairs.push(used_pair(site).await);
    }
    let before = quiet_memory(&site.gateway).await;
    for _ in 0..IDLE_PAIRS {
        pairs.push(used_pair(site).await);
    }
    let after = quiet_memory(&site.gateway).await;
    (after - before) / f64::from(IDLE_PAIRS)
}

/// A pair that has carried a picture and a key.
async fn used_pair(site: &mut Site) -> (TlsStream<TcpStream>, TlsStream<TcpStream>) {
    let (mut browser, mut agent) = site.pair().await;
    agent
        .write_all(&binary_frame(&vec![1; MESSAGE.into()]))
        .await
        .unwrap();
    agent.flush().await.unwrap();
    let mut picture = vec![0; MESSAGE.into()];
    browser.read_exact(&mut picture).await.unwrap();
    browser.write_all(&binary_frame(&[2; 32])).await.unwrap();
    browser.flush().await.unwrap();
    let mut key = vec![0; 32];
    agent.read_exact(&mut key).await.unwrap();
    (browser, agent)
}

/// Proportional set size in KiB, once it stands still.
async fn quiet_memory(program: &Program) -> f64 {
    let mut last = program.memory_kib();
    loop {
        tokio::time::sleep(QUIET).await;
        let now = program.memory_kib();
        if (now - last).abs() < 64.0 {
            return now;
        }
        last = now;
    }
}

fn print(name: &str, value: f64, unit: &str) {
    println!(
        "{}",
        serde_json::json!({ "name": name, "value": value, "unit": unit })
    );
}
