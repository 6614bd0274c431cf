//! Session hosts and gateways for tests: links without a network.

#![allow(clippy::unwrap_used)]

use crate::{
    app::App,
    hosts::links::QUEUE,
    sessions::{
        job, reports,
        service::{self, Connect},
    },
    testing::{Person, World},
};
use std::sync::Arc;
use tokio::sync::mpsc;
use uuid::Uuid;
use wire::{
    control::{FromGateway, OpenConnection, Phase, SessionReport, StartTimes, ToGateway, ToHost},
    ids::{ConnectionId, DesktopId, GatewayId, HostId, SessionId, TenantId},
    ticket::{self, Claims},
};

/// An agent's end of a link.
pub(crate) struct FakeHost {
    pub(crate) id: HostId,
    app: Arc<App>,
    number: u64,
    orders: mpsc::Receiver<ToHost>,
}

/// A gateway's end of a link.
pub(crate) struct FakeGateway {
    pub(crate) id: GatewayId,
    app: Arc<App>,
    number: u64,
    orders: mpsc::Receiver<ToGateway>,
}

/// What a browser was given to come with.
#[derive(Clone, Debug)]
pub(crate) struct Pairing {
    pub(crate) browser: Claims,
    pub(crate) agent: Claims,
    pub(crate) open: OpenConnection,
}

impl World {
    /// A host comes, with nothing on it.
    pub(crate) fn host(&self, max_sessions: u32) -> FakeHost {
        let host = self.host_again(self.app.new_id(), max_sessions);
        host.says(&[]);
        host
    }

    /// A host comes (back), and has not said what it carries.
    pub(crate) fn host_again(&self, id: HostId, max_sessions: u32) -> FakeHost {
        let (sender, orders) = mpsc::channel(QUEUE);
        let features = ["image:machine".to_owned(), "cgroup:v2".to_owned()];
        FakeHost {
            id,
            app: Arc::clone(&self.app),
            number: self.app.hosts.came(id, sender, max_sessions, &features),
            orders,
        }
    }

    pub(crate) fn gateway(&self) -> FakeGateway {
        self.gateway_again(self.app.new_id())
    }

    pub(crate) fn gateway_again(&self, id: GatewayId) -> FakeGateway {
        let (sender, orders) = mpsc::channel(QUEUE);
        let url = format!("wss://{id}.example:8445/v1/relay");
        FakeGateway {
            id,
            app: Arc::clone(&self.app),
            number: self.app.gateways.came(id, sender, url),
            orders,
        }
    }

    /// The reconciler looks at everything once.
    pub(crate) async fn pass(&self) {
        job::pass(&self.app).await.unwrap();
    }

    /// The click of somebody who may work.
    pub(crate) async fn clicked(&self, person: &Person, desktop: DesktopId) -> SessionId {
        self.set_state(person, "active").await;
        service::launch(&self.app, &person.actor, desktop)
            .await
            .unwrap()
    }

    /// A session of the person's that runs on the host.
    pub(crate) async fn running(
        &self,
        person: &Person,
        desktop: DesktopId,
        host: &mut FakeHost,
    ) -> SessionId {
        let session = self.clicked(person, desktop).await;
        self.pass().await;
        host.says(&[(session, Phase::Ready)]);
        self.pass().await;
        host.orders();
        session
    }

    /// The person's browser asks for a session and gets two tickets: its own, and the agent's by way of the host.
    pub(crate) async fn pairing(
        &self,
        person: &Person,
        session: SessionId,
        host: &mut FakeHost,
        gateway: &FakeGateway,
    ) -> Pairing {
        let web_session = self.web_session(person).await;
        self.pairing_in(web_session, person, session, host, gateway)
            .await
    }

    /// As [`Self::pairing`], in a browser's session of the web.
    pub(crate) async fn pairing_in(
        &self,
        web_session: Uuid,
        person: &Person,
        session: SessionId,
        host: &mut FakeHost,
        gateway: &FakeGateway,
    ) -> Pairing {
        let answer = service::connect(&self.app, &person.actor, web_session, session)
            .await
            .unwrap();
        let Connect::Ready { ticket, .. } = answer else {
            panic!("no ticket: {answer:?}");
        };
        let orders = host.orders();
        let Some(ToHost::Attach {
            ticket: agents,
            connection,
            ..
        }) = orders.last()
        else {
            panic!("the host was not told: {orders:?}");
        };
        let tenant = person.actor.tenant;
        Pairing {
            browser: self.verified(&ticket, gateway.id).unwrap(),
            agent: self.verified(agents, gateway.id).unwrap(),
            open: opening(*connection, session, tenant),
        }
    }

    /// What a gateway makes of a ticket.
    pub(crate) fn verified(
        &self,
        ticket: &str,
        gateway: GatewayId,
    ) -> Result<Claims, ticket::Invalid> {
        let key = self.app.authority.ticket_key.verifying_key();
        ticket::verify(ticket, &[key], gateway, self.app.clock.now_s(), 0)
    }
}

/// A pair as its gateway sees it at first.
pub(crate) fn opening(
    connection: ConnectionId,
    session: SessionId,
    tenant: TenantId,
) -> OpenConnection {
    OpenConnection {
        connection,
        session,
        tenant,
        to_browser_bytes: 0,
        to_agent_bytes: 0,
    }
}

impl FakeHost {
    /// Says everything that it carries.
    pub(crate) fn says(&self, sessions: &[(SessionId, Phase)]) {
        let report = |(session, phase): &(SessionId, Phase)| SessionReport {
            session: *session,
            phase: phase.clone(),
            times: StartTimes::default(),
            memory_bytes: 0,
        };
        let sessions = sessions.iter().map(report).collect();
        self.app.hosts.report(self.id, self.number, sessions);
    }

    /// What it was ordered since the last time.
    pub(crate) fn orders(&mut self) -> Vec<ToHost> {
        std::iter::from_fn(|| self.orders.try_recv().ok()).collect()
    }

    /// Its link breaks.
    pub(crate) fn leaves(self) -> HostId {
        let now_ms = self.app.clock.now_ms();
        self.app.hosts.went(self.id, self.number, now_ms);
        self.id
    }
}

impl FakeGateway {
    pub(crate) async fn says(&self, message: FromGateway) {
        reports::take(&self.app, self.id, message).await.unwrap();
    }

    pub(crate) async fn opened(&self, open: OpenConnection) {
        let client_address = "192.0.2.7".to_owned();
        self.says(FromGateway::Opened {
            open,
            client_address,
        })
        .await;
    }

    pub(crate) async fn closed(&self, last: OpenConnection, code: u16) {
        let duration_ms = 1000;
        self.says(FromGateway::Closed {
            last,
            code,
            duration_ms,
        })
        .await;
    }

    /// The sessions whose connections it was told to cut since the last time.
    pub(crate) fn kills(&mut self) -> Vec<SessionId> {
        let orders = std::iter::from_fn(|| self.orders.try_recv().ok());
        let kill = |order| match order {
            ToGateway::Kill { session } => Some(session),
            ToGateway::Welcome { .. } | ToGateway::Ping => None,
        };
        orders.filter_map(kill).collect()
    }

    /// Its link breaks.
    pub(crate) fn leaves(self) -> GatewayId {
        let now_ms = self.app.clock.now_ms();
        self.app.gateways.went(self.id, self.number, now_ms);
        self.id
    }
}
