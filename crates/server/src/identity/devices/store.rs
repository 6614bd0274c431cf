//! All SQL about devices' certificates and the authorities behind them.

pub(super) mod steps;

use crate::{
    db::{Tx, on},
    keys::{Owner, Place},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// An authority.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct AuthorityRow {
    pub(super) id: Uuid,
    /// `own` or `brought`.
    pub(super) kind: String,
    /// PEM.
    pub(super) certificate: String,
    pub(super) fingerprint: String,
    pub(super) subject: String,
    pub(super) not_after_ms: i64,
    /// Sealed.
    pub(super) secret: Option<String>,
    pub(super) list_at_ms: Option<i64>,
    pub(super) list_until_ms: Option<i64>,
}

/// A certificate.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct CertificateRow {
    pub(super) id: Uuid,
    pub(super) authority_id: Uuid,
    /// `own` or `brought`: its authority's.
    pub(super) kind: String,
    pub(super) user_id: Option<UserId>,
    /// Opened.
    pub(super) name: String,
    pub(super) serial: String,
    pub(super) fingerprint: String,
    pub(super) not_after_ms: i64,
    pub(super) created_at_ms: i64,
    pub(super) shown_at_ms: Option<i64>,
    pub(super) revoked_at_ms: Option<i64>,
}

const AUTHORITIES: &str =
    "SELECT id, kind, certificate, fingerprint, subject, not_after_ms, secret, list_at_ms, list_until_ms
    FROM device_authorities WHERE tenant_id = $1 ORDER BY kind DESC, created_at_ms, id";
const INSERT_AUTHORITY: &str = "INSERT INTO device_authorities
    (id, tenant_id, kind, certificate, fingerprint, subject, not_after_ms, secret, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, fingerprint) DO NOTHING";
const SET_LIST: &str = "UPDATE device_authorities SET list_at_ms = $3, list_until_ms = $4
    WHERE tenant_id = $1 AND id = $2";
const DROP_REVOCATIONS: &str =
    "DELETE FROM device_revocations WHERE tenant_id = $1 AND authority_id = $2";
const DROP_USES: &str = "DELETE FROM device_uses WHERE tenant_id = $1 AND certificate_id IN
    (SELECT id FROM device_certificates WHERE tenant_id = $1 AND authority_id = $2)";
const DROP_CERTIFICATES: &str =
    "DELETE FROM device_certificates WHERE tenant_id = $1 AND authority_id = $2";
const DROP_AUTHORITY: &str = "DELETE FROM device_authorities WHERE tenant_id = $1 AND id = $2";
const CERTIFICATES: &str =
    "SELECT d.id, d.authority_id, a.kind, d.user_id, d.name, d.number AS serial, d.fingerprint, d.not_after_ms,
    d.created_at_ms, d.shown_at_ms, d.revoked_at_ms
    FROM device_certificates d JOIN device_authorities a ON a.id = d.authority_id WHERE d.tenant_id = $1";
const CERTIFICATE: &str =
    "SELECT d.id, d.authority_id, a.kind, d.user_id, d.name, d.number AS serial, d.fingerprint, d.not_after_ms,
    d.created_at_ms, d.shown_at_ms, d.revoked_at_ms
    FROM device_certificates d JOIN device_authorities a ON a.id = d.authority_id
    WHERE d.tenant_id = $1 AND d.id = $2";
const BY_FINGERPRINT: &str =
    "SELECT d.id, d.authority_id, a.kind, d.user_id, d.name, d.number AS serial, d.fingerprint, d.not_after_ms,
    d.created_at_ms, d.shown_at_ms, d.revoked_at_ms
    FROM device_certificates d JOIN device_authorities a ON a.id = d.authority_id
    WHERE d.tenant_id = $1 AND d.fingerprint = $2";
const INSERT_CERTIFICATE: &str = "INSERT INTO device_certificates
    (id, tenant_id, authority_id, user_id, name, number, fingerprint, not_after_ms, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, fingerprint) DO NOTHING";
const SET_AUTHORITY: &str =
    "UPDATE device_certificates SET authority_id = $3 WHERE tenant_id = $1 AND id = $2";
const REVOKE: &str = "UPDATE device_certificates SET revoked_at_ms = $3
    WHERE tenant_id = $1 AND id = $2 AND revoked_at_ms IS NULL";
const OF_PERSON: &str =
    "SELECT d.id FROM device_certificates d JOIN device_authorities a ON a.id = d.authority_id
    WHERE d.tenant_id = $1 AND d.user_id = $2 AND d.revoked_at_ms IS NULL AND a.kind = 'own'";
const OF_AUTHORITY: &str = "SELECT id, number, fingerprint FROM device_certificates
    WHERE tenant_id = $1 AND authority_id = $2 AND revoked_at_ms IS NULL";
