//! What administrators do with their organisation's provider, and what it means for passwords.

use super::{
    Trouble,
    answers::Metadata,
    known,
    settings::{self, Draft, Settings, Wrong},
    store::{self, DomainRow, Provider},
};
use crate::{
    activity::{self, What},
    actor::{Actor, Role},
    app::{App, new_uuid},
    db::Tx,
    identity::{
        page::UserSort,
        store::{self as people, UserOrder, UserRow},
    },
    portal::Key,
    rights::{self, Action, Denied},
    tenancy,
};
use std::sync::Arc;
use wire::ids::{TenantId, UserId};

/// What is known of an organisation's provider.
#[derive(Debug)]
pub(super) struct State {
    /// Nothing when there is none.
    pub(super) kept: Option<Kept>,
    /// Administrators who could keep their passwords.
    pub(super) administrators: Vec<(UserId, String)>,
    /// The organisation's code.
    pub(super) code: String,
}

/// What is kept of a provider. The secret is not among it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) settings: Settings,
    pub(super) domains: Vec<DomainRow>,
    /// People who sign in by it.
    pub(super) people: i64,
    /// Active people who have no password.
    pub(super) without_password: i64,
    /// Whether administrators' passwords open the door although they are closed, since nobody else's would.
    pub(super) is_reopened: bool,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum FederationError {
    #[error("not allowed")]
    Denied(#[from] Denied),
    #[error("the form is not filled in well")]
    Wrong(Box<Wrong>),
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

pub(super) async fn state(app: &App, actor: &Actor) -> Result<State, FederationError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let administrators = administrators(&mut tx, actor.tenant).await?;
    let code = tenancy::service::code(&mut tx, actor.tenant).await?;
    let kept = match store::provider(&mut tx, actor.tenant).await? {
        Some(provider) => Some(Kept {
            domains: store::domains(&mut tx, actor.tenant).await?,
            people: store::bound(&mut tx, actor.tenant, &provider.issuer).await?,
            without_password: store::without_password(&mut tx, actor.tenant).await?,
            is_reopened: provider.settings.closes(Role::Administrator.name())
                && !has_emergency(&mut tx, actor.tenant, &provider.settings).await?,
            issuer: provider.issuer,
            client_id: provider.client_id,
            settings: provider.settings,
        }),
        None => None,
    };
    Ok(State {
        kept,
        administrators,
        code,
    })
}

/// Administrators who are there and have a password.
async fn administrators(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<(UserId, String)>> {
    let order = UserOrder {
        by: UserSort::Name,
        descending: false,
    };
    let people = people::users(tx, tenant, "", order).await?;
    let people = people.into_iter().filter(can_enter);
    Ok(people.map(|user| (user.id, user.full_name)).collect())
}

fn can_enter(user: &UserRow) -> bool {
    user.role == Role::Administrator.name()
        && user.state == "active"
        && user.password_hash.is_some()
}

/// Keeps what is said of the provider. A secret that is left empty stays, as long as issuer and client do: another server
/// does not get to see it.
pub(super) async fn save(app: &App, actor: &Actor, draft: &Draft) -> Result<(), FederationError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let read = draft
        .check()
        .map_err(|wrong| FederationError::Wrong(Box::new(wrong)))?;
    let wrong = |wrong| Err(FederationError::Wrong(Box::new(wrong)));
    let mut tx = app.db.begin(actor.tenant).await?;
    people::lock_people(&mut tx, actor.tenant).await?;
    let before = store::provider(&mut tx, actor.tenant).await?;
    let is_same = |old: &&Provider| old.issuer == read.issuer && old.client_id == read.client_id;
    let secret = match before.as_ref().filter(is_same) {
        Some(old) if read.client_secret.is_empty() => old.client_secret.clone(),
        _ => read.client_secret,
    };
    if secret.is_empty() {
        return wrong(Wrong {
            client_secret: Some(Key("federation.wrong.secret_missing")),
            ..Wrong::default()
        });
    }
    if read.settings.closes(Role::Administrator.name())
        && !has_emergency(&mut tx, actor.tenant, &read.settings).await?
    {
        return wrong(Wrong {
            closed: Some(Key("federation.wrong.emergency")),
            ..Wrong::default()
        });
    }
    let new = Provider {
        id: new_uuid(&app.clock),
        tenant: actor.tenant,
        issuer: read.issuer,
        client_id: read.client_id,
        client_secret: secret,
        settings: read.settings,
        changed_at_ms: app.clock.now_ms(),
    };
    let counts_otherwise =
        |old: &Provider| old.issuer != new.issuer || old.settings.factors != new.settings.factors;
    if before.as_ref().is_some_and(counts_otherwise) {
        store::forget_factors(&mut tx, actor.tenant).await?;
    }
    store::put_provider(&mut tx, &new).await?;
    put_domains(app, &mut tx, actor.tenant, &read.domains).await?;
    // What is said now stands in the log, without the secret, so that it can be told later what held when.
    let settings = serde_json::to_string(&new.settings).unwrap_or_default();
    let detail = format!(
        "{} {} [{}] {settings}",
        new.issuer,
        new.client_id,
        read.domains.join(" ")
    );
    activity::append(
        app,
        &mut tx,
        actor,
        What::FederationChanged,
        new.id,
        &detail,
    )
    .await?;
    tx.commit().await?;
    for provider in before.iter().chain([&new]) {
        app.providers.forget(&provider.issuer);
    }
    Ok(())
}

/// Domains that stay keep their confirmation.
async fn put_domains(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    domains: &[String],
) -> sqlx::Result<()> {
    let before = store::domains(tx, tenant).await?;
    for gone in before.iter().filter(|row| !domains.contains(&row.domain)) {
        store::drop_domain(tx, tenant, &gone.domain).await?;
    }
    let is_new = |domain: &&String| before.iter().all(|row| row.domain != **domain);
    for domain in domains.iter().filter(is_new) {
        store::add_domain(tx, (new_uuid(&app.clock), tenant), domain).await?;
    }
    Ok(())
}

/// Nobody signs in by the provider any more, and who was bound to it is not: should it come back, people are found by their
/// addresses again.
pub(super) async fn remove(app: &App, actor: &Actor) -> Result<(), FederationError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let Some(provider) = store::provider(&mut tx, actor.tenant).await? else {
        return Ok(());
    };
    store::drop_provider(&mut tx, actor.tenant).await?;
    put_domains(app, &mut tx, actor.tenant, &[]).await?;
    store::forget_factors(&mut tx, actor.tenant).await?;
    store::unbind_all(&mut tx, actor.tenant).await?;
    let (what, detail) = (What::FederationRemoved, &provider.issuer);
    activity::append(app, &mut tx, actor, what, provider.id, detail).await?;
    tx.commit().await?;
    app.providers.forget(&provider.issuer);
    Ok(())
}

