//! The reconciler: compares what sessions are with what they should be, and says what is missing. It takes no input,
//! runs on a timer and on a wake, and can run twice without harm.

use super::{
    broker::{self, Candidate},
    parting::{self, Opened},
    service::{self, SessionError},
    state::{Event, State},
    store::{self, Session, StoreError},
};
use crate::{
    app::App,
    db::{Scope, Tx},
    desktops::service::{self as desktops, DesktopRow},
    grants::service as grants,
    hosts, identity,
    tenancy::{self, TenantRow},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;
use wire::{
    control::{EndReason, Launch, Limits, Phase, SessionReport, SessionSpec, ToHost},
    ids::{HostId, SessionId},
};

const TIMER: Duration = Duration::from_secs(1);
/// A session that is not placed or not started by then has failed.
const START_LIMIT_MS: i64 = 90_000;
/// A host that was away this long has lost its sessions.
const HOST_GONE_MS: i64 = 10 * 60 * 1000;
/// A connection that no gateway speaks of for this long is gone.
const UNHEARD_MS: i64 = 30_000;
/// The size of a screen before the browser says its own.
const FIRST_SIZE: (u16, u16) = (1280, 720);

type Snapshot = HashMap<SessionId, SessionReport>;

/// Runs until the process ends.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "sessions could not be reconciled; trying again");
        }
        // A timer besides the wake: a wake can be lost with the process that sent it.
        let _ = tokio::time::timeout(TIMER, app.wake.notified()).await;
    }
}

/// One comparison of everything.
pub async fn pass(app: &App) -> Result<(), SessionError> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let sessions = store::not_ended(&mut tx).await?;
    let mut locked_out = identity::suspended(&mut tx).await?;
    locked_out.extend(identity::shut_out(app, &mut tx).await?);
    let gone = identity::removed(&mut tx).await?;
    // Who opened them before who is still there: what began in between is not taken for what has ended.
    let openers = store::openers(&mut tx).await?;
    let signed_in = identity::good_web_sessions(app, &mut tx).await?;
    let kept_from = kept_from(&mut tx, &sessions).await?;
    drop(tx);
    let mut load: HashMap<HostId, u32> = HashMap::new();
    for host in sessions.iter().filter_map(|session| session.state.host()) {
        *load.entry(host).or_default() += 1;
    }
    let snapshots = app.hosts.snapshots();
    for session in &sessions {
        let shown = matches!(session.state, State::Connected { .. });
        let done = if session.state.is_live() && gone.contains(&session.user) {
            // Who removed them ends their sessions too, unless that process died first.
            apply(app, session, Event::Stop(EndReason::Stopped)).await
        } else if shown && (locked_out.contains(&session.user) || kept_from.contains(&session.id)) {
            parting::cut(app, session.clone(), Opened::Anywhere).await
        } else if let Some(ended) = opener(&openers, session).filter(|id| !signed_in.contains(id)) {
            // It was ended, or its time is over: its desktops are shown no longer.
            parting::cut(app, session.clone(), Opened::In(ended)).await
        } else {
            one(app, session, &snapshots, &mut load).await
        };
        match done {
            // Somebody else was faster: the next pass looks again.
            Err(SessionError::Store(StoreError::Stale)) => app.wake.notify_one(),
            Err(SessionError::Refused(refused)) => tracing::debug!(%refused, "not now"),
            // One session's trouble is not the others'.
            Err(error) => tracing::error!(session = %session.id, %error, "cannot reconcile"),
            Ok(()) => {}
        }
    }
    let known: HashMap<SessionId, &Session> = sessions.iter().map(|s| (s.id, s)).collect();
    for (host, snapshot) in &snapshots {
        for (id, report) in snapshot {
            if !known.contains_key(id) {
                let done = forget_or_stop(app, *host, *id, report).await;
                // One session's trouble is not the others'.
                let _ = done
                    .inspect_err(|error| tracing::error!(session = %id, %error, "cannot clean up"));
            }
        }
    }
    Ok(())
}

/// Sessions of desktops that are kept for people with a right in their service code, which their owner has not or no more.
async fn kept_from(tx: &mut Tx, sessions: &[Session]) -> Result<HashSet<SessionId>, SessionError> {
    let kept = grants::kept(tx).await?;
    if kept.is_empty() {
        return Ok(HashSet::new());
    }
    let labels = desktops::labels(tx).await?;
    let is_kept = |session: &&Session| {
        let people = labels.get(&session.desktop).and_then(|code| kept.get(code));
        people.is_some_and(|people| !people.contains(&session.user))
    };
    let out = sessions.iter().filter(is_kept);
    Ok(out.map(|session| session.id).collect())
}

/// The session of the web in which a session is shown now.
fn opener(openers: &HashMap<SessionId, Uuid>, session: &Session) -> Option<Uuid> {
    let shown = matches!(session.state, State::Connected { .. });
    openers.get(&session.id).copied().filter(|_| shown)
}

