//! Statements over any table: columns are read from the engine's catalogue, so that no table can be forgotten.

use crate::db::{Tx, on};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

/// A table with its columns, as both engines have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Positions of the primary key's columns, in its order.
    pub(super) key: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What our migrations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Text,
    Number,
    Truth,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Number(Option<i64>),
    Truth(Option<bool>),
}

/// How many rows there are and what is in them, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    pub(super) digest: [u8; 32],
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "uuid" => Some(Self::Uuid),
            "text" => Some(Self::Text),
            "bigint" => Some(Self::Number),
            "boolean" => Some(Self::Truth),
            _ => None,
        }
    }
}

impl Value {
    /// Adds it to a digest: its kind, whether it is there, its length, its bytes.
    fn digest(&self, into: &mut Sha256) {
        let mut add = |kind: u8, bytes: Option<&[u8]>| {
            into.update([kind, u8::from(bytes.is_some())]);
            if let Some(bytes) = bytes {
                into.update((bytes.len() as u64).to_be_bytes());
                into.update(bytes);
            }
        };
        match self {
            Self::Uuid(value) => add(1, value.as_ref().map(|id| &id.as_bytes()[..])),
            Self::Text(value) => add(2, value.as_deref().map(str::as_bytes)),
            Self::Number(value) => add(3, value.map(i64::to_be_bytes).as_ref().map(|b| &b[..])),
            Self::Truth(value) => add(
                4,
                value
                    .map(|truth| [u8::from(truth)])
                    .as_ref()
                    .map(|b| &b[..]),
            ),
        }
    }
}

/// Reckons a [`Sum`] of rows that come in order.
#[derive(Debug, Default)]
pub(super) struct Reckoning {
    rows: u64,
    digest: Sha256,
}

impl Reckoning {
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            value.digest(&mut self.digest);
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn sum(self) -> Sum {
        Sum {
            rows: self.rows,
            digest: self.digest.finalize().into(),
        }
    }
}

const SQLITE_COLUMNS: &str =
    "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY m.name, c.cid";
const POSTGRES_COLUMNS: &str =
    "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
    coalesce(array_position(i.indkey::int2[], a.attnum)::bigint + 1, 0)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind = 'r'
    AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname COLLATE \"C\", a.attnum";

/// Every table but the list of migrations, by name.
pub(super) async fn tables(tx: &mut Tx) -> sqlx::Result<Vec<Table>> {
    let sql = if tx.is_sqlite() {
        SQLITE_COLUMNS
    } else {
        POSTGRES_COLUMNS
    };
    let rows: Vec<(String, String, String, i64)> =
        on!(tx, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let mut tables = Vec::new();
    for of_table in rows.chunk_by(|a, b| a.0 == b.0) {
        let name = &of_table[0].0;
        if name == "schema_versions" {
            continue;
        }
        let mut columns = Vec::new();
        let mut key = Vec::new();
        for (at, (_, column, kind, place)) in of_table.iter().enumerate() {
            let unknown = || format!("{name}.{column} is of a kind that cannot be moved: {kind}");
            columns.push(Column {
                name: column.clone(),
                kind: Kind::of(kind).ok_or_else(|| sqlx::Error::Protocol(unknown()))?,
            });
            if *place > 0 {
                key.push((*place, at));
            }
        }
        key.sort_unstable();
        if key.is_empty() {
            let text = format!("{name} has no primary key and cannot be moved");
            return Err(sqlx::Error::Protocol(text));
        }
        tables.push(Table {
            name: name.clone(),
            columns,
            key: key.into_iter().map(|(_, at)| at).collect(),
        });
    }
    Ok(tables)
}

/// Waits until nobody writes, and lets nobody write until the transaction's end. SQLite's writing transactions do so by
/// themselves.
pub(super) async fn hold_still(tx: &mut Tx, tables: &[Table]) -> sqlx::Result<()> {
    if tx.is_sqlite() {
        return Ok(());
    }
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let sql = AssertSqlSafe(format!("LOCK TABLE {} IN SHARE MODE", names.join(", ")));
    on!(tx, c => sqlx::query(sql).execute(c).await.map(drop))
}

/// Whether a table has no row.
pub(super) async fn is_empty(tx: &mut Tx, table: &Table) -> sqlx::Result<bool> {
    let sql = AssertSqlSafe(format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) AS found",
        table.name
    ));
    let some: i64 = on!(tx, c => sqlx::query_scalar(sql).fetch_one(c).await)?;
    Ok(some == 0)
}

macro_rules! fields {
    ($row:expr, $table:expr) => {{
        let mut values = Vec::with_capacity($table.columns.len());
        for (at, column) in $table.columns.iter().enumerate() {
            values.push(match column.kind {
                Kind::Uuid => Value::Uuid($row.try_get(at)?),
                Kind::Text => Value::Text($row.try_get(at)?),
                Kind::Number => Value::Number($row.try_get(at)?),
                Kind::Truth => Value::Truth($row.try_get(at)?),
            });
        }
        values
    }};
}

macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Uuid(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Number(value) => query.bind(value),
                Value::Truth(value) => query.bind(value),
            };
        }
        query
    }};
}

/// The next rows after one, in the order of the primary key, which is the same on both engines: texts by their bytes.
pub(super) async fn page(
    tx: &mut Tx,
    table: &Table,
    after: Option<&[Value]>,
    limit: u32,
) -> sqlx::Result<Vec<Vec<Value>>> {
    let by_bytes = if tx.is_sqlite() { "" } else { " COLLATE \"C\"" };
    let key: Vec<String> = table
        .key
        .iter()
        .map(|at| &table.columns[*at])
        .map(|column| match column.kind {
            Kind::Text => format!("{}{by_bytes}", column.name),
            _ => column.name.clone(),
        })
        .collect();
    let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let from = after.map_or_else(String::new, |_| {
        let places: Vec<String> = (1..=key.len()).map(|n| format!("${n}")).collect();
        format!("WHERE ({}) > ({})", key.join(", "), places.join(", "))
    });
    // Names from our own migrations.
    let sql = AssertSqlSafe(format!(
        "SELECT {} FROM {} {from} ORDER BY {} LIMIT {limit}",
        columns.join(", "),
        table.name,
        key.join(", ")
    ));
    let last: Vec<Value> = after.map_or_else(Vec::new, |row| {
        table.key.iter().map(|at| row[*at].clone()).collect()
    });
    on!(tx, c => {
        let rows = bound!(sqlx::query(sql), last).fetch_all(c).await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            page.push(fields!(row, table));
        }
        Ok(page)
    })
}

/// Adds rows as they are.
pub(super) async fn insert(tx: &mut Tx, table: &Table, rows: &[Vec<Value>]) -> sqlx::Result<()> {
    // SQLite takes 32766 values in a statement.
    const MOST: usize = 30_000;
    let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    for rows in rows.chunks(MOST / columns.len()) {
        let mut n = 0;
        let mut place = || {
            n += 1;
            format!("${n}")
        };
        let places: Vec<String> = rows
            .iter()
            .map(|row| {
                let row: Vec<String> = row.iter().map(|_| place()).collect();
                format!("({})", row.join(", "))
            })
            .collect();
        let sql = AssertSqlSafe(format!(
            "INSERT INTO {} ({}) VALUES {}",
            table.name,
            columns.join(", "),
            places.join(", ")
        ));
        let values = rows.iter().flatten().cloned();
        on!(tx, c => bound!(sqlx::query(sql), values).execute(c).await.map(drop))?;
    }
    Ok(())
}
