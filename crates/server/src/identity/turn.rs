//! One administrator's turn at their organisation's people: any number of changes in one transaction, all or none.
//!
//! Turns at one organisation wait for each other, and each looks again at who acts, so that of two administrators who
//! demote one another at the same moment one succeeds.

use super::{
    account::store as sessions_of_the_web,
    devices, factors, federation,
    lifecycle::{Draft, LifecycleError, Wrong, check, login_of},
    passkeys, service,
    store::{self, UserRow},
};
use crate::{
    activity::{self, Act, Outcome, Record, What},
    actor::{Actor, Role},
    app::App,
    db::Tx,
    grants::service as grants,
    notices::{self, Content, Token},
    portal::Key,
    rights::{self, Action, Denied},
    sessions::service::{self as sessions, Opened},
    tenancy::{Room, contracts},
};
use wire::ids::{TenantId, UserId};

/// Changes that become true together, with [`commit`](Self::commit), or not at all.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(super) app: &'a App,
    pub(super) actor: &'a Actor,
    pub(super) tx: Tx,
    /// Whose desktops are disconnected once it is true.
    out: Vec<UserId>,
    /// Whose desktops end once it is true, which the record of each tells.
    gone: Vec<(UserId, Act)>,
}

impl<'a> Turn<'a> {
    /// Asks the policies, waits for the turn, and checks that the actor is still what they were when the request came in.
    pub(crate) async fn begin(app: &'a App, actor: &'a Actor) -> Result<Self, LifecycleError> {
        rights::authorize(actor, Action::ManageUsers)?;
        let mut tx = app.db.begin(actor.tenant).await?;
        store::lock_people(&mut tx, actor.tenant).await?;
        let own = store::user(&mut tx, actor.tenant, actor.user).await?;
        if !own.is_some_and(|own| own.state == "active" && own.role == actor.role.name()) {
            return Err(LifecycleError::Denied(Denied));
        }
        Ok(Self {
            app,
            actor,
            tx,
            out: Vec::new(),
            gone: Vec::new(),
        })
    }

    /// A person of the organisation.
    pub(crate) async fn person(&mut self, id: UserId) -> Result<UserRow, LifecycleError> {
        store::user(&mut self.tx, self.actor.tenant, id)
            .await?
            .filter(|user| user.state != "removed")
            .ok_or(LifecycleError::NotFound)
    }

