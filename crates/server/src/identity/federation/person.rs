//! Which person somebody is whom a provider vouches for: the one who is bound to the subject; the first time the one who has
//! the verified address; or somebody new, where the organisation lets them in.

use super::{
    answers::Identity,
    settings::domain_of,
    store::{self, Provider},
};
use crate::{
    activity::{self, Record, What},
    app::{App, new_uuid},
    db::Tx,
    identity::{
        Client,
        lifecycle::{Draft, check, login_of},
        service::normal,
        store::{self as people, UserRow},
    },
    tenancy::{Room, contracts},
};

/// Why somebody is nobody here, as the customer's log says it, and who they would be.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPerson {
    #[error("{0}")]
    Why(&'static str, Option<Box<UserRow>>),
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

fn nobody<T>(why: &'static str) -> Result<T, NoPerson> {
    Err(NoPerson::Why(why, None))
}

/// The person, who may work. What is done for it is recorded in the same transaction; `subject` is the index of the subject.
pub(super) async fn find(
    app: &App,
    tx: &mut Tx,
    (provider, subject): (&Provider, &str),
    identity: &Identity,
    client: &Client,
) -> Result<UserRow, NoPerson> {
    // Two first sign-ins of one person, and administrators who change people, wait for each other.
    people::lock_people(tx, provider.tenant).await?;
    let bound = match store::person(tx, provider.tenant, subject).await? {
        Some(id) => people::user(tx, provider.tenant, id).await?,
        None => None,
    };
    let was_removed = bound.as_ref().is_some_and(|user| user.state == "removed");
    let user = match bound.filter(|user| user.state != "removed") {
        Some(user) => user,
        None => first_time(app, tx, (provider, subject), identity, was_removed, client).await?,
    };
    if !matches!(user.state.as_str(), "active" | "invited") {
        return Err(NoPerson::Why("suspended", Some(Box::new(user))));
    }
    if user.state == "invited" {
        people::set_state(tx, user.tenant_id, user.id, "active", app.clock.now_ms()).await?;
        return Ok(UserRow {
            state: "active".to_owned(),
            ..user
        });
    }
    Ok(user)
}

async fn first_time(
    app: &App,
    tx: &mut Tx,
    (provider, subject): (&Provider, &str),
    identity: &Identity,
    was_removed: bool,
    client: &Client,
) -> Result<UserRow, NoPerson> {
    let Some((email, is_verified)) = &identity.email else {
        return nobody("no address");
    };
    if !is_verified {
        return nobody("address not verified");
    }
    let email = normal(email);
    let domains = store::domains(tx, provider.tenant).await?;
    let domain = domain_of(&email);
    if !domains
        .iter()
        .any(|row| Some(&row.domain) == domain.as_ref())
    {
        return nobody("address of another domain");
    }
    let user = match people::user_by_email(tx, &email).await? {
        Some(user) if user.tenant_id != provider.tenant => return nobody("address is taken"),
        Some(user) => {
            if store::is_bound(tx, (user.tenant_id, user.id), &provider.issuer).await? {
                return Err(NoPerson::Why(
                    "person is another subject",
                    Some(Box::new(user)),
                ));
            }
            user
        }
        None if was_removed => return nobody("removed"),
        None => join(app, tx, provider, (&email, identity), client).await?,
    };
    let now_ms = app.clock.now_ms();
    let ids = (new_uuid(&app.clock), user.id);
    store::bind(tx, ids, (provider, subject), now_ms).await?;
    let detail = format!("{} <{}> ← {}", user.full_name, user.email, provider.issuer);
    note(app, tx, (&user, client), What::FederationBound, &detail).await?;
    Ok(user)
}

/// Adds somebody unknown, where the organisation wants that and its contract has room.
async fn join(
    app: &App,
    tx: &mut Tx,
    provider: &Provider,
    (email, identity): (&str, &Identity),
    client: &Client,
) -> Result<UserRow, NoPerson> {
    let Some(role) = &provider.settings.joins_as else {
        return nobody("unknown person");
    };
    let local = email.split('@').next().unwrap_or_default();
    let draft = |full_name: &str| Draft {
        full_name: full_name.to_owned(),
        email: email.to_owned(),
        role: role.clone(),
    };
    // A name that cannot be used is no reason to keep somebody out.
    let named = identity.name.as_deref().unwrap_or_default();
    let checked = check(&draft(named)).or_else(|_| check(&draft(local)));
    let Ok((full_name, email, role)) = checked else {
        return nobody("address cannot be used");
    };
    if contracts::room_for_person(app, tx, provider.tenant).await? != Room::Free {
        return nobody("contract has no room");
    }
    let user = UserRow {
        id: app.new_id(),
        tenant_id: provider.tenant,
        login: login_of(&email),
        email,
        full_name,
        role: role.name().to_owned(),
        state: "invited".to_owned(),
        password_hash: None,
        last_sign_in_ms: None,
    };
    match people::insert_user(tx, &user, app.clock.now_ms()).await {
        // Another customer's administrator was faster by a moment.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return nobody("address is taken");
        }
        done => done?,
    }
    let detail = format!("{} <{}> ({})", user.full_name, user.email, user.role);
    note(app, tx, (&user, client), What::FederationJoined, &detail).await?;
    Ok(user)
}

async fn note(
    app: &App,
    tx: &mut Tx,
    (user, client): (&UserRow, &Client),
    what: What,
    detail: &str,
) -> sqlx::Result<()> {
    let record = Record {
        tenant: Some(user.tenant_id),
        user: Some(user.id),
        who: &user.full_name,
        address: &client.address,
        what,
        subject: Some(user.id.0),
        detail,
    };
    activity::append_record(app, tx, &record).await
}
