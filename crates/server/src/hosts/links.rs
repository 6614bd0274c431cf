//! The links that machines keep to this process, and the last thing each said. In memory: after a restart the machines
//! come back and say everything anew.

use crate::sessions::Candidate;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::mpsc;
use wire::{
    control::{OpenConnection, SessionReport, ToGateway, ToHost},
    ids::{ConnectionId, GatewayId, HostId, SessionId},
};

/// How many orders may wait for a machine; more means that its link hangs and will be cut.
pub const QUEUE: usize = 1024;

/// The session hosts.
#[derive(Debug, Default)]
pub struct HostLinks(Mutex<Hosts>);

#[derive(Debug, Default)]
struct Hosts {
    links: HashMap<HostId, HostLink>,
    /// When each host's last link broke, Unix milliseconds.
    away_since_ms: HashMap<HostId, i64>,
    next_link: u64,
}

#[derive(Debug)]
struct HostLink {
    number: u64,
    orders: mpsc::Sender<ToHost>,
    max_sessions: u32,
    images: Vec<String>,
    /// None until the host said which sessions it has.
    sessions: Option<HashMap<SessionId, SessionReport>>,
}

impl HostLinks {
    /// A host came. An older link of the same host gets no more orders. Returns the link's number.
    pub fn came(
        &self,
        host: HostId,
        orders: mpsc::Sender<ToHost>,
        max_sessions: u32,
        features: &[String],
    ) -> u64 {
        let images = features
            .iter()
            .filter_map(|feature| feature.strip_prefix("image:"))
            .map(str::to_owned)
            .collect();
        let mut hosts = lock(&self.0);
        hosts.next_link += 1;
        let number = hosts.next_link;
        let link = HostLink {
            number,
            orders,
            max_sessions,
            images,
            sessions: None,
        };
        hosts.links.insert(host, link);
        hosts.away_since_ms.remove(&host);
        number
    }

    /// A host's link broke, unless a newer one has taken its place.
    pub fn went(&self, host: HostId, number: u64, now_ms: i64) {
        let mut hosts = lock(&self.0);
        if hosts.links.get(&host).is_some_and(|l| l.number == number) {
            hosts.links.remove(&host);
            hosts.away_since_ms.insert(host, now_ms);
        }
    }

    /// A host said which sessions it has.
    pub fn report(&self, host: HostId, number: u64, sessions: Vec<SessionReport>) {
        let mut hosts = lock(&self.0);
        if let Some(link) = hosts.links.get_mut(&host).filter(|l| l.number == number) {
            link.sessions = Some(sessions.into_iter().map(|s| (s.session, s)).collect());
        }
    }

    /// What each linked host last said.
    pub fn snapshots(&self) -> HashMap<HostId, HashMap<SessionId, SessionReport>> {
        lock(&self.0)
            .links
            .iter()
            .filter_map(|(host, link)| Some((*host, link.sessions.clone()?)))
            .collect()
    }

    /// The hosts that can be given sessions. Their load is the reconciler's to count.
    pub fn candidates(&self) -> Vec<Candidate> {
        lock(&self.0)
            .links
            .iter()
            .filter(|(_, link)| link.sessions.is_some())
            .map(|(id, link)| Candidate {
                id: *id,
                sessions: 0,
                max_sessions: link.max_sessions,
                images: link.images.clone(),
                // The broker's caller knows: it is kept, not told.
                region: String::new(),
            })
            .collect()
    }

    /// Since when a host has been away, Unix milliseconds; none while it is linked. One that this process never saw
    /// counts from the process's start, since before it the host was linked to another process.
    pub fn away_since_ms(&self, host: HostId, started_ms: i64) -> Option<i64> {
        let hosts = lock(&self.0);
        if hosts.links.contains_key(&host) {
            return None;
        }
        Some(hosts.away_since_ms.get(&host).map_or(started_ms, |at| *at))
    }

    /// Sends an order; `false` when the host is not linked or its queue is full.
    pub fn send(&self, host: HostId, order: ToHost) -> bool {
        lock(&self.0)
            .links
            .get(&host)
            .is_some_and(|link| link.orders.try_send(order).is_ok())
    }
}

/// The gateways.
#[derive(Debug, Default)]
pub struct GatewayLinks(Mutex<Gateways>);

#[derive(Debug, Default)]
struct Gateways {
    links: HashMap<GatewayId, GatewayLink>,
    /// Where relays are reached, as origins, those of gateways that are away included.
    origins: BTreeSet<String>,
    /// When a gateway's link last broke, Unix milliseconds.
    last_loss_ms: i64,
    next_link: u64,
}

