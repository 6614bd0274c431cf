//! Use cases of API tokens.

use super::store::{self, TokenRow};
use crate::{
    activity::{self, What},
    actor::{Actor, Role, Scopes, TokenScope},
    app::{self, App, secret_hash},
    db::{Scope, Tx},
    grants,
    identity::{self, UserRow},
    portal::Key,
    rights::{self, Action, Denied},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// How long a token may live, in days; the first is what the form proposes.
pub const LIVES_DAYS: [i64; 4] = [90, 7, 30, 365];
/// Every secret begins so, so that scanners of source code know it.
const PREFIX: &str = "ngy_";
const DAY_MS: i64 = 24 * 3600 * 1000;
const MAX_NAME_CHARS: usize = 60;
/// More than this nobody can keep in view.
const MAX_TOKENS: usize = 50;
const TOUCH_MS: i64 = 60_000;

/// A token as typed into the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// What its owner calls it.
    pub name: String,
    /// Stored forms of scopes.
    pub scopes: Vec<String>,
    /// How long it lives, in days.
    pub days: i64,
}

/// What is wrong with a [`Draft`], beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// With the name.
    pub name: Option<Key>,
    /// With the scopes.
    pub scopes: Option<Key>,
    /// With the life.
    pub days: Option<Key>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No such token, or another person's.
    #[error("no such token")]
    NotFound,
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// What was typed cannot be taken.
    #[error("the form is not filled in well")]
    Wrong(Wrong),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Makes a token for the actor. Its secret, which is returned, is kept nowhere.
pub async fn create(app: &App, actor: &Actor, draft: &Draft) -> Result<String, TokenError> {
    rights::authorize(actor, Action::ManageTokens)?;
    let (name, scopes) = check(draft).map_err(TokenError::Wrong)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    if store::of_user(&mut tx, actor.tenant, actor.user)
        .await?
        .len()
        >= MAX_TOKENS
    {
        return Err(TokenError::Wrong(Wrong {
            name: Some(Key("tokens.error.too_many")),
            ..Wrong::default()
        }));
    }
    let now_ms = app.clock.now_ms();
    let row = TokenRow {
        id: app::new_uuid(&app.clock),
        tenant_id: actor.tenant,
        user_id: actor.user,
        name,
        scopes: scopes.text(),
        created_at_ms: now_ms,
        expires_at_ms: now_ms + draft.days * DAY_MS,
        last_used_ms: None,
    };
    let secret = format!("{PREFIX}{}", app.new_secret());
    store::insert(&mut tx, &row, &secret_hash(&secret)).await?;
    let detail = format!("{} ({})", row.name, row.scopes);
    activity::append(app, &mut tx, actor, What::TokenCreated, row.id, &detail).await?;
    tx.commit().await?;
    Ok(secret)
}

/// The actor's tokens, the newest first; also of somebody whose role makes none any more.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<TokenRow>, TokenError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.read(actor.tenant).await?;
    Ok(store::of_user(&mut tx, actor.tenant, actor.user).await?)
}

/// Ends one of the actor's tokens at once.
pub async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<(), TokenError> {
    rights::authorize(actor, Action::UseAccount { owner: actor.user })?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let row = store::get(&mut tx, actor.tenant, actor.user, id).await?;
    let row = row.ok_or(TokenError::NotFound)?;
    store::delete(&mut tx, actor.tenant, actor.user, id).await?;
    activity::append(app, &mut tx, actor, What::TokenRevoked, id, &row.name).await?;
    Ok(tx.commit().await?)
}

/// How many tokens somebody has, those that have ended too.
pub(crate) async fn count(tx: &mut Tx, (tenant, user): (TenantId, UserId)) -> sqlx::Result<usize> {
    Ok(store::of_user(tx, tenant, user).await?.len())
}

/// Ends all tokens of a person of the actor's organisation at once. The caller has asked whether the actor may.
pub(crate) async fn revoke_all(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    person: &UserRow,
) -> sqlx::Result<()> {
    for row in store::of_user(tx, actor.tenant, person.id).await? {
        store::delete(tx, actor.tenant, person.id, row.id).await?;
        let detail = format!("{} ({})", row.name, person.full_name);
        activity::append(app, tx, actor, What::TokenRevoked, row.id, &detail).await?;
    }
    Ok(())
}

/// Who calls with a secret: the person who made the token, within its scopes; `None` when it is not good, when they may not
/// work any more, or when their role makes no tokens any more.
pub async fn caller(app: &App, secret: &str, address: &str) -> sqlx::Result<Option<Actor>> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(Scope::Everybody).await?;
    let row = store::by_hash(&mut tx, &secret_hash(secret), now_ms).await?;
    let Some(row) = row.filter(|_| secret.starts_with(PREFIX)) else {
        return Ok(None);
    };
    let person = identity::active_person(&mut tx, row.tenant_id, row.user_id).await?;
    let person = person.and_then(|person| Some((Role::from_name(&person.role)?, person)));
    let Some((role, person)) = person else {
        return Ok(None);
    };
    if !identity::admits_program(&mut tx, &person, address).await? {
        return Ok(None);
    }
    let grants = grants::service::of_person(&mut tx, row.tenant_id, row.user_id).await?;
    drop(tx);
    let actor = Actor {
        tenant: row.tenant_id,
        user: row.user_id,
        role,
        // Records show that a program acted, and which.
        full_name: format!("{} (API: {})", person.full_name, row.name),
        address: address.to_owned(),
        scopes: None,
        grants,
    };
    if rights::authorize(&actor, Action::ManageTokens).is_err() {
        return Ok(None);
    }
    if row.last_used_ms.is_none_or(|at| now_ms - at > TOUCH_MS) {
        let mut tx = app.db.begin(row.tenant_id).await?;
        store::touch(&mut tx, row.tenant_id, row.id, now_ms).await?;
        tx.commit().await?;
    }
    let scopes = Some(Scopes::from_text(&row.scopes));
    Ok(Some(Actor { scopes, ..actor }))
}

fn check(draft: &Draft) -> Result<(String, Scopes), Wrong> {
    let name = draft.name.trim();
    let length = name.chars().count();
    let fits = (1..=MAX_NAME_CHARS).contains(&length) && !name.chars().any(char::is_control);
    let known: Vec<_> = draft
        .scopes
        .iter()
        .filter_map(|name| TokenScope::from_name(name))
        .collect();
    let wrong = Wrong {
        name: (!fits).then_some(Key("tokens.error.name")),
        scopes: known.is_empty().then_some(Key("tokens.error.scopes")),
        days: (!LIVES_DAYS.contains(&draft.days)).then_some(Key("tokens.error.days")),
    };
    if wrong == Wrong::default() {
        Ok((name.to_owned(), known.into_iter().collect()))
    } else {
        Err(wrong)
    }
}
