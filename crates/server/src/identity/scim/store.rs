//! All SQL of what directories need to know besides: their own name for a person, and when things changed.

use crate::{
    db::{Tx, on},
    identity::store::place,
    keys::Owner,
};
use std::collections::HashMap;
use wire::ids::{TenantId, UserId};

/// What a directory is told of a person besides.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub(super) struct Facts {
    /// How the directory itself names the person.
    pub(super) external_id: Option<String>,
    /// Unix milliseconds.
    pub(super) created_at_ms: i64,
    pub(super) changed_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: UserId,
    #[sqlx(flatten)]
    facts: Facts,
}

const ALL: &str = "SELECT id, external_id, created_at_ms,
    coalesce(changed_at_ms, created_at_ms) AS changed_at_ms
    FROM users WHERE tenant_id = $1 AND state <> 'removed'";
const ONE: &str = "SELECT id, external_id, created_at_ms,
    coalesce(changed_at_ms, created_at_ms) AS changed_at_ms
    FROM users WHERE tenant_id = $1 AND id = $2";
const SET_EXTERNAL_ID: &str =
    "UPDATE users SET external_id = $1, changed_at_ms = $2 WHERE tenant_id = $3 AND id = $4";

async fn open(tx: &mut Tx, tenant: TenantId, row: Row) -> sqlx::Result<Facts> {
    let sealed = row.facts.external_id;
    let external_id = match &sealed {
        Some(sealed) => {
            let at = place(row.id, "external_id");
            Some(tx.unseal_text(Owner::Tenant(tenant), at, sealed).await?)
        }
        None => None,
    };
    Ok(Facts {
        external_id,
        ..row.facts
    })
}

/// Of everybody in an organisation.
pub(super) async fn all(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<HashMap<UserId, Facts>> {
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(ALL).bind(tenant).fetch_all(c).await)?;
    let mut facts = HashMap::new();
    for row in rows {
        facts.insert(row.id, open(tx, tenant, row).await?);
    }
    Ok(facts)
}

/// Of one person.
pub(super) async fn one(tx: &mut Tx, tenant: TenantId, id: UserId) -> sqlx::Result<Facts> {
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(ONE).bind(tenant).bind(id).fetch_optional(c).await)?;
    match row {
        Some(row) => open(tx, tenant, row).await,
        None => Ok(Facts::default()),
    }
}

pub(super) async fn set_external_id(
    tx: &mut Tx,
    (tenant, id): (TenantId, UserId),
    external_id: Option<&str>,
    now_ms: i64,
) -> sqlx::Result<()> {
    let sealed = match external_id {
        Some(text) => {
            let at = place(id, "external_id");
            Some(tx.seal(Owner::Tenant(tenant), at, text.as_bytes()).await?)
        }
        None => None,
    };
    on!(tx, c => sqlx::query(SET_EXTERNAL_ID).bind(sealed).bind(now_ms).bind(tenant).bind(id)
        .execute(c).await.map(drop))
}
