//! Use cases: the rules of one's organisation, what they say at the door, and the proof of who one is.

use super::{
    super::{
        account::service::{self as account, ProofError},
        devices::step as devices,
        factors, federation, passkeys,
        service::NewWebSession,
        store::UserRow,
    },
    draft::{Draft, Wrong},
    rules::{Rules, Shut, WeekTime, week_time},
    store,
};
use crate::{
    activity::{self, What},
    actor::{Actor, Role},
    app::{App, new_uuid, secret_hash},
    db::Tx,
    portal::Key,
    rights::{self, Action, Denied},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// What is asked of a role.
#[derive(Clone, Debug)]
pub struct OfRole {
    /// The role.
    pub role: Role,
    /// What is asked.
    pub rules: Rules,
    /// How many of its people have no second factor.
    pub bare: usize,
    /// How many have no passkey.
    pub without_passkey: usize,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// What was typed cannot be taken.
    #[error("the form is not filled in well")]
    Wrong(Box<Wrong>),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// What is asked of every role, and the organisation's zone.
pub async fn all(app: &App, actor: &Actor) -> Result<(Vec<OfRole>, String), RulesError> {
    rights::authorize(actor, Action::ListUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let kept = store::all(&mut tx, actor.tenant).await?;
    let mut roles = Vec::new();
    for role in Role::ALL {
        let rules = kept.iter().find(|(name, _)| name == role.name());
        let bare = store::bare(&mut tx, actor.tenant, role.name()).await?;
        let without = store::without_passkey(&mut tx, actor.tenant, role.name()).await?;
        roles.push(OfRole {
            role,
            rules: rules.map(|(_, rules)| rules.clone()).unwrap_or_default(),
            bare: bare.len(),
            without_passkey: without.len(),
        });
    }
    let zone = store::zone(&mut tx, actor.tenant).await?;
    Ok((roles, zone))
}

/// Asks something else of a role from now on. Refused when whoever saves it could not come back.
pub async fn save(app: &App, actor: &Actor, role: Role, draft: &Draft) -> Result<(), RulesError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let rules = draft.check().map_err(RulesError::Wrong)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    if rules.device_certificate && !devices::has_authority(&mut tx, actor.tenant).await? {
        return Err(RulesError::Wrong(Box::new(Wrong {
            device: Some(Key("policy.wrong.device")),
            ..Wrong::default()
        })));
    }
    // Where there are no passkeys, nobody could come in any more.
    if rules.passkey && passkeys::relying_party(&app.config).is_none() {
        return Err(RulesError::Wrong(Box::new(Wrong {
            lockout: Some(Key("policy.lockout.no_passkeys")),
            ..Wrong::default()
        })));
    }
    if role == actor.role {
        let has_factor = factors::is_on(&mut tx, actor.tenant, actor.user).await?;
        let own = (actor.tenant, actor.user);
        let has_passkey = passkeys::store::count(&mut tx, own).await? > 0;
        let at = now(app, &store::zone(&mut tx, actor.tenant).await?);
        let lockout = match rules.admit(&actor.address, at) {
            Err(Shut::Network) => Some(Key("policy.lockout.network")),
            Err(Shut::Hours) => Some(Key("policy.lockout.hours")),
            Ok(()) if rules.passkey && !has_passkey => Some(Key("policy.lockout.passkey")),
            Ok(()) if rules.second_factor && !has_factor => Some(Key("policy.lockout.factor")),
            Ok(()) if rules.device_certificate => {
                let who = (actor.tenant, actor.user);
                let shown = devices::is_shown(app, &mut tx, who).await?;
                (!shown).then_some(Key("policy.lockout.device"))
            }
            Ok(()) => None,
        };
        if lockout.is_some() {
            return Err(RulesError::Wrong(Box::new(Wrong {
                lockout,
                ..Wrong::default()
            })));
        }
    }
    let now_ms = app.clock.now_ms();
    if store::rules(&mut tx, actor.tenant, role.name()).await? == rules {
        return Ok(());
    }
    let new = (new_uuid(&app.clock), now_ms);
    store::save(&mut tx, (actor.tenant, role.name()), &rules, new).await?;
    // What is asked now stands in the log, so that it can be told later what was asked when.
    let text = serde_json::to_string(&rules).unwrap_or_default();
    let detail = format!("{} {text}", role.name());
    activity::append(
        app,
        &mut tx,
        actor,
        What::SignInRulesChanged,
        actor.tenant.0,
        &detail,
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Whether the rules let somebody in who signs in from an address now.
pub(in super::super) async fn admits(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    address: &str,
) -> sqlx::Result<Result<(), Shut>> {
    let rules = store::rules(tx, user.tenant_id, &user.role).await?;
    let zone = store::zone(tx, user.tenant_id).await?;
    Ok(rules.admit(address, now(app, &zone)))
}

/// What is asked of somebody who is about to come in.
pub(in super::super) async fn of_person(tx: &mut Tx, user: &UserRow) -> sqlx::Result<Rules> {
    store::rules(tx, user.tenant_id, &user.role).await
}

/// Somebody has proved again who they are: their session goes on under another secret, given as hashes.
pub(in super::super) async fn set_proven(
    tx: &mut Tx,
    who: (TenantId, UserId),
    hashes: (&str, &str),
    now_ms: i64,
) -> sqlx::Result<()> {
    store::set_proven(tx, who, hashes, now_ms).await
}

/// Whether a program may call for somebody from an address. Programs work at all hours; but what its person could not do
/// without setting up a second factor first, their program cannot do either.
pub(crate) async fn admits_program(
    tx: &mut Tx,
    user: &UserRow,
    address: &str,
) -> sqlx::Result<bool> {
    let rules = store::rules(tx, user.tenant_id, &user.role).await?;
    if rules.admit_from(address).is_err() {
        return Ok(false);
    }
    let who = (user.tenant_id, user.id);
    if rules.passkey && passkeys::store::count(tx, who).await? == 0 {
        return Ok(false);
    }
    Ok(!rules.second_factor
        || factors::is_on(tx, user.tenant_id, user.id).await?
        || federation::has_factor(tx, user).await?)
}

/// What is asked of somebody, to show it where it matters to them.
pub(in super::super) async fn of_actor(tx: &mut Tx, actor: &Actor) -> sqlx::Result<Rules> {
    store::rules(tx, actor.tenant, actor.role.name()).await
}

/// Everybody whose hours are over, or who has no second factor or passkey, or has shown no device's certificate, where one
/// is asked for; of all customers, for the reconciler.
pub(crate) async fn shut_out(app: &App, tx: &mut Tx) -> sqlx::Result<HashSet<UserId>> {
    let mut out = HashSet::new();
    for row in store::everywhere(tx).await? {
        let Ok(rules) = store::read(&row.rules) else {
            // Nobody comes in by what cannot be read; other organisations' people are not held up by it.
            tracing::error!(tenant = %row.tenant_id, role = row.role, "sign-in rules cannot be read");
            out.extend(store::of_role(tx, row.tenant_id, &row.role).await?);
            continue;
        };
        let anywhere = Rules {
            networks: Vec::new(),
            ..rules
        };
        if anywhere.admit("", now(app, &row.time_zone)).is_err() {
            out.extend(store::of_role(tx, row.tenant_id, &row.role).await?);
            continue;
        }
        if anywhere.passkey {
            out.extend(store::without_passkey(tx, row.tenant_id, &row.role).await?);
        } else if anywhere.second_factor {
            out.extend(store::bare(tx, row.tenant_id, &row.role).await?);
        }
        if anywhere.device_certificate {
            let of_role = (row.tenant_id, row.role.as_str());
            out.extend(devices::without(app, tx, of_role).await?);
        }
    }
    Ok(out)
}

/// Every session of the web that neither was ended nor is over by its time; of all customers, for the reconciler.
pub(crate) async fn good_web_sessions(app: &App, tx: &mut Tx) -> sqlx::Result<HashSet<Uuid>> {
    let now_ms = app.clock.now_ms();
    let mut all = HashMap::new();
    for row in store::everywhere(tx).await? {
        // By what cannot be read nobody stays in.
        all.insert((row.tenant_id, row.role), store::read(&row.rules).ok());
    }
    let begin = Some(Rules::default());
    let mut good = HashSet::new();
    for row in store::web_sessions(tx).await? {
        let rules = all.get(&(row.tenant_id, row.role)).unwrap_or(&begin);
        let is_over = |rules: &Rules| rules.is_over(row.created_at_ms, row.last_seen_ms, now_ms);
        if rules.as_ref().is_some_and(|rules| !is_over(rules)) {
            good.insert(row.id);
        }
    }
    Ok(good)
}

/// What of a second factor, or of a passkey, is missing where it is asked for: roles that ask, people of theirs without one, and those of
/// them among `live`.
pub(in super::super) async fn missing_factors(
    tx: &mut Tx,
    tenant: TenantId,
    live: &HashSet<UserId>,
) -> sqlx::Result<(usize, usize, usize)> {
    let mut asking = store::all(tx, tenant).await?;
    asking.retain(|(_, rules)| rules.second_factor || rules.passkey);
    let (mut bare, mut inside) = (0, 0);
    for (role, rules) in &asking {
        let people = if rules.passkey {
            store::without_passkey(tx, tenant, role).await?
        } else {
            store::bare(tx, tenant, role).await?
        };
        bare += people.len();
        inside += people.iter().filter(|user| live.contains(user)).count();
    }
    Ok((asking.len(), bare, inside))
}

/// What of devices' certificates is missing where they are asked for: roles that ask, and those among `live` who have shown
/// none that is good.
pub(in super::super) async fn missing_devices(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    live: &HashSet<UserId>,
) -> sqlx::Result<(usize, usize)> {
    let (mut asking, mut inside) = (0, 0);
    for (role, rules) in store::all(tx, tenant).await? {
        if rules.device_certificate {
            asking += 1;
            let people = devices::without(app, tx, (tenant, &role)).await?;
            inside += people.iter().filter(|user| live.contains(user)).count();
        }
    }
    Ok((asking, inside))
}

/// How many people who may work have no second factor.
pub(in super::super) async fn without_factor(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    let mut count = 0;
    for role in Role::ALL {
        count += store::bare(tx, tenant, role.name()).await?.len();
    }
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// By what one can prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proofs {
    /// By the organisation's own provider.
    pub provider: bool,
    /// By the password, with a code where one's account has a second factor.
    pub password: bool,
    /// By a passkey.
    pub passkey: bool,
}

/// By what the actor can prove who they are, in the session of the web with this secret.
pub async fn proofs(app: &App, actor: &Actor, session: &str) -> Result<Proofs, ProofError> {
    let mut tx = app.db.read(actor.tenant).await?;
    let user = account::own_row(&mut tx, actor).await?;
    let provider = federation::is_on(&mut tx, actor.tenant).await?;
    let own = !by_provider_alone(&mut tx, &user, session).await?;
    let passkey = own
        && passkeys::relying_party(&app.config).is_some()
        && passkeys::store::count(&mut tx, (actor.tenant, actor.user)).await? > 0;
    // To whom nothing else is left, the form says that it takes a password.
    let password = own && (user.password_hash.is_some() || !provider && !passkey);
    Ok(Proofs {
        provider,
        password,
        passkey,
    })
}

/// Whether only the organisation's provider proves who somebody is, since their role signs in by it alone. In a session that
/// the provider vouched for a second factor of one's own does as well: without one its proof is not taken from them.
pub(in super::super) async fn by_provider_alone(
    tx: &mut Tx,
    user: &UserRow,
    session: &str,
) -> sqlx::Result<bool> {
    Ok(federation::closes_password(tx, user).await?
        && !(federation::has_vouched(tx, session).await?
            && factors::is_on(tx, user.tenant_id, user.id).await?))
}

/// Proves again who one is: with the password, and a code where one's account has a second factor. The session goes on
/// under another secret.
pub async fn prove(
    app: &App,
    actor: &Actor,
    token: &str,
    (password, code): (String, &str),
) -> Result<NewWebSession, ProofError> {
    let mut tx = app.db.begin(actor.tenant).await?;
    let user = account::own_row(&mut tx, actor).await?;
    if by_provider_alone(&mut tx, &user, token).await? {
        let why = "password closed";
        activity::append(app, &mut tx, actor, What::ProofRefused, actor.user.0, why).await?;
        tx.commit().await?;
        return Err(ProofError::Federated);
    }
    drop(tx);
    let user = account::prove(app, actor, password).await?;
    factors::service::prove_if_on(app, actor, &user, code).await?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let renewed = proven(app, &mut tx, actor, (token, "")).await?;
    tx.commit().await?;
    Ok(renewed)
}

/// Somebody has proved who they are, by what `detail` says where it was neither password nor code: the session with the
/// secret goes on under another.
pub(in super::super) async fn proven(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (token, detail): (&str, &str),
) -> sqlx::Result<NewWebSession> {
    let new = app.new_secret();
    let hashes = (secret_hash(token), secret_hash(&new));
    let who = (actor.tenant, actor.user);
    store::set_proven(tx, who, (&hashes.0, &hashes.1), app.clock.now_ms()).await?;
    activity::append(app, tx, actor, What::ProofGiven, actor.user.0, detail).await?;
    Ok(NewWebSession { token: new })
}

/// The minute of the week now.
pub(in super::super) fn now(app: &App, zone: &str) -> WeekTime {
    week_time(app.clock.now_ms(), zone)
}
