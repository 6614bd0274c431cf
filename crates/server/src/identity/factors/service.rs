//! Use cases of second factors: at sign-in, and on one's own account.

use super::{
    super::{
        Client,
        account::{self, service::ProofError},
        federation, passkeys, policy,
        service::{self as sign_in, NewWebSession, SignInError},
        store::{self as people, UserRow},
    },
    STEP_MS, recovery, store,
};
use crate::{
    activity::{self, What},
    actor::Actor,
    app::{App, secret_hash},
    db::{Scope, Tx},
    notices::{self, Content},
    one_time_code::{self, Authenticator},
    rights::{self, Action},
};
use totp_rs::Totp;
use uuid::Uuid;

/// How authenticator apps name the entry.
const ISSUER: &str = "Nagaya";

/// What a person's account has for the second step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Whether there is anything that sign-in asks for after the password.
    pub second_factor: bool,
    /// Whether there is an authenticator app.
    pub authenticator: bool,
    /// Passkeys.
    pub passkeys: i64,
    /// Recovery codes that were not used yet.
    pub recovery_codes: i64,
}

/// What a second step may be; a recovery code always does as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// A one-time code.
    pub code: bool,
    /// A passkey.
    pub passkey: bool,
}

/// Whose sign-in waits for a second factor, while it does.
pub(in super::super) async fn waiting(app: &App, token: &str) -> sqlx::Result<Option<UserRow>> {
    let after_ms = app.clock.now_ms() - STEP_MS;
    let mut tx = app.db.read(Scope::Everybody).await?;
    let Some((tenant, user)) = store::step(&mut tx, &secret_hash(token), after_ms).await? else {
        return Ok(None);
    };
    people::user(&mut tx, tenant, user).await
}

