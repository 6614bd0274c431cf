//! Accounts and sign-in.

pub mod account;
pub(crate) mod api;
pub(crate) mod checks;
mod client;
mod counting;
pub mod devices;
pub mod factors;
pub mod failures;
pub mod federation;
pub mod forgot;
pub(crate) mod founding;
pub mod http;
pub mod lifecycle;
mod lifecycle_http;
pub mod lifecycle_page;
#[cfg(test)]
mod lifecycle_tests;
pub mod page;
pub mod passkeys;
pub mod password;
pub mod people;
pub mod policy;
pub mod register;
mod rights_http;
pub(crate) mod scim;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
mod turn;

pub use account::WebSessionRow;
pub(crate) use api::Doc as ApiDoc;
pub use client::Client;
pub(crate) use client::browser_of;
pub(crate) use counting::{Headcount, headcount};
pub(crate) use devices::device_routes;
pub(crate) use federation::{confirm_domain, withdraw_domain};
pub(crate) use founding::{check_founder, found};
pub(crate) use lifecycle::{Draft as PersonDraft, Issued, LifecycleError, Wrong as PersonWrong};
pub(crate) use policy::{Gate, admits_program, gate, good_web_sessions, shut_out};
pub(crate) use register::ApiDoc as RegisterApiDoc;
pub use store::UserRow;

use crate::{
    actor::{Actor, Role},
    db::Tx,
    grants,
    portal::Lang,
};
use std::collections::HashSet;
use wire::ids::{TenantId, UserId};

/// As what an address is counted where attempts are bounded.
pub(crate) fn counted(address: &str) -> String {
    failures::counted(address)
}

/// What a session needs to know of its person.
#[derive(Clone, Debug)]
pub struct SessionUser {
    /// The login name inside.
    pub login: String,
    /// The name as shown.
    pub full_name: String,
}

/// A person who may work, for the start of their session.
pub async fn session_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Option<SessionUser>> {
    let row = store::user(tx, tenant, user).await?;
    Ok(row
        .filter(|row| row.state == "active")
        .map(|row| SessionUser {
            login: row.login,
            full_name: row.full_name,
        }))
}

/// Everybody who was removed; of all customers, for the reconciler.
pub async fn removed(tx: &mut Tx) -> sqlx::Result<HashSet<UserId>> {
    Ok(store::removed(tx).await?.into_iter().collect())
}

/// The language in which a person last signed in, while it is known.
pub(crate) async fn language(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Option<Lang>> {
    let tag = store::language(tx, tenant, user).await?;
    Ok(tag.as_deref().and_then(Lang::from_tag))
}

/// A person's name; of somebody removed too, since records keep it.
pub(crate) async fn name(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<String> {
    let row = store::user(tx, tenant, user).await?;
    Ok(row.map_or_else(String::new, |row| row.full_name))
}

/// A person who may work.
pub(crate) async fn active_person(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Option<UserRow>> {
    let row = store::user(tx, tenant, user).await?;
    Ok(row.filter(|row| row.state == "active"))
}

/// A person who may work, as who acts: with their rights, and from nowhere.
pub(crate) async fn actor_of(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Option<Actor>> {
    let Some(row) = active_person(tx, tenant, user).await? else {
        return Ok(None);
    };
    let Some(role) = Role::from_name(&row.role) else {
        return Ok(None);
    };
    Ok(Some(Actor {
        tenant,
        user,
        role,
        full_name: row.full_name,
        address: String::new(),
        scopes: None,
        grants: grants::service::of_person(tx, tenant, user).await?,
    }))
}

/// The name of somebody, also of who was removed; empty for nobody.
pub(crate) async fn name_of(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<String> {
    let row = store::user(tx, tenant, user).await?;
    Ok(row.map(|row| row.full_name).unwrap_or_default())
}

/// A person who was not removed.
pub(crate) async fn person(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Option<UserRow>> {
    let row = store::user(tx, tenant, user).await?;
    Ok(row.filter(|row| row.state != "removed"))
}

/// The organisation's person of an address as it was typed.
pub(crate) async fn person_of_email(
    tx: &mut Tx,
    tenant: TenantId,
    email: &str,
) -> sqlx::Result<Option<UserRow>> {
    let row = store::user_by_email(tx, &service::normal(email)).await?;
    Ok(row.filter(|row| row.tenant_id == tenant && row.state != "removed"))
}

/// Waits for whoever changes the organisation's people now; nobody else does until the transaction's end.
pub(crate) async fn hold_people(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<()> {
    store::lock_people(tx, tenant).await
}

/// Everybody who may not work any more; of all customers, for the reconciler.
pub async fn suspended(tx: &mut Tx) -> sqlx::Result<HashSet<UserId>> {
    Ok(store::suspended(tx).await?.into_iter().collect())
}
