//! Use cases: give and take rights in one service code, and keep its desktops for those who have one.

use super::{
    looking::one,
    store::{self, GrantRow},
};
use crate::{
    activity::{self, What},
    actor::{Actor, Grant, Role},
    app::{App, new_uuid},
    db::Tx,
    identity,
    portal::Lang,
    rights::{self, Action, Code, Denied},
    sessions::service::{self as sessions, SessionError},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

pub(crate) use super::looking::looks_after_some;
pub use super::looking::{Given, Overview, Served, codes, of_user, overview};

/// The roles that can be given for one service code. An operations contact and an auditor look at the whole.
pub const ROLES: [Role; 2] = [Role::User, Role::Administrator];

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// There is no such service code, or it is another customer's, or one that the actor does not administer.
    #[error("no such service code")]
    NotFound,
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// Nobody in the organisation has this address.
    #[error("no such person")]
    Nobody,
    /// Auditors work on no desktop and change nothing.
    #[error("an auditor is given no rights")]
    Auditor,
    /// No such role can be given for one service code.
    #[error("no such role")]
    Role,
    /// The contract ended the service code.
    #[error("the service code has ended")]
    Ended,
    /// It was changed, and somebody could not be disconnected.
    #[error("cannot disconnect desktops")]
    Sessions(#[from] SessionError),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// A person's rights, for their [`Actor`].
pub(crate) async fn of_person(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Vec<Grant>> {
    let rows = store::of_user(tx, tenant, user).await?;
    let grant = |row: &GrantRow| {
        Some(Grant {
            role: Role::from_name(&row.role)?,
            code: row.service_code,
        })
    };
    Ok(rows.iter().filter_map(grant).collect())
}

/// Somebody goes, and with them their rights.
pub(crate) async fn forget(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<()> {
    store::remove_of(tx, tenant, user).await
}

/// What the policies are told of the service codes of some things.
pub(crate) async fn codes_of(
    tx: &mut Tx,
    tenant: TenantId,
    labels: impl IntoIterator<Item = Option<Uuid>>,
) -> sqlx::Result<Vec<Option<Code>>> {
    let closed = store::closed(tx, tenant).await?;
    let code = |id: Uuid| Code {
        id,
        closed: closed.contains(&id),
    };
    Ok(labels.into_iter().map(|label| label.map(code)).collect())
}

/// What the policies are told of a thing's service code.
pub(crate) async fn code_of(
    tx: &mut Tx,
    tenant: TenantId,
    label: Option<Uuid>,
) -> sqlx::Result<Option<Code>> {
    Ok(codes_of(tx, tenant, [label]).await?.pop().flatten())
}

/// Service codes that are kept for people with a right, each with those people; of all customers, for the reconciler.
pub(crate) async fn kept(tx: &mut Tx) -> sqlx::Result<HashMap<Uuid, HashSet<UserId>>> {
    let mut kept: HashMap<Uuid, HashSet<UserId>> = HashMap::new();
    for (code, user) in store::kept(tx).await? {
        let people = kept.entry(code).or_default();
        people.extend(user);
    }
    Ok(kept)
}

/// For whom a right is.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    /// The person of an address.
    Email(&'a str),
    /// A person.
    Id(UserId),
}

/// Gives somebody a role in one service code. `false` when they have it.
pub async fn grant(
    app: &App,
    actor: &Actor,
    code: Uuid,
    whom: Whom<'_>,
    role: &str,
) -> Result<bool, GrantError> {
    let mut tx = app.db.begin(actor.tenant).await?;
    let code = may_grant(&mut tx, actor, code).await?;
    if code.ended {
        return Err(GrantError::Ended);
    }
    let person = match whom {
        Whom::Email(email) => identity::person_of_email(&mut tx, actor.tenant, email).await?,
        Whom::Id(id) => identity::person(&mut tx, actor.tenant, id).await?,
    };
    let person = person.ok_or(GrantError::Nobody)?;
    let role = Role::from_name(role).filter(|role| ROLES.contains(role));
    let role = role.ok_or(GrantError::Role)?;
    if person.role == Role::Auditor.name() {
        return Err(GrantError::Auditor);
    }
    let row = GrantRow {
        id: new_uuid(&app.clock),
        user_id: person.id,
        role: role.name().to_owned(),
        service_code: code.id,
        granted_by: actor.user,
        granted_at_ms: app.clock.now_ms(),
    };
    if !store::insert(&mut tx, actor.tenant, &row).await? {
        return Ok(false);
    }
    let who = format!("{} <{}>", person.full_name, person.email);
    let detail = format!("{who}: {} ({})", code.code, role.name());
    let what = What::RightGranted;
    activity::append(app, &mut tx, actor, what, person.id.0, &detail).await?;
    tx.commit().await?;
    Ok(true)
}

/// Takes a right in a service code away. Whoever may not open its desktops any more is disconnected from them; they live
/// on. Nothing when it was taken away already.
pub async fn revoke(app: &App, actor: &Actor, code: Uuid, id: Uuid) -> Result<(), GrantError> {
    let mut tx = app.db.begin(actor.tenant).await?;
    let code = may_grant(&mut tx, actor, code).await?;
    let rows = store::of_code(&mut tx, actor.tenant, code.id).await?;
    let Some(row) = rows.into_iter().find(|row| row.id == id) else {
        return Ok(());
    };
    store::remove(&mut tx, actor.tenant, (id, code.id)).await?;
    let name = identity::name_of(&mut tx, actor.tenant, row.user_id).await?;
    let detail = format!("{name}: {} ({})", code.code, row.role);
    let who = row.user_id.0;
    activity::append(app, &mut tx, actor, What::RightRevoked, who, &detail).await?;
    tx.commit().await?;
    disconnect(app, actor.tenant, code.id).await
}

/// Keeps a service code's desktops for people with a right in it, or opens them to the whole organisation. Whoever may not
/// open them any more is disconnected.
pub async fn set_closed(
    app: &App,
    actor: &Actor,
    code: Uuid,
    closed: bool,
) -> Result<(), GrantError> {
    let mut tx = app.db.begin(actor.tenant).await?;
    let code = may_grant(&mut tx, actor, code).await?;
    let changed = if closed {
        let ids = (new_uuid(&app.clock), code.id);
        let by = (actor.user, app.clock.now_ms());
        store::close(&mut tx, actor.tenant, ids, by).await?
    } else {
        store::open(&mut tx, actor.tenant, code.id).await?
    };
    if !changed {
        return Ok(());
    }
    let how = if closed {
        "only with a right"
    } else {
        "everybody"
    };
    let detail = format!("{}: {how}", code.code);
    let what = What::ServiceCodeAccess;
    activity::append(app, &mut tx, actor, what, code.id, &detail).await?;
    tx.commit().await?;
    disconnect(app, actor.tenant, code.id).await
}

/// The code, once the policies permit the actor, as they are now, to give and take rights in it.
async fn may_grant(tx: &mut Tx, actor: &Actor, id: Uuid) -> Result<Served, GrantError> {
    one(tx, actor, id, Lang::default()).await?;
    // Whoever takes the actor's own right, or removes somebody, at this moment waits, or has done so.
    identity::hold_people(tx, actor.tenant).await?;
    let now = identity::actor_of(tx, actor.tenant, actor.user).await?;
    let now = now.ok_or(Denied)?;
    let now = Actor {
        role: now.role,
        grants: now.grants,
        ..actor.clone()
    };
    let code = one(tx, &now, id, Lang::default()).await?;
    let asked = Code {
        id: code.id,
        closed: code.closed,
    };
    rights::authorize_in(&now, Action::GrantRight, Some(asked))?;
    Ok(code)
}

/// Disconnects those from a service code's desktops who may not open them any more. Should this process die before, the
/// reconciler of sessions does it, as it does for a connection that began meanwhile.
async fn disconnect(app: &App, tenant: TenantId, id: Uuid) -> Result<(), GrantError> {
    let mut tx = app.db.read(tenant).await?;
    let code = code_of(&mut tx, tenant, Some(id)).await?;
    let mut out = Vec::new();
    for session in sessions::in_code(&mut tx, tenant, id, Lang::default()).await? {
        let actor = identity::actor_of(&mut tx, tenant, session.user).await?;
        let may = |actor: &Actor| rights::authorize_in(actor, Action::Launch, code).is_ok();
        if !actor.as_ref().is_some_and(may) {
            out.push(session.id);
        }
    }
    drop(tx);
    for session in out {
        sessions::disconnect_one(app, tenant, session).await?;
    }
    Ok(())
}
