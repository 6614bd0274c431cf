//! All SQL about the sessions of the web.

use super::super::store::place;
use crate::{
    db::{Tx, on},
    keys::Owner,
    portal::{Brand, Lang},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A session of the web with its person.
#[derive(Clone, Debug, sqlx::FromRow)]
// Each is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct WebSessionRow {
    /// By what its person names it; the cookie's secret is something else.
    pub id: Uuid,
    /// Whose.
    pub tenant_id: TenantId,
    /// Who.
    pub user_id: UserId,
    /// The token of its forms.
    pub csrf: String,
    /// When it began, Unix milliseconds.
    pub created_at_ms: i64,
    /// When it was last used, Unix milliseconds; kept to the minute.
    pub last_seen_ms: i64,
    /// When the person last proved who they are, Unix milliseconds.
    pub proven_at_ms: i64,
    /// The person's name.
    pub full_name: String,
    /// The person's role.
    pub role: String,
    /// The organisation's names.
    pub tenant_name_ja: String,
    /// The organisation's names.
    pub tenant_name_en: String,
    /// The organisation's zone, a name of the IANA database.
    pub time_zone: String,
    /// What is asked of the role, in its stored form; none for the rules of the beginning.
    pub rules: Option<String>,
    /// Whether the person has a password.
    pub has_password: bool,
    /// Whether the person has a passkey.
    pub has_passkey: bool,
    /// Whether the person has an authenticator app.
    pub has_authenticator: bool,
    /// Whether the organisation's provider asked for a second factor when this session began.
    pub has_provider_factor: bool,
    /// Until when the device's certificate is good that was shown in the session, Unix milliseconds; none when none was
    /// shown, or it was revoked.
    pub device_until_ms: Option<i64>,
    /// The name in the head of pages, where the organisation has a look of its own.
    pub brand_name_ja: Option<String>,
    /// The same in English.
    pub brand_name_en: Option<String>,
    /// Whether the look has a picture.
    pub brand_has_logo: Option<bool>,
    /// Whether the look has a colour.
    pub brand_has_accent: Option<bool>,
    /// When the look last changed, Unix milliseconds.
    pub brand_changed_at_ms: Option<i64>,
    /// Whether nobody accepted the terms that go with the contract.
    pub terms_wait: bool,
}

impl WebSessionRow {
    /// Whether the person has a second factor, or the organisation's provider asked for one.
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.has_passkey || self.has_authenticator || self.has_provider_factor
    }
}

/// A session of the web that begins.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) hash: &'a str,
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) csrf: &'a str,
    pub(crate) address: &'a str,
    pub(crate) browser: &'a str,
    pub(crate) now_ms: i64,
}

/// A session of the web as its person sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct OwnRow {
    pub(crate) id: Uuid,
    pub(crate) address: String,
    pub(crate) browser: String,
    pub(crate) created_at_ms: i64,
    pub(crate) last_seen_ms: i64,
}

impl WebSessionRow {
    /// The look of the organisation's portal, if it has one of its own.
    #[must_use]
    pub fn brand(&self, lang: Lang) -> Option<Brand> {
        let at = self.brand_changed_at_ms?;
        let name = match lang {
            Lang::Ja => &self.brand_name_ja,
            Lang::En => &self.brand_name_en,
        };
        let has = |part: Option<bool>| part == Some(true);
        Some(Brand {
            name: name.clone().unwrap_or_default(),
            logo_url: has(self.brand_has_logo).then(|| format!("/branding/logo.png?v={at}")),
            style_url: has(self.brand_has_accent).then(|| format!("/branding/style.css?v={at}")),
        })
    }
}

const INSERT: &str = "INSERT INTO web_sessions
    (token_hash, id, tenant_id, user_id, csrf, address, browser, created_at_ms, last_seen_ms, proven_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)";
const GET: &str =
    "SELECT w.id, w.tenant_id, w.user_id, w.csrf, w.created_at_ms, w.last_seen_ms, w.proven_at_ms,
    u.full_name, u.role, t.name_ja AS tenant_name_ja, t.name_en AS tenant_name_en, t.time_zone, r.rules,
    u.password_hash IS NOT NULL AS has_password,
    EXISTS (SELECT 1 FROM passkeys p WHERE p.tenant_id = w.tenant_id AND p.user_id = u.id) AS has_passkey,
    EXISTS (SELECT 1 FROM authenticators a WHERE a.id = u.id AND a.confirmed_at_ms IS NOT NULL) AS has_authenticator,
    w.provider_factor_at_ms IS NOT NULL AS has_provider_factor,
    (SELECT d.not_after_ms FROM device_certificates d WHERE d.id = w.device_id AND d.tenant_id = w.tenant_id
        AND d.revoked_at_ms IS NULL) AS device_until_ms,
    b.name_ja AS brand_name_ja, b.name_en AS brand_name_en, b.logo <> '' AS brand_has_logo,
    b.accent <> '' AS brand_has_accent, b.changed_at_ms AS brand_changed_at_ms,
    EXISTS (SELECT 1 FROM contracts c WHERE c.tenant_id = w.tenant_id
        AND c.version = (SELECT n.version FROM contracts n
            WHERE n.tenant_id = w.tenant_id AND n.withdrawn_at_ms IS NULL AND n.counts_from <= $2
            ORDER BY n.counts_from DESC, n.version DESC LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM terms_acceptances a WHERE a.tenant_id = w.tenant_id
            AND a.terms_version = c.terms_version)) AS terms_wait
    FROM web_sessions w JOIN users u ON u.id = w.user_id JOIN tenants t ON t.id = w.tenant_id
    LEFT JOIN sign_in_rules r ON r.tenant_id = w.tenant_id AND r.role = u.role
    LEFT JOIN branding b ON b.tenant_id = w.tenant_id
    WHERE w.token_hash = $1 AND u.state = 'active'";