/// The second step: a one-time code or a recovery code. The session has a new secret; the step's is used up.
pub(super) async fn second_step(
    app: &App,
    token: &str,
    code: &str,
    client: &Client,
) -> Result<NewWebSession, SignInError> {
    let user = waiting(app, token).await?.ok_or(SignInError::Refused)?;
    let who = (user.tenant_id, user.id);
    let subjects = sign_in::guesses(&format!("second factor {}", user.id), &client.address);
    let mut tx = app.db.begin(Scope::Nobody).await?;
    sign_in::count_attempt(app, &mut tx, &subjects).await?;
    tx.commit().await?;

    let mut tx = app.db.begin(user.tenant_id).await?;
    // Whoever suspends them or changes the password waits, or was first and took the step away.
    people::lock_people(&mut tx, user.tenant_id).await?;
    let step = secret_hash(token);
    let provider = federation::provider_of_step(&mut tx, &step).await?;
    let from = (client.address.as_str(), provider);
    let obstacle = sign_in::obstacle(app, &mut tx, &user, from).await?;
    let used = match obstacle {
        None => use_code(app, &mut tx, &user, code).await?,
        Some(_) => None,
    };
    let Some(used) = used else {
        // Nothing was changed: a code that is not right uses up nothing.
        drop(tx);
        let why = obstacle.unwrap_or("second factor");
        sign_in::refused(app, Some(&user), &client.address, why).await?;
        return Err(SignInError::Refused);
    };
    if !store::take_step(&mut tx, &step).await? {
        return Err(SignInError::Refused);
    }
    sign_in::guessed_both_right(&mut tx, &subjects).await?;
    if used == Used::RecoveryCode {
        let left = store::codes_left(&mut tx, who).await?.to_string();
        let mut record = sign_in::record(&user, &client.address, What::RecoveryCodeUsed);
        record.detail = &left;
        activity::append_record(app, &mut tx, &record).await?;
    }
    let what = (What::SignedIn, "");
    let session = sign_in::open(app, &mut tx, &user, client, what).await?;
    federation::carry_over(&mut tx, &session, provider).await?;
    tx.commit().await?;
    Ok(session)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Used {
    OneTimeCode,
    RecoveryCode,
}

/// Uses a code up; `None` when it is not right, or was used.
async fn use_code(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    code: &str,
) -> sqlx::Result<Option<Used>> {
    let who = (user.tenant_id, user.id);
    if let Some(hash) = recovery::stored(user.id, code) {
        let used = store::use_code(tx, who, &hash, app.clock.now_ms()).await?;
        return Ok(used.then_some(Used::RecoveryCode));
    }
    // A code can be asked for by somebody else's page. Who must have a passkey, and has one, uses that.
    if wants_passkey(tx, user).await? {
        return Ok(None);
    }
    let Some(totp) = totp(tx, user, true).await? else {
        return Ok(None);
    };
    let Some(step) = one_time_code::step(&totp, code, app.clock.now_s()) else {
        return Ok(None);
    };
    let used = store::use_step(tx, who, step).await?;
    Ok(used.then_some(Used::OneTimeCode))
}

/// Whether the person's role must use passkeys, and the person has one.
async fn wants_passkey(tx: &mut Tx, user: &UserRow) -> sqlx::Result<bool> {
    let rules = policy::service::of_person(tx, user).await?;
    Ok(rules.passkey && passkeys::store::count(tx, (user.tenant_id, user.id)).await? > 0)
}

/// What a person's second step may be.
pub(in super::super) async fn ways(app: &App, user: &UserRow) -> sqlx::Result<Ways> {
    let mut tx = app.db.read(user.tenant_id).await?;
    let who = (user.tenant_id, user.id);
    let code =
        store::has_authenticator(&mut tx, who).await? && !wants_passkey(&mut tx, user).await?;
    let passkey = passkeys::store::count(&mut tx, who).await? > 0
        && passkeys::relying_party(&app.config).is_some();
    Ok(Ways { code, passkey })
}

/// The codes of a person; those that wait for their first code with `confirmed` false.
async fn totp(tx: &mut Tx, user: &UserRow, confirmed: bool) -> sqlx::Result<Option<Totp>> {
    let row = store::authenticator(tx, (user.tenant_id, user.id)).await?;
    let secret = row.filter(|row| row.is_confirmed == confirmed);
    Ok(secret.and_then(|row| one_time_code::of(row.secret, ISSUER, &label(&user.email))))
}

/// A colon would end the label of an entry.
fn label(email: &str) -> String {
    email.replace(':', "_")
}

/// What one's own account has.
pub async fn own(app: &App, actor: &Actor) -> Result<Factors, ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let who = (actor.tenant, actor.user);
    let mut tx = app.db.read(actor.tenant).await?;
    Ok(Factors {
        second_factor: store::is_on(&mut tx, who).await?,
        authenticator: store::has_authenticator(&mut tx, who).await?,
        passkeys: passkeys::store::count(&mut tx, who).await?,
        recovery_codes: store::codes_left(&mut tx, who).await?,
    })
}

/// What the authenticator app is to be given: a new secret with `renew`, or the one that waits for its first code. `None`
/// when codes are asked for already.
pub async fn enrol(
    app: &App,
    actor: &Actor,
    renew: bool,
) -> Result<Option<Authenticator>, ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let who = (actor.tenant, actor.user);
    if store::has_authenticator(&mut tx, who).await? {
        return Ok(None);
    }
    let user = account::service::own_row(&mut tx, actor).await?;
    let there = store::authenticator(&mut tx, who).await?.is_some();
    if renew || !there {
        store::put(&mut tx, who, &one_time_code::new_secret()).await?;
    }
    let totp = totp(&mut tx, &user, false).await?;
    tx.commit().await?;
    Ok(totp.and_then(|totp| Authenticator::new(&totp)))
}

/// A code, when one's account has a second factor; for what asks again who one is.
pub(in super::super) async fn prove_if_on(
    app: &App,
    actor: &Actor,
    user: &UserRow,
    code: &str,
) -> Result<(), ProofError> {
    let mut tx = app.db.begin(actor.tenant).await?;
    if !store::is_on(&mut tx, (actor.tenant, actor.user)).await? {
        return Ok(());
    }
    let subjects = sign_in::guesses(&format!("second factor {}", user.id), &actor.address);
    drop(tx);
    let mut tx = app.db.begin(Scope::Nobody).await?;
    sign_in::count_attempt(app, &mut tx, &subjects).await?;
    tx.commit().await?;
    let mut tx = app.db.begin(actor.tenant).await?;
    if use_code(app, &mut tx, user, code).await?.is_none() {
        drop(tx);
        let mut tx = app.db.begin(actor.tenant).await?;
        activity::append(
            app,
            &mut tx,
            actor,
            What::ProofRefused,
            actor.user.0,
            "second factor",
        )
        .await?;
        tx.commit().await?;
        return Err(ProofError::Code);
    }
    sign_in::guessed_both_right(&mut tx, &subjects).await?;
    Ok(tx.commit().await?)
}

