//! All SQL about assets.

use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::TenantId;

/// An asset as the database tells of it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) id: Uuid,
    /// What people call it; of some kinds it is sealed.
    pub(super) name: String,
    /// The same in English, of what has two names; otherwise empty.
    pub(super) name_en: String,
    /// Something of it that is sealed, for the key's version; or nothing.
    pub(super) sealed: String,
    pub(super) service_code: Option<String>,
    /// Where it runs, of what does not stay where the database is.
    pub(super) region: Option<String>,
    pub(super) created_at_ms: Option<i64>,
}

/// How many assets of a kind a customer has.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Count {
    pub(super) tenant_id: Uuid,
    pub(super) kind: String,
    pub(super) assets: i64,
}

/// How much the provider has of a kind of its own.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct BaseCount {
    pub(super) kind: String,
    pub(super) assets: i64,
}

/// One customer's assets; `$1` is the customer, `$2` the region of machines that name none.
const ASSETS: &str = "SELECT 'account' AS kind, id, full_name AS name, '' AS name_en, full_name AS sealed,
        CAST(NULL AS TEXT) AS service_code, CAST(NULL AS TEXT) AS region, created_at_ms
    FROM users WHERE tenant_id = $1 AND state <> 'removed'
    UNION ALL SELECT 'home', u.id, u.full_name, '', '', NULL,
        max(CASE WHEN s.host_id IS NULL THEN NULL ELSE coalesce(m.region, $2) END), min(s.ready_at_ms)
    FROM sessions s JOIN users u ON u.id = s.user_id AND u.tenant_id = s.tenant_id LEFT JOIN machines m ON m.id = s.host_id
    WHERE s.tenant_id = $1 AND s.ready_at_ms IS NOT NULL GROUP BY u.id, u.full_name
    UNION ALL SELECT CASE WHEN d.application IS NULL THEN 'desktop' ELSE 'application' END, d.id,
        d.name_ja, d.name_en, '', c.code, NULL, NULL
    FROM desktops d LEFT JOIN service_codes c
        ON c.id = d.service_code AND c.tenant_id = d.tenant_id AND c.ended_at_ms IS NULL WHERE d.tenant_id = $1
    UNION ALL SELECT 'session', s.id, d.name_ja, d.name_en, '', c.code,
        CASE WHEN m.id IS NULL THEN NULL ELSE coalesce(m.region, $2) END, s.requested_at_ms
    FROM sessions s JOIN desktops d ON d.id = s.desktop_id LEFT JOIN machines m ON m.id = s.host_id
    LEFT JOIN service_codes c ON c.id = s.service_code AND c.tenant_id = s.tenant_id AND c.ended_at_ms IS NULL
    WHERE s.tenant_id = $1 AND s.state <> 'ended'
    UNION ALL SELECT 'authenticator', a.id, u.full_name, '', a.secret, NULL, NULL, a.confirmed_at_ms
    FROM authenticators a JOIN users u ON u.id = a.id WHERE a.tenant_id = $1 AND a.confirmed_at_ms IS NOT NULL
    UNION ALL SELECT 'passkey', id, name, '', name, NULL, NULL, created_at_ms FROM passkeys WHERE tenant_id = $1
    UNION ALL SELECT 'device', id, name, '', name, NULL, NULL, created_at_ms
    FROM device_certificates WHERE tenant_id = $1 AND revoked_at_ms IS NULL
    UNION ALL SELECT 'device_authority', id, subject, '', coalesce(secret, ''), NULL, NULL, created_at_ms
    FROM device_authorities WHERE tenant_id = $1
    UNION ALL SELECT 'identity_provider', id, issuer, '', client_secret, NULL, NULL, changed_at_ms
    FROM federation_providers WHERE tenant_id = $1
    UNION ALL SELECT 'domain', id, domain, '', '', NULL, NULL, NULL FROM federation_domains WHERE tenant_id = $1
    UNION ALL SELECT 'rules', id, role, '', '', NULL, NULL, at_ms FROM sign_in_rules WHERE tenant_id = $1
    UNION ALL SELECT 'api_token', id, name, '', '', NULL, NULL, created_at_ms FROM api_tokens WHERE tenant_id = $1
    UNION ALL SELECT 'web_session', id, coalesce(browser, ''), '', '', NULL, NULL, created_at_ms
    FROM web_sessions WHERE tenant_id = $1
    UNION ALL SELECT 'message', id, '', '', coalesce(content, ''), NULL, NULL, created_at_ms
    FROM mail_messages WHERE tenant_id = $1
    UNION ALL SELECT 'log', id, origin, '', '', NULL, NULL, NULL FROM activity_logs WHERE id = $1
    UNION ALL SELECT 'stream', id, host || ':' || port, '', secret, NULL, NULL, NULL
    FROM activity_streams WHERE tenant_id = $1
    UNION ALL SELECT 'data_key', tenant_id, purpose || ' v' || version, '', '', NULL, NULL, created_at_ms
    FROM data_keys WHERE tenant_id = $1 AND wrapped IS NOT NULL
    UNION ALL SELECT 'branding', id, name_ja, name_en, '', NULL, NULL, changed_at_ms FROM branding WHERE tenant_id = $1
    UNION ALL SELECT 'service_code', id, code, '', '', code, NULL, created_at_ms
    FROM service_codes WHERE tenant_id = $1 AND ended_at_ms IS NULL
    UNION ALL SELECT 'contract', tenant_id, number || ' v' || version, '', '', NULL, NULL, at_ms
    FROM contracts WHERE tenant_id = $1
    UNION ALL SELECT 'acceptance', id, 'v' || terms_version, '', full_name, NULL, NULL, at_ms
    FROM terms_acceptances WHERE tenant_id = $1";
