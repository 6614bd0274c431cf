//! Every way in by passkey: alone, as the second factor after a password, and as the proof of who one is.
//!
//! What is counted, refused, asked of the organisation's rules and recorded is what a password meets as well; from outside
//! every refusal looks the same.

use super::{
    super::{
        Client,
        account::service::{self as account, ProofError},
        factors,
        failures::{Subject, counted},
        federation, policy,
        service::{self as sign_in, NewWebSession, SignInError},
        store::{self as people, UserRow},
    },
    ceremony::{self, CEREMONY_MS, CeremonyError, Purpose},
    store::{self, PasskeyRow},
    verify::Shown,
};
use crate::{
    activity::{self, Record, What},
    actor::Actor,
    app::{App, secret_hash},
    db::{Scope, Tx},
    rights::{self, Action, Denied},
};
use serde::Serialize;
use uuid::Uuid;
use wire::ids::UserId;

/// How records tell that it was by passkey.
const BY_PASSKEY: &str = "passkey";
/// And that its person may not come in, or has it no more.
const NO_ACCESS: &str = "passkey: no access";
/// And that a passkey's counter went backwards: there may be a copy of it.
const COUNTER: &str = "passkey: counter";

/// What a browser needs to show a passkey, for the portal's script.
#[derive(Debug, Serialize)]
pub(super) struct Question {
    challenge: String,
    rp_id: String,
    /// Passkeys that will do; empty where the person is not known yet.
    allow: Vec<String>,
    timeout_ms: i64,
}

/// Asks for any passkey, in the browser that holds the token of forms before sign-in.
pub(super) async fn ask_anybody(
    app: &App,
    guest: &str,
    address: &str,
) -> Result<Question, CeremonyError> {
    ask(app, (Purpose::SignIn, guest), address, Vec::new()).await
}

/// Asks for a passkey of the person whose sign-in waits for its second factor. `None` where none waits.
pub(super) async fn ask_waiting(
    app: &App,
    step: &str,
    address: &str,
) -> Result<Option<Question>, CeremonyError> {
    let Some(user) = factors::service::waiting(app, step).await? else {
        return Ok(None);
    };
    let mut tx = app.db.read(user.tenant_id).await?;
    let allow = ids(&mut tx, &user).await?;
    drop(tx);
    Ok(Some(ask(app, (Purpose::Step, step), address, allow).await?))
}

/// Asks for a passkey of somebody who is to prove who they are.
pub(super) async fn ask_again(
    app: &App,
    actor: &Actor,
    session: &str,
) -> Result<Question, CeremonyError> {
    let mut tx = app.db.read(actor.tenant).await?;
    let rows = store::of(&mut tx, (actor.tenant, actor.user)).await?;
    drop(tx);
    let allow = rows.into_iter().map(|row| row.credential_id).collect();
    ask(app, (Purpose::Prove, session), &actor.address, allow).await
}

async fn ids(tx: &mut Tx, user: &UserRow) -> sqlx::Result<Vec<String>> {
    let rows = store::of(tx, (user.tenant_id, user.id)).await?;
    Ok(rows.into_iter().map(|row| row.credential_id).collect())
}

async fn ask(
    app: &App,
    binding: (Purpose, &str),
    address: &str,
    allow: Vec<String>,
) -> Result<Question, CeremonyError> {
    let (_, rp_id) = ceremony::site(app)?;
    Ok(Question {
        challenge: ceremony::begin(app, binding, address, "").await?,
        rp_id,
        allow,
        timeout_ms: CEREMONY_MS,
    })
}