/// Turns one-time codes on: with the password, so that a browser that was left open cannot lock its person out, and a
/// first code. Other sessions of the web end: they never gave a code. Returns the recovery codes, which are shown this
/// once.
pub async fn confirm(
    app: &App,
    actor: &Actor,
    session: Uuid,
    (password, code): (String, &str),
) -> Result<Vec<String>, ProofError> {
    let user = account::service::prove(app, actor, password).await?;
    let who = (actor.tenant, actor.user);
    let mut tx = app.db.begin(actor.tenant).await?;
    let totp = totp(&mut tx, &user, false).await?;
    let step = totp.and_then(|totp| one_time_code::step(&totp, code, app.clock.now_s()));
    let now_ms = app.clock.now_ms();
    let confirmed = match step {
        Some(step) => store::confirm(&mut tx, who, step, now_ms).await?,
        None => false,
    };
    if !confirmed {
        return Err(ProofError::Code);
    }
    account::store::remove_others(&mut tx, who, session).await?;
    let address = actor.address.clone();
    notices::post(app, &mut tx, &user, Content::FactorAdded { address }).await?;
    activity::append(
        app,
        &mut tx,
        actor,
        What::AuthenticatorAdded,
        actor.user.0,
        "",
    )
    .await?;
    let codes = new_codes(app, &mut tx, actor).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Turns one-time codes off, and with the last factor the recovery codes.
pub async fn remove(app: &App, actor: &Actor, password: String) -> Result<(), ProofError> {
    let user = account::service::prove(app, actor, password).await?;
    let who = (actor.tenant, actor.user);
    let mut tx = app.db.begin(actor.tenant).await?;
    let rules = policy::service::of_actor(&mut tx, actor).await?;
    people::lock_people(&mut tx, actor.tenant).await?;
    store::drop_authenticator(&mut tx, who).await?;
    if !store::is_on(&mut tx, who).await? {
        if rules.second_factor {
            return Err(ProofError::Required);
        }
        store::drop_codes(&mut tx, who).await?;
    }
    let address = actor.address.clone();
    notices::post(app, &mut tx, &user, Content::FactorRemoved { address }).await?;
    activity::append(
        app,
        &mut tx,
        actor,
        What::AuthenticatorRemoved,
        actor.user.0,
        "",
    )
    .await?;
    Ok(tx.commit().await?)
}

/// New recovery codes; all earlier ones stop working. Whoever has no password gives none: the route has asked for a fresh
/// proof.
pub async fn renew_codes(
    app: &App,
    actor: &Actor,
    password: String,
) -> Result<Vec<String>, ProofError> {
    if has_password(app, actor).await? {
        account::service::prove(app, actor, password).await?;
    }
    let mut tx = app.db.begin(actor.tenant).await?;
    if !store::is_on(&mut tx, (actor.tenant, actor.user)).await? {
        return Err(ProofError::Code);
    }
    let codes = new_codes(app, &mut tx, actor).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Whether the actor has a password.
pub(super) async fn has_password(app: &App, actor: &Actor) -> Result<bool, ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.read(actor.tenant).await?;
    let user = account::service::own_row(&mut tx, actor).await?;
    Ok(user.password_hash.is_some())
}

pub(in super::super) async fn new_codes(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
) -> sqlx::Result<Vec<String>> {
    let codes: Vec<String> = (0..recovery::COUNT).map(|_| recovery::new_code()).collect();
    let hashes: Vec<String> = codes
        .iter()
        .filter_map(|code| recovery::stored(actor.user, code))
        .collect();
    store::replace_codes(tx, (actor.tenant, actor.user), &hashes).await?;
    let count = codes.len().to_string();
    activity::append(
        app,
        tx,
        actor,
        What::RecoveryCodesMade,
        actor.user.0,
        &count,
    )
    .await?;
    Ok(codes)
}
