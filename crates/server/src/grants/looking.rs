//! What those who look after service codes see of them: rights, and what runs.

use super::{
    service::GrantError,
    store::{self, GrantRow},
};
use crate::{
    actor::{Actor, Role},
    app::App,
    db::Tx,
    identity,
    portal::Lang,
    rights::{self, Action, Code},
    sessions::service::{self as sessions, InCode},
    tenancy::{contracts, offers},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A service code, as somebody who looks after it sees it.
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
    /// Whether the contract ended it. Rights in it are taken away, and given no more.
    pub ended: bool,
    /// How many rights there are in it.
    pub rights: i64,
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
    /// Rights in it, by the names of who has them.
    pub grants: Vec<Given>,
    /// Its sessions that are not over, with the name of who works in each.
    pub sessions: Vec<(InCode, String)>,
}

/// Whether somebody looks after a service code without being an administrator of the organisation.
pub(crate) fn looks_after_some(actor: &Actor) -> bool {
    let mut grants = actor.grants.iter();
    actor.role != Role::Auditor && grants.any(|grant| grant.role == Role::Administrator)
}

/// The service codes that the actor looks after: those in use, and those that ended while something of them is left.
pub async fn codes(app: &App, actor: &Actor, lang: Lang) -> Result<Vec<Served>, GrantError> {
    let mut tx = app.db.read(actor.tenant).await?;
    let mut all = served(&mut tx, actor, lang).await?;
    // Who looks after none is refused; an organisation without codes has an administrator all the same.
    if all.is_empty() {
        rights::authorize(actor, Action::ViewServiceCode)?;
    }
    all.retain(|code| !code.ended || code.closed || code.rights > 0);
    Ok(all)
}

async fn served(tx: &mut Tx, actor: &Actor, lang: Lang) -> sqlx::Result<Vec<Served>> {
    let closed = store::closed(tx, actor.tenant).await?;
    let counts = store::counts(tx, actor.tenant).await?;
    let catalogue = offers::catalogue(tx).await?;
    let mut all = Vec::new();
    for row in contracts::codes(tx, actor.tenant).await? {
        let code = Code {
            id: row.id,
            closed: closed.contains(&row.id),
        };
        if rights::authorize_in(actor, Action::ViewServiceCode, Some(code)).is_err() {
            continue;
        }
        let offer = catalogue.iter().find(|offer| offer.code == row.service);
        all.push(Served {
            id: row.id,
            service: offer.map_or_else(|| row.service.clone(), |of| of.name(lang).to_owned()),
            code: row.code,
            closed: code.closed,
            ended: row.ended_at_ms.is_some(),
            rights: counts.get(&row.id).copied().unwrap_or_default(),
        });
    }
    Ok(all)
}

/// One of the service codes that the actor looks after. Another one looks like one that does not exist; who looks after
/// none is refused before it is looked for.
pub(super) async fn one(
    tx: &mut Tx,
    actor: &Actor,
    id: Uuid,
    lang: Lang,
) -> Result<Served, GrantError> {
    if !looks_after_some(actor) {
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
    let mut grants = named(&mut tx, actor.tenant, rows).await?;
    grants.sort_by(|a, b| a.full_name.cmp(&b.full_name).then(a.id.cmp(&b.id)));
    let mut sessions = Vec::new();
    for session in sessions::in_code(&mut tx, actor.tenant, id, lang).await? {
        let name = identity::name_of(&mut tx, actor.tenant, session.user).await?;
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
            granted_by: identity::name_of(tx, tenant, row.granted_by).await?,
            granted_at_ms: row.granted_at_ms,
        });
    }
    Ok(all)
}
