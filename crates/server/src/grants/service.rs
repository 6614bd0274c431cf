//! Use cases: give and take rights in one service code, and keep its desktops for those who have one.

use super::store;
pub use super::store::GrantRow;
use crate::{
    activity::{self, What},
    actor::{Actor, Grant, Role},
    app::{App, new_uuid},
    db::Tx,
    identity,
    portal::Lang,
    rights::{self, Action, Code, Denied},
    sessions::service::{self as sessions, InCode, SessionError},
    tenancy::{contracts, offers},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

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
    /// It was changed, and somebody could not be disconnected.
    #[error("cannot disconnect desktops")]
    Sessions(#[from] SessionError),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// A service code in use, as somebody who looks after it sees it.
#[derive(Clone, Debug)]
pub struct Served {
    /// What its resources bear.
    pub id: Uuid,
    /// What people call it.
    pub code: String,
    /// The service in the reader's language.
    pub service: String,
    /// Whether its desktops are for people with a right in it.
    pub closed: bool,
}

/// A right with the names in it.
#[derive(Clone, Debug)]
pub struct Given {
    /// The grant.
    pub id: Uuid,
    /// Who has it.
    pub user: UserId,
    /// Their name.
    pub full_name: String,
    /// Their address.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The service code.
    pub code: Uuid,
    /// The name of who gave it.
    pub granted_by: String,
    /// When, Unix milliseconds.
    pub granted_at_ms: i64,
}

/// A service code with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The code.
    pub code: Served,
    /// Rights in it.
    pub grants: Vec<Given>,
    /// Its sessions that are not over, with the name of who works in each.
    pub sessions: Vec<(InCode, String)>,
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

/// The service codes in use that the actor looks after.
pub async fn codes(app: &App, actor: &Actor, lang: Lang) -> Result<Vec<Served>, GrantError> {
    let mut tx = app.db.read(actor.tenant).await?;
    let all = served(&mut tx, actor, lang).await?;
    // Who looks after none is refused; an organisation without codes has an administrator all the same.
    if all.is_empty() {
        rights::authorize(actor, Action::ViewServiceCode)?;
    }
    Ok(all)
}

async fn served(tx: &mut Tx, actor: &Actor, lang: Lang) -> sqlx::Result<Vec<Served>> {
    let closed = store::closed(tx, actor.tenant).await?;
    let catalogue = offers::catalogue(tx).await?;
    let mut all = Vec::new();
    for row in contracts::codes(tx, actor.tenant).await? {
        let code = Code {
            id: row.id,
            closed: closed.contains(&row.id),
        };
        let seen = rights::authorize_in(actor, Action::ViewServiceCode, Some(code)).is_ok();
        if row.ended_at_ms.is_some() || !seen {
            continue;
        }
        let offer = catalogue.iter().find(|offer| offer.code == row.service);
        all.push(Served {
            id: row.id,
            service: offer.map_or_else(|| row.service.clone(), |of| of.name(lang).to_owned()),
            code: row.code,
            closed: code.closed,
        });
    }
    Ok(all)
}

/// One of the service codes that the actor looks after. Another one looks like one that does not exist; who looks after
/// none is refused before it is looked for.
async fn one(
    tx: &mut Tx,
    actor: &Actor,
    id: Uuid,
    lang: Lang,
) -> Result<Served, GrantError> {
    let looks_after_one = actor.grants.iter().any(|grant| grant.role == Role::Administrator);
    if !looks_after_one {
        rights::authorize(actor, Action::ViewServiceCode)?;
    }
    let all = served(tx, actor, lang).await?;
    let found = all.into_iter().find(|code| code.id == id);
    found.ok_or(GrantError::NotFound)
}

/// A service code with its rights and sessions.
pub async fn overview(
    app: &App,
    actor: &Actor,
    id: Uuid,
    lang: Lang,
) -> Result<Overview, GrantError> {
    let mut tx = app.db.read(actor.tenant).await?;
    let code = one(&mut tx, actor, id, lang).await?;
    let rows = store::of_code(&mut tx, actor.tenant, id).await?;
    let grants = named(&mut tx, actor.tenant, rows).await?;
    let mut sessions = Vec::new();
    for session in sessions::in_code(&mut tx, actor.tenant, id, lang).await? {
        let name = name(&mut tx, actor.tenant, session.user).await?;
        sessions.push((session, name));
    }
    Ok(Overview {
        code,
        grants,
        sessions,
    })
}

/// A person's rights, for who looks after people.
pub async fn of_user(app: &App, actor: &Actor, user: UserId) -> Result<Vec<Given>, GrantError> {
    rights::authorize(actor, Action::GrantRight)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let rows = store::of_user(&mut tx, actor.tenant, user).await?;
    Ok(named(&mut tx, actor.tenant, rows).await?)
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
    // Whoever removes the person meanwhile waits, or has done so.
    identity::hold_people(&mut tx, actor.tenant).await?;
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
    let detail = format!("{} <{}>: {} ({})", person.full_name, person.email, code.code, role.name());
    activity::append(app, &mut tx, actor, What::RightGranted, person.id.0, &detail).await?;
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
    if !store::remove(&mut tx, actor.tenant, (id, code.id)).await? {
        return Ok(());
    }
    let name = name(&mut tx, actor.tenant, row.user_id).await?;
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
    let how = if closed { "only with a right" } else { "everybody" };
    let detail = format!("{}: {how}", code.code);
    activity::append(app, &mut tx, actor, What::ServiceCodeAccess, code.id, &detail).await?;
    tx.commit().await?;
    disconnect(app, actor.tenant, code.id).await
}

async fn may_grant(tx: &mut Tx, actor: &Actor, id: Uuid) -> Result<Served, GrantError> {
    let code = one(tx, actor, id, Lang::default()).await?;
    let asked = Code {
        id: code.id,
        closed: code.closed,
    };
    rights::authorize_in(actor, Action::GrantRight, Some(asked))?;
    Ok(code)
}

/// Disconnects those from a service code's desktops who may not open them any more.
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

async fn named(tx: &mut Tx, tenant: TenantId, rows: Vec<GrantRow>) -> sqlx::Result<Vec<Given>> {
    let mut all = Vec::new();
    for row in rows {
        let person = identity::person(tx, tenant, row.user_id).await?;
        let (Some(person), Some(role)) = (person, Role::from_name(&row.role)) else {
            continue;
        };
        all.push(Given {
            id: row.id,
            user: row.user_id,
            full_name: person.full_name,
            email: person.email,
            role,
            code: row.service_code,
            granted_by: name(tx, tenant, row.granted_by).await?,
            granted_at_ms: row.granted_at_ms,
        });
    }
    Ok(all)
}

/// A name as it is kept, also of somebody who was removed.
async fn name(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<String> {
    identity::name_of(tx, tenant, user).await
}