/// Asks the provider what it says of itself, now. `None` when there is none.
pub(super) async fn test(
    app: &App,
    actor: &Actor,
) -> Result<Option<Result<Arc<Metadata>, Trouble>>, FederationError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let Some(provider) = store::provider(&mut tx, actor.tenant).await? else {
        return Ok(None);
    };
    let (what, detail) = (What::FederationTested, &provider.issuer);
    activity::append(app, &mut tx, actor, what, provider.id, detail).await?;
    tx.commit().await?;
    app.providers.forget(&provider.issuer);
    Ok(Some(known::metadata(app, &provider.issuer).await))
}

/// Whether the administrator who is named for emergencies could sign in with their password.
async fn has_emergency(tx: &mut Tx, tenant: TenantId, settings: &Settings) -> sqlx::Result<bool> {
    let Some(id) = settings.emergency else {
        return Ok(false);
    };
    let user = people::user(tx, tenant, id).await?;
    Ok(user.is_some_and(|user| can_enter(&user)))
}

pub(super) async fn closes_password(tx: &mut Tx, user: &UserRow) -> sqlx::Result<bool> {
    let Some(settings) = store::settings(tx, user.tenant_id).await? else {
        return Ok(false);
    };
    if !settings.closes(&user.role) {
        return Ok(false);
    }
    if user.role != Role::Administrator.name() {
        return Ok(true);
    }
    Ok(settings.emergency != Some(user.id) && has_emergency(tx, user.tenant_id, &settings).await?)
}

/// The service's operator has made sure that a domain is a customer's: the sign-in page leads its addresses to the
/// customer's provider from now on. `false` when the customer does not name it, or it is confirmed already. That another
/// customer has it is an error of uniqueness. `who` is the operator's name; empty on the control plane itself.
pub(crate) async fn confirm_domain(
    app: &App,
    tx: &mut Tx,
    (tenant, who): (TenantId, &str),
    domain: &str,
) -> sqlx::Result<bool> {
    let domain = settings::compared(domain.trim()).unwrap_or_default();
    let done = store::confirm_domain(tx, tenant, &domain, app.clock.now_ms()).await?;
    if done {
        let what = What::FederationDomainConfirmed;
        told(app, tx, (tenant, who), (what, &domain)).await?;
    }
    Ok(done)
}

/// The domain is not known to be the customer's any more: the sign-in page leads nobody to the customer's provider by it.
/// `false` when it was not confirmed.
pub(crate) async fn withdraw_domain(
    app: &App,
    tx: &mut Tx,
    (tenant, who): (TenantId, &str),
    domain: &str,
) -> sqlx::Result<bool> {
    let domain = settings::compared(domain.trim()).unwrap_or_default();
    let done = store::withdraw_domain(tx, tenant, &domain).await?;
    if done {
        let what = What::FederationDomainWithdrawn;
        told(app, tx, (tenant, who), (what, &domain)).await?;
    }
    Ok(done)
}

async fn told(
    app: &App,
    tx: &mut Tx,
    (tenant, who): (TenantId, &str),
    (what, domain): (What, &str),
) -> sqlx::Result<()> {
    let record = activity::Record {
        tenant: Some(tenant),
        user: None,
        who,
        address: "",
        what,
        subject: Some(tenant.0),
        detail: domain,
    };
    activity::append_record(app, tx, &record).await
}

/// How many roles' passwords are closed, and how many people of theirs got in by one since.
pub(super) async fn around(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<(i64, i64)> {
    let Some(provider) = store::provider(tx, tenant).await? else {
        return Ok((0, 0));
    };
    let settings = &provider.settings;
    let administrators = Role::Administrator.name();
    let is_reopened =
        settings.closes(administrators) && !has_emergency(tx, tenant, settings).await?;
    let around = store::by_password(tx, tenant, provider.changed_at_ms)
        .await?
        .into_iter()
        .filter(|(id, role)| {
            let is_kept =
                role == administrators && (is_reopened || settings.emergency == Some(*id));
            settings.closes(role) && !is_kept
        })
        .count();
    let closed = i64::try_from(settings.closed.len()).unwrap_or(i64::MAX);
    Ok((closed, i64::try_from(around).unwrap_or(i64::MAX)))
}