/// Signs in by passkey alone: its authenticator has verified its person, so that it is both factors.
pub(super) async fn sign_in(
    app: &App,
    guest: &str,
    answer: &str,
    client: &Client,
) -> Result<NewWebSession, SignInError> {
    let shown = ceremony::read(app, answer);
    let thing = match &shown {
        Ok(shown) => format!("passkey {}", shown.credential_id),
        Err(_) => format!("unreadable passkey from {}", counted(&client.address)),
    };
    let subjects = count(app, &thing, &client.address).await?;
    let checked = match &shown {
        Ok(shown) => ceremony::check(app, (Purpose::SignIn, guest), shown).await,
        Err(_) => Err(CeremonyError::None),
    };
    let (shown, row) = match (shown, checked) {
        (Ok(shown), Ok(row)) => (shown, row),
        (Err(error), _) | (_, Err(error)) => return refused(app, None, client, error).await,
    };
    let mut tx = app.db.read(row.tenant_id).await?;
    let user = people::user(&mut tx, row.tenant_id, row.user_id).await?;
    drop(tx);
    let Some(user) = user.filter(|user| user.state == "active") else {
        sign_in::refused(app, None, &client.address, NO_ACCESS).await?;
        return Err(SignInError::Refused);
    };
    let used = use_up(app, (&user, &row, &shown), client, None).await?;
    let UsedUp { mut tx, user, .. } = used;
    sign_in::guessed_both_right(&mut tx, &subjects).await?;
    let what = (What::SignedIn, BY_PASSKEY);
    let session = sign_in::open(app, &mut tx, &user, client, what).await?;
    tx.commit().await?;
    Ok(session)
}

/// The second step of sign-in by passkey.
pub(super) async fn second_step(
    app: &App,
    step: &str,
    answer: &str,
    client: &Client,
) -> Result<NewWebSession, SignInError> {
    let user = factors::service::waiting(app, step).await?;
    let user = user.ok_or(SignInError::Refused)?;
    let subjects = count(app, &second_factor(user.id), &client.address).await?;
    let checked = check(app, (Purpose::Step, step), answer, &user).await;
    let (shown, row) = match checked {
        Ok(checked) => checked,
        Err(error) => return refused(app, Some(&user), client, error).await,
    };
    let used = use_up(app, (&user, &row, &shown), client, Some(step)).await?;
    let UsedUp {
        mut tx,
        user,
        provider,
    } = used;
    if !factors::take_step(&mut tx, step).await? {
        return Err(SignInError::Refused);
    }
    sign_in::guessed_both_right(&mut tx, &subjects).await?;
    let what = (What::SignedIn, BY_PASSKEY);
    let session = sign_in::open(app, &mut tx, &user, client, what).await?;
    federation::carry_over(&mut tx, &session, provider).await?;
    tx.commit().await?;
    Ok(session)
}

/// Proves again who one is, by a passkey alone. The session goes on under another secret.
pub(super) async fn prove(
    app: &App,
    actor: &Actor,
    session: &str,
    answer: &str,
) -> Result<NewWebSession, ProofError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.read(actor.tenant).await?;
    let user = account::own_row(&mut tx, actor).await?;
    drop(tx);
    let subjects = count(app, &second_factor(user.id), &actor.address).await?;
    let checked = check(app, (Purpose::Prove, session), answer, &user).await;
    let (shown, row) = match checked {
        Ok(checked) => checked,
        Err(CeremonyError::Database(error)) => return Err(error.into()),
        Err(error) => {
            proof_refused(app, actor, &error.to_string()).await?;
            return Err(ProofError::Passkey);
        }
    };
    let mut tx = app.db.begin(actor.tenant).await?;
    let user = current(&mut tx, &user, &row).await?.ok_or(Denied)?;
    if policy::service::by_provider_alone(&mut tx, &user, session).await? {
        drop(tx);
        proof_refused(app, actor, "password closed").await?;
        return Err(ProofError::Federated);
    }
    if !count_on(app, &mut tx, (&row, &shown)).await? {
        drop(tx);
        suspect(app, &user, &row, &actor.address).await?;
        return Err(ProofError::Passkey);
    }
    sign_in::guessed_both_right(&mut tx, &subjects).await?;
    let renewed = policy::service::proven(app, &mut tx, actor, (session, BY_PASSKEY)).await?;
    tx.commit().await?;
    Ok(renewed)
}

async fn proof_refused(app: &App, actor: &Actor, why: &str) -> sqlx::Result<()> {
    let record = Record::of(actor, What::ProofRefused, actor.user.0, why);
    activity::record(app, &record).await
}

/// One counter for all second factors of a person.
fn second_factor(user: UserId) -> String {
    format!("second factor {user}")
}