const OF_OTHERS: &str =
    "SELECT d.id, d.number, d.fingerprint FROM device_certificates d JOIN device_authorities a ON a.id = d.authority_id
    WHERE d.tenant_id = $1 AND d.authority_id <> $2 AND d.revoked_at_ms IS NULL AND a.kind = 'brought'";
const INSERT_REVOCATION: &str = "INSERT INTO device_revocations
    (id, tenant_id, authority_id, number, fingerprint, at_ms) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (authority_id, number, fingerprint) DO NOTHING";
const IS_REVOKED: &str = "SELECT count(*) FROM device_revocations
    WHERE tenant_id = $1 AND authority_id = $2 AND (number = $3 OR fingerprint = $4)";
const REVOKED: &str =
    "SELECT count(*) FROM device_revocations WHERE tenant_id = $1 AND authority_id = $2";
const SESSIONS_OF: &str =
    "SELECT DISTINCT user_id FROM web_sessions WHERE tenant_id = $1 AND device_id = $2";
const DROP_SESSIONS: &str = "DELETE FROM web_sessions WHERE tenant_id = $1 AND device_id = $2";
const USERS_OF: &str =
    "SELECT user_id FROM device_uses WHERE tenant_id = $1 AND certificate_id = $2 AND at_ms > $3";

type Whose = (TenantId, Uuid);

fn name_place(id: Uuid) -> Place {
    Place {
        table: "device_certificates",
        column: "name",
        row: id,
    }
}

fn secret_place(id: Uuid) -> Place {
    Place {
        table: "device_authorities",
        column: "secret",
        row: id,
    }
}

/// The customer's authorities; its own ones first.
pub(super) async fn authorities(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<AuthorityRow>> {
    on!(tx, c => sqlx::query_as(AUTHORITIES).bind(tenant).fetch_all(c).await)
}

/// The key of an own authority, PEM.
pub(super) async fn key(tx: &mut Tx, tenant: TenantId, row: &AuthorityRow) -> sqlx::Result<String> {
    let sealed = row.secret.as_deref().unwrap_or_default();
    tx.unseal_text(Owner::Tenant(tenant), secret_place(row.id), sealed)
        .await
}

/// Adds an authority, with its key when it is an own one; `false` when it is there already.
pub(super) async fn insert_authority(
    tx: &mut Tx,
    tenant: TenantId,
    row: &AuthorityRow,
    now_ms: i64,
) -> sqlx::Result<bool> {
    let secret = match &row.secret {
        Some(key) => {
            let owner = Owner::Tenant(tenant);
            Some(tx.seal(owner, secret_place(row.id), key.as_bytes()).await?)
        }
        None => None,
    };
    on!(tx, c => sqlx::query(INSERT_AUTHORITY).bind(row.id).bind(tenant).bind(&row.kind).bind(&row.certificate)
        .bind(&row.fingerprint).bind(&row.subject).bind(row.not_after_ms).bind(secret).bind(now_ms)
        .execute(c).await.map(|r| r.rows_affected() == 1))
}

/// When the newest revocation list was made, and until when it was meant to be the newest.
pub(super) async fn set_list(
    tx: &mut Tx,
    (tenant, authority): Whose,
    (at_ms, until_ms): (i64, Option<i64>),
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_LIST).bind(tenant).bind(authority).bind(at_ms).bind(until_ms)
        .execute(c).await.map(drop))
}

/// An authority goes, with all that rests on it. Sessions of the web must have ended before.
pub(super) async fn remove_authority(tx: &mut Tx, (tenant, authority): Whose) -> sqlx::Result<()> {
    for sql in [
        DROP_REVOCATIONS,
        DROP_USES,
        DROP_CERTIFICATES,
        DROP_AUTHORITY,
    ] {
        on!(tx, c => sqlx::query(sql).bind(tenant).bind(authority).execute(c).await.map(drop))?;
    }
    Ok(())
}

async fn open(tx: &mut Tx, tenant: TenantId, row: CertificateRow) -> sqlx::Result<CertificateRow> {
    let (owner, place) = (Owner::Tenant(tenant), name_place(row.id));
    let name = tx.unseal_text(owner, place, &row.name).await?;
    Ok(CertificateRow { name, ..row })
}

/// Every certificate of the customer.
pub(super) async fn certificates(
    tx: &mut Tx,
    tenant: TenantId,
) -> sqlx::Result<Vec<CertificateRow>> {
    let rows: Vec<CertificateRow> =
        on!(tx, c => sqlx::query_as(CERTIFICATES).bind(tenant).fetch_all(c).await)?;
    let mut opened = Vec::new();
    for row in rows {
        opened.push(open(tx, tenant, row).await?);
    }
    Ok(opened)
}

