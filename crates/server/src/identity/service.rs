//! Use cases of sign-in: by password, by one-time link, out again.

use super::{
    Client,
    account::store::{self as sessions, NewRow, WebSessionRow},
    factors::{self, Entered},
    failures::{self, Subject},
    federation,
    password::{self, Refusal},
    policy::{
        self,
        rules::{Rules, Shut},
    },
    store::{self, UserRow},
};
use crate::{
    activity::{self, Record, What},
    actor::Actor,
    app::{App, new_uuid, secret_hash},
    db::{Scope, Tx},
    notices::{self, Content},
    tenancy::contracts,
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// No rules let a session of the web live longer than this, in milliseconds.
pub const WEB_SESSION_MAX_MS: i64 = 24 * 60 * 60 * 1000;
/// A one-time link works this long.
pub const LINK_MS: i64 = 24 * 60 * 60 * 1000;
/// The last use is written at most this often.
const TOUCH_MS: i64 = 60_000;

/// A new session of the web.
#[derive(Debug)]
pub struct NewWebSession {
    /// The secret for the cookie; kept nowhere else.
    pub token: String,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No such account, a wrong password, or an account that may not sign in: the same for all.
    #[error("address or password is wrong")]
    Refused,
    /// Too many failures; try again later.
    #[error("too many attempts; wait {wait_ms} ms")]
    Wait {
        /// How long.
        wait_ms: i64,
    },
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Signs in by address and password.
pub async fn sign_in(
    app: &App,
    email: &str,
    password: String,
    client: &Client,
) -> Result<Entered, SignInError> {
    let email = normal(email);
    let address = client.address.as_str();
    let subjects = guesses(&format!("account {email}"), address);
    let mut tx = app.db.begin(Scope::Everybody).await?;
    count_attempt(app, &mut tx, &subjects).await?;
    let user = store::user_by_email(&mut tx, &email).await?;
    // The transaction must not be held while a password is hashed.
    tx.commit().await?;

    let hash = user
        .as_ref()
        .filter(|user| user.state == "active")
        .and_then(|user| user.password_hash.clone());
    let outdated = hash.as_deref().is_some_and(password::is_outdated);
    let again = outdated.then(|| password.clone());
    let matches = app.passwords.verify(password, hash).await;
    let Some(user) = user.as_ref().filter(|_| matches) else {
        refused(app, user.as_ref(), address, "").await?;
        return Err(SignInError::Refused);
    };
    let renewed = match again {
        Some(password) => app.passwords.hash(password).await,
        None => None,
    };
    let mut tx = app.db.begin(user.tenant_id).await?;
    let known = match may_enter(app, &mut tx, user, address).await? {
        Ok(known) => known,
        Err(why) => {
            drop(tx);
            // The same answer as to a wrong password: from outside nobody learns that it is right.
            refused(app, Some(user), address, why).await?;
            return Err(SignInError::Refused);
        }
    };
    if let Some(hash) = renewed {
        // The lock that `may_enter` took holds: it is still the password that was typed.
        store::set_password(&mut tx, known.tenant_id, known.id, &hash).await?;
    }
    guessed_both_right(&mut tx, &subjects).await?;
    let entered = factors::enter(app, &mut tx, &known, client, What::SignedIn).await?;
    tx.commit().await?;
    Ok(entered)
}

/// The person whose password was right, as they are now; or why they do not come in. Until the transaction's end nobody
/// suspends them or changes their password: what happened while a password was hashed counts.
pub(super) async fn may_enter(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    address: &str,
) -> sqlx::Result<Result<UserRow, &'static str>> {
    store::lock_people(tx, user.tenant_id).await?;
    let now = store::user(tx, user.tenant_id, user.id).await?;
    let is_same = |now: &UserRow| now.state == "active" && now.password_hash == user.password_hash;
    let Some(user) = now.filter(is_same) else {
        return Ok(Err("changed meanwhile"));
    };
    let obstacle = obstacle(app, tx, &user, (address, None)).await?;
    Ok(obstacle.map_or(Ok(user), Err))
}

/// Why somebody does not come in from an address now, if they do not: by the rules of their role, or since it signs in by the
/// organisation's provider alone and no `provider` has vouched for them.
pub(super) async fn obstacle(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    (address, provider): (&str, Option<Uuid>),
) -> sqlx::Result<Option<&'static str>> {
    if let Err(shut) = policy::service::admits(app, tx, user, address).await? {
        return Ok(Some(shut.name()));
    }
    let is_closed = provider.is_none() && federation::closes_password(tx, user).await?;
    Ok(is_closed.then_some("password closed"))
}

