//! The sessions of this host: which there are, how far each is, and what the control plane asks of them.

pub(crate) mod dir;
mod keeper;
pub(crate) mod record;
mod start;

use crate::{
    attach,
    cgroup::{Cgroups, Group},
    config::AgentConfig,
    sandbox::home::{Homes, make_dir},
    share::Share,
};
use dir::SessionDir;
use record::Record;
use rustls::ClientConfig;
use std::{
    collections::HashMap,
    fs, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{mpsc, watch};
use wire::{
    control::{EndReason, FromHost, Phase, SessionReport, SessionSpec, ToHost},
    ids::SessionId,
};

/// All sessions of the host, and what is needed to make more.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) config: AgentConfig,
    pub(crate) cgroups: Cgroups,
    pub(crate) homes: Homes,
    pub(crate) share: Share,
    sessions: Mutex<HashMap<SessionId, Entry>>,
    /// Counts changes, so that the control link can tell of them.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    /// Set to end the session.
    stop: watch::Sender<Option<EndReason>>,
}

impl Host {
    /// Finds what an earlier agent left: living sessions are kept, everything else is cleared away.
    pub(crate) fn open(
        config: AgentConfig,
        cgroups: Cgroups,
        share: Share,
    ) -> io::Result<Arc<Self>> {
        let host = Arc::new(Self {
            homes: Homes::open(&config)?,
            config,
            cgroups,
            share,
            sessions: Mutex::default(),
            changes: watch::Sender::new(0),
        });
        make_dir(&host.config.sessions_dir(), 0o711)?;
        for entry in fs::read_dir(host.config.sessions_dir())? {
            host.find(&entry?.path())?;
        }
        host.reap_orphans()?;
        Ok(host)
    }

    fn find(self: &Arc<Self>, path: &Path) -> io::Result<()> {
        let dir = SessionDir::new(path.to_owned());
        let id = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        let (Some(id), Some(record)) = (id, dir.load()) else {
            // An agent died between making the folder and writing the record: nothing was started.
            tracing::warn!(path = %path.display(), "clearing a folder without a session");
            return dir.remove();
        };
        if record.spec.session == id {
            tracing::info!(session = %id, phase = ?record.phase, "found a session");
            let keep = !matches!(record.phase, Phase::Ended { .. });
            let stop = self.insert(record);
            if keep {
                tokio::spawn(keeper::keep(self.clone(), id, stop));
            }
        }
        Ok(())
    }

    /// Ends what runs without a session that knows of it.
    fn reap_orphans(&self) -> io::Result<()> {
        for name in self.cgroups.sessions()? {
            let known = name
                .parse()
                .is_ok_and(|id: SessionId| self.lock().get(&id).is_some_and(Entry::is_alive));
            if !known {
                tracing::warn!(name, "ending what runs without a session");
                let group = self.cgroups.session(&name);
                group.kill();
                group.remove()?;
            }
        }
        Ok(())
    }

    fn insert(&self, record: Record) -> watch::Receiver<Option<EndReason>> {
        let (stop, stopped) = watch::channel(None);
        let id = record.spec.session;
        let entry = Entry { record, stop };
        self.lock().insert(id, entry);
        self.changed();
        stopped
    }

    /// Carries out an order. Orders may come twice.
    pub(crate) fn obey(
        self: &Arc<Self>,
        order: ToHost,
        tls: &Arc<ClientConfig>,
        replies: &mpsc::Sender<FromHost>,
    ) {
        match order {
            ToHost::Start { spec } => self.start(spec),
            ToHost::Stop { session } => self.stop(session),
            ToHost::Forget { session } => self.forget(session),
            ToHost::Attach {
                session,
                connection,
                gateway_url,
                ticket,
                rights,
            } => {
                let attach = attach::Attach {
                    session,
                    connection,
                    gateway_url,
                    ticket,
                    rights,
                };
                self.attach(attach, tls.clone(), replies.clone());
            }
            ToHost::Welcome { .. } | ToHost::Ping => (),
        }
    }

    fn start(self: &Arc<Self>, spec: SessionSpec) {
        let id = spec.session;
        let (slot, full) = {
            let sessions = self.lock();
            if sessions.contains_key(&id) {
                return;
            }
            let alive = sessions.values().filter(|entry| entry.is_alive());
            let mut taken: Vec<u32> = alive.map(|entry| entry.record.slot).collect();
            taken.sort_unstable();
            let most = self.config.max_sessions.min(AgentConfig::DISPLAY_UIDS) as usize;
            // The first number that is not at its own place in the sorted list is free.
            let slot = (0..).zip(&taken).take_while(|(n, slot)| n == *slot).count();
            (u32::try_from(slot).unwrap_or(u32::MAX), taken.len() >= most)
        };
        let mut record = Record::new(spec, slot);
        if full {
            tracing::warn!(session = %id, "the host is full");
            record.end(EndReason::StartFailed);
            self.insert(record);
            return;
        }
        let stop = self.insert(record);
        tokio::spawn(keeper::keep(self.clone(), id, stop));
    }