pub(super) async fn certificate(
    tx: &mut Tx,
    (tenant, id): Whose,
) -> sqlx::Result<Option<CertificateRow>> {
    let row: Option<CertificateRow> =
        on!(tx, c => sqlx::query_as(CERTIFICATE).bind(tenant).bind(id).fetch_optional(c).await)?;
    match row {
        Some(row) => open(tx, tenant, row).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn by_fingerprint(
    tx: &mut Tx,
    tenant: TenantId,
    fingerprint: &str,
) -> sqlx::Result<Option<CertificateRow>> {
    let row: Option<CertificateRow> = on!(tx, c => sqlx::query_as(BY_FINGERPRINT).bind(tenant).bind(fingerprint)
        .fetch_optional(c).await)?;
    match row {
        Some(row) => open(tx, tenant, row).await.map(Some),
        None => Ok(None),
    }
}

/// Adds a certificate, unless it is there.
pub(super) async fn insert_certificate(
    tx: &mut Tx,
    tenant: TenantId,
    row: &CertificateRow,
) -> sqlx::Result<()> {
    let owner = Owner::Tenant(tenant);
    let name = tx
        .seal(owner, name_place(row.id), row.name.as_bytes())
        .await?;
    on!(tx, c => sqlx::query(INSERT_CERTIFICATE).bind(row.id).bind(tenant).bind(row.authority_id).bind(row.user_id)
        .bind(name).bind(&row.serial).bind(&row.fingerprint).bind(row.not_after_ms).bind(row.created_at_ms)
        .execute(c).await.map(drop))
}

/// Files a certificate under another authority.
pub(super) async fn set_authority(
    tx: &mut Tx,
    (tenant, id): Whose,
    authority: Uuid,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_AUTHORITY).bind(tenant).bind(id).bind(authority).execute(c).await.map(drop))
}

/// Revokes a certificate; `false` when it was revoked before.
pub(super) async fn revoke(tx: &mut Tx, (tenant, id): Whose, now_ms: i64) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(REVOKE).bind(tenant).bind(id).bind(now_ms).execute(c).await
        .map(|r| r.rows_affected() == 1))
}

/// A person's certificates that were issued here and not revoked.
pub(super) async fn of_person(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
) -> sqlx::Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar(OF_PERSON).bind(tenant).bind(user).fetch_all(c).await)
}

/// An authority's certificates that were shown here and not revoked: id, serial number and fingerprint.
pub(super) async fn of_authority(
    tx: &mut Tx,
    (tenant, authority): Whose,
) -> sqlx::Result<Vec<(Uuid, String, String)>> {
    on!(tx, c => sqlx::query_as(OF_AUTHORITY).bind(tenant).bind(authority).fetch_all(c).await)
}

/// The certificates of the customer's other brought authorities that were shown here and not revoked: likewise.
pub(super) async fn of_others(
    tx: &mut Tx,
    (tenant, authority): Whose,
) -> sqlx::Result<Vec<(Uuid, String, String)>> {
    on!(tx, c => sqlx::query_as(OF_OTHERS).bind(tenant).bind(authority).fetch_all(c).await)
}

/// Certificates of a brought authority do not count any more: serial numbers and fingerprints, one of each pair empty.
pub(super) async fn insert_revocation(
    tx: &mut Tx,
    (tenant, authority): Whose,
    (id, serial, fingerprint): (Uuid, &str, &str),
    now_ms: i64,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT_REVOCATION).bind(id).bind(tenant).bind(authority).bind(serial)
        .bind(fingerprint).bind(now_ms).execute(c).await.map(drop))
}

/// Whether a certificate of an authority was revoked without having been shown.
pub(super) async fn is_revoked(
    tx: &mut Tx,
    (tenant, authority): Whose,
    (serial, fingerprint): (&str, &str),
) -> sqlx::Result<bool> {
    let count: i64 = on!(tx, c => sqlx::query_scalar(IS_REVOKED).bind(tenant).bind(authority)
        .bind(serial).bind(fingerprint).fetch_one(c).await)?;
    Ok(count > 0)
}

/// How many certificates of an authority were revoked by number.
pub(super) async fn revoked(tx: &mut Tx, (tenant, authority): Whose) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(REVOKED).bind(tenant).bind(authority).fetch_one(c).await)
}

/// Ends the sessions of the web in which a certificate was shown. Returns whose they were, and who else has shown it since
/// a moment: their desktops may be open.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    (tenant, certificate): Whose,
    since_ms: i64,
) -> sqlx::Result<Vec<UserId>> {
    let mut out: Vec<UserId> = on!(tx, c => sqlx::query_scalar(SESSIONS_OF).bind(tenant).bind(certificate)
        .fetch_all(c).await)?;
    let shown: Vec<UserId> = on!(tx, c => sqlx::query_scalar(USERS_OF).bind(tenant).bind(certificate)
        .bind(since_ms).fetch_all(c).await)?;
    out.extend(shown);
    on!(tx, c => sqlx::query(DROP_SESSIONS).bind(tenant).bind(certificate).execute(c).await.map(drop))?;
    Ok(out)
}
