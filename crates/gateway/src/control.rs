//! The link to the control plane: who may come in, what must end, and what happened.

use crate::{app::now_s, config::GatewayConfig, shared::Shared};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certificates::{FEW_DAYS, Watched};
use ed25519_dalek::VerifyingKey;
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use machine::{Identity, Socket as Link, link_url};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{self, Instant, MissedTickBehavior},
};
use tokio_tungstenite::tungstenite::Message;
use wire::{
    close::Close,
    control::{self, FromGateway, GATEWAY_LINK_PATH, KEEPALIVE_S, PROTOCOL, ToGateway},
};

const KEEPALIVE: Duration = Duration::from_secs(KEEPALIVE_S);
const SILENCE: Duration = Duration::from_secs(2 * KEEPALIVE_S);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked at whether the certificate must be renewed, and how long after a failure it is tried again.
const RENEWAL: Duration = Duration::from_mins(1);
/// How often it is told that the certificate for browsers ends soon.
const REMINDER: Duration = Duration::from_hours(6);

/// Keeps the link, again and again, for as long as the process lives. Running relays do not depend on it.
pub(crate) async fn keep(
    shared: Arc<Shared>,
    config: GatewayConfig,
    (identity, public): (Identity, Option<Watched>),
    reports: mpsc::Receiver<FromGateway>,
) {
    let identity = watch::Sender::new(identity);
    let mut reports = Reports {
        queue: reports,
        unsent: None,
    };
    tokio::select! {
        () = renew(&shared, &config, &identity, public.as_ref()) => (),
        () = remind(public.as_ref()) => (),
        () = dial(&shared, &config, &identity, &mut reports) => (),
    }
}

/// Renews the certificate whenever that is due, and takes a new one for browsers. A link that is up stays so: it was made
/// with the one before.
async fn renew(
    shared: &Shared,
    config: &GatewayConfig,
    identity: &watch::Sender<Identity>,
    public: Option<&Watched>,
) {
    let mut interval = time::interval(RENEWAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let current = identity.borrow().clone();
        if public.is_some_and(look) {
            match current.server(public.map(Watched::current).as_ref()) {
                Ok(tls) => shared.use_tls(tls),
                Err(error) => tracing::error!(%error, "the certificate cannot be shown"),
            }
        }
        if now_s() < current.renew_at_s {
            continue;
        }
        let renewed = current.renew(&config.enrolment()).await;
        let shown = public.map(Watched::current);
        match renewed.and_then(|renewed| Ok((renewed.server(shown.as_ref())?, renewed))) {
            Ok((tls, renewed)) => {
                shared.use_tls(tls);
                identity.send_replace(renewed);
                tracing::info!("the certificate was renewed");
            }
            Err(error) => {
                tracing::warn!(%error, "the certificate could not be renewed; trying again");
            }
        }
    }
}

/// Whether there is a new certificate for browsers.
fn look(public: &Watched) -> bool {
    match public.look() {
        Ok(true) => {
            let days = public.current().days_left(now_s());
            tracing::info!(days, "browsers are shown a new certificate");
            true
        }
        Ok(false) => false,
        Err(error) => {
            let why = error.to_string();
            tracing::error!(why, "the certificate's files changed and cannot be used");
            false
        }
    }
}

/// Tells when the certificate for browsers has few days left. Runs for ever.
async fn remind(public: Option<&Watched>) {
    let mut interval = time::interval(REMINDER);
    loop {
        interval.tick().await;
        let days = public.map(|public| public.current().days_left(now_s()));
        if let Some(days) = days
            && days < FEW_DAYS
        {
            tracing::warn!(
                days,
                "ALARM the certificate for browsers ends soon, or has ended"
            );
        }
    }
}

async fn dial(
    shared: &Shared,
    config: &GatewayConfig,
    identity: &watch::Sender<Identity>,
    reports: &mut Reports,
) {
    let url = link_url(&config.control_url, GATEWAY_LINK_PATH);
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        let current = identity.borrow().clone();
        match current.dial(&url, SILENCE).await {
            Ok(link) => {
                // Both at once: an order must not wait until a slow control plane has taken a report.
                let (mut to, mut from) = link.split();
                tokio::select! {
                    () = speak(shared, config, &mut to, reports) => (),
                    () = listen(shared, &mut from) => (),
                }
                tracing::warn!("the link to the control plane ended; dialling again");
            }
            Err(error) => tracing::warn!(%error, "cannot reach the control plane; dialling again"),
        }
        pause = if begun.elapsed() > LONGEST_PAUSE {
            FIRST_PAUSE
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
        time::sleep(pause).await;
    }
}

/// Reports that wait for the link.
struct Reports {
    queue: mpsc::Receiver<FromGateway>,
    /// The one that was taken from the queue and may not have been sent. It is sent again: reports may be said twice.
    unsent: Option<FromGateway>,
}

/// Says what is and what happens, until the link ends.
async fn speak(
    shared: &Shared,
    config: &GatewayConfig,
    link: &mut SplitSink<Link, Message>,
    reports: &mut Reports,
) {
    let hello = FromGateway::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        relay_url: config.relay_url.clone(),
    };
    if !send(link, &hello).await || !send(link, &shared.connections()).await {
        return;
    }
    let mut keepalive = time::interval_at(Instant::now() + KEEPALIVE, KEEPALIVE);
    loop {
        if let Some(report) = &reports.unsent {
            if !send(link, report).await {
                return;
            }
            reports.unsent = None;
        }
        tokio::select! {
            report = reports.queue.recv() => {
                let Some(report) = report else { return };
                reports.unsent = Some(report);
            }
            _ = keepalive.tick() => {
                if !send(link, &shared.connections()).await { return }
            }
        }
    }
}

/// Obeys until the link ends, or is silent for too long.
async fn listen(shared: &Shared, link: &mut SplitStream<Link>) {
    loop {
        match time::timeout(SILENCE, link.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => match control::decode(text.as_str()) {
                Ok(order) => obey(shared, order),
                Err(error) => tracing::warn!(%error, "the control plane spoke nonsense"),
            },
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            _ => return,
        }
    }
}

fn obey(shared: &Shared, order: ToGateway) {
    match order {
        ToGateway::Welcome {
            gateway,
            ticket_keys,
            origins,
        } => {
            let keys: Vec<VerifyingKey> =
                ticket_keys.iter().filter_map(|key| key_of(key)).collect();
            tracing::info!(%gateway, keys = keys.len(), "linked to the control plane");
            shared.welcome(gateway, keys, origins);
        }
        ToGateway::Kill { session } => shared.close(Some(session), Close::Killed),
        ToGateway::Ping => {}
    }
}

fn key_of(text: &str) -> Option<VerifyingKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()
}

async fn send(link: &mut SplitSink<Link, Message>, message: &FromGateway) -> bool {
    let text = control::encode(message);
    let sent = time::timeout(SILENCE, link.send(Message::Text(text.into()))).await;
    matches!(sent, Ok(Ok(())))
}