async fn one(
    app: &App,
    session: &Session,
    snapshots: &HashMap<HostId, Snapshot>,
    load: &mut HashMap<HostId, u32>,
) -> Result<(), SessionError> {
    let age_ms = app.clock.now_ms() - session.changed_at_ms;
    let Some(host) = session.state.host() else {
        return place(app, session, load, age_ms).await;
    };
    let Some(snapshot) = snapshots.get(&host) else {
        let away_since_ms = app.hosts.away_since_ms(host, app.started_ms);
        let gone = away_since_ms.is_some_and(|at| app.clock.now_ms() - at > HOST_GONE_MS);
        return if gone {
            apply(app, session, Event::HostEnded(EndReason::Lost)).await
        } else {
            Ok(())
        };
    };
    let phase = snapshot.get(&session.id).map(|report| &report.phase);
    match (session.state, phase) {
        (_, Some(Phase::Ended { reason })) => apply(app, session, Event::HostEnded(*reason)).await,
        (State::Starting { .. }, Some(Phase::Ready)) => apply(app, session, Event::HostReady).await,
        (State::Starting { .. }, _) if age_ms > START_LIMIT_MS => {
            apply(app, session, Event::Stop(EndReason::StartFailed)).await
        }
        (State::Starting { .. }, None) => start(app, session, host).await,
        (State::Ready { .. } | State::Connected { .. }, None) => {
            apply(app, session, Event::HostEnded(EndReason::Lost)).await
        }
        (State::Connected { connection, .. }, _)
            if unheard_ms(app, session) > UNHEARD_MS && !app.gateways.speaks_of(connection) =>
        {
            apply(app, session, Event::Closed(connection)).await
        }
        (State::Ending { .. }, Some(_)) => {
            app.hosts.send(
                host,
                ToHost::Stop {
                    session: session.id,
                },
            );
            Ok(())
        }
        (State::Ending { reason, .. }, None) => apply(app, session, Event::HostEnded(reason)).await,
        _ => Ok(()),
    }
}

/// How long a gateway could have spoken of the session's connection. After a start of this process, and after a link
/// was lost, gateways get time to come back.
fn unheard_ms(app: &App, session: &Session) -> i64 {
    let since_ms = session
        .changed_at_ms
        .max(app.started_ms)
        .max(app.gateways.last_loss_ms());
    app.clock.now_ms() - since_ms
}

async fn apply(app: &App, session: &Session, event: Event) -> Result<(), SessionError> {
    service::change(app, app.db.begin(session.tenant).await?, session, event).await
}

async fn place(
    app: &App,
    session: &Session,
    load: &mut HashMap<HostId, u32>,
    age_ms: i64,
) -> Result<(), SessionError> {
    let mut tx = app.db.begin(session.tenant).await?;
    let desktop = desktops::get(&mut tx, session.tenant, session.desktop).await?;
    let image = desktop.map_or_else(String::new, |desktop| desktop.image);
    let draining = hosts::service::draining(&mut tx).await?;
    let mut standing = hosts::service::regions(app, &mut tx).await?;
    let allowed = tenancy::contracts::regions(app, &mut tx, session.tenant).await?;
    let candidates: Vec<Candidate> = app
        .hosts
        .candidates()
        .into_iter()
        .filter(|host| !draining.contains(&host.id))
        .map(|host| Candidate {
            sessions: load.get(&host.id).copied().unwrap_or_default(),
            region: standing
                .remove(&host.id)
                .unwrap_or_else(|| app.config.region.clone()),
            ..host
        })
        .collect();
    match broker::choose(&candidates, &image, &allowed) {
        Some(host) => {
            *load.entry(host).or_default() += 1;
            service::change(app, tx, session, Event::HostChosen(host)).await
        }
        None if age_ms > START_LIMIT_MS => {
            service::change(app, tx, session, Event::Stop(EndReason::StartFailed)).await
        }
        None => Ok(()),
    }
}

/// Orders the session; the host ignores an order that it has carried out.
async fn start(app: &App, session: &Session, host: HostId) -> Result<(), SessionError> {
    let mut tx = app.db.read(session.tenant).await?;
    let desktop = desktops::get(&mut tx, session.tenant, session.desktop).await?;
    let tenant = tenancy::service::get(&mut tx, session.tenant).await?;
    let user = identity::session_user(&mut tx, session.tenant, session.user).await?;
    drop(tx);
    let (Some(desktop), Some(tenant), Some(user)) = (desktop, tenant, user) else {
        return apply(app, session, Event::Stop(EndReason::StartFailed)).await;
    };
    let spec = spec(session, &desktop, &tenant, user);
    app.hosts.send(host, ToHost::Start { spec });
    Ok(())
}

fn spec(
    session: &Session,
    desktop: &DesktopRow,
    tenant: &TenantRow,
    user: identity::SessionUser,
) -> SessionSpec {
    let number = |value: i64| u32::try_from(value).unwrap_or_default();
    SessionSpec {
        session: session.id,
        tenant: session.tenant,
        user: session.user,
        login: user.login,
        full_name: user.full_name,
        launch: match &desktop.application {
            Some(name) => Launch::Application { name: name.clone() },
            None => Launch::Desktop,
        },
        image: desktop.image.clone(),
        keyboard: if tenant.language == "ja" { "jp" } else { "us" }.to_owned(),
        language: tenant.language.clone(),
        time_zone: tenant.time_zone.clone(),
        width: FIRST_SIZE.0,
        height: FIRST_SIZE.1,
        limits: Limits {
            memory_mib: number(desktop.memory_mib),
            cpu_percent: number(desktop.cpu_percent),
            tasks: number(desktop.tasks),
        },
    }
}

/// A host speaks of a session that is over, or that nobody knows.
async fn forget_or_stop(
    app: &App,
    host: HostId,
    id: SessionId,
    report: &SessionReport,
) -> Result<(), SessionError> {
    if matches!(report.phase, Phase::Ended { .. }) {
        app.hosts.send(host, ToHost::Forget { session: id });
        return Ok(());
    }
    // It may have been placed since the sessions were read.
    let mut tx = app.db.read(Scope::Everybody).await?;
    let over = store::any(&mut tx, id)
        .await?
        .is_none_or(|session| matches!(session.state, State::Ended { .. }));
    if over {
        app.hosts.send(host, ToHost::Stop { session: id });
    }
    Ok(())
}
