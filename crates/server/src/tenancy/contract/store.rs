//! All SQL about contracts, service codes and who accepted which terms. Every statement names the customer.

use crate::{
    db::{Tx, on},
    keys::{Owner, Place},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// A version of a customer's contract.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ContractRow {
    /// From 1, in the order in which they were written.
    pub version: i64,
    /// The day in Japan from which it counts: `YYYY-MM-DD`; empty for those that were written before versions had one.
    pub counts_from: String,
    /// When the service noticed that the day had come, Unix milliseconds.
    pub began_at_ms: Option<i64>,
    /// When it was withdrawn, Unix milliseconds: before that day.
    pub withdrawn_at_ms: Option<i64>,
    /// Who of the provider withdrew it.
    pub withdrawn_who: Option<String>,
    /// The number on paper.
    pub number: String,
    /// The first day, in Japan: `YYYY-MM-DD`.
    pub starts_on: String,
    /// The last day, where one was agreed on.
    pub ends_on: Option<String>,
    /// Which terms of service go with it.
    pub terms_version: i64,
    /// For how many days the activity log keeps what records say.
    pub retention_days: i64,
    /// How many accounts there may be.
    pub max_people: i64,
    /// How many sessions there may be at the same time.
    pub max_sessions: i64,
    /// Codes of the regions where data may be kept and sessions may run, with spaces between them.
    pub regions: String,
    /// Who of the provider wrote it.
    pub who: String,
    /// Why.
    pub reason: String,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// What was bought.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ServiceCodeRow {
    /// The label of resources.
    pub id: Uuid,
    /// What people call it.
    pub code: String,
    /// The service of the catalogue.
    pub service: String,
    /// Codes of options, with spaces between them.
    pub options: String,
    /// Since when, Unix milliseconds.
    pub created_at_ms: i64,
    /// Until when, once it has ended.
    pub ended_at_ms: Option<i64>,
}

/// That somebody accepted terms.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AcceptanceRow {
    /// The acceptance.
    pub id: Uuid,
    /// Which terms.
    pub terms_version: i64,
    /// Who.
    pub user_id: UserId,
    /// Their name at that time.
    pub full_name: String,
    /// SHA-256 of what was shown, hexadecimal.
    pub shown: String,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// How many resources there are, and how many of them bear no service code of the customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Labels {
    /// Desktops, published applications and sessions that are not over.
    pub resources: i64,
    /// Those without a label.
    pub unlabelled: i64,
}

const INSERT: &str =
    "INSERT INTO contracts (tenant_id, version, number, starts_on, ends_on, terms_version,
    retention_days, max_people, max_sessions, regions, who, reason, at_ms, counts_from, began_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
const VERSIONS: &str =
    "SELECT version, number, starts_on, ends_on, terms_version, retention_days, max_people, max_sessions,
    regions, who, reason, at_ms, counts_from, began_at_ms, withdrawn_at_ms, withdrawn_who
    FROM contracts WHERE tenant_id = $1 ORDER BY version DESC";
/// The same choice as in `days.rs`.
const CURRENT: &str =
    "SELECT version, number, starts_on, ends_on, terms_version, retention_days, max_people, max_sessions,
    regions, who, reason, at_ms, counts_from, began_at_ms, withdrawn_at_ms, withdrawn_who
    FROM contracts WHERE tenant_id = $1 AND withdrawn_at_ms IS NULL AND counts_from <= $2
    ORDER BY counts_from DESC, version DESC LIMIT 1";
const WITHDRAW: &str = "UPDATE contracts SET withdrawn_at_ms = $3, withdrawn_who = $4
    WHERE tenant_id = $1 AND version = $2 AND withdrawn_at_ms IS NULL AND counts_from > $5";
const DUE: &str = "SELECT DISTINCT tenant_id FROM contracts
    WHERE began_at_ms IS NULL AND withdrawn_at_ms IS NULL AND counts_from <= $1";
const IS_DUE: &str = "SELECT count(*) > 0 FROM contracts
    WHERE tenant_id = $2 AND began_at_ms IS NULL AND withdrawn_at_ms IS NULL AND counts_from <= $1";
