//! All SQL about organisations' own providers, and who people are to them.

use super::settings::Settings;
use crate::{
    db::{Tx, on},
    keys::{Owner, Place},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A provider as it is used.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) id: Uuid,
    pub(super) tenant: TenantId,
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) settings: Settings,
    pub(super) changed_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct ProviderRow {
    id: Uuid,
    tenant_id: TenantId,
    issuer: String,
    client_id: String,
    client_secret: String,
    settings: String,
    changed_at_ms: i64,
}

/// A domain of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct DomainRow {
    pub(crate) domain: String,
    pub(crate) confirmed_at_ms: Option<i64>,
}

/// A sign-in that went to a provider.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct AttemptRow {
    pub(super) tenant_id: TenantId,
    pub(super) provider_id: Uuid,
    pub(super) session_id: Option<Uuid>,
    pub(super) next: String,
    pub(super) created_at_ms: i64,
}

const PROVIDER: &str =
    "SELECT id, tenant_id, issuer, client_id, client_secret, settings, changed_at_ms
    FROM federation_providers WHERE tenant_id = $1";
const SETTINGS: &str = "SELECT settings FROM federation_providers WHERE tenant_id = $1";
const DROP_PROVIDER: &str = "DELETE FROM federation_providers WHERE tenant_id = $1";
const INSERT_PROVIDER: &str = "INSERT INTO federation_providers
    (id, tenant_id, issuer, client_id, client_secret, settings, changed_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const DOMAINS: &str =
    "SELECT domain, confirmed_at_ms FROM federation_domains WHERE tenant_id = $1 ORDER BY domain";
const INSERT_DOMAIN: &str =
    "INSERT INTO federation_domains (id, tenant_id, domain) VALUES ($1, $2, $3)";
const DROP_DOMAIN: &str = "DELETE FROM federation_domains WHERE tenant_id = $1 AND domain = $2";
const CONFIRM: &str = "UPDATE federation_domains SET confirmed_at_ms = $3
    WHERE tenant_id = $1 AND domain = $2 AND confirmed_at_ms IS NULL";
const WITHDRAW: &str = "UPDATE federation_domains SET confirmed_at_ms = NULL
    WHERE tenant_id = $1 AND domain = $2 AND confirmed_at_ms IS NOT NULL";
const WHOSE_DOMAIN: &str = "SELECT d.tenant_id FROM federation_domains d
    JOIN federation_providers p ON p.tenant_id = d.tenant_id
    WHERE d.domain = $1 AND d.confirmed_at_ms IS NOT NULL";
const PERSON: &str =
    "SELECT user_id FROM federated_people WHERE tenant_id = $1 AND subject_index = $2";
const IS_BOUND: &str =
    "SELECT count(*) FROM federated_people WHERE tenant_id = $1 AND user_id = $2 AND issuer = $3";
const IS_KNOWN: &str =
    "SELECT count(*) FROM federated_people WHERE tenant_id = $1 AND user_id = $2";
const BOUND: &str = "SELECT count(*) FROM federated_people f JOIN users u ON u.id = f.user_id
    WHERE f.tenant_id = $1 AND f.issuer = $2 AND u.state <> 'removed'";
const DROP_PERSON: &str =
    "DELETE FROM federated_people WHERE tenant_id = $1 AND subject_index = $2";
const UNBIND_ALL: &str = "DELETE FROM federated_people WHERE tenant_id = $1";
const BIND: &str = "INSERT INTO federated_people
    (id, tenant_id, user_id, issuer, subject_index, bound_at_ms) VALUES ($1, $2, $3, $4, $5, $6)";
const SET_FACTOR: &str =
    "UPDATE federated_people SET factor_at_ms = $3 WHERE tenant_id = $1 AND subject_index = $2";
const FORGET_FACTORS: &str = "UPDATE federated_people SET factor_at_ms = NULL WHERE tenant_id = $1";
const FORGET_FACTORS_OF_SESSIONS: &str =
    "UPDATE web_sessions SET provider_factor_at_ms = NULL WHERE tenant_id = $1";
const HAS_FACTOR: &str = "SELECT count(*) FROM federated_people
    WHERE tenant_id = $1 AND user_id = $2 AND factor_at_ms IS NOT NULL";
const INSERT_ATTEMPT: &str = "INSERT INTO federation_attempts
    (state_hash, tenant_id, provider_id, browser_hash, address_hash, session_id, next, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const WAITING: &str =
    "SELECT count(*) FROM federation_attempts WHERE tenant_id = $1 AND address_hash = $2";
const ATTEMPT: &str =
    "SELECT tenant_id, provider_id, session_id, next, created_at_ms FROM federation_attempts
    WHERE state_hash = $1 AND browser_hash = $2 AND created_at_ms > $3";
const DROP_ATTEMPT: &str = "DELETE FROM federation_attempts WHERE state_hash = $1";
const DROP_OLD_ATTEMPTS: &str = "DELETE FROM federation_attempts WHERE created_at_ms <= $1";
const MARK_SESSION: &str =
    "UPDATE web_sessions SET provider_id = $2, provider_factor_at_ms = $3 WHERE token_hash = $1";
const HAS_VOUCHED: &str =
    "SELECT count(*) FROM web_sessions WHERE token_hash = $1 AND provider_id IS NOT NULL";
const MARK_STEP: &str = "UPDATE sign_in_steps SET provider_id = $2 WHERE token_hash = $1";
const PROVIDER_OF_STEP: &str =
    "SELECT provider_id FROM sign_in_steps WHERE token_hash = $1 AND provider_id IS NOT NULL";
const WITHOUT_PASSWORD: &str = "SELECT count(*) FROM users
    WHERE tenant_id = $1 AND state = 'active' AND password_hash IS NULL";
const BY_PASSWORD: &str = "SELECT u.id, u.role FROM web_sessions w JOIN users u ON u.id = w.user_id
    WHERE w.tenant_id = $1 AND w.provider_id IS NULL AND w.created_at_ms > $2 AND u.state = 'active'
    AND (u.changed_at_ms IS NULL OR u.changed_at_ms <= w.created_at_ms)";

fn place(row: Uuid) -> Place {
    Place {
        table: "federation_providers",
        column: "client_secret",
        row,
    }
}

fn read(settings: &str) -> sqlx::Result<Settings> {
    serde_json::from_str(settings).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) async fn provider(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<Provider>> {
    let row: Option<ProviderRow> =
        on!(tx, c => sqlx::query_as(PROVIDER).bind(tenant).fetch_optional(c).await)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let owner = Owner::Tenant(row.tenant_id);
    Ok(Some(Provider {
        client_secret: tx
            .unseal_text(owner, place(row.id), &row.client_secret)
            .await?,
        settings: read(&row.settings)?,
        id: row.id,
        tenant: row.tenant_id,
        issuer: row.issuer,
        client_id: row.client_id,
        changed_at_ms: row.changed_at_ms,
    }))
}

/// What is asked of passwords, without opening the secret.
pub(super) async fn settings(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<Settings>> {
    let text: Option<String> =
        on!(tx, c => sqlx::query_scalar(SETTINGS).bind(tenant).fetch_optional(c).await)?;
    text.as_deref().map(read).transpose()
}

/// In the place of the one that there was.
pub(super) async fn put_provider(tx: &mut Tx, new: &Provider) -> sqlx::Result<()> {
    drop_provider(tx, new.tenant).await?;
    let owner = Owner::Tenant(new.tenant);
    let sealed = tx
        .seal(owner, place(new.id), new.client_secret.as_bytes())
        .await?;
    let settings =
        serde_json::to_string(&new.settings).map_err(|error| sqlx::Error::Encode(error.into()))?;
    on!(tx, c => sqlx::query(INSERT_PROVIDER).bind(new.id).bind(new.tenant).bind(&new.issuer)
        .bind(&new.client_id).bind(sealed).bind(settings).bind(new.changed_at_ms)
        .execute(c).await.map(drop))
}

pub(super) async fn drop_provider(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_PROVIDER).bind(tenant).execute(c).await.map(drop))
}

pub(super) async fn domains(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<DomainRow>> {
    on!(tx, c => sqlx::query_as(DOMAINS).bind(tenant).fetch_all(c).await)
}

pub(super) async fn add_domain(
    tx: &mut Tx,
    (id, tenant): (Uuid, TenantId),
    domain: &str,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_DOMAIN).bind(id).bind(tenant).bind(domain).execute(c).await.map(drop))
}

pub(super) async fn drop_domain(tx: &mut Tx, tenant: TenantId, domain: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_DOMAIN).bind(tenant).bind(domain).execute(c).await.map(drop))
}

