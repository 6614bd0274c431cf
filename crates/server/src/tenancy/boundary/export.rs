//! A customer's stored data in an open format: JSON lines, one for each record, with nothing left sealed and no secret.

use super::{KINDS, Kind, Side, store};
use crate::{
    activity::{self, What},
    actor::Actor,
    app::App,
    db::Tx,
    keys::{self, Owner, Place},
    rights::{self, Action, Denied},
};
use serde_json::{Map, Value};
use uuid::Uuid;
use wire::ids::TenantId;

/// Records that are read at once.
const AT_ONCE: i64 = 500;

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// The policies say no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Everything that the reader's organisation has stored. The export is recorded.
pub(crate) async fn export(app: &App, actor: &Actor) -> Result<String, ExportError> {
    rights::authorize(actor, Action::ExportStored)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let mut text = String::new();
    let mut count = 0;
    for kind in KINDS.iter().filter(|kind| kind.side == Side::Customer) {
        count += of_kind(&mut tx, actor.tenant, kind, &mut text).await?;
    }
    let detail = format!("{count}");
    let subject = actor.tenant.0;
    activity::append(app, &mut tx, actor, What::StoredExported, subject, &detail).await?;
    tx.commit().await?;
    Ok(text)
}

/// Reads and opens the first records of a kind, as an export would; returns how many.
pub(super) async fn sample(tx: &mut Tx, tenant: TenantId, kind: &Kind) -> sqlx::Result<i64> {
    const SOME: i64 = 100;
    let mut read = 0;
    for (id, mut fields) in store::rows(tx, tenant, kind, Uuid::nil(), SOME).await? {
        open(tx, tenant, kind.table, id, &mut fields).await?;
        read += 1;
    }
    Ok(read)
}

async fn of_kind(
    tx: &mut Tx,
    tenant: TenantId,
    kind: &Kind,
    text: &mut String,
) -> sqlx::Result<u64> {
    let mut after = Uuid::nil();
    let mut count = 0;
    loop {
        let rows = store::rows(tx, tenant, kind, after, AT_ONCE).await?;
        let Some((last, _)) = rows.last() else {
            return Ok(count);
        };
        after = *last;
        for (id, mut fields) in rows {
            open(tx, tenant, kind.table, id, &mut fields).await?;
            let mut line = Map::new();
            line.insert("kind".to_owned(), kind.table.into());
            line.insert("id".to_owned(), id.to_string().into());
            line.append(&mut fields);
            text.push_str(&Value::Object(line).to_string());
            text.push('\n');
            count += 1;
        }
    }
}

/// Opens what is sealed.
async fn open(
    tx: &mut Tx,
    tenant: TenantId,
    table: &'static str,
    row: Uuid,
    fields: &mut Map<String, Value>,
) -> sqlx::Result<()> {
    for column in keys::sealed_columns(table) {
        if let Some(Value::String(sealed)) = fields.get(column) {
            // Of somebody removed nothing is left to open.
            if sealed.is_empty() {
                continue;
            }
            let place = Place { table, column, row };
            let plain = tx.unseal_text(Owner::Tenant(tenant), place, sealed).await?;
            fields.insert(column.to_owned(), plain.into());
        }
    }
    Ok(())
}