#[derive(Debug)]
struct GatewayLink {
    number: u64,
    orders: mpsc::Sender<ToGateway>,
    relay_url: String,
    open: HashSet<ConnectionId>,
}

impl GatewayLinks {
    /// A gateway came. Returns the link's number.
    pub fn came(&self, id: GatewayId, orders: mpsc::Sender<ToGateway>, relay_url: String) -> u64 {
        let mut gateways = lock(&self.0);
        gateways.next_link += 1;
        let number = gateways.next_link;
        gateways.origins.extend(origin(&relay_url));
        let link = GatewayLink {
            number,
            orders,
            relay_url,
            open: HashSet::new(),
        };
        gateways.links.insert(id, link);
        number
    }

    /// A gateway's link broke, unless a newer one has taken its place.
    pub fn went(&self, id: GatewayId, number: u64, now_ms: i64) {
        let mut gateways = lock(&self.0);
        if gateways.links.get(&id).is_some_and(|l| l.number == number) {
            gateways.links.remove(&id);
            gateways.last_loss_ms = now_ms;
        }
    }

    /// The gateway with the fewest connections, and where it is reached.
    pub fn choose(&self) -> Option<(GatewayId, String)> {
        lock(&self.0)
            .links
            .iter()
            .min_by_key(|(id, link)| (link.open.len(), **id))
            .map(|(id, link)| (*id, link.relay_url.clone()))
    }

    /// A relay that there was before this process began.
    pub fn know(&self, relay_url: &str) {
        lock(&self.0).origins.extend(origin(relay_url));
    }

    /// Where relays are reached, as origins (`wss://HOST:PORT`) for the content security policy.
    pub fn origins(&self) -> Vec<String> {
        lock(&self.0).origins.iter().cloned().collect()
    }

    /// A pair was opened.
    pub fn opened(&self, id: GatewayId, open: OpenConnection) {
        if let Some(link) = lock(&self.0).links.get_mut(&id) {
            link.open.insert(open.connection);
        }
    }

    /// A pair is no more.
    pub fn closed(&self, id: GatewayId, connection: ConnectionId) {
        if let Some(link) = lock(&self.0).links.get_mut(&id) {
            link.open.remove(&connection);
        }
    }

    /// A gateway said everything that is open on it. Returns what was not known to be.
    pub fn snapshot(&self, id: GatewayId, open: Vec<OpenConnection>) -> Vec<OpenConnection> {
        let mut gateways = lock(&self.0);
        let Some(link) = gateways.links.get_mut(&id) else {
            return Vec::new();
        };
        let known = std::mem::take(&mut link.open);
        link.open = open.iter().map(|open| open.connection).collect();
        open.into_iter()
            .filter(|open| !known.contains(&open.connection))
            .collect()
    }

    /// When a gateway's link last broke, Unix milliseconds: what it carries may live on, unheard of.
    pub fn last_loss_ms(&self) -> i64 {
        lock(&self.0).last_loss_ms
    }

    /// Whether any gateway has the connection open.
    pub fn speaks_of(&self, connection: ConnectionId) -> bool {
        lock(&self.0)
            .links
            .values()
            .any(|link| link.open.contains(&connection))
    }

    /// Closes every connection of a session, wherever it is.
    pub fn kill(&self, session: SessionId) {
        for (id, link) in &lock(&self.0).links {
            link.kill(*id, session);
        }
    }

    /// Closes every connection of a session that one gateway has.
    pub fn kill_at(&self, id: GatewayId, session: SessionId) {
        if let Some(link) = lock(&self.0).links.get(&id) {
            link.kill(id, session);
        }
    }
}

impl GatewayLink {
    fn kill(&self, id: GatewayId, session: SessionId) {
        if self.orders.try_send(ToGateway::Kill { session }).is_err() {
            tracing::warn!(gateway = %id, %session, "cannot order a connection closed");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `wss://host:port` of a URL.
fn origin(url: &str) -> Option<String> {
    let rest = url.strip_prefix("wss://")?;
    let host = rest.split('/').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then(|| format!("wss://{host}"))
}

#[cfg(test)]
mod link_tests {
    use super::*;

    #[test]
    fn a_gateway_cannot_widen_the_content_security_policy() {
        assert_eq!(
            origin("wss://gw.example:8445/v1/relay").as_deref(),
            Some("wss://gw.example:8445")
        );
        for bad in [
            "ws://plain/",
            "wss://a; script-src *",
            "wss://*/",
            "wss:///",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }
}
