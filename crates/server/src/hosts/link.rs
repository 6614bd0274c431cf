//! One link of one machine, from its hello to its end.

use super::{links::QUEUE, service};
use crate::{app::App, sessions};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{self, Instant},
};
use wire::{
    control::{self, FromGateway, FromHost, KEEPALIVE_S, MachineKind, PROTOCOL, ToGateway, ToHost},
    ids::{GatewayId, HostId},
};

const KEEPALIVE: Duration = Duration::from_secs(KEEPALIVE_S);
const SILENCE: Duration = Duration::from_secs(2 * KEEPALIVE_S);
/// Policy violation (RFC 6455, section 7.4.1): a peer of another version, or one that speaks out of turn.
const POLICY: u16 = 1008;

/// Serves a session host's agent.
pub(super) async fn host(app: Arc<App>, host: HostId, mut socket: WebSocket) {
    let mut heard = Instant::now();
    let Some(FromHost::Hello {
        protocol,
        version,
        max_sessions,
        features,
    }) = receive(&mut socket, &mut heard).await
    else {
        return close(socket, "hello expected").await;
    };
    if protocol != PROTOCOL {
        return close(socket, "another protocol version").await;
    }
    let (orders, mut queue) = mpsc::channel(QUEUE);
    let number = app.hosts.came(host, orders, max_sessions, &features);
    tracing::info!(%host, version, "a session host is linked");
    if send(&mut socket, &ToHost::Welcome { host }).await {
        let mut keepalive = time::interval(KEEPALIVE);
        loop {
            tokio::select! {
                order = queue.recv() => {
                    // The queue ends when a newer link of the same host took over.
                    let Some(order) = order else { break };
                    if !send(&mut socket, &order).await { break }
                }
                message = receive(&mut socket, &mut heard) => {
                    let Some(message) = message else { break };
                    match message {
                        FromHost::Sessions { sessions } => {
                            app.hosts.report(host, number, sessions);
                            app.wake.notify_one();
                        }
                        FromHost::AttachFailed { session, detail, .. } => {
                            tracing::warn!(%host, %session, detail, "a session could not be attached");
                        }
                        FromHost::Hello { .. } => break,
                    }
                }
                _ = keepalive.tick() => {
                    if !still_enrolled(&app, host.0, MachineKind::Host).await { break }
                    if !send(&mut socket, &ToHost::Ping).await { break }
                }
            }
        }
    }
    app.hosts.went(host, number, app.clock.now_ms());
    app.wake.notify_one();
    tracing::info!(%host, "a session host's link ended");
}

/// Serves a gateway.
pub(super) async fn gateway(app: Arc<App>, gateway: GatewayId, mut socket: WebSocket) {
    let mut heard = Instant::now();
    let Some(FromGateway::Hello {
        protocol,
        version,
        relay_url,
    }) = receive(&mut socket, &mut heard).await
    else {
        return close(socket, "hello expected").await;
    };
    if protocol != PROTOCOL {
        return close(socket, "another protocol version").await;
    }
    let welcome = ToGateway::Welcome {
        gateway,
        ticket_keys: vec![
            URL_SAFE_NO_PAD.encode(app.authority.ticket_key.verifying_key().as_bytes()),
        ],
        origins: vec![app.config.public_url.clone()],
    };
    // Only a gateway that has the keys is offered to browsers.
    if !send(&mut socket, &welcome).await {
        return;
    }
    let (orders, mut queue) = mpsc::channel(QUEUE);
    if let Err(error) = service::remember_relay(&app, gateway, &relay_url).await {
        tracing::error!(%gateway, %error, "a gateway's address could not be written down");
        return;
    }
    let number = app.gateways.came(gateway, orders, relay_url);
    tracing::info!(%gateway, version, "a gateway is linked");
    let mut keepalive = time::interval(KEEPALIVE);
    loop {
        tokio::select! {
            order = queue.recv() => {
                let Some(order) = order else { break };
                if !send(&mut socket, &order).await { break }
            }
            message = receive(&mut socket, &mut heard) => {
                let Some(message) = message else { break };
                if let Err(error) = sessions::take_report(&app, gateway, message).await {
                    tracing::error!(%gateway, %error, "a gateway's report could not be taken");
                }
            }
            _ = keepalive.tick() => {
                if !still_enrolled(&app, gateway.0, MachineKind::Gateway).await { break }
                if !send(&mut socket, &ToGateway::Ping).await { break }
            }
        }
    }
    app.gateways.went(gateway, number, app.clock.now_ms());
    app.wake.notify_one();
    tracing::info!(%gateway, "a gateway's link ended");
}

/// The next message; none when the link ended, was silent too long, or spoke nonsense.
///
/// `heard` is when the machine last said something: it outlives a wait that another event cuts short.
async fn receive<T: DeserializeOwned>(socket: &mut WebSocket, heard: &mut Instant) -> Option<T> {
    loop {
        match time::timeout_at(*heard + SILENCE, socket.recv()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                *heard = Instant::now();
                return control::decode(text.as_str())
                    .inspect_err(|error| tracing::warn!(%error, "a link spoke nonsense"))
                    .ok();
            }
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => *heard = Instant::now(),
            _ => return None,
        }
    }
}

async fn send<T: Serialize>(socket: &mut WebSocket, message: &T) -> bool {
    let text = control::encode(message);
    let sent = time::timeout(SILENCE, socket.send(Message::Text(text.into()))).await;
    matches!(sent, Ok(Ok(())))
}

async fn close(mut socket: WebSocket, reason: &'static str) {
    let frame = CloseFrame {
        code: POLICY,
        reason: reason.into(),
    };
    // The peer may be gone already; there is nobody else to tell.
    let _ = socket.send(Message::Close(Some(frame))).await;
}

/// A machine that was removed loses its link at the next keep-alive. A database that hangs takes nobody's link.
async fn still_enrolled(app: &App, id: uuid::Uuid, kind: MachineKind) -> bool {
    service::is_enrolled(app, id, kind).await.unwrap_or(true)
}