const BEGIN: &str = "UPDATE contracts SET began_at_ms = $3
    WHERE tenant_id = $1 AND began_at_ms IS NULL AND withdrawn_at_ms IS NULL AND counts_from <= $2";
const CODES: &str =
    "SELECT id, code, service, options, created_at_ms, ended_at_ms FROM service_codes
    WHERE tenant_id = $1 ORDER BY code";
const ADD_CODE: &str =
    "INSERT INTO service_codes (id, tenant_id, code, service, options, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6)";
/// Codes are unique among all customers, since statements name them.
const IS_TAKEN: &str = "SELECT count(*) > 0 FROM service_codes WHERE code = $1";
const END_CODE: &str = "UPDATE service_codes SET ended_at_ms = $3
    WHERE tenant_id = $1 AND id = $2 AND ended_at_ms IS NULL";
const ACCEPTANCES: &str =
    "SELECT id, terms_version, user_id, full_name, shown, at_ms FROM terms_acceptances
    WHERE tenant_id = $1 ORDER BY terms_version DESC";
const ACCEPT: &str =
    "INSERT INTO terms_acceptances (id, tenant_id, terms_version, user_id, full_name, shown, at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
const LOCK: &str = "UPDATE tenants SET code = code WHERE id = $1";
const PEOPLE: &str = "SELECT count(*) FROM users WHERE tenant_id = $1 AND state <> 'removed'";
const SESSIONS: &str = "SELECT count(*) FROM sessions WHERE tenant_id = $1 AND state <> 'ended'";
const LABELS: &str =
    "SELECT count(*) AS resources, count(*) - count(c.id) AS unlabelled FROM
    (SELECT service_code FROM desktops WHERE tenant_id = $1
     UNION ALL SELECT service_code FROM sessions WHERE tenant_id = $1 AND state <> 'ended') r
    LEFT JOIN service_codes c ON c.id = r.service_code AND c.tenant_id = $1 AND c.ended_at_ms IS NULL";
const PLACED: &str = "SELECT s.id, coalesce(m.region, $2) AS region FROM sessions s
    JOIN machines m ON m.id = s.host_id WHERE s.tenant_id = $1 AND s.state <> 'ended'";
const LABEL: &str =
    "UPDATE desktops SET service_code = CASE WHEN application IS NULL THEN $2 ELSE $3 END
    WHERE tenant_id = $1 AND service_code IS NULL";

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, new: &ContractRow) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(tenant).bind(new.version).bind(&new.number).bind(&new.starts_on)
        .bind(&new.ends_on).bind(new.terms_version).bind(new.retention_days).bind(new.max_people)
        .bind(new.max_sessions).bind(&new.regions).bind(&new.who).bind(&new.reason).bind(new.at_ms)
        .bind(&new.counts_from).bind(new.began_at_ms)
        .execute(c).await.map(drop))
}

/// Every version, the last written first.
pub(super) async fn versions(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<ContractRow>> {
    on!(tx, c => sqlx::query_as(VERSIONS).bind(tenant).fetch_all(c).await)
}

/// The version that counts on a day.
pub(super) async fn current(
    tx: &mut Tx,
    tenant: TenantId,
    day: &str,
) -> sqlx::Result<Option<ContractRow>> {
    on!(tx, c => sqlx::query_as(CURRENT).bind(tenant).bind(day).fetch_optional(c).await)
}

/// Withdraws a version whose day comes after today. `false` when there is none.
pub(super) async fn withdraw(
    tx: &mut Tx,
    (tenant, version): (TenantId, i64),
    (who, now_ms): (&str, i64),
    today: &str,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(WITHDRAW).bind(tenant).bind(version).bind(now_ms).bind(who).bind(today)
        .execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Customers with a version whose day has come and that nobody has noticed, in a transaction that sees all of them.
pub(super) async fn due(tx: &mut Tx, today: &str) -> sqlx::Result<Vec<TenantId>> {
    on!(tx, c => sqlx::query_scalar(DUE).bind(today).fetch_all(c).await)
}

/// Whether a customer has one.
pub(super) async fn is_due(tx: &mut Tx, tenant: TenantId, day: &str) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query_scalar(IS_DUE).bind(day).bind(tenant).fetch_one(c).await)
}