/// What is counted when somebody at an address guesses something about a thing. Hashes: nothing typed is kept.
pub(super) fn guesses(thing: &str, address: &str) -> [(Subject, String); 2] {
    let address = format!("address {}", failures::counted(address));
    [
        (Subject::Account, secret_hash(thing)),
        (Subject::Address, secret_hash(&address)),
    ]
}

/// The guess was right: those about the thing are forgotten, and this one at the address.
pub(super) async fn guessed_both_right(
    tx: &mut Tx,
    [(_, thing), (_, from)]: &[(Subject, String); 2],
) -> sqlx::Result<()> {
    store::drop_failures(tx, thing).await?;
    let failures = store::failures(tx, from).await?;
    store::save_failures(tx, from, failures.minus_one()).await
}

/// Counts an attempt as a failure before the password is looked at, so that many attempts at once are no way around
/// the limit. Success takes it back.
pub(super) async fn count_attempt(
    app: &App,
    tx: &mut Tx,
    subjects: &[(Subject, String); 2],
) -> Result<(), SignInError> {
    let now_ms = app.clock.now_ms();
    store::drop_old_failures(tx, now_ms - failures::FORGET_MS).await?;
    for (kind, subject) in subjects {
        let failures = store::failures(tx, subject).await?;
        let wait_ms = failures.wait_ms(now_ms);
        if wait_ms > 0 {
            // The transaction is dropped: an attempt that was not looked at does not count.
            return Err(SignInError::Wait { wait_ms });
        }
        store::save_failures(tx, subject, failures.plus_one(*kind, now_ms)).await?;
    }
    Ok(())
}

/// Counts a message that somebody has sent to an address with a link. Who must wait is told how long, in milliseconds, and
/// nothing is counted.
pub(super) async fn count_letter(app: &App, tx: &mut Tx, email: &str) -> sqlx::Result<i64> {
    let now_ms = app.clock.now_ms();
    let subject = secret_hash(&format!("link to {email}"));
    let failures = store::failures(tx, &subject).await?;
    let wait_ms = failures.wait_ms(now_ms);
    if wait_ms == 0 {
        let failures = failures.plus_one(Subject::Letter, now_ms);
        store::save_failures(tx, &subject, failures).await?;
    }
    Ok(wait_ms)
}

/// Counts a guess at something that is guarded as a password is, before it is looked at. Who must wait is told how long.
pub(crate) async fn count_guess(app: &App, subject: &str) -> Result<(), SignInError> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(Scope::Nobody).await?;
    store::drop_old_failures(&mut tx, now_ms - failures::FORGET_MS).await?;
    let failures = store::failures(&mut tx, subject).await?;
    let wait_ms = failures.wait_ms(now_ms);
    if wait_ms > 0 {
        return Err(SignInError::Wait { wait_ms });
    }
    let failures = failures.plus_one(Subject::Account, now_ms);
    store::save_failures(&mut tx, subject, failures).await?;
    Ok(tx.commit().await?)
}

/// The guess was right: it and those before it are forgotten.
pub(crate) async fn guessed_right(tx: &mut Tx, subject: &str) -> sqlx::Result<()> {
    store::drop_failures(tx, subject).await
}

/// What somebody who is not signed in yet did with their account.
pub(super) fn record<'a>(user: &'a UserRow, address: &'a str, what: What) -> Record<'a> {
    Record {
        tenant: Some(user.tenant_id),
        user: Some(user.id),
        who: &user.full_name,
        address,
        what,
        subject: Some(user.id.0),
        detail: "",
    }
}

