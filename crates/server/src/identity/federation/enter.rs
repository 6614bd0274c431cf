//! Whoever came back from a provider enters by the same door as with a password: the organisation's rules, the second factor,
//! a new session. Or, when they are inside already, they have proved again who they are.

use super::{
    attempt::{self, Brought, Returned},
    person::{self, NoPerson},
    store::{self, Provider},
};
use crate::{
    activity::{self, Record, What},
    app::{App, secret_hash},
    db::{Scope, Tx},
    identity::{
        Client,
        account::store as sessions,
        factors::{self, Entered},
        failures::{Subject, counted},
        passkeys, policy,
        service::{self as sign_in, NewWebSession, SignInError},
        store::UserRow,
    },
    tenancy::contracts,
};

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum EnterError {
    /// It is not known where the browser comes from: it begins again.
    #[error("no such attempt")]
    Again,
    /// The log of the customer says why; from outside all reasons look the same.
    #[error("refused")]
    Refused,
    /// Too many attempts.
    #[error("too many attempts")]
    Wait,
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Where whoever came back goes.
#[derive(Debug)]
pub(in super::super) enum Came {
    /// Into the portal, or to the second factor.
    In(Entered, String),
    /// On, with the session under another secret.
    Proven(NewWebSession, String),
}

/// What a browser shows when it comes back.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Shown<'a> {
    /// What it kept of the attempt.
    pub(in super::super) browser: Option<&'a str>,
    /// The secret of its session of the web.
    pub(in super::super) session: Option<&'a str>,
    /// From where and with what it comes.
    pub(in super::super) client: &'a Client,
}

/// A browser comes back from a provider.
pub(in super::super) async fn come_back(
    app: &App,
    shown: Shown<'_>,
    brought: &Brought,
) -> Result<Came, EnterError> {
    // Any page can send a browser here: what no sign-in of its own comes back with costs next to nothing, and must not hold
    // up others at its address.
    let returned = attempt::take(app, shown.browser, &brought.state).await?;
    let returned = returned.ok_or(EnterError::Again)?;
    let subjects = count(app, &shown.client.address).await?;
    let provider = &returned.provider;
    let browser = shown.browser.unwrap_or_default();
    let identity = match attempt::identify(app, &returned, browser, brought).await {
        Ok(identity) => identity,
        Err(why) => return refuse(app, provider, None, shown.client, why).await,
    };
    let mut tx = app.db.begin(provider.tenant).await?;
    let subject = store::subject_index(&mut tx, provider, &identity.subject).await?;
    let found = person::find(app, &mut tx, (provider, &subject), &identity, shown.client).await;
    let user = match found {
        Ok(user) => user,
        Err(NoPerson::Database(error)) => return Err(error.into()),
        Err(NoPerson::Why(why, user)) => {
            drop(tx);
            return refuse(app, provider, user.as_deref(), shown.client, why).await;
        }
    };
    let counts = &provider.settings.factors;
    let has_factor = identity.ways.iter().any(|way| counts.contains(way));
    let factor_at_ms = has_factor.then(|| app.clock.now_ms());
    store::set_factor(&mut tx, user.tenant_id, &subject, factor_at_ms).await?;
    let came = if returned.attempt.session_id.is_some() {
        let at_ms = identity.signed_in_ms;
        prove(app, &mut tx, (&returned, &user), shown, (at_ms, has_factor)).await?
    } else {
        enter(app, &mut tx, (&returned, &user), shown.client, factor_at_ms).await?
    };
    let came = match came {
        Ok(came) => came,
        Err(why) => {
            // What was learned of the person is not kept either.
            drop(tx);
            return refuse(app, provider, Some(&user), shown.client, why).await;
        }
    };
    sign_in::guessed_both_right(&mut tx, &subjects).await?;
    tx.commit().await?;
    Ok(came)
}

/// Counts an answer to an attempt before it is looked at: each may cost requests to a provider.
async fn count(app: &App, address: &str) -> Result<[(Subject, String); 2], EnterError> {
    let [_, from] = sign_in::guesses("", address);
    let own = secret_hash(&format!("federation {}", counted(address)));
    let subjects = [(Subject::Address, own), from];
    let mut tx = app.db.begin(Scope::Nobody).await?;
    match sign_in::count_attempt(app, &mut tx, &subjects).await {
        Ok(()) => tx.commit().await?,
        Err(SignInError::Database(error)) => return Err(error.into()),
        Err(_) => return Err(EnterError::Wait),
    }
    Ok(subjects)
}