    fn stop(&self, id: SessionId) {
        let mut sessions = self.lock();
        if let Some(entry) = sessions.get_mut(&id) {
            entry.stop.send_replace(Some(EndReason::Stopped));
        } else {
            // Reported as lost until it is forgotten; there is nothing on this host to end.
            drop(sessions);
            self.insert(lost(id));
        }
    }

    fn forget(&self, id: SessionId) {
        let mut sessions = self.lock();
        if sessions.get(&id).is_some_and(|entry| !entry.is_alive()) {
            sessions.remove(&id);
            drop(sessions);
            if let Err(error) = self.dir(id).remove() {
                tracing::warn!(session = %id, %error, "a session's folder is still there");
            }
            self.changed();
        }
    }

    fn attach(
        self: &Arc<Self>,
        attach: attach::Attach,
        tls: Arc<ClientConfig>,
        replies: mpsc::Sender<FromHost>,
    ) {
        let ready = self
            .record(attach.session)
            .is_some_and(|record| record.phase == Phase::Ready);
        if !ready {
            let failed = attach.failed(&"the session is not ready");
            tokio::spawn(async move { replies.send(failed).await });
            return;
        }
        // An earlier connection is ended by the display, which can still tell it why.
        let socket = self.dir(attach.session).stream_socket();
        tokio::spawn(attach::run(attach, socket, tls, replies));
    }

    /// What every session is like now.
    pub(crate) fn reports(&self) -> Vec<SessionReport> {
        let sessions = self.lock();
        let mut reports: Vec<SessionReport> = sessions
            .iter()
            .map(|(id, entry)| {
                let memory = if entry.is_alive() {
                    self.group(*id).memory()
                } else {
                    0
                };
                entry.record.report(memory)
            })
            .collect();
        reports.sort_unstable_by_key(|report| report.session);
        reports
    }

    /// Wakes at each change of a session.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether the control plane may hear from sessions that live.
    pub(crate) fn living(&self) -> usize {
        self.lock()
            .values()
            .filter(|entry| entry.is_alive())
            .count()
    }

    /// Asks every session to end.
    pub(crate) fn stop_all(&self) {
        for entry in self.lock().values() {
            entry.stop.send_replace(Some(EndReason::Stopped));
        }
    }

    /// Forgets every session that has ended.
    pub(crate) fn remove_all(&self) {
        let ids: Vec<SessionId> = self.lock().keys().copied().collect();
        for id in ids {
            self.forget(id);
        }
    }

    fn group(&self, id: SessionId) -> Group {
        self.cgroups.session(&id.to_string())
    }

    fn dir(&self, id: SessionId) -> SessionDir {
        SessionDir::new(self.config.sessions_dir().join(id.to_string()))
    }

    fn record(&self, id: SessionId) -> Option<Record> {
        self.lock().get(&id).map(|entry| entry.record.clone())
    }

    /// Changes a session's record, here and on the disk.
    fn update(&self, id: SessionId, change: impl FnOnce(&mut Record)) {
        let mut sessions = self.lock();
        let Some(entry) = sessions.get_mut(&id) else {
            return;
        };
        change(&mut entry.record);
        let record = entry.record.clone();
        drop(sessions);
        let dir = self.dir(id);
        if dir.path().exists()
            && let Err(error) = dir.save(&record)
        {
            tracing::error!(session = %id, %error, "a session could not be written down");
        }
        self.changed();
    }

    fn changed(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_alive(&self) -> bool {
        !matches!(self.record.phase, Phase::Ended { .. })
    }
}

/// The record of a session that this host knows nothing of.
fn lost(id: SessionId) -> Record {
    let nobody = uuid::Uuid::nil();
    let mut record = Record::new(
        SessionSpec {
            session: id,
            tenant: wire::ids::TenantId(nobody),
            user: wire::ids::UserId(nobody),
            login: String::new(),
            full_name: String::new(),
            launch: wire::control::Launch::Desktop,
            image: String::new(),
            language: String::new(),
            time_zone: String::new(),
            keyboard: String::new(),
            width: 0,
            height: 0,
            limits: wire::control::Limits {
                memory_mib: 0,
                cpu_percent: 0,
                tasks: 0,
            },
        },
        0,
    );
    record.end(EndReason::Lost);
    record
}