const OWN: &str = "SELECT id, address, browser, created_at_ms, last_seen_ms FROM web_sessions
    WHERE tenant_id = $1 AND user_id = $2 AND created_at_ms >= $3 AND last_seen_ms >= $4
    ORDER BY last_seen_ms DESC, id";
const RENEW: &str = "UPDATE web_sessions SET token_hash = $1, csrf = $2
    WHERE tenant_id = $3 AND user_id = $4 AND id = $5";
const TOUCH: &str = "UPDATE web_sessions SET last_seen_ms = $2 WHERE token_hash = $1";
const DROP: &str = "DELETE FROM web_sessions WHERE token_hash = $1";
const DROP_ONE: &str = "DELETE FROM web_sessions WHERE tenant_id = $1 AND user_id = $2 AND id = $3";
const DROP_OTHERS: &str =
    "DELETE FROM web_sessions WHERE tenant_id = $1 AND user_id = $2 AND id <> $3";
const DROP_OF: &str = "DELETE FROM web_sessions WHERE tenant_id = $1 AND user_id = $2";
const DROP_OLD: &str = "DELETE FROM web_sessions WHERE created_at_ms < $1";

pub(crate) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.hash).bind(row.id).bind(row.tenant).bind(row.user)
        .bind(row.csrf).bind(row.address).bind(row.browser).bind(row.now_ms)
        .execute(c).await.map(drop))
}

/// The session of a secret; `today`, a day in Japan, decides which version of the contract counts.
pub(crate) async fn get(
    tx: &mut Tx,
    hash: &str,
    today: &str,
) -> sqlx::Result<Option<WebSessionRow>> {
    let row: Option<WebSessionRow> =
        on!(tx, c => sqlx::query_as(GET).bind(hash).bind(today).fetch_optional(c).await)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (owner, place) = (
        Owner::Tenant(row.tenant_id),
        place(row.user_id, "full_name"),
    );
    let full_name = tx.unseal_text(owner, place, &row.full_name).await?;
    Ok(Some(WebSessionRow { full_name, ..row }))
}

/// A person's sessions that began and were used since the two moments, the last used first.
pub(crate) async fn own(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    (began_ms, seen_ms): (i64, i64),
) -> sqlx::Result<Vec<OwnRow>> {
    on!(tx, c => sqlx::query_as(OWN).bind(tenant).bind(user).bind(began_ms).bind(seen_ms)
        .fetch_all(c).await)
}

/// The session goes on under another secret. It is no proof: where a second factor is on, no code was given.
pub(crate) async fn renew(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    id: Uuid,
    (hash, csrf): (&str, &str),
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(RENEW).bind(hash).bind(csrf).bind(tenant).bind(user).bind(id)
        .execute(c).await.map(drop))
}

pub(crate) async fn touch(tx: &mut Tx, hash: &str, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(TOUCH).bind(hash).bind(now_ms).execute(c).await.map(drop))
}

pub(crate) async fn remove(tx: &mut Tx, hash: &str) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP).bind(hash).execute(c).await.map(drop))
}

/// Ends one of a person's sessions; `false` when it is not there.
pub(crate) async fn remove_one(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    id: Uuid,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(DROP_ONE).bind(tenant).bind(user).bind(id).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// Ends all of a person's sessions but one; returns how many.
pub(crate) async fn remove_others(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    id: Uuid,
) -> sqlx::Result<u64> {
    on!(tx, c => sqlx::query(DROP_OTHERS).bind(tenant).bind(user).bind(id).execute(c).await
        .map(|r| r.rows_affected()))
}

pub(crate) async fn remove_of(tx: &mut Tx, tenant: TenantId, user: UserId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OF).bind(tenant).bind(user).execute(c).await.map(drop))
}

/// Removes what began before the first moment or was last used before the second.
pub(crate) async fn remove_old(tx: &mut Tx, began_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(DROP_OLD).bind(began_ms).execute(c).await.map(drop))
}
