//! Use cases of a directory. The real work is that of the portal's pages: each write is one [`Turn`].

use super::{
    error::ScimError,
    patch::{self, Patch},
    resource::{self, WantedUser, check_fixed, check_required},
    schema,
    store::{self, Facts},
};
use crate::{
    activity::What,
    actor::{Actor, Role},
    app::App,
    db::Tx,
    identity::{
        UserRow,
        lifecycle::Draft,
        page::UserSort,
        store::{self as people, UserOrder},
        turn::Turn,
    },
    notices,
    rights::{self, Action},
};
use axum::http::StatusCode;
use serde_json::Value;
use std::collections::BTreeSet;
use wire::ids::UserId;

/// What becomes of a resource.
#[derive(Debug)]
pub(super) enum Change {
    /// It is as the body says.
    Replace(Value),
    /// Operations are done to it.
    Patch(Patch),
}

/// Under which versions something is done: a value of `If-Match` (RFC 7232, section 3.1).
#[derive(Clone, Debug, Default)]
pub(super) struct Match(pub(super) Option<String>);

impl Match {
    fn check(&self, resource: &Value) -> Result<(), ScimError> {
        let version = resource::version_of(resource);
        match &self.0 {
            Some(wanted) if !names(wanted, version) => Err(ScimError::new(
                StatusCode::PRECONDITION_FAILED,
                "The resource has changed; read it again",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether a list of versions names one. Versions are weak, and are compared so (RFC 7644, section 3.14).
pub(super) fn names(list: &str, version: &str) -> bool {
    let opaque = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let mut each = list.split(',');
    each.any(|one| one.trim() == "*" || opaque(one) == opaque(version))
}

fn base(app: &App) -> String {
    format!("{}/scim/v2", app.config.public_url)
}

/// Everybody in the organisation, by address.
pub(super) async fn users(app: &App, actor: &Actor) -> Result<Vec<Value>, ScimError> {
    rights::authorize(actor, Action::ListUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let rows = all(&mut tx, actor).await?;
    let facts = store::all(&mut tx, actor.tenant).await?;
    let base = base(app);
    let none = Facts::default();
    let shown = |row: &UserRow| resource::user(&base, row, facts.get(&row.id).unwrap_or(&none));
    Ok(rows.iter().map(shown).collect())
}

/// One person.
pub(super) async fn user(app: &App, actor: &Actor, id: &str) -> Result<Value, ScimError> {
    rights::authorize(actor, Action::ListUsers)?;
    let id = id_of(id)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let row = people::user(&mut tx, actor.tenant, id).await?;
    let row = row.filter(|row| row.state != "removed");
    let row = row.ok_or_else(ScimError::not_found)?;
    let facts = store::one(&mut tx, actor.tenant, id).await?;
    Ok(resource::user(&base(app), &row, &facts))
}

/// Adds a person, as a user. Where the service sends mail, an active one is invited by it; otherwise they have no one-time
/// link until an administrator makes one.
pub(super) async fn create_user(
    app: &App,
    actor: &Actor,
    body: &Value,
) -> Result<Value, ScimError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let wanted = resource::wanted_user(body, None)?;
    let draft = Draft {
        full_name: wanted.display_name.clone(),
        email: wanted.user_name.clone(),
        role: Role::User.name().to_owned(),
    };
    let mut turn = Turn::begin(app, actor).await?;
    let row = turn.add(&draft).await?;
    become_as(&mut turn, &row, &Facts::default(), &wanted).await?;
    if wanted.active && notices::is_on(app) {
        turn.mail_link(&row).await?;
    }
    let made = shown(&mut turn, row.id).await?;
    turn.commit().await?;
    Ok(made)
}

/// Changes a person: name, access, and how the directory names them. All of it, or nothing.
pub(super) async fn change_user(
    app: &App,
    actor: &Actor,
    id: &str,
    change: Change,
    only: &Match,
) -> Result<Value, ScimError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let id = id_of(id)?;
    let mut turn = Turn::begin(app, actor).await?;
    let row = turn.person(id).await?;
    let facts = store::one(&mut turn.tx, actor.tenant, id).await?;
    let before = resource::user(&base(app), &row, &facts);
    only.check(&before)?;
    let wanted = match change {
        Change::Replace(body) => {
            check_fixed_of_put(&before, &body, "userName")?;
            resource::wanted_user(&body, Some(&before))?
        }
        Change::Patch(patch) => {
            let after = patch::apply(patch, before.clone(), schema::user())?;
            check_fixed(&before, &after, schema::user())?;
            check_required(&after, schema::user())?;
            resource::wanted_user(&after, None)?
        }
    };
    become_as(&mut turn, &row, &facts, &wanted).await?;
    let after = shown(&mut turn, id).await?;
    turn.commit().await?;
    Ok(after)
}

/// Removes a person for good, as an administrator does in the portal.
pub(super) async fn remove_user(
    app: &App,
    actor: &Actor,
    id: &str,
    only: &Match,
) -> Result<(), ScimError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let id = id_of(id)?;
    let mut turn = Turn::begin(app, actor).await?;
    let row = turn.person(id).await?;
    let facts = store::one(&mut turn.tx, actor.tenant, id).await?;
    only.check(&resource::user(&base(app), &row, &facts))?;
    turn.remove(&row).await?;
    Ok(turn.commit().await?)
}

async fn become_as(
    turn: &mut Turn<'_>,
    row: &UserRow,
    facts: &Facts,
    wanted: &WantedUser,
) -> Result<(), ScimError> {
    if wanted.display_name.trim() != row.full_name {
        let draft = Draft {
            full_name: wanted.display_name.clone(),
            role: row.role.clone(),
            ..Draft::default()
        };
        turn.edit(row, &draft).await?;
    }
    if wanted.active {
        turn.resume(row).await?;
    } else {
        turn.suspend(row).await?;
    }
    if wanted.external_id != facts.external_id {
        let (whose, now_ms) = ((row.tenant_id, row.id), turn.app.clock.now_ms());
        let id = wanted.external_id.as_deref();
        store::set_external_id(&mut turn.tx, whose, id, now_ms).await?;
        let of = |id: &Option<String>| id.clone().unwrap_or_else(|| "-".to_owned());
        let (old, new) = (of(&facts.external_id), of(&wanted.external_id));
        let detail = format!("{}: externalId {old} → {new}", row.full_name);
        turn.record(What::UserChanged, row.id, &detail).await?;
    }
    Ok(())
}

/// What nobody changes may be left out of a whole resource, and what is read only in it counts for nothing (RFC 7644,
/// section 3.5.1).
fn check_fixed_of_put(before: &Value, body: &Value, immutable: &str) -> Result<(), ScimError> {
    let only = |resource: &Value| match schema::value_of(resource, immutable) {
        Some(value) => serde_json::json!({ immutable: value }),
        None => serde_json::json!({}),
    };
    let schema = if immutable == "userName" {
        schema::user()
    } else {
        schema::group()
    };
    check_fixed(&only(before), &only(body), schema)
}

async fn shown(turn: &mut Turn<'_>, id: UserId) -> Result<Value, ScimError> {
    let row = turn.person(id).await?;
    let facts = store::one(&mut turn.tx, row.tenant_id, id).await?;
    Ok(resource::user(&base(turn.app), &row, &facts))
}

async fn all(tx: &mut Tx, actor: &Actor) -> sqlx::Result<Vec<UserRow>> {
    let order = UserOrder {
        by: UserSort::Email,
        descending: false,
    };
    people::users(tx, actor.tenant, "", order).await
}

/// Every role.
pub(super) async fn groups(app: &App, actor: &Actor) -> Result<Vec<Value>, ScimError> {
    rights::authorize(actor, Action::ListUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let rows = all(&mut tx, actor).await?;
    let base = base(app);
    let shown = |role| resource::group(&base, role, &rows);
    Ok(Role::ALL.into_iter().map(shown).collect())
}

/// One role.
pub(super) async fn group(app: &App, actor: &Actor, id: &str) -> Result<Value, ScimError> {
    let role = role_of(id);
    let groups = groups(app, actor).await?;
    let role = role?;
    let found = groups.into_iter().find(|group| group["id"] == role.name());
    found.ok_or_else(ScimError::not_found)
}

/// Gives a role to those who are new among its members, and takes it from those who are no members any more: they are
/// users then. All of it, or nothing.
pub(super) async fn change_group(
    app: &App,
    actor: &Actor,
    id: &str,
    change: Change,
    only: &Match,
) -> Result<Value, ScimError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let role = role_of(id)?;
    let mut turn = Turn::begin(app, actor).await?;
    let rows = all(&mut turn.tx, actor).await?;
    let before = resource::group(&base(app), role, &rows);
    only.check(&before)?;
    let after = match change {
        Change::Replace(body) => {
            check_fixed_of_put(&before, &body, "displayName")?;
            body
        }
        Change::Patch(patch) => {
            let after = patch::apply(patch, before.clone(), schema::group())?;
            check_fixed(&before, &after, schema::group())?;
            check_required(&after, schema::group())?;
            after
        }
    };
    let wanted = resource::wanted_members(&after)?;
    give_role(&mut turn, &rows, role, &wanted).await?;
    let rows = all(&mut turn.tx, actor).await?;
    let after = resource::group(&base(app), role, &rows);
    turn.commit().await?;
    Ok(after)
}

async fn give_role(
    turn: &mut Turn<'_>,
    rows: &[UserRow],
    role: Role,
    wanted: &BTreeSet<UserId>,
) -> Result<(), ScimError> {
    let known: BTreeSet<UserId> = rows.iter().map(|row| row.id).collect();
    if !wanted.is_subset(&known) {
        // A stranger and nobody look the same.
        return Err(ScimError::bad(
            "invalidValue",
            "A member is a person of the organisation",
        ));
    }
    // Those who come first, so that a new administrator counts before an old one goes.
    let comes = |row: &&UserRow| wanted.contains(&row.id) && row.role != role.name();
    let goes = |row: &&UserRow| !wanted.contains(&row.id) && row.role == role.name();
    let coming = rows.iter().filter(comes).map(|row| (row, role));
    let going = rows.iter().filter(goes).map(|row| (row, Role::User));
    for (row, role) in coming.chain(going) {
        // Everybody has a role: who is taken out of the users stays one.
        if row.role != role.name() {
            let draft = Draft {
                full_name: row.full_name.clone(),
                role: role.name().to_owned(),
                ..Draft::default()
            };
            turn.edit(row, &draft).await?;
        }
    }
    Ok(())
}

fn role_of(id: &str) -> Result<Role, ScimError> {
    Role::from_name(id).ok_or_else(ScimError::not_found)
}

fn id_of(text: &str) -> Result<UserId, ScimError> {
    text.parse().map_err(|_| ScimError::not_found())
}
