//! Accepts sockets, lets in who has a ticket, pairs them, and relays.

use crate::{
    config::GatewayConfig,
    control,
    door::{self, Upgraded},
    gate::Refusal,
    relay,
    shared::{Guest, Paired, Place, Shared},
    side::{End, Side},
};
use certificates::{CertificateError, Watched};
use machine::{Identity, MachineError};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    time::{self, Instant},
};
use tokio_rustls::server::TlsStream;
use wire::{
    close::Close,
    ticket::{self, Claims, Invalid},
};

/// Reports that may wait while the control plane is away.
const REPORT_QUEUE: usize = 4096;
/// A refusal is given so long after the ticket was shown, whatever was wrong with it: a clock says as little as the text.
const REFUSAL_DELAY: Duration = Duration::from_millis(200);
/// How long the gateway waits at its end for sockets to be closed and reports to be sent.
const LAST_WORDS: Duration = Duration::from_secs(1);

type Tls = TlsStream<TcpStream>;

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It has no certificate.
    #[error("the gateway has no certificate")]
    Machine(#[from] MachineError),
    /// The certificate for browsers.
    #[error("cannot show the configured certificate")]
    Certificate(#[from] CertificateError),
    /// An address that is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A gateway that has its certificate and its port.
#[allow(missing_debug_implementations)] // It holds a private key.
pub struct Gateway {
    config: GatewayConfig,
    identity: Identity,
    /// The certificate for browsers, if they are shown another one than agents.
    public: Option<Watched>,
    listener: TcpListener,
}

impl Gateway {
    /// Enrols if it must, and takes its port. Nobody is served yet.
    pub async fn open(config: GatewayConfig) -> Result<Self, GatewayError> {
        let files = config.certificate.clone();
        let public = files.map(|files| Watched::open(files, config.host()));
        let public = public.transpose()?;
        let identity = Identity::open(&config.enrolment()).await?;
        let listener =
            TcpListener::bind(config.listen)
                .await
                .map_err(|source| GatewayError::Listen {
                    address: config.listen,
                    source,
                })?;
        Ok(Self {
            config,
            identity,
            public,
            listener,
        })
    }

    /// Where browsers and agents come: with port 0 in the configuration, at the port that was free.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.config.listen)
    }

    /// Serves until `shutdown` ends. Who comes before the control plane has welcomed the gateway waits for that.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), GatewayError> {
        let address = self.address();
        let (reports, queue) = mpsc::channel(REPORT_QUEUE);
        let public = self.public.as_ref().map(Watched::current);
        let tls = self.identity.server(public.as_ref())?;
        let shared = Arc::new(Shared::new(self.config.limits, tls, reports));
        let link = control::keep(
            Arc::clone(&shared),
            self.config,
            (self.identity, self.public),
            queue,
        );
        let link = tokio::spawn(link);
        tokio::select! {
            () = accept(&shared, &self.listener) => (),
            () = shared.sum_up_refusals() => (),
            () = shutdown => (),
        }
        tracing::info!(%address, "the gateway ends");
        drop(self.listener);
        // Browsers come back by themselves, to another gateway if there is one.
        shared.close(None, Close::PeerLost);
        let _ = time::timeout(LAST_WORDS, shared.empty()).await;
        link.abort();
        Ok(())
    }
}

/// Runs a gateway until `shutdown` ends.
pub async fn run(
    config: GatewayConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    Gateway::open(config).await?.serve(shutdown).await
}

/// Accepts for ever.
async fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    shared.welcomed().await;
    tracing::info!("the gateway serves browsers and agents");
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let shared = Arc::clone(shared);
                let address = address.ip();
                if let Some(place) = shared.place(address) {
                    tokio::spawn(serve(shared, stream, address, place));
                } else if let Some(place) = shared.place_to_turn_away() {
                    tokio::spawn(turn_away(shared, stream, place));
                }
            }
            Err(error) => {
                // Out of descriptors, most likely: give others time to close theirs.
                tracing::warn!(%error, "a connection could not be accepted");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Says that there is no room. The ticket is not looked at, and stays good.
async fn turn_away(shared: Arc<Shared>, stream: TcpStream, _place: Place) {
    let limit = Duration::from_millis(shared.limits.handshake_timeout_ms);
    let upgrade = door::upgrade(shared.tls(), stream);
    if let Ok(Some(upgraded)) = time::timeout(limit, upgrade).await {
        Side::new(upgraded.io, ticket::MAX_LEN)
            .close(Close::Busy)
            .await;
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream, address: IpAddr, place: Place) {
    let limit = Duration::from_millis(shared.limits.handshake_timeout_ms);
    let limit = Instant::now() + limit;
    let upgrade = door::upgrade(shared.tls(), stream);
    let Ok(Some(upgraded)) = time::timeout_at(limit, upgrade).await else {
        return;
    };
    let Upgraded { io, origin } = upgraded;
    let mut side = Side::new(io, ticket::MAX_LEN);
    let checked = match time::timeout_at(limit, side.first_text()).await {
        // Gone without showing anything.
        Ok(Err(End::Lost | End::Closed(_))) => return,
        Ok(Ok(Some(ticket))) => shared.check(&ticket, origin.as_deref()),
        Ok(Ok(None) | Err(End::Bad)) => Err((Invalid::Malformed.into(), None)),
        Err(_) => Err((Refusal::NoTicket, None)),
    };
    let shown = Instant::now();
    let claims = match checked {
        Ok(claims) => claims,
        Err((refusal, claims)) => {
            shared.report_refusal(refusal, claims.as_deref(), address);
            return refuse(side, shown).await;
        }
    };
    side.set_max_message(shared.limits.max_message_bytes);
    let (waits, no_longer) = oneshot::channel();
    let guest = Box::new(Guest {
        side,
        address,
        place,
        waits,
    });
    match shared.arrive(claims, guest) {
        Ok(None) => wait(&shared, &claims, no_longer).await,
        // A task of its own: what the handshake needed is not kept for as long as the relay lives.
        Ok(Some(paired)) => drop(tokio::spawn(relay(shared, claims, paired))),
        Err((refusal, guest)) => {
            shared.report_refusal(refusal, Some(&claims), address);
            refuse(guest.side, shown).await;
        }
    }
}

/// The one refusal, whatever the reason.
async fn refuse(side: Side<Tls>, shown: Instant) {
    time::sleep_until(shown + REFUSAL_DELAY).await;
    side.close(Close::Refused).await;
}

/// Waits for the other side to come.
async fn wait(shared: &Shared, claims: &Claims, no_longer: oneshot::Receiver<()>) {
    let limit = Duration::from_millis(shared.limits.pair_timeout_ms);
    if time::timeout(limit, no_longer).await.is_err()
        && let Some(guest) = shared.leave(claims.connection)
    {
        guest.side.close(Close::PeerAbsent).await;
    }
}

async fn relay(shared: Arc<Shared>, claims: Claims, paired: Paired) {
    let Paired {
        guests,
        counts,
        ordered,
    } = paired;
    let begun = Instant::now();
    let [(browser, _at_browser), (agent, _at_agent)] = guests.map(Guest::paired);
    let code = relay::relay(browser, agent, &claims, &counts, ordered).await;
    shared.ended(claims.connection, code, begun.elapsed());
}