/// In the log of the account's organisation, if there is such an account.
pub(super) async fn refused(
    app: &App,
    user: Option<&UserRow>,
    address: &str,
    why: &str,
) -> sqlx::Result<()> {
    let record = Record {
        tenant: user.map(|user| user.tenant_id),
        user: user.map(|user| user.id),
        who: user.map_or("", |user| &user.full_name),
        address,
        what: What::SignInRefused,
        subject: user.map(|user| user.id.0),
        detail: why,
    };
    activity::record(app, &record).await
}

/// Begins a session of the web, and records by what (`detail` where that is neither password nor code).
pub(super) async fn open(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    client: &Client,
    (what, detail): (What, &str),
) -> sqlx::Result<NewWebSession> {
    let now_ms = app.clock.now_ms();
    let (token, csrf) = (app.new_secret(), app.new_secret());
    let hash = secret_hash(&token);
    sessions::remove_old(tx, now_ms - WEB_SESSION_MAX_MS).await?;
    let row = NewRow {
        hash: &hash,
        id: new_uuid(&app.clock),
        tenant: user.tenant_id,
        user: user.id,
        csrf: &csrf,
        address: &client.address,
        browser: &client.browser,
        now_ms,
    };
    sessions::insert(tx, &row).await?;
    let seen = (now_ms, client.lang);
    store::set_signed_in(tx, user.tenant_id, user.id, seen).await?;
    let mut record = record(user, &client.address, what);
    record.detail = detail;
    activity::append_record(app, tx, &record).await?;
    Ok(NewWebSession { token })
}

/// A session of the web that is good, and what is asked of its person.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The session with its person.
    pub row: WebSessionRow,
    /// What is asked.
    pub rules: Rules,
}

/// The person behind a cookie, if the session is still good and may be used from the address now. Notes that it was used.
pub async fn web_session(app: &App, token: &str, address: &str) -> sqlx::Result<Option<Visit>> {
    let hash = secret_hash(token);
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(Scope::Everybody).await?;
    let Some(row) = sessions::get(&mut tx, &hash, &contracts::today(app)).await? else {
        return Ok(None);
    };
    drop(tx);
    let rules = row.rules.as_deref().map(policy::store::read).transpose()?;
    let rules = rules.unwrap_or_default();
    let too_old = rules.is_over(row.created_at_ms, row.last_seen_ms, now_ms);
    let admitted = rules.admit(address, policy::service::now(app, &row.time_zone));
    if too_old || admitted.is_err() {
        let mut tx = app.db.begin(row.tenant_id).await?;
        sessions::remove(&mut tx, &hash).await?;
        if let (false, Err(shut)) = (too_old, admitted) {
            let record = Record {
                tenant: Some(row.tenant_id),
                user: Some(row.user_id),
                who: &row.full_name,
                address,
                what: What::WebSessionShut,
                subject: Some(row.id),
                detail: shut.name(),
            };
            activity::append_record(app, &mut tx, &record).await?;
        }
        tx.commit().await?;
        return Ok(None);
    }
    if now_ms - row.last_seen_ms > TOUCH_MS {
        let mut tx = app.db.begin(row.tenant_id).await?;
        sessions::touch(&mut tx, &hash, now_ms).await?;
        tx.commit().await?;
    }
    Ok(Some(Visit { row, rules }))
}

/// Ends a session of the web that a new one replaces.
pub async fn forget(app: &App, token: &str) -> sqlx::Result<()> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    sessions::remove(&mut tx, &secret_hash(token)).await?;
    tx.commit().await?;
    // Its desktops are disconnected by the reconciler.
    app.wake.notify_one();
    Ok(())
}

/// Ends the session of the web. Desktops live on.
pub async fn sign_out(app: &App, actor: &Actor, token: &str) -> sqlx::Result<()> {
    let mut tx = app.db.begin(actor.tenant).await?;
    sessions::remove(&mut tx, &secret_hash(token)).await?;
    activity::append(app, &mut tx, actor, What::SignedOut, actor.user.0, "").await?;
    tx.commit().await
}

