//! The link to the control plane: who may come in, what must end, and what happened.

use crate::{
    app::now_s,
    config::GatewayConfig,
    serve::Shared,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use futures_util::{SinkExt as _, StreamExt as _};
use machine::{Identity, MachineError, Socket as Link, link_url};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{self, Instant},
};
use tokio_tungstenite::tungstenite::Message;
use wire::control::{self, FromGateway, GATEWAY_LINK_PATH, KEEPALIVE_S, PROTOCOL, ToGateway};

const KEEPALIVE: Duration = Duration::from_secs(KEEPALIVE_S);
const SILENCE: Duration = Duration::from_secs(2 * KEEPALIVE_S);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps the link, again and again, for as long as the process lives. Running relays do not depend on it.
pub(crate) async fn keep(
    shared: Arc<Shared>,
    config: GatewayConfig,
    mut identity: Identity,
    mut reports: mpsc::Receiver<FromGateway>,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        if let Err(error) = renew_if_due(&shared, &config, &mut identity).await {
            tracing::warn!(%error, "the certificate could not be renewed; trying again");
        }
        let url = link_url(&config.control_url, GATEWAY_LINK_PATH);
        match identity.dial(&url, SILENCE).await {
            Ok(link) => {
                talk(&shared, &config, &identity, link, &mut reports).await;
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

async fn renew_if_due(
    shared: &Shared,
    config: &GatewayConfig,
    identity: &mut Identity,
) -> Result<(), MachineError> {
    if now_s() >= identity.renew_at_s {
        *identity = identity.renew(&config.enrolment()).await?;
        shared.use_tls(identity.server()?);
        tracing::info!("the certificate was renewed");
    }
    Ok(())
}

/// Talks until the link ends, or until the certificate must be renewed.
async fn talk(
    shared: &Shared,
    config: &GatewayConfig,
    identity: &Identity,
    mut link: Link,
    reports: &mut mpsc::Receiver<FromGateway>,
) {
    let hello = FromGateway::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        relay_url: config.relay_url.clone(),
    };
    if !send(&mut link, &hello).await || !send(&mut link, &shared.connections()).await {
        return;
    }
    let mut heard = Instant::now();
    let mut keepalive = time::interval(KEEPALIVE);
    loop {
        tokio::select! {
            report = reports.recv() => {
                let Some(report) = report else { return };
                if !send(&mut link, &report).await { return }
            }
            message = time::timeout_at(heard + SILENCE, link.next()) => {
                match message {
                    Ok(Some(Ok(Message::Text(text)))) => {
                        heard = Instant::now();
                        match control::decode(text.as_str()) {
                            Ok(order) => obey(shared, order),
                            Err(error) => tracing::warn!(%error, "the control plane spoke nonsense"),
                        }
                    }
                    Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => heard = Instant::now(),
                    _ => return,
                }
            }
            _ = keepalive.tick() => {
                if !send(&mut link, &shared.connections()).await || now_s() >= identity.renew_at_s {
                    return;
                }
            }
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
        ToGateway::Kill { session } => shared.kill(session),
        ToGateway::Ping => {}
    }
}

fn key_of(text: &str) -> Option<VerifyingKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()
}

async fn send(link: &mut Link, message: &FromGateway) -> bool {
    let text = control::encode(message);
    let sent = time::timeout(SILENCE, link.send(Message::Text(text.into()))).await;
    matches!(sent, Ok(Ok(())))
}