/// The sign-in page leads there from now on; `false` when it does already, or the domain is not there. That another
/// organisation has it confirmed is an error of uniqueness.
pub(super) async fn confirm_domain(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(CONFIRM).bind(tenant).bind(domain).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// The sign-in page leads there no more; `false` when it did not.
pub(super) async fn withdraw_domain(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(WITHDRAW).bind(tenant).bind(domain).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// Whose a domain is.
pub(super) async fn whose_domain(tx: &mut Tx, domain: &str) -> sqlx::Result<Option<TenantId>> {
    on!(tx, c => sqlx::query_scalar(WHOSE_DOMAIN).bind(domain).fetch_optional(c).await)
}

/// By what somebody is found: a keyed hash, so that who has the database learns no identifiers.
pub(super) async fn subject_index(
    tx: &mut Tx,
    provider: &Provider,
    subject: &str,
) -> sqlx::Result<String> {
    let value = format!("{}\n{subject}", provider.issuer);
    tx.index("federated_people.subject", &value).await
}

/// Who a subject is.
pub(super) async fn person(
    tx: &mut Tx,
    tenant: TenantId,
    subject: &str,
) -> sqlx::Result<Option<UserId>> {
    on!(tx, c => sqlx::query_scalar(PERSON).bind(tenant).bind(subject).fetch_optional(c).await)
}

/// Whether a person is some subject of an issuer already.
pub(super) async fn is_bound(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    issuer: &str,
) -> sqlx::Result<bool> {
    let count: i64 = on!(tx, c => sqlx::query_scalar(IS_BOUND).bind(tenant).bind(user).bind(issuer)
        .fetch_one(c).await)?;
    Ok(count > 0)
}

/// Whether a person is some subject, of whichever issuer.
pub(super) async fn is_known(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
) -> sqlx::Result<bool> {
    let count: i64 =
        on!(tx, c => sqlx::query_scalar(IS_KNOWN).bind(tenant).bind(user).fetch_one(c).await)?;
    Ok(count > 0)
}

/// How many people sign in by an issuer.
pub(super) async fn bound(tx: &mut Tx, tenant: TenantId, issuer: &str) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(BOUND).bind(tenant).bind(issuer).fetch_one(c).await)
}