async fn count(
    app: &App,
    thing: &str,
    address: &str,
) -> Result<[(Subject, String); 2], SignInError> {
    let subjects = sign_in::guesses(thing, address);
    let mut tx = app.db.begin(Scope::Nobody).await?;
    sign_in::count_attempt(app, &mut tx, &subjects).await?;
    tx.commit().await?;
    Ok(subjects)
}

/// The answer, if it is right and of a passkey of this person.
async fn check(
    app: &App,
    binding: (Purpose, &str),
    answer: &str,
    user: &UserRow,
) -> Result<(Shown, PasskeyRow), CeremonyError> {
    let shown = ceremony::read(app, answer)?;
    let row = ceremony::check(app, binding, &shown).await?;
    if (row.tenant_id, row.user_id) != (user.tenant_id, user.id) {
        return Err(super::verify::Flaw::Unknown.into());
    }
    Ok((shown, row))
}

/// A passkey that has counted on, in the transaction in which its person comes in.
pub(super) struct UsedUp {
    pub(super) tx: Tx,
    /// As they are now.
    pub(super) user: UserRow,
    /// The provider that vouched for them in the step before, if one did.
    pub(super) provider: Option<Uuid>,
}

/// Looks again at the person and the passkey, asks the organisation's rules, then counts the passkey on. `step` is the secret
/// of the sign-in that waits for it, if it is a second factor.
pub(super) async fn use_up(
    app: &App,
    (user, row, shown): (&UserRow, &PasskeyRow, &Shown),
    client: &Client,
    step: Option<&str>,
) -> Result<UsedUp, SignInError> {
    let address = client.address.as_str();
    let mut tx = app.db.begin(user.tenant_id).await?;
    let now = current(&mut tx, user, row).await?;
    let provider = match step {
        Some(step) => federation::provider_of_step(&mut tx, &secret_hash(step)).await?,
        None => None,
    };
    let obstacle = match &now {
        Some(now) => sign_in::obstacle(app, &mut tx, now, (address, provider)).await?,
        None => Some(NO_ACCESS),
    };
    let Some(now) = now.filter(|_| obstacle.is_none()) else {
        drop(tx);
        sign_in::refused(app, Some(user), address, obstacle.unwrap_or(NO_ACCESS)).await?;
        return Err(SignInError::Refused);
    };
    if count_on(app, &mut tx, (row, shown)).await? {
        return Ok(UsedUp {
            tx,
            user: now,
            provider,
        });
    }
    drop(tx);
    suspect(app, user, row, address).await?;
    sign_in::refused(app, Some(user), address, COUNTER).await?;
    Err(SignInError::Refused)
}

/// The person as they are now, if they may work and have the passkey still. Until the transaction's end nobody takes either
/// away: what happened while the answer was looked at counts.
async fn current(tx: &mut Tx, user: &UserRow, row: &PasskeyRow) -> sqlx::Result<Option<UserRow>> {
    people::lock_people(tx, user.tenant_id).await?;
    let there = store::of(tx, (user.tenant_id, user.id)).await?;
    if there.iter().all(|there| there.id != row.id) {
        return Ok(None);
    }
    let now = people::user(tx, user.tenant_id, user.id).await?;
    Ok(now.filter(|now| now.state == "active"))
}

async fn count_on(
    app: &App,
    tx: &mut Tx,
    (row, shown): (&PasskeyRow, &Shown),
) -> sqlx::Result<bool> {
    let (which, count) = ((row.tenant_id, row.id), i64::from(shown.sign_count));
    store::use_it(tx, which, count, app.clock.now_ms()).await
}

/// A counter that does not go on tells of a copy: it is recorded for those who look after the organisation.
async fn suspect(app: &App, user: &UserRow, row: &PasskeyRow, address: &str) -> sqlx::Result<()> {
    let mut record = sign_in::record(user, address, What::PasskeySuspected);
    record.subject = Some(row.id);
    activity::record(app, &record).await
}

/// Records why nobody came in; the browser is told no more than that.
async fn refused(
    app: &App,
    user: Option<&UserRow>,
    client: &Client,
    error: CeremonyError,
) -> Result<NewWebSession, SignInError> {
    if let CeremonyError::Database(error) = error {
        return Err(error.into());
    }
    sign_in::refused(app, user, &client.address, &error.to_string()).await?;
    Err(SignInError::Refused)
}
