//! What the tasks of a gateway share: who waits, who is relayed, who has how many sockets, and what is reported.

use crate::{
    app::now_s,
    config::Limits,
    gate::{Arrival, Gate, Refusal, Refused},
    relay::Counts,
    side::Side,
};
use ed25519_dalek::VerifyingKey;
use rustls::ServerConfig;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    time,
};
use tokio_rustls::server::TlsStream;
use wire::{
    close::Close,
    control::{FromGateway, OpenConnection},
    ids::{ConnectionId, GatewayId, SessionId},
    ticket::{self, Claims},
};

/// Refusals reported in one interval; the rest are only counted, so that strangers cannot flood the log.
const REFUSALS: u32 = 50;
const REFUSAL_INTERVAL: Duration = Duration::from_secs(10);
/// Sockets that are only told that there is no room, at the same time. More are closed without a word.
const TURNED_AWAY: usize = 64;

/// One per gateway.
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    tls: watch::Sender<Arc<ServerConfig>>,
    welcomed: watch::Sender<bool>,
    state: Mutex<State>,
    unpaired: Mutex<HashMap<IpAddr, usize>>,
    sockets: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    reports: mpsc::Sender<FromGateway>,
    refusals: AtomicU32,
}

/// Under one lock, so that nobody is between waiting and being relayed when an order comes.
struct State {
    gate: Gate<Box<Guest>>,
    open: HashMap<ConnectionId, Open>,
}

/// A pair that is relayed now.
struct Open {
    claims: Claims,
    counts: Arc<Counts>,
    close: watch::Sender<Option<Close>>,
}

/// One side that was let in.
pub(crate) struct Guest {
    pub(crate) side: Side<TlsStream<TcpStream>>,
    pub(crate) address: IpAddr,
    pub(crate) place: Place,
    /// Ends the waiting when dropped.
    pub(crate) waits: oneshot::Sender<()>,
}

/// A pair that was just made.
pub(crate) struct Paired {
    pub(crate) guests: [Box<Guest>; 2],
    pub(crate) counts: Arc<Counts>,
    pub(crate) ordered: watch::Receiver<Option<Close>>,
}

/// Room for a socket, given back when dropped.
pub(crate) struct Place {
    _socket: OwnedSemaphorePermit,
    _unpaired: Option<Unpaired>,
}

/// A place among an address's unpaired sockets.
struct Unpaired(Arc<Shared>, IpAddr);

impl Shared {
    pub(crate) fn new(
        limits: Limits,
        tls: ServerConfig,
        reports: mpsc::Sender<FromGateway>,
    ) -> Self {
        Self {
            limits,
            tls: watch::Sender::new(Arc::new(tls)),
            welcomed: watch::Sender::new(false),
            state: Mutex::new(State {
                gate: Gate::new(now_s()),
                open: HashMap::new(),
            }),
            unpaired: Mutex::default(),
            sockets: Arc::new(Semaphore::new(limits.max_sockets)),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            reports,
            refusals: AtomicU32::new(0),
        }
    }

