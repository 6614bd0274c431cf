//! Accepts sockets, lets in who has a ticket, pairs them, and tells the control plane.

use crate::{
    app::now_s,
    config::{GatewayConfig, Limits},
    control,
    gate::{Arrival, Gate, Refusal},
    relay::{self, Counts, Socket, short},
};
use ed25519_dalek::VerifyingKey;
use futures_util::StreamExt as _;
use rustls::ServerConfig;
use machine::{Identity, MachineError};
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::{self, Instant},
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::StatusCode,
        protocol::WebSocketConfig,
    },
};
use wire::{
    close::Close,
    control::{FromGateway, OpenConnection},
    ids::{ConnectionId, GatewayId, SessionId},
    ticket::{Claims, Side},
};

/// Where browsers and agents open their WebSocket.
const RELAY_PATH: &str = "/v1/relay";
/// Reports that may wait while the control plane is away.
const REPORT_QUEUE: usize = 4096;
/// Refusals reported in one interval; the rest are only counted, so that strangers cannot flood the log.
const REFUSALS: u32 = 50;
const REFUSAL_INTERVAL: Duration = Duration::from_secs(10);
/// How much of a socket is buffered: an idle relay should cost little, and a full one is moved in such pieces.
const BUFFER: usize = 8 * 1024;

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It has no certificate.
    #[error("the gateway has no certificate")]
    Machine(#[from] MachineError),
    /// An address that is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Runs until `shutdown` ends.
pub async fn run(
    config: GatewayConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    let listen_error = |source| GatewayError::Listen {
        address: config.listen,
        source,
    };
    let identity = Identity::open(&config.enrolment()).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let (reports, queue) = mpsc::channel(REPORT_QUEUE);
    let shared = Arc::new(Shared::new(config.limits, identity.server()?, reports));
    tracing::info!(listen = %config.listen, "the gateway is listening");
    let link = tokio::spawn(control::keep(Arc::clone(&shared), config, identity, queue));
    let refusals = tokio::spawn(report_refusals(Arc::clone(&shared)));
    tokio::select! {
        () = accept(&shared, &listener) => (),
        () = shutdown => (),
    }
    // Browsers are told that the link broke, and come back by themselves.
    link.abort();
    refusals.abort();
    Ok(())
}

/// What the tasks of a gateway share.
pub(crate) struct Shared {
    limits: Limits,
    tls: watch::Sender<Arc<ServerConfig>>,
    gate: Mutex<Gate<Guest>>,
    open: Mutex<HashMap<ConnectionId, Open>>,
    unpaired: Mutex<HashMap<IpAddr, usize>>,
    sockets: Arc<Semaphore>,
    reports: mpsc::Sender<FromGateway>,
    refusals: AtomicU32,
}

/// A pair that is relayed now.
struct Open {
    claims: Claims,
    counts: Arc<Counts>,
    kill: watch::Sender<Option<Close>>,
}

/// One side that was let in.
struct Guest {
    socket: Socket,
    address: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Shared {
    pub(crate) fn new(
        limits: Limits,
        tls: ServerConfig,
        reports: mpsc::Sender<FromGateway>,
    ) -> Self {
        Self {
            limits,
            tls: watch::Sender::new(Arc::new(tls)),
            gate: Mutex::default(),
            open: Mutex::default(),
            unpaired: Mutex::default(),
            sockets: Arc::new(Semaphore::new(limits.max_sockets)),
            reports,
            refusals: AtomicU32::new(0),
        }
    }

    pub(crate) fn use_tls(&self, tls: ServerConfig) {
        self.tls.send_replace(Arc::new(tls));
    }

    pub(crate) fn welcome(
        &self,
        gateway: GatewayId,
        keys: Vec<VerifyingKey>,
        origins: Vec<String>,
    ) {
        lock(&self.gate).welcome(gateway, keys, origins);
    }

    /// Everything that is relayed now, with its counts.
    pub(crate) fn connections(&self) -> FromGateway {
        let open = lock(&self.open).values().map(Open::report).collect();
        FromGateway::Connections { open }
    }

    /// Closes every connection of a session.
    pub(crate) fn kill(&self, session: SessionId) {
        self.close_open(session, Close::Killed);
        for guest in lock(&self.gate).leave_session(session) {
            tokio::spawn(relay::close(guest.socket, Close::Killed));
        }
    }

    fn close_open(&self, session: SessionId, why: Close) {
        for open in lock(&self.open).values() {
            if open.claims.session == session {
                open.kill.send_replace(Some(why));
            }
        }
    }

    fn report(&self, report: FromGateway) {
        if self.reports.try_send(report).is_err() {
            tracing::warn!("a report is lost: the control plane has been away for too long");
        }
    }

    fn report_refusal(&self, refusal: Refusal, claims: Option<&Claims>, address: IpAddr) {
        tracing::warn!(%refusal, %address, "a ticket was refused");
        if self.refusals.fetch_add(1, Ordering::Relaxed) < REFUSALS {
            self.report(FromGateway::Refused {
                why: short(&refusal.to_string()).into_owned(),
                address: address.to_string(),
                session: claims.map(|claims| claims.session),
                tenant: claims.map(|claims| claims.tenant),
            });
        }
    }

    /// Counts a socket that is not part of a pair; `None` when its address has too many.
    fn count_unpaired(self: &Arc<Self>, address: IpAddr) -> Option<Unpaired> {
        let mut unpaired = lock(&self.unpaired);
        let count = unpaired.entry(address).or_default();
        if *count >= self.limits.max_unpaired_per_address {
            return None;
        }
        *count += 1;
        Some(Unpaired(Arc::clone(self), address))
    }
}

impl Open {
    fn report(&self) -> OpenConnection {
        OpenConnection {
            connection: self.claims.connection,
            session: self.claims.session,
            tenant: self.claims.tenant,
            to_browser_bytes: self.counts.to_browser.load(Ordering::Relaxed),
            to_agent_bytes: self.counts.to_agent.load(Ordering::Relaxed),
        }
    }
}

/// A place among an address's unpaired sockets, given back when dropped.
struct Unpaired(Arc<Shared>, IpAddr);

impl Drop for Unpaired {
    fn drop(&mut self) {
        let mut unpaired = lock(&self.0.unpaired);
        if let Some(count) = unpaired.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                unpaired.remove(&self.1);
            }
        }
    }
}

