//! The link to the control plane: the agent dials out, says what is, and does what it is told.

use crate::{app, sessions::Host};
use futures_util::{SinkExt as _, StreamExt as _};
use machine::{Identity, MachineError, Socket, link_url};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};
use tokio_tungstenite::tungstenite::Message;
use wire::control::{self, FromHost, HOST_LINK_PATH, KEEPALIVE_S, PROTOCOL, ToHost};

const KEEPALIVE: Duration = Duration::from_secs(KEEPALIVE_S);
const SILENCE: Duration = Duration::from_secs(2 * KEEPALIVE_S);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Replies that wait for the link.
const REPLIES: usize = 64;

/// Keeps the link, again and again, for as long as the process lives. Running sessions do not depend on it.
pub(crate) async fn keep(host: Arc<Host>, mut identity: Identity) {
    let (reply, mut replies) = mpsc::channel(REPLIES);
    let enrolment = host.config.enrolment();
    let url = link_url(&host.config.control_url, HOST_LINK_PATH);
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        if app::now_s() >= identity.renew_at_s {
            match identity.renew(&enrolment).await {
                Ok(renewed) => identity = renewed,
                Err(error) => {
                    tracing::warn!(%error, "the certificate could not be renewed; trying again");
                }
            }
        }
        match identity.dial(&url, SILENCE).await {
            Ok(link) => {
                tracing::info!("linked to the control plane");
                if let Err(error) = talk(&host, &identity, link, &reply, &mut replies).await {
                    tracing::warn!(%error, "the link to the control plane ended; dialling again");
                }
            }
            Err(error) => tracing::warn!(%error, "cannot reach the control plane; dialling again"),
        }
        pause = if begun.elapsed() > LONGEST_PAUSE {
            FIRST_PAUSE
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
        // Hosts that lost the same control plane must not all come back at the same moment.
        time::sleep(pause.mul_f64(0.5 + app::jitter() / 2.0)).await;
    }
}

/// Talks until the link ends, or until the certificate must be renewed.
async fn talk(
    host: &Arc<Host>,
    identity: &Identity,
    mut link: Socket,
    reply: &mpsc::Sender<FromHost>,
    replies: &mut mpsc::Receiver<FromHost>,
) -> Result<(), MachineError> {
    let tls = Arc::new(identity.client()?);
    send(&mut link, &hello(host)).await?;
    let mut changes = host.watch();
    let mut heard = Instant::now();
    let mut keepalive = time::interval(KEEPALIVE);
    keepalive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(message) = replies.recv() => send(&mut link, &message).await?,
            changed = changes.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                report(host, &mut link).await?;
            }
            _ = keepalive.tick() => {
                report(host, &mut link).await?;
                if app::now_s() >= identity.renew_at_s {
                    return Ok(());
                }
            }
            message = time::timeout_at(heard + SILENCE, link.next()) => {
                heard = Instant::now();
                match message {
                    Ok(Some(Ok(Message::Text(text)))) => match control::decode::<ToHost>(text.as_str()) {
                        Ok(order) => host.obey(order, &tls, reply),
                        Err(error) => tracing::warn!(%error, "the control plane spoke nonsense"),
                    },
                    Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                    Ok(Some(Ok(_)) | None) => return Err(MachineError::Dial("closed".to_owned())),
                    Ok(Some(Err(error))) => return Err(MachineError::Dial(error.to_string())),
                    Err(_) => return Err(MachineError::Dial("silence".to_owned())),
                }
            }
        }
    }
}

fn hello(host: &Host) -> FromHost {
    FromHost::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        max_sessions: host.config.max_sessions,
        features: vec![
            "image:machine".to_owned(),
            format!("cgroup:{}", host.cgroups.version()),
        ],
    }
}

async fn report(host: &Host, link: &mut Socket) -> Result<(), MachineError> {
    let sessions = host.reports();
    send(link, &FromHost::Sessions { sessions }).await
}

async fn send(link: &mut Socket, message: &FromHost) -> Result<(), MachineError> {
    let text = Message::Text(control::encode(message).into());
    match time::timeout(SILENCE, link.send(text)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(MachineError::Dial(error.to_string())),
        Err(_) => Err(MachineError::Dial("nothing can be sent".to_owned())),
    }
}