    /// Adds a person, who is invited and has no one-time link yet.
    pub(crate) async fn add(&mut self, draft: &Draft) -> Result<UserRow, LifecycleError> {
        let (full_name, email, role) = check(draft).map_err(LifecycleError::Wrong)?;
        let wrong = |key| {
            LifecycleError::Wrong(Wrong {
                email: Some(Key(key)),
                ..Wrong::default()
            })
        };
        let taken = || wrong("person.error.email_taken");
        if store::user_by_email(&mut self.tx, &email).await?.is_some() {
            return Err(taken());
        }
        let room = contracts::room_for_person(self.app, &mut self.tx, self.actor.tenant).await?;
        if room != Room::Free {
            return Err(wrong("person.error.no_room"));
        }
        let user = UserRow {
            id: self.app.new_id(),
            tenant_id: self.actor.tenant,
            login: login_of(&email),
            email,
            full_name,
            role: role.name().to_owned(),
            state: "invited".to_owned(),
            password_hash: None,
            last_sign_in_ms: None,
        };
        let now_ms = self.app.clock.now_ms();
        match store::insert_user(&mut self.tx, &user, now_ms).await {
            // Another customer's administrator was faster by a moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(taken());
            }
            done => done?,
        }
        let detail = format!("{} <{}> ({})", user.full_name, user.email, user.role);
        self.record(What::UserInvited, user.id, &detail).await?;
        Ok(user)
    }

    /// Makes a person's one-time link; an earlier one that was not used ends. Returns its secret part.
    pub(crate) async fn link(&mut self, user: UserId) -> Result<String, LifecycleError> {
        let tenant = self.actor.tenant;
        Ok(service::issue_link(self.app, &mut self.tx, tenant, user).await?)
    }

    /// Makes a person's one-time link and has it sent to them: nobody else sees it. What is sent to an address is counted,
    /// whoever has it sent.
    pub(crate) async fn mail_link(&mut self, user: &UserRow) -> Result<(), LifecycleError> {
        if !notices::is_on(self.app) {
            return Err(LifecycleError::NoMail);
        }
        let wait_ms = service::count_letter(self.app, &mut self.tx, &user.email).await?;
        if wait_ms > 0 {
            return Err(LifecycleError::Wait { wait_ms });
        }
        let token = Token(self.link(user.id).await?);
        let content = match user.password_hash {
            Some(_) => Content::Link { token },
            None => Content::Invitation { token },
        };
        Ok(notices::post(self.app, &mut self.tx, user, content).await?)
    }

    /// Tells a person of something that was done to their account.
    pub(super) async fn tell(
        &mut self,
        user: &UserRow,
        content: Content,
    ) -> Result<(), LifecycleError> {
        Ok(notices::post(self.app, &mut self.tx, user, content).await?)
    }

    /// Changes name and role. The address stays: it names the account.
    pub(crate) async fn edit(
        &mut self,
        user: &UserRow,
        draft: &Draft,
    ) -> Result<(), LifecycleError> {
        let draft = Draft {
            email: user.email.clone(),
            ..draft.clone()
        };
        let (full_name, _, role) = check(&draft).map_err(LifecycleError::Wrong)?;
        if role.name() != user.role && user.role == Role::Administrator.name() {
            self.may_lose(user).await?;
        }
        // An auditor works on no desktop, one that is shown now included.
        if role == Role::Auditor && role.name() != user.role {
            self.out.push(user.id);
        }
        let (tenant, now_ms) = (self.actor.tenant, self.app.clock.now_ms());
        let details = (full_name.as_str(), role.name());
        store::set_details(&mut self.tx, tenant, user.id, details, now_ms).await?;
        let detail = format!(
            "{} ({}) → {full_name} ({})",
            user.full_name,
            user.role,
            role.name()
        );
        self.record(What::UserChanged, user.id, &detail).await
    }

    /// Takes access away until it is given back: sessions of the web end, desktops are disconnected and live on.
    pub(crate) async fn suspend(&mut self, user: &UserRow) -> Result<(), LifecycleError> {
        if user.state == "suspended" {
            return Ok(());
        }
        self.may_lose(user).await?;
        self.set_state(user, "suspended").await?;
        shut_out(self.app, &mut self.tx, user).await?;
        self.out.push(user.id);
        self.record(What::UserSuspended, user.id, &user.full_name)
            .await
    }

    /// Gives access back.
    pub(crate) async fn resume(&mut self, user: &UserRow) -> Result<(), LifecycleError> {
        if user.state != "suspended" {
            return Ok(());
        }
        let who = (user.tenant_id, user.id);
        let has_been_in = user.password_hash.is_some()
            || passkeys::store::count(&mut self.tx, who).await? > 0
            || federation::is_known(&mut self.tx, user).await?;
        let state = if has_been_in { "active" } else { "invited" };
        self.set_state(user, state).await?;
        self.record(What::UserResumed, user.id, &user.full_name)
            .await
    }

    /// Removes a person for good: sessions of the web and desktops end, the address is free again. Records keep the name.
    pub(crate) async fn remove(&mut self, user: &UserRow) -> Result<(), LifecycleError> {
        self.may_lose(user).await?;
        store::remove_user(&mut self.tx, self.actor.tenant, user.id).await?;
        factors::forget(&mut self.tx, user).await?;
        grants::forget(&mut self.tx, self.actor.tenant, user.id).await?;
        devices::service::forget(self.app, &mut self.tx, user).await?;
        shut_out(self.app, &mut self.tx, user).await?;
        notices::withdraw(self.app, &mut self.tx, user).await?;
        let detail = format!("{} <{}>", user.full_name, user.email);
        let record = Record::of(self.actor, What::UserRemoved, user.id.0, &detail);
        let act = activity::begin(self.app, &mut self.tx, &record).await?;
        self.gone.push((user.id, act));
        Ok(())
    }

    /// Makes it all true, disconnects those who are out and ends the desktops of those who are gone.
    pub(crate) async fn commit(self) -> Result<(), LifecycleError> {
        self.make_true().await?.finish().await
    }

    /// Makes it all true. What is left to do does not take it back.
    pub(crate) async fn make_true(self) -> sqlx::Result<Aftermath<'a>> {
        self.tx.commit().await?;
        Ok(Aftermath {
            app: self.app,
            tenant: self.actor.tenant,
            out: self.out,
            gone: self.gone,
        })
    }

    /// Whether the organisation can do without what this person is now.
    pub(super) async fn may_lose(&mut self, user: &UserRow) -> Result<(), LifecycleError> {
        if user.id == self.actor.user {
            return Err(LifecycleError::Yourself);
        }
        let tenant = self.actor.tenant;
        let others = store::other_administrators(&mut self.tx, tenant, user.id).await?;
        if user.role == Role::Administrator.name() && others == 0 {
            return Err(LifecycleError::LastAdministrator);
        }
        Ok(())
    }

    pub(super) async fn record(
        &mut self,
        what: What,
        user: UserId,
        detail: &str,
    ) -> Result<(), LifecycleError> {
        let (app, actor) = (self.app, self.actor);
        Ok(activity::append(app, &mut self.tx, actor, what, user.0, detail).await?)
    }

    async fn set_state(&mut self, user: &UserRow, state: &str) -> sqlx::Result<()> {
        let (tenant, now_ms) = (self.actor.tenant, self.app.clock.now_ms());
        store::set_state(&mut self.tx, tenant, user.id, state, now_ms).await
    }
}

/// What a turn that became true leaves to do at desktops. Whatever of it is not done the reconciler of sessions does.
#[derive(Debug)]
#[must_use]
pub(crate) struct Aftermath<'a> {
    app: &'a App,
    tenant: TenantId,
    out: Vec<UserId>,
    gone: Vec<(UserId, Act)>,
}

impl Aftermath<'_> {
    /// Disconnects those who are out and ends the desktops of those who are gone. One person's trouble is not the others'.
    pub(crate) async fn finish(self) -> Result<(), LifecycleError> {
        let (app, tenant) = (self.app, self.tenant);
        let mut first = Ok(());
        for user in self.out {
            first = first.and(sessions::disconnect(app, tenant, user, Opened::Anywhere).await);
        }
        for (user, act) in self.gone {
            let ended = sessions::end_all(app, tenant, user).await;
            let outcome = match ended {
                Ok(()) => Outcome::Success,
                Err(_) => Outcome::Failed,
            };
            let mut tx = app.db.begin(tenant).await?;
            act.complete(app, &mut tx, outcome).await?;
            tx.commit().await?;
            first = first.and(ended);
        }
        Ok(first?)
    }
}

/// Ends a person's sessions of the web, sign-ins that wait for a second factor, and one-time links.
pub(super) async fn shut_out(app: &App, tx: &mut Tx, user: &UserRow) -> sqlx::Result<()> {
    sessions_of_the_web::remove_of(tx, user.tenant_id, user.id).await?;
    factors::forget_steps(tx, user).await?;
    service::void_links(app, tx, user.tenant_id, user.id).await
}
