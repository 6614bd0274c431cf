//! Use cases of one's own passkeys: add, name, remove.

use super::{
    super::{
        account::{self, service::ProofError},
        factors, policy, store as people,
    },
    ceremony::{self, CEREMONY_MS, CeremonyError, Purpose},
    cose,
    store::{self, PasskeyRow},
    verify,
};
use crate::{
    activity::{self, What},
    actor::Actor,
    app::{App, new_uuid},
    notices::{self, Content},
    rights::{self, Action, Denied},
};
use serde::Serialize;
use uuid::Uuid;

/// A person has no more than this.
const MAX_PASSKEYS: i64 = 20;
/// A name has no more characters than this.
const MAX_NAME: usize = 60;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// The name is empty, too long, or has characters that no name has.
    #[error("the name is not taken")]
    Name,
    /// The answer of browser and authenticator is not taken.
    #[error("the answer is not taken")]
    Answer,
    /// The authenticator's passkey is somebody's already.
    #[error("the passkey is known already")]
    Taken,
    /// The person has as many as anybody may.
    #[error("too many passkeys")]
    Full,
    /// The organisation asks for it.
    #[error("the organisation asks for it")]
    Required,
    /// There is no such passkey of the person's, or passkeys cannot be used here.
    #[error("no such passkey")]
    NotFound,
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

impl From<CeremonyError> for PasskeyError {
    fn from(error: CeremonyError) -> Self {
        match error {
            CeremonyError::Flaw(_) => Self::Answer,
            CeremonyError::None => Self::NotFound,
            CeremonyError::Database(error) => Self::Database(error),
        }
    }
}

impl From<ProofError> for PasskeyError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Database(error) => Self::Database(error),
            _ => Self::Denied(Denied),
        }
    }
}

/// What a browser needs to make a passkey, for the portal's script.
#[derive(Debug, Serialize)]
pub(super) struct Creation {
    challenge: String,
    rp_id: String,
    rp_name: &'static str,
    /// By what the authenticator knows the person.
    user: String,
    /// What it shows of them.
    email: String,
    full_name: String,
    algorithms: [i64; 3],
    /// Passkeys that are there: one for each authenticator.
    exclude: Vec<String>,
    timeout_ms: i64,
}

/// One's own passkeys, the oldest first.
pub(crate) async fn own(app: &App, actor: &Actor) -> Result<Vec<PasskeyRow>, PasskeyError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.read(actor.tenant).await?;
    Ok(store::of(&mut tx, (actor.tenant, actor.user)).await?)
}

/// One of one's own.
pub(super) async fn one(app: &App, actor: &Actor, id: Uuid) -> Result<PasskeyRow, PasskeyError> {
    let rows = own(app, actor).await?;
    let found = rows.into_iter().find(|row| row.id == id);
    found.ok_or(PasskeyError::NotFound)
}

/// Begins to add a passkey, in the browser whose session of the web has this secret.
pub(super) async fn begin_adding(
    app: &App,
    actor: &Actor,
    session: &str,
) -> Result<Creation, PasskeyError> {
    let there = own(app, actor).await?;
    let mut tx = app.db.read(actor.tenant).await?;
    let user = account::service::own_row(&mut tx, actor).await?;
    drop(tx);
    let (_, rp_id) = ceremony::site(app)?;
    // One authenticator keeps one passkey for each handle: all of a person's have the same.
    let handle = there.first().map(|row| row.user_handle.clone());
    let handle = handle.unwrap_or_else(|| app.new_secret());
    let binding = (Purpose::Add, session);
    let challenge = ceremony::begin(app, binding, &actor.address, &handle).await?;
    Ok(Creation {
        challenge,
        rp_id,
        rp_name: "Nagaya",
        user: handle,
        email: user.email,
        full_name: user.full_name,
        algorithms: [cose::ES256, cose::EDDSA, cose::RS256],
        exclude: there.into_iter().map(|row| row.credential_id).collect(),
        timeout_ms: CEREMONY_MS,
    })
}

