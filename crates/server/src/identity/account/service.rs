//! Use cases of one's own account. What weighs asks for the password again.

use super::{
    super::{
        factors, federation,
        password::{self, Refusal},
        policy,
        service::{self as sign_in, NewWebSession, SignInError},
        store::{self as people, UserRow},
    },
    store::{self, OwnRow},
};
use crate::{
    activity::{self, Record, What},
    actor::Actor,
    app::{App, secret_hash},
    db::{Scope, Tx},
    notices::{self, Content},
    rights::{self, Action, Denied},
};
use uuid::Uuid;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// The password that was asked for again is wrong.
    #[error("the password is wrong")]
    Password,
    /// Too many failures; try again later.
    #[error("too many attempts; wait {wait_ms} ms")]
    Wait {
        /// How long.
        wait_ms: i64,
    },
    /// The code is wrong, or does not fit where the account stands.
    #[error("the code is wrong")]
    Code,
    /// The passkey is not taken.
    #[error("the passkey is not taken")]
    Passkey,
    /// The organisation has the person sign in by its own provider alone.
    #[error("only the organisation's provider proves who the person is")]
    Federated,
    /// The organisation asks for the second factor.
    #[error("the organisation asks for a second factor")]
    Required,
    /// The new password is not taken.
    #[error("the new password is not taken")]
    New(#[from] Refusal),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

impl From<SignInError> for ProofError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused => Self::Password,
            SignInError::Wait { wait_ms } => Self::Wait { wait_ms },
            SignInError::Database(error) => Self::Database(error),
        }
    }
}

/// The actor's own account, while it is active.
pub(crate) async fn own_row(tx: &mut Tx, actor: &Actor) -> Result<UserRow, ProofError> {
    let row = people::user(tx, actor.tenant, actor.user).await?;
    row.filter(|row| row.state == "active")
        .ok_or(ProofError::Denied(Denied))
}

/// Checks the actor's password again. Wrong ones count as failed sign-ins do, so that a browser that was left open is no
/// way to guess it.
pub(crate) async fn prove(
    app: &App,
    actor: &Actor,
    password: String,
) -> Result<UserRow, ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.read(actor.tenant).await?;
    let user = own_row(&mut tx, actor).await?;
    drop(tx);
    let subjects = sign_in::guesses(&format!("account {}", user.email), &actor.address);
    let mut tx = app.db.begin(Scope::Nobody).await?;
    sign_in::count_attempt(app, &mut tx, &subjects).await?;
    tx.commit().await?;
    let matches = app
        .passwords
        .verify(password, user.password_hash.clone())
        .await;
    if !matches {
        let record = Record::of(actor, What::ProofRefused, actor.user.0, "");
        activity::record(app, &record).await?;
        return Err(ProofError::Password);
    }
    let mut tx = app.db.begin(actor.tenant).await?;
    sign_in::guessed_both_right(&mut tx, &subjects).await?;
    tx.commit().await?;
    Ok(user)
}

/// Changes one's own password. Sessions of the web elsewhere end, and this one goes on under a new secret.
pub async fn change_password(
    app: &App,
    actor: &Actor,
    session: Uuid,
    (current, new): (String, String),
) -> Result<NewWebSession, ProofError> {
    let user = prove(app, actor, current).await?;
    let hash = password::accept(app, new, &user).await?;
    let who = (actor.tenant, actor.user);
    let (token, csrf) = (app.new_secret(), app.new_secret());
    let mut tx = app.db.begin(actor.tenant).await?;
    // A sign-in with the old password is in already, and ends below, or sees the new one.
    people::lock_people(&mut tx, actor.tenant).await?;
    // Somebody who was suspended meanwhile stays so.
    own_row(&mut tx, actor).await?;
    people::set_password(&mut tx, actor.tenant, actor.user, &hash).await?;
    sign_in::void_links(app, &mut tx, actor.tenant, actor.user).await?;
    factors::forget_steps(&mut tx, &user).await?;
    store::remove_others(&mut tx, who, session).await?;
    let secrets = (secret_hash(&token), csrf);
    store::renew(&mut tx, who, session, (&secrets.0, &secrets.1)).await?;
    let address = actor.address.clone();
    notices::post(app, &mut tx, &user, Content::PasswordChanged { address }).await?;
    activity::append(app, &mut tx, actor, What::PasswordChanged, actor.user.0, "").await?;
    tx.commit().await?;
    Ok(NewWebSession { token })
}

/// What becomes of somebody's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPassword {
    /// They sign in with it.
    Used,
    /// They have one, which does not open the door: they sign in by their organisation's provider.
    Closed,
    /// They have none, and sign in by their organisation's provider.
    Federated,
    /// They have none.
    None,
}

/// The address that names one's own account, and what becomes of its password.
pub async fn own(app: &App, actor: &Actor) -> Result<(String, OwnPassword), ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.read(actor.tenant).await?;
    let user = own_row(&mut tx, actor).await?;
    let password = if user.password_hash.is_some() {
        if federation::closes_password(&mut tx, &user).await? {
            OwnPassword::Closed
        } else {
            OwnPassword::Used
        }
    } else if federation::is_on(&mut tx, actor.tenant).await? {
        OwnPassword::Federated
    } else {
        OwnPassword::None
    };
    Ok((user.email, password))
}

/// One's own sessions of the web that are still good, the last used first.
pub(crate) async fn sessions(app: &App, actor: &Actor) -> Result<Vec<OwnRow>, ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(actor.tenant).await?;
    let rules = policy::service::of_actor(&mut tx, actor).await?;
    let began_ms = now_ms - rules.absolute_timeout_ms();
    let since = (began_ms, now_ms - rules.idle_timeout_ms());
    Ok(store::own(&mut tx, (actor.tenant, actor.user), since).await?)
}

/// Ends one of one's own sessions of the web; one that is not there is ended already.
pub async fn end_session(app: &App, actor: &Actor, id: Uuid) -> Result<(), ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.begin(actor.tenant).await?;
    if store::remove_one(&mut tx, (actor.tenant, actor.user), id).await? {
        activity::append(app, &mut tx, actor, What::WebSessionEnded, id, "1").await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Ends all of one's own sessions of the web but this one.
pub async fn end_others(app: &App, actor: &Actor, session: Uuid) -> Result<(), ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let ended = store::remove_others(&mut tx, (actor.tenant, actor.user), session).await?;
    if ended > 0 {
        let count = ended.to_string();
        activity::append(
            app,
            &mut tx,
            actor,
            What::WebSessionEnded,
            actor.user.0,
            &count,
        )
        .await?;
        tx.commit().await?;
    }
    Ok(())
}