/// A subject is a person from now on, and nobody else any more.
pub(super) async fn bind(
    tx: &mut Tx,
    (id, user): (Uuid, UserId),
    (provider, subject): (&Provider, &str),
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_PERSON).bind(provider.tenant).bind(subject).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(BIND).bind(id).bind(provider.tenant).bind(user).bind(&provider.issuer)
        .bind(subject).bind(now_ms).execute(c).await.map(drop))
}

/// No subject is anybody any more.
pub(super) async fn unbind_all(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(UNBIND_ALL).bind(tenant).execute(c).await.map(drop))
}

pub(super) async fn set_factor(
    tx: &mut Tx,
    tenant: TenantId,
    subject: &str,
    at_ms: Option<i64>,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_FACTOR).bind(tenant).bind(subject).bind(at_ms).execute(c).await.map(drop))
}

/// No factor of a provider counts any more, until its people sign in by it again.
pub(super) async fn forget_factors(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(FORGET_FACTORS).bind(tenant).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(FORGET_FACTORS_OF_SESSIONS).bind(tenant).execute(c).await.map(drop))
}

pub(super) async fn has_factor(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
) -> sqlx::Result<bool> {
    let count: i64 =
        on!(tx, c => sqlx::query_scalar(HAS_FACTOR).bind(tenant).bind(user).fetch_one(c).await)?;
    Ok(count > 0)
}

pub(super) async fn insert_attempt(
    tx: &mut Tx,
    (state, browser, address): (&str, &str, &str),
    row: &AttemptRow,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_ATTEMPT).bind(state).bind(row.tenant_id).bind(row.provider_id)
        .bind(browser).bind(address).bind(row.session_id).bind(&row.next).bind(row.created_at_ms)
        .execute(c).await.map(drop))
}

/// How many attempts from an address have not come back.
pub(super) async fn waiting(tx: &mut Tx, tenant: TenantId, address: &str) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(WAITING).bind(tenant).bind(address).fetch_one(c).await)
}

/// Takes an attempt of a browser that began after a moment: whoever comes second finds nothing, and what another browser
/// brings is used up.
pub(super) async fn take_attempt(
    tx: &mut Tx,
    (state, browser): (&str, &str),
    after_ms: i64,
) -> sqlx::Result<Option<AttemptRow>> {
    let row: Option<AttemptRow> = on!(tx, c => sqlx::query_as(ATTEMPT).bind(state).bind(browser)
        .bind(after_ms).fetch_optional(c).await)?;
    let taken = on!(tx, c => sqlx::query(DROP_ATTEMPT).bind(state).execute(c).await
        .map(|r| r.rows_affected() == 1));
    match row {
        Some(row) if taken? => Ok(Some(row)),
        _ => Ok(None),
    }
}

pub(super) async fn drop_old_attempts(tx: &mut Tx, before_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD_ATTEMPTS).bind(before_ms).execute(c).await.map(drop))
}

pub(super) async fn mark_session(
    tx: &mut Tx,
    session: &str,
    provider: Uuid,
    factor_at_ms: Option<i64>,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(MARK_SESSION).bind(session).bind(provider).bind(factor_at_ms)
        .execute(c).await.map(drop))
}

/// Whether a session is one that a provider vouched for.
pub(super) async fn has_vouched(tx: &mut Tx, session: &str) -> sqlx::Result<bool> {
    let count: i64 =
        on!(tx, c => sqlx::query_scalar(HAS_VOUCHED).bind(session).fetch_one(c).await)?;
    Ok(count > 0)
}

pub(super) async fn mark_step(tx: &mut Tx, step: &str, provider: Uuid) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(MARK_STEP).bind(step).bind(provider).execute(c).await.map(drop))
}

pub(super) async fn provider_of_step(tx: &mut Tx, step: &str) -> sqlx::Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar(PROVIDER_OF_STEP).bind(step).fetch_optional(c).await)
}

/// How many have no password.
pub(super) async fn without_password(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(WITHOUT_PASSWORD).bind(tenant).fetch_one(c).await)
}

/// People whose session of the web began after a moment with a password, with their roles.
pub(super) async fn by_password(
    tx: &mut Tx,
    tenant: TenantId,
    after_ms: i64,
) -> sqlx::Result<Vec<(UserId, String)>> {
    on!(tx, c => sqlx::query_as(BY_PASSWORD).bind(tenant).bind(after_ms).fetch_all(c).await)
}
