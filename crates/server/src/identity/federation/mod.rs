//! Sign-in by an organisation's own provider: OpenID Connect 1.0, the code flow with PKCE (RFC 7636), state and nonce.
//!
//! The issuer is the customer's input, so every request to it is guarded (`outgoing`). What a sign-in is checked with when it
//! comes back is in the browser's cookie; the database knows hashes, and lets each attempt end once. A person is found by
//! a verified address the first time, and by issuer and subject ever after.

#[cfg(test)]
mod admin_tests;
mod answers;
mod attempt;
pub(super) mod checks;
mod door;
#[cfg(test)]
mod door_tests;
mod enter;
#[cfg(test)]
pub(crate) mod fake;
pub(super) mod http;
mod known;
mod oidc;
mod outgoing;
#[cfg(test)]
mod own_tests;
pub mod page;
#[cfg(test)]
mod password_tests;
mod person;
pub(crate) mod service;
pub mod settings;
mod store;
#[cfg(test)]
mod tests;
mod trouble;

pub use known::Known;
pub(crate) use service::{confirm_domain, withdraw_domain};
pub use trouble::Trouble;

use super::{service::NewWebSession, store::UserRow};
use crate::{app::secret_hash, db::Tx};
use uuid::Uuid;
use wire::ids::TenantId;

/// Whether somebody's password does not open the door. The administrator who is named for emergencies keeps theirs; when that
/// one cannot sign in any more, all administrators' passwords open the door again, so that nobody is locked out.
pub(super) async fn closes_password(tx: &mut Tx, user: &UserRow) -> sqlx::Result<bool> {
    service::closes_password(tx, user).await
}

/// The provider that vouched for a sign-in that waits for its second factor, if one did.
pub(super) async fn provider_of_step(tx: &mut Tx, step: &str) -> sqlx::Result<Option<Uuid>> {
    store::provider_of_step(tx, step).await
}

/// The session to which such a sign-in has led is one that the provider vouched for.
pub(super) async fn carry_over(
    tx: &mut Tx,
    session: &NewWebSession,
    provider: Option<Uuid>,
) -> sqlx::Result<()> {
    match provider {
        Some(provider) => {
            store::mark_session(tx, &secret_hash(&session.token), provider, None).await
        }
        None => Ok(()),
    }
}

/// Whether a provider vouched for the person of the session of the web with a secret.
pub(super) async fn has_vouched(tx: &mut Tx, session: &str) -> sqlx::Result<bool> {
    store::has_vouched(tx, &secret_hash(session)).await
}

/// Whether somebody has signed in by a provider of the organisation, that it has or had.
pub(super) async fn is_known(tx: &mut Tx, user: &UserRow) -> sqlx::Result<bool> {
    store::is_known(tx, (user.tenant_id, user.id)).await
}

/// Whether the provider's own second factor counted when somebody last signed in by it.
pub(super) async fn has_factor(tx: &mut Tx, user: &UserRow) -> sqlx::Result<bool> {
    store::has_factor(tx, (user.tenant_id, user.id)).await
}

/// Whether an organisation has a provider, by which its people can prove who they are.
pub(super) async fn is_on(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<bool> {
    Ok(store::settings(tx, tenant).await?.is_some())
}