    pub(crate) fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.tls.borrow())
    }

    pub(crate) fn use_tls(&self, tls: ServerConfig) {
        self.tls.send_replace(Arc::new(tls));
    }

    /// The control plane said who this gateway is, whose tickets are good, and from which pages browsers may come.
    pub(crate) fn welcome(
        &self,
        gateway: GatewayId,
        keys: Vec<VerifyingKey>,
        origins: Vec<String>,
    ) {
        lock(&self.state).gate.welcome(gateway, keys, origins);
        self.welcomed.send_replace(true);
    }

    /// Waits for the first welcome.
    pub(crate) async fn welcomed(&self) {
        // It cannot fail: the sender is in `self`.
        let _ = self
            .welcomed
            .subscribe()
            .wait_for(|welcomed| *welcomed)
            .await;
    }

    /// Room for a socket that is not part of a pair yet.
    pub(crate) fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let socket = Arc::clone(&self.sockets).try_acquire_owned().ok()?;
        let address = network(address);
        let mut unpaired = lock(&self.unpaired);
        let count = unpaired.entry(address).or_default();
        if *count >= self.limits.max_unpaired_per_address {
            return None;
        }
        *count += 1;
        Some(Place {
            _socket: socket,
            _unpaired: Some(Unpaired(Arc::clone(self), address)),
        })
    }

    /// Room for a socket that is told that there is none.
    pub(crate) fn place_to_turn_away(&self) -> Option<Place> {
        let socket = Arc::clone(&self.turned_away).try_acquire_owned().ok()?;
        Some(Place {
            _socket: socket,
            _unpaired: None,
        })
    }

    /// Checks a ticket; uses it up when it is good.
    pub(crate) fn check(&self, ticket: &str, origin: Option<&str>) -> Result<Claims, Refused> {
        lock(&self.state).gate.check(ticket, origin, now_s())
    }

    /// Lets in a guest whose ticket was checked: the pair, if the other side was waiting.
    pub(crate) fn arrive(
        &self,
        claims: Claims,
        guest: Box<Guest>,
    ) -> Result<Option<Paired>, (Refusal, Box<Guest>)> {
        let mut state = lock(&self.state);
        let (own, other) = match state.gate.arrive(claims, guest)? {
            Arrival::First => return Ok(None),
            Arrival::Pair { own, other } => (own, other),
        };
        // The same session opened elsewhere: the newer view wins.
        state.close(Some(claims.session), Close::Replaced);
        let browser = match claims.side {
            ticket::Side::Browser => &own,
            ticket::Side::Agent => &other,
        };
        let counts = Arc::new(Counts::default());
        let (close, ordered) = watch::channel(None);
        let open = Open {
            claims,
            counts: Arc::clone(&counts),
            close,
        };
        self.report(FromGateway::Opened {
            open: open.report(),
            client_address: browser.address.to_string(),
        });
        state.open.insert(claims.connection, open);
        let guests = match claims.side {
            ticket::Side::Browser => [own, other],
            ticket::Side::Agent => [other, own],
        };
        Ok(Some(Paired {
            guests,
            counts,
            ordered,
        }))
    }

    /// Somebody stopped waiting.
    pub(crate) fn leave(&self, connection: ConnectionId) -> Option<Box<Guest>> {
        lock(&self.state).gate.leave(connection)
    }

    /// A pair is no more.
    pub(crate) fn ended(&self, connection: ConnectionId, code: u16, duration: Duration) {
        let mut state = lock(&self.state);
        if let Some(open) = state.open.remove(&connection) {
            self.report(FromGateway::Closed {
                last: open.report(),
                code,
                duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            });
        }
    }

    /// Everything that is relayed now, with its counts.
    pub(crate) fn connections(&self) -> FromGateway {
        let open = lock(&self.state).open.values().map(Open::report).collect();
        FromGateway::Connections { open }
    }

    /// Closes every connection of a session, or of all.
    pub(crate) fn close(&self, session: Option<SessionId>, why: Close) {
        let waiting = {
            let mut state = lock(&self.state);
            state.close(session, why);
            state.gate.leave_all(session)
        };
        for guest in waiting {
            let Guest { side, place, .. } = *guest;
            tokio::spawn(async move {
                side.close(why).await;
                drop(place);
            });
        }
    }

    /// Waits until no socket has a place any more.
    pub(crate) async fn empty(&self) {
        let all = u32::try_from(self.limits.max_sockets).unwrap_or(u32::MAX);
        // It cannot fail: nobody closes the semaphore.
        let _ = self.sockets.acquire_many(all).await;
    }

    fn report(&self, report: FromGateway) {
        if self.reports.try_send(report).is_err() {
            tracing::warn!("a report is lost: the control plane has been away for too long");
        }
    }

    pub(crate) fn report_refusal(
        &self,
        refusal: Refusal,
        claims: Option<&Claims>,
        address: IpAddr,
    ) {
        tracing::warn!(%refusal, %address, "a ticket was refused");
        if self.refusals.fetch_add(1, Ordering::Relaxed) < REFUSALS {
            self.report(FromGateway::Refused {
                why: refusal.to_string(),
                address: address.to_string(),
                session: claims.map(|claims| claims.session),
                tenant: claims.map(|claims| claims.tenant),
            });
        }
    }

    /// Lets the next refusals be reported one by one, and reports how many were not.
    pub(crate) async fn sum_up_refusals(&self) {
        let mut interval = time::interval(REFUSAL_INTERVAL);
        loop {
            interval.tick().await;
            let count = self.refusals.swap(0, Ordering::Relaxed);
            if let Some(more @ 1..) = count.checked_sub(REFUSALS) {
                self.report(FromGateway::Refused {
                    why: format!("{more} more refusals in {} s", REFUSAL_INTERVAL.as_secs()),
                    address: String::new(),
                    session: None,
                    tenant: None,
                });
            }
        }
    }
}

impl State {
    fn close(&self, session: Option<SessionId>, why: Close) {
        let concerned = self
            .open
            .values()
            .filter(|open| session.is_none_or(|session| session == open.claims.session));
        for open in concerned {
            open.close.send_replace(Some(why));
        }
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

impl Guest {
    /// The side of a pair, and its place, which is not counted against its address any more. Whoever waited with it
    /// does so no longer.
    pub(crate) fn paired(self: Box<Self>) -> (Side<TlsStream<TcpStream>>, Place) {
        drop(self.waits);
        let place = Place {
            _unpaired: None,
            ..self.place
        };
        (self.side, place)
    }
}

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

/// Whom an address stands for: itself, or in IPv6 its network, of which one customer has all addresses.
fn network(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !(u64::MAX as u128);
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address @ IpAddr::V4(_) => address,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "shared_tests.rs"]
mod tests;
