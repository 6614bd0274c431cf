//! Taking trust away: sessions of the web that rest on it end and desktops are disconnected, unless that would lock out
//! whoever does it.

use super::{
    super::{policy, service::WEB_SESSION_MAX_MS, store as people},
    service::DeviceError,
    store::{self, steps},
};
use crate::{
    actor::Actor,
    app::App,
    db::Tx,
    rights::{self, Action},
    sessions::service::{self as sessions, Opened},
};
use std::collections::BTreeSet;
use uuid::Uuid;
use wire::ids::UserId;

/// Certificates that are revoked together, and whose desktops that disconnects.
pub(super) struct Revoking<'a> {
    pub(super) app: &'a App,
    pub(super) actor: &'a Actor,
    pub(super) tx: Tx,
    /// Whose desktops are disconnected once it is true.
    out: BTreeSet<UserId>,
}

impl<'a> Revoking<'a> {
    /// Asks the policies.
    pub(super) async fn begin(app: &'a App, actor: &'a Actor) -> Result<Self, DeviceError> {
        rights::authorize(actor, Action::ManageUsers)?;
        let mut tx = app.db.begin(actor.tenant).await?;
        people::lock_people(&mut tx, actor.tenant).await?;
        let out = BTreeSet::new();
        Ok(Self {
            app,
            actor,
            tx,
            out,
        })
    }

    /// Revokes one for good; `false` when it was revoked before.
    pub(super) async fn revoke(&mut self, id: Uuid) -> Result<bool, DeviceError> {
        let now_ms = self.app.clock.now_ms();
        let whose = (self.actor.tenant, id);
        let done = store::revoke(&mut self.tx, whose, now_ms).await?;
        self.end(id).await?;
        Ok(done)
    }

    /// Sessions in which it was shown end.
    pub(super) async fn end(&mut self, id: Uuid) -> Result<(), DeviceError> {
        let since_ms = self.app.clock.now_ms() - WEB_SESSION_MAX_MS;
        let whose = (self.actor.tenant, id);
        self.out
            .extend(store::end_sessions(&mut self.tx, whose, since_ms).await?);
        Ok(())
    }

    /// Makes it true, unless whoever does it could not come back.
    pub(super) async fn commit(mut self) -> Result<(), DeviceError> {
        let rules = policy::service::of_actor(&mut self.tx, self.actor).await?;
        let is_out = self.out.contains(&self.actor.user);
        if rules.device_certificate && is_out {
            let who = (self.actor.tenant, self.actor.user);
            let now_ms = self.app.clock.now_ms();
            if !steps::has_shown(&mut self.tx, who, now_ms).await? {
                return Err(DeviceError::Lockout);
            }
        }
        self.tx.commit().await?;
        for user in self.out {
            let (tenant, all) = (self.actor.tenant, Opened::Anywhere);
            sessions::disconnect(self.app, tenant, user, all).await?;
        }
        Ok(())
    }
}