const KEYS: &str = "SELECT version FROM data_keys WHERE tenant_id = $1 AND purpose = 'seal' AND wrapped IS NOT NULL";
/// Of all customers, numbers alone.
const COUNTS: &str = "SELECT tenant_id, 'account' AS kind, count(*) AS assets FROM users WHERE state <> 'removed' GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'home', count(DISTINCT user_id) FROM sessions WHERE ready_at_ms IS NOT NULL GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'desktop', count(*) FROM desktops WHERE application IS NULL GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'application', count(*) FROM desktops WHERE application IS NOT NULL GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'session', count(*) FROM sessions WHERE state <> 'ended' GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'authenticator', count(*) FROM authenticators WHERE confirmed_at_ms IS NOT NULL GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'passkey', count(*) FROM passkeys GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'device', count(*) FROM device_certificates WHERE revoked_at_ms IS NULL GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'device_authority', count(*) FROM device_authorities GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'identity_provider', count(*) FROM federation_providers GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'domain', count(*) FROM federation_domains GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'rules', count(*) FROM sign_in_rules GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'api_token', count(*) FROM api_tokens GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'web_session', count(*) FROM web_sessions GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'message', count(*) FROM mail_messages GROUP BY tenant_id
    UNION ALL SELECT id, 'log', count(*) FROM activity_logs GROUP BY id
    UNION ALL SELECT tenant_id, 'stream', count(*) FROM activity_streams GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'data_key', count(*) FROM data_keys WHERE wrapped IS NOT NULL GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'branding', count(*) FROM branding GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'service_code', count(*) FROM service_codes WHERE ended_at_ms IS NULL GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'contract', count(*) FROM contracts GROUP BY tenant_id
    UNION ALL SELECT tenant_id, 'acceptance', count(*) FROM terms_acceptances GROUP BY tenant_id";
const BASE: &str = "SELECT 'host' AS kind, count(*) AS assets FROM machines WHERE kind = 'host'
    UNION ALL SELECT 'gateway', count(*) FROM machines WHERE kind = 'gateway'
    UNION ALL SELECT 'operator', count(*) FROM operators
    UNION ALL SELECT 'region', count(*) FROM regions
    UNION ALL SELECT 'offer', count(*) FROM catalogue
    UNION ALL SELECT 'terms', count(*) FROM terms
    UNION ALL SELECT 'base_key', count(*) FROM data_keys WHERE tenant_id = $1 AND wrapped IS NOT NULL
    UNION ALL SELECT 'base_log', count(*) FROM activity_logs WHERE id NOT IN (SELECT id FROM tenants)";

pub(super) async fn assets(
    tx: &mut Tx,
    tenant: TenantId,
    own_region: &str,
) -> sqlx::Result<Vec<Row>> {
    on!(tx, c => sqlx::query_as(ASSETS).bind(tenant).bind(own_region).fetch_all(c).await)
}

/// Versions of the customer's sealing keys that are there.
pub(super) async fn keys(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<i64>> {
    on!(tx, c => sqlx::query_scalar(KEYS).bind(tenant).fetch_all(c).await)
}

/// In a transaction that sees all customers.
pub(super) async fn counts(tx: &mut Tx) -> sqlx::Result<Vec<Count>> {
    on!(tx, c => sqlx::query_as(COUNTS).fetch_all(c).await)
}

/// In a transaction that sees all customers.
pub(super) async fn base(tx: &mut Tx) -> sqlx::Result<Vec<BaseCount>> {
    on!(tx, c => sqlx::query_as(BASE).bind(Uuid::nil()).fetch_all(c).await)
}