/// Adds a passkey. With the first factor of an account its other sessions of the web end, which never showed one, and
/// recovery codes are made: they are returned, to be shown this once.
pub(super) async fn add(
    app: &App,
    actor: &Actor,
    (session, session_id): (&str, Uuid),
    (name, answer): (&str, &str),
) -> Result<Option<Vec<String>>, PasskeyError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let name = checked_name(name)?;
    let (origin, rp_id) = ceremony::site(app)?;
    let made = verify::made(answer, (origin, &rp_id)).map_err(CeremonyError::from)?;
    let user_handle = ceremony::take(app, (Purpose::Add, session), &made.challenge).await?;
    let who = (actor.tenant, actor.user);
    let mut tx = app.db.begin(actor.tenant).await?;
    people::lock_people(&mut tx, actor.tenant).await?;
    let user = account::service::own_row(&mut tx, actor).await?;
    if store::count(&mut tx, who).await? >= MAX_PASSKEYS {
        return Err(PasskeyError::Full);
    }
    let is_first = !factors::is_on(&mut tx, actor.tenant, actor.user).await?;
    let row = PasskeyRow {
        id: new_uuid(&app.clock),
        tenant_id: actor.tenant,
        user_id: actor.user,
        credential_id: made.credential_id,
        public_key: made.public_key,
        user_handle,
        sign_count: i64::from(made.sign_count),
        name: name.clone(),
        created_at_ms: app.clock.now_ms(),
        last_used_ms: None,
    };
    match store::insert(&mut tx, &row).await {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(PasskeyError::Taken);
        }
        done => done?,
    }
    let address = actor.address.clone();
    notices::post(app, &mut tx, &user, Content::PasskeyAdded { address }).await?;
    activity::append(app, &mut tx, actor, What::PasskeyAdded, row.id, &name).await?;
    let mut codes = None;
    if is_first {
        account::store::remove_others(&mut tx, who, session_id).await?;
        codes = Some(factors::service::new_codes(app, &mut tx, actor).await?);
    }
    tx.commit().await?;
    Ok(codes)
}

/// Calls one of one's own passkeys something else.
pub(super) async fn rename(
    app: &App,
    actor: &Actor,
    id: Uuid,
    name: &str,
) -> Result<(), PasskeyError> {
    let row = one(app, actor, id).await?;
    let name = checked_name(name)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    if !store::rename(&mut tx, (actor.tenant, actor.user), id, &name).await? {
        return Err(PasskeyError::NotFound);
    }
    let detail = format!("{} → {name}", row.name);
    activity::append(app, &mut tx, actor, What::PasskeyRenamed, id, &detail).await?;
    Ok(tx.commit().await?)
}

/// Removes one of one's own passkeys, unless the organisation asks for what would be gone with it. With the last factor
/// the recovery codes go, too.
pub(super) async fn remove(app: &App, actor: &Actor, id: Uuid) -> Result<(), PasskeyError> {
    let row = one(app, actor, id).await?;
    let who = (actor.tenant, actor.user);
    let mut tx = app.db.begin(actor.tenant).await?;
    // Of two who remove the last two at once, the second sees what the first has left.
    people::lock_people(&mut tx, actor.tenant).await?;
    if !store::remove(&mut tx, who, id).await? {
        return Err(PasskeyError::NotFound);
    }
    let rules = policy::service::of_actor(&mut tx, actor).await?;
    let has_factor = factors::is_on(&mut tx, actor.tenant, actor.user).await?;
    let has_passkey = store::count(&mut tx, who).await? > 0;
    if (rules.passkey && !has_passkey) || (rules.second_factor && !has_factor) {
        return Err(PasskeyError::Required);
    }
    if !has_factor {
        factors::forget_codes(&mut tx, who).await?;
    }
    let user = account::service::own_row(&mut tx, actor).await?;
    let address = actor.address.clone();
    notices::post(app, &mut tx, &user, Content::PasskeyRemoved { address }).await?;
    activity::append(app, &mut tx, actor, What::PasskeyRemoved, id, &row.name).await?;
    Ok(tx.commit().await?)
}

fn checked_name(name: &str) -> Result<String, PasskeyError> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > MAX_NAME || name.chars().any(char::is_control) {
        return Err(PasskeyError::Name);
    }
    Ok(name.to_owned())
}
