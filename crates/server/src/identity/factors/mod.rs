//! Second factors: one-time codes of an authenticator app, passkeys, and recovery codes for when they are lost.
//!
//! A sign-in whose password was right is no session yet: it is a *step* with a secret and a cookie of its own, which
//! opens the page that asks for the factor and nothing else. The session gets another secret when the factor was right.

pub(super) mod http;
pub mod page;
mod recovery;
pub mod service;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use super::{
    Client, passkeys,
    service::{NewWebSession, open},
    store::UserRow,
};
use crate::{
    activity::What,
    app::{App, secret_hash},
    db::Tx,
};
use wire::ids::{TenantId, UserId};

/// How long a sign-in waits for its second factor, in milliseconds.
pub const STEP_MS: i64 = 10 * 60 * 1000;

/// What a right password leads to.
#[derive(Debug)]
pub enum Entered {
    /// Into the portal.
    In(NewWebSession),
    /// To the second factor, with the secret of the step.
    Step(String),
}

/// Lets somebody in whose password is right, or asks for the second factor if they have one. `what` is recorded when they
/// are in, and a password that was set also when they are not yet.
pub(super) async fn enter(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    client: &Client,
    what: What,
) -> sqlx::Result<Entered> {
    let who = (user.tenant_id, user.id);
    if !store::is_on(tx, who).await? {
        return Ok(Entered::In(open(app, tx, user, client, (what, "")).await?));
    }
    let now_ms = app.clock.now_ms();
    store::drop_old_steps(tx, now_ms - STEP_MS).await?;
    let token = app.new_secret();
    store::insert_step(tx, &secret_hash(&token), who, now_ms).await?;
    if what == What::PasswordSet {
        let record = super::service::record(user, &client.address, what);
        crate::activity::append_record(app, tx, &record).await?;
    }
    Ok(Entered::Step(token))
}

/// Whether somebody signs in with a second factor: one-time codes or a passkey.
pub(super) async fn is_on(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<bool> {
    store::is_on(tx, (tenant, user)).await
}

/// Whoever waits for a second factor has to begin anew: the password changed, or the person may not come in.
pub(super) async fn forget_steps(tx: &mut Tx, user: &UserRow) -> sqlx::Result<()> {
    store::drop_steps(tx, (user.tenant_id, user.id)).await
}

/// The sign-in that waits under a secret waits no more; `false` when somebody was faster.
pub(super) async fn take_step(tx: &mut Tx, token: &str) -> sqlx::Result<bool> {
    store::take_step(tx, &secret_hash(token)).await
}

/// A person without a factor needs no recovery codes.
pub(super) async fn forget_codes(tx: &mut Tx, who: (TenantId, UserId)) -> sqlx::Result<()> {
    store::drop_codes(tx, who).await
}

/// Nothing of a person's factors is kept.
pub(super) async fn forget(tx: &mut Tx, user: &UserRow) -> sqlx::Result<()> {
    let who = (user.tenant_id, user.id);
    passkeys::store::remove_of(tx, who).await?;
    store::drop_authenticator(tx, who).await?;
    store::drop_codes(tx, who).await?;
    store::drop_steps(tx, who).await
}