/// A new one-time link for a person: only its secret part. Earlier unused ones stop working.
pub async fn issue_link(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<String> {
    void_links(app, tx, tenant, user).await?;
    issue_another_link(app, tx, tenant, user).await
}

/// The same, and earlier ones go on working: for who asks without being known.
pub(super) async fn issue_another_link(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<String> {
    let token = app.new_secret();
    let expires_at_ms = app.clock.now_ms() + LINK_MS;
    store::add_link(tx, &secret_hash(&token), tenant, user, expires_at_ms).await?;
    Ok(token)
}

/// A person's unused links stop working, and those that wait to be sent by mail are not sent.
pub(super) async fn void_links(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<()> {
    store::drop_links(tx, tenant, user).await?;
    notices::withdraw_links(app, tx, tenant, user).await
}

/// Whom a one-time link is for, while it works.
pub async fn link_owner(app: &App, token: &str) -> sqlx::Result<Option<UserRow>> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let owner = store::link(&mut tx, &secret_hash(token), app.clock.now_ms()).await?;
    let Some((tenant, user)) = owner else {
        return Ok(None);
    };
    let user = store::user(&mut tx, tenant, user).await?;
    Ok(user.filter(|user| matches!(user.state.as_str(), "invited" | "active")))
}

/// Why a password was not set.
#[derive(Debug, thiserror::Error)]
pub enum WelcomeError {
    /// The link is unknown, used or too old.
    #[error("the link does not work")]
    Link,
    /// The organisation's rules let nobody in from there, or now.
    #[error("not from here, or not now")]
    Shut(Shut),
    /// The organisation has the person sign in by its own provider alone.
    #[error("passwords of the role do not open the door")]
    Federated,
    /// The password is not good enough.
    #[error("the password is not taken")]
    Password(#[from] Refusal),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Uses a one-time link: sets the password, ends the person's other sessions of the web, and signs in.
pub async fn welcome(
    app: &App,
    token: &str,
    password: String,
    client: &Client,
) -> Result<Entered, WelcomeError> {
    let user = link_owner(app, token).await?.ok_or(WelcomeError::Link)?;
    let mut tx = app.db.begin(user.tenant_id).await?;
    if let Err(shut) = policy::service::admits(app, &mut tx, &user, &client.address).await? {
        // The link stays good for when it is used from where one may.
        drop(tx);
        refused(app, Some(&user), &client.address, shut.name()).await?;
        return Err(WelcomeError::Shut(shut));
    }
    if federation::closes_password(&mut tx, &user).await? {
        drop(tx);
        refused(app, Some(&user), &client.address, "password closed").await?;
        return Err(WelcomeError::Federated);
    }
    drop(tx);
    let hash = password::accept(app, password, &user).await?;
    let mut tx = app.db.begin(user.tenant_id).await?;
    // Whoever suspends them now waits, or was first and took the link away.
    store::lock_people(&mut tx, user.tenant_id).await?;
    if !store::use_link(&mut tx, &secret_hash(token), app.clock.now_ms()).await? {
        return Err(WelcomeError::Link);
    }
    store::set_password(&mut tx, user.tenant_id, user.id, &hash).await?;
    void_links(app, &mut tx, user.tenant_id, user.id).await?;
    if user.password_hash.is_some() {
        let address = client.address.clone();
        notices::post(app, &mut tx, &user, Content::PasswordChanged { address }).await?;
    }
    sessions::remove_of(&mut tx, user.tenant_id, user.id).await?;
    factors::forget_steps(&mut tx, &user).await?;
    let entered = factors::enter(app, &mut tx, &user, client, What::PasswordSet).await?;
    tx.commit().await?;
    Ok(entered)
}

/// Addresses are compared without regard to case or surrounding spaces. What cannot be typed is dropped: PostgreSQL
/// refuses some of it.
#[must_use]
pub fn normal(email: &str) -> String {
    let typed: String = email.chars().filter(|c| !c.is_control()).collect();
    typed.trim().to_lowercase()
}

/// Adds an account, for set-up: nobody is signed in yet who could be asked.
pub(crate) async fn add_user(tx: &mut Tx, user: &UserRow, now_ms: i64) -> sqlx::Result<()> {
    store::insert_user(tx, user, now_ms).await
}

/// The account of an address, for set-up.
pub(crate) async fn user_by_email(tx: &mut Tx, email: &str) -> sqlx::Result<Option<UserRow>> {
    store::user_by_email(tx, email).await
}