/// Notices them all. `false` when somebody was faster.
pub(super) async fn begin(
    tx: &mut Tx,
    tenant: TenantId,
    today: &str,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(BEGIN).bind(tenant).bind(today).bind(now_ms).execute(c).await
        .map(|done| done.rows_affected() > 0))
}

pub(super) async fn codes(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<ServiceCodeRow>> {
    on!(tx, c => sqlx::query_as(CODES).bind(tenant).fetch_all(c).await)
}

pub(super) async fn add_code(
    tx: &mut Tx,
    tenant: TenantId,
    new: &ServiceCodeRow,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(ADD_CODE).bind(new.id).bind(tenant).bind(&new.code).bind(&new.service)
        .bind(&new.options).bind(new.created_at_ms).execute(c).await.map(drop))
}

/// Whether any customer has the code, in a transaction that sees all of them.
pub(super) async fn is_taken(tx: &mut Tx, code: &str) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query_scalar(IS_TAKEN).bind(code).fetch_one(c).await)
}

/// `false` when there is none that goes on.
pub(super) async fn end_code(
    tx: &mut Tx,
    tenant: TenantId,
    id: Uuid,
    now_ms: i64,
) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(END_CODE).bind(tenant).bind(id).bind(now_ms).execute(c).await
        .map(|done| done.rows_affected() == 1))
}

/// Every acceptance, of the newest terms first. Without `open` names stay sealed, and are left out.
pub(super) async fn acceptances(
    tx: &mut Tx,
    tenant: TenantId,
    open: bool,
) -> sqlx::Result<Vec<AcceptanceRow>> {
    let mut rows: Vec<AcceptanceRow> =
        on!(tx, c => sqlx::query_as(ACCEPTANCES).bind(tenant).fetch_all(c).await)?;
    for row in &mut rows {
        if !open {
            row.full_name.clear();
            continue;
        }
        let place = name_of(row.id);
        row.full_name = tx
            .unseal_text(Owner::Tenant(tenant), place, &row.full_name)
            .await?;
    }
    Ok(rows)
}

/// `false` when these terms were accepted already.
pub(super) async fn accept(
    tx: &mut Tx,
    tenant: TenantId,
    new: &AcceptanceRow,
) -> sqlx::Result<bool> {
    let owner = Owner::Tenant(tenant);
    let name = tx
        .seal(owner, name_of(new.id), new.full_name.as_bytes())
        .await?;
    on!(tx, c => sqlx::query(ACCEPT).bind(new.id).bind(tenant).bind(new.terms_version).bind(new.user_id)
        .bind(&name).bind(&new.shown).bind(new.at_ms).execute(c).await
        .map(|done| done.rows_affected() == 1))
}

/// Lets nobody else count the customer's things until the transaction ends. SQLite's writing transactions do so anyway.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(LOCK).bind(tenant).execute(c).await.map(drop))
}

pub(super) async fn people(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(PEOPLE).bind(tenant).fetch_one(c).await)
}

pub(super) async fn sessions(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    on!(tx, c => sqlx::query_scalar(SESSIONS).bind(tenant).fetch_one(c).await)
}

pub(super) async fn labels(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Labels> {
    on!(tx, c => sqlx::query_as(LABELS).bind(tenant).fetch_one(c).await)
}

/// Each session that is on a host, and that host's region.
pub(super) async fn placed(
    tx: &mut Tx,
    tenant: TenantId,
    own_region: &str,
) -> sqlx::Result<Vec<(Uuid, String)>> {
    on!(tx, c => sqlx::query_as(PLACED).bind(tenant).bind(own_region).fetch_all(c).await)
}

/// Labels desktops and published applications that bear no service code.
pub(super) async fn label(
    tx: &mut Tx,
    tenant: TenantId,
    desktop: Uuid,
    application: Uuid,
) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(LABEL).bind(tenant).bind(desktop).bind(application).execute(c).await.map(drop))
}

fn name_of(row: Uuid) -> Place {
    Place {
        table: "terms_acceptances",
        column: "full_name",
        row,
    }
}
