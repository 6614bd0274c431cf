//! All SQL about what is offered. Every statement names the customer, but the one for the reconciler.

use crate::db::{Tx, on};
use uuid::Uuid;
use wire::ids::{DesktopId, TenantId};

/// A desktop or application as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DesktopRow {
    /// The desktop.
    pub id: DesktopId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Its place in the list.
    pub position: i64,
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// One sentence in Japanese; may be empty.
    pub description_ja: String,
    /// One sentence in English; may be empty.
    pub description_en: String,
    /// The application's name in the image's catalogue; none for a whole desktop.
    pub application: Option<String>,
    /// The image.
    pub image: String,
    /// Memory of a session, MiB.
    pub memory_mib: i64,
    /// Processor time of a session, per cent of one core.
    pub cpu_percent: i64,
    /// Processes and threads of a session.
    pub tasks: i64,
    /// The service code that labels it.
    pub service_code: Option<Uuid>,
}

const INSERT: &str = "INSERT INTO desktops (id, tenant_id, position, name_ja, name_en, description_ja, description_en,
    application, image, memory_mib, cpu_percent, tasks, service_code)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const LIST: &str =
    "SELECT id, tenant_id, position, name_ja, name_en, description_ja, description_en, application,
    image, memory_mib, cpu_percent, tasks, service_code FROM desktops WHERE tenant_id = $1 ORDER BY position, id";
const GET: &str =
    "SELECT id, tenant_id, position, name_ja, name_en, description_ja, description_en, application,
    image, memory_mib, cpu_percent, tasks, service_code FROM desktops WHERE tenant_id = $1 AND id = $2";

const LABELS: &str = "SELECT id, service_code FROM desktops WHERE service_code IS NOT NULL";

pub(crate) async fn insert(tx: &mut Tx, row: &DesktopRow) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(INSERT).bind(row.id).bind(row.tenant_id).bind(row.position).bind(&row.name_ja)
        .bind(&row.name_en).bind(&row.description_ja).bind(&row.description_en).bind(&row.application)
        .bind(&row.image).bind(row.memory_mib).bind(row.cpu_percent).bind(row.tasks).bind(row.service_code).execute(c).await.map(drop))
}

pub(crate) async fn list(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<DesktopRow>> {
    on!(tx, c => sqlx::query_as(LIST).bind(tenant).fetch_all(c).await)
}

pub(crate) async fn labels(tx: &mut Tx) -> sqlx::Result<Vec<(DesktopId, Uuid)>> {
    on!(tx, c => sqlx::query_as(LABELS).fetch_all(c).await)
}

pub(crate) async fn get(
    tx: &mut Tx,
    tenant: TenantId,
    id: DesktopId,
) -> sqlx::Result<Option<DesktopRow>> {
    on!(tx, c => sqlx::query_as(GET).bind(tenant).bind(id).fetch_optional(c).await)
}