async fn enter(
    app: &App,
    tx: &mut Tx,
    (returned, user): (&Returned, &UserRow),
    client: &Client,
    factor_at_ms: Option<i64>,
) -> sqlx::Result<Result<Came, &'static str>> {
    let rules = policy::service::of_person(tx, user).await?;
    if let Err(shut) = policy::service::admits(app, tx, user, &client.address).await? {
        return Ok(Err(shut.name()));
    }
    let who = (user.tenant_id, user.id);
    let has_own = factors::is_on(tx, who.0, who.1).await?;
    let can_add = user.password_hash.is_some() || passkeys::relying_party(&app.config).is_some();
    if rules.second_factor && factor_at_ms.is_none() && !has_own && !can_add {
        // An authenticator app takes a password, a passkey a domain: no factor of one's own can be set up.
        return Ok(Err("second factor"));
    }
    let provider = &returned.provider;
    note(
        app,
        tx,
        (user, client),
        What::FederationAccepted,
        &provider.issuer,
    )
    .await?;
    let entered = if factor_at_ms.is_some() {
        Entered::In(sign_in::open(app, tx, user, client, (What::SignedIn, "")).await?)
    } else {
        factors::enter(app, tx, user, client, What::SignedIn).await?
    };
    match &entered {
        Entered::In(session) => {
            let hash = secret_hash(&session.token);
            store::mark_session(tx, &hash, provider.id, factor_at_ms).await?;
        }
        Entered::Step(token) => store::mark_step(tx, &secret_hash(token), provider.id).await?,
    }
    Ok(Ok(Came::In(entered, returned.attempt.next.clone())))
}

/// The person of the session that asked, who signed in at the provider anew, and with a second factor if they have one here.
async fn prove(
    app: &App,
    tx: &mut Tx,
    (returned, user): (&Returned, &UserRow),
    shown: Shown<'_>,
    (signed_in_ms, has_factor): (Option<i64>, bool),
) -> sqlx::Result<Result<Came, &'static str>> {
    let old = secret_hash(shown.session.unwrap_or_default());
    let row = sessions::get(tx, &old, &contracts::today(app)).await?;
    let row = row.filter(|row| Some(row.id) == returned.attempt.session_id);
    if row.is_none_or(|row| row.user_id != user.id) {
        return Ok(Err("proof of another person"));
    }
    // Providers count whole seconds.
    let since_ms = returned.attempt.created_at_ms - 1000;
    if signed_in_ms.is_none_or(|at_ms| at_ms < since_ms) {
        return Ok(Err("proof is not new"));
    }
    let who = (user.tenant_id, user.id);
    if !has_factor && factors::is_on(tx, who.0, who.1).await? {
        return Ok(Err("second factor"));
    }
    let token = app.new_secret();
    let hashes = (old, secret_hash(&token));
    let now_ms = app.clock.now_ms();
    policy::service::set_proven(tx, who, (&hashes.0, &hashes.1), now_ms).await?;
    let issuer = &returned.provider.issuer;
    note(app, tx, (user, shown.client), What::ProofGiven, issuer).await?;
    let next = returned.attempt.next.clone();
    Ok(Ok(Came::Proven(NewWebSession { token }, next)))
}

async fn note(
    app: &App,
    tx: &mut Tx,
    (user, client): (&UserRow, &Client),
    what: What,
    detail: &str,
) -> sqlx::Result<()> {
    let mut record = sign_in::record(user, &client.address, what);
    record.detail = detail;
    activity::append_record(app, tx, &record).await
}

/// The reason is in the customer's log alone.
async fn refuse<T>(
    app: &App,
    provider: &Provider,
    user: Option<&UserRow>,
    client: &Client,
    why: &str,
) -> Result<T, EnterError> {
    let record = Record {
        tenant: Some(provider.tenant),
        user: user.map(|user| user.id),
        who: user.map_or("", |user| &user.full_name),
        address: &client.address,
        what: What::FederationRefused,
        subject: user.map_or(Some(provider.id), |user| Some(user.id.0)),
        detail: why,
    };
    activity::record(app, &record).await?;
    Err(EnterError::Refused)
}