/// Accepts for ever.
pub(crate) async fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Without a free place the socket is closed at once; nothing was spent on it.
                if let Ok(permit) = Arc::clone(&shared.sockets).try_acquire_owned() {
                    let shared = Arc::clone(shared);
                    tokio::spawn(Box::pin(serve(shared, stream, address.ip(), permit)));
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

async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    address: IpAddr,
    permit: OwnedSemaphorePermit,
) {
    let Some(unpaired) = shared.count_unpaired(address) else {
        return;
    };
    let limit = Duration::from_millis(shared.limits.handshake_timeout_ms);
    let Ok(Some((socket, ticket, origin))) = time::timeout(limit, come_in(&shared, stream)).await
    else {
        return;
    };
    let checked = lock(&shared.gate).check(&ticket, origin.as_deref(), now_s());
    let claims = match checked {
        Ok(claims) => claims,
        Err((refusal, claims)) => {
            shared.report_refusal(refusal, claims.as_deref(), address);
            return relay::close(socket, Close::Refused).await;
        }
    };
    let guest = Guest {
        socket,
        address,
        _permit: permit,
    };
    let arrival = lock(&shared.gate).arrive(claims, guest);
    match arrival {
        Ok(Arrival::First) => {
            time::sleep(Duration::from_millis(shared.limits.pair_timeout_ms)).await;
            let left = lock(&shared.gate).leave(claims.connection);
            if let Some(guest) = left {
                relay::close(guest.socket, Close::PeerAbsent).await;
            }
        }
        Ok(Arrival::Pair { own, other, .. }) => {
            drop(unpaired);
            let (browser, agent) = match claims.side {
                Side::Browser => (own, other),
                Side::Agent => (other, own),
            };
            // What the handshake needed is not kept for as long as the relay lives.
            Box::pin(pair(&shared, &claims, browser, agent)).await;
        }
        Err((refusal, guest)) => {
            shared.report_refusal(refusal, Some(&claims), address);
            relay::close(guest.socket, Close::Refused).await;
        }
    }
}

/// TLS, upgrade and the first message: the ticket. `None` for whoever does not speak so.
async fn come_in(shared: &Shared, stream: TcpStream) -> Option<(Socket, String, Option<String>)> {
    // Input is a few bytes at a time and must not wait for more.
    stream.set_nodelay(true).ok()?;
    let acceptor = TlsAcceptor::from(Arc::clone(&shared.tls.borrow()));
    let stream = acceptor.accept(stream).await.ok()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * shared.limits.max_message_bytes)
        .max_message_size(Some(shared.limits.max_message_bytes))
        .max_frame_size(Some(shared.limits.max_message_bytes));
    let mut origin = None;
    #[allow(clippy::result_large_err)] // The type is the library's.
    let look = |request: &Request, answer: Response| -> Result<Response, ErrorResponse> {
        if request.uri().path() != RELAY_PATH {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = StatusCode::NOT_FOUND;
            return Err(refusal);
        }
        origin = request
            .headers()
            .get("origin")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Ok(answer)
    };
    let mut socket = accept_hdr_async_with_config(stream, look, Some(config))
        .await
        .ok()?;
    match socket.next().await? {
        Ok(Message::Text(ticket)) => Some((socket, ticket.as_str().to_owned(), origin)),
        _ => None,
    }
}

async fn pair(shared: &Shared, claims: &Claims, browser: Guest, agent: Guest) {
    // The same session opened elsewhere: the newer view wins.
    shared.close_open(claims.session, Close::Replaced);
    let counts = Arc::new(Counts::default());
    let kill = watch::Sender::new(None);
    let ordered = kill.subscribe();
    let open = Open {
        claims: *claims,
        counts: Arc::clone(&counts),
        kill,
    };
    shared.report(FromGateway::Opened {
        open: open.report(),
        client_address: browser.address.to_string(),
    });
    lock(&shared.open).insert(claims.connection, open);
    let begun = Instant::now();
    let code = relay::relay(browser.socket, agent.socket, claims, &counts, ordered).await;
    let closed = lock(&shared.open).remove(&claims.connection);
    if let Some(open) = closed {
        shared.report(FromGateway::Closed {
            last: open.report(),
            code,
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

/// Lets the next refusals be reported, and says how many were not.
async fn report_refusals(shared: Arc<Shared>) {
    let mut interval = time::interval(REFUSAL_INTERVAL);
    loop {
        interval.tick().await;
        let count = shared.refusals.swap(0, Ordering::Relaxed);
        if count > REFUSALS {
            tracing::warn!(unreported = count - REFUSALS, "many tickets were refused");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
