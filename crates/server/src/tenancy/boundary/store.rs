//! SQL about kinds of records as such: which tables there are, and a customer's own rows of one.

use super::{Column, Kind};
use crate::db::{Tx, on};
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;
use wire::ids::TenantId;

const SQLITE_TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
const POSTGRES_TABLES: &str = "SELECT relname::text FROM pg_class
    WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p') ORDER BY 1";

/// The names of all tables.
pub(super) async fn tables(tx: &mut Tx) -> sqlx::Result<Vec<String>> {
    let sql = if tx.is_sqlite() {
        SQLITE_TABLES
    } else {
        POSTGRES_TABLES
    };
    on!(tx, c => sqlx::query_scalar(sql).fetch_all(c).await)
}

/// The customer's next rows of a kind after an id, in the order of ids, with the columns that are exported.
pub(super) async fn rows(
    tx: &mut Tx,
    tenant: TenantId,
    kind: &Kind,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<(Uuid, Map<String, Value>)>> {
    let columns = kind.exported.iter().map(|column| column.name());
    // Names from our own list.
    let sql = AssertSqlSafe(format!(
        "SELECT id, {} FROM {} WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        columns.collect::<Vec<_>>().join(", "),
        kind.table
    ));
    on!(tx, c => {
        let rows = sqlx::query(sql).bind(tenant).bind(after).bind(limit).fetch_all(c).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: Uuid = row.try_get("id")?;
            let mut fields = Map::new();
            for column in kind.exported {
                let value = match column {
                    Column::Id(name) => row.try_get::<Option<Uuid>, _>(*name)?.map(|id| Value::from(id.to_string())),
                    Column::Text(name) => row.try_get::<Option<String>, _>(*name)?.map(Value::from),
                    Column::Number(name) => row.try_get::<Option<i64>, _>(*name)?.map(Value::from),
                };
                fields.insert(column.name().to_owned(), value.unwrap_or_default());
            }
            found.push((id, fields));
        }
        Ok(found)
    })
}
