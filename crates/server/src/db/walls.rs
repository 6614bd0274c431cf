//! The second wall between customers: PostgreSQL's row-level security. SQLite has none, there the stores' statements are
//! the only one.
//!
//! A table that has a column of [`COLUMNS`] gets its policy by itself, when it is made; one without the settings that
//! [`super::Scope`] makes is seen as empty. The policy also binds the tables' owner (`FORCE`); a superuser or a role with
//! `BYPASSRLS` is bound by none, so the service refuses to be one.

use sqlx::{AssertSqlSafe, PgPool};

/// A column of this name says whose a row is; the first that a table has counts.
const COLUMNS: [&str; 2] = ["tenant_id", "log_id"];
/// Tables whose own id is the customer's.
const BY_ID: [&str; 2] = ["tenants", "activity_logs"];

const POWER: &str = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
/// Tables of ours with their columns, as `table column`, and whether the wall is up.
const TABLES: &str = "SELECT c.relname::text, a.attname::text,
    c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'nagaya_wall')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind IN ('r', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum";

/// A table that holds customers' rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Walled {
    pub(crate) table: String,
    /// Whose a row is.
    pub(crate) column: String,
    /// Whether the policy is there and binds everybody.
    pub(crate) is_up: bool,
}

/// Every table that holds customers' rows, and the names of all others.
pub(crate) async fn tables(pool: &PgPool) -> sqlx::Result<(Vec<Walled>, Vec<String>)> {
    let rows: Vec<(String, String, bool)> = sqlx::query_as(TABLES).fetch_all(pool).await?;
    let (mut walled, mut others) = (Vec::new(), Vec::new());
    for of_table in rows.chunk_by(|a, b| a.0 == b.0) {
        let (table, is_up) = (&of_table[0].0, of_table[0].2);
        let has = |name: &str| of_table.iter().any(|(_, column, _)| column == name);
        let by_id = BY_ID.contains(&table.as_str()).then_some("id");
        match by_id.or_else(|| COLUMNS.into_iter().find(|name| has(name))) {
            Some(column) => walled.push(Walled {
                table: table.clone(),
                column: column.to_owned(),
                is_up,
            }),
            None => others.push(table.clone()),
        }
    }
    Ok((walled, others))
}

/// Refuses a role that no policy binds.
pub(super) async fn check_role(pool: &PgPool) -> sqlx::Result<()> {
    let unbound: bool = sqlx::query_scalar(POWER).fetch_one(pool).await?;
    if unbound {
        let text = "the service's role in PostgreSQL is a superuser or has BYPASSRLS, so nothing would keep customers' rows \
            apart but our own statements; make a plain role (CREATE ROLE nagaya LOGIN) that owns the database, and name it in \
            database_url";
        return Err(sqlx::Error::Configuration(text.into()));
    }
    Ok(())
}

/// Puts up the walls that are missing.
pub(super) async fn build(pool: &PgPool) -> sqlx::Result<()> {
    let (walled, _) = tables(pool).await?;
    for Walled { table, column, .. } in walled.iter().filter(|wall| !wall.is_up) {
        let whose = "nullif(current_setting('nagaya.tenant', true), '')::uuid";
        let rows =
            format!("{column} = {whose} OR current_setting('nagaya.everybody', true) = 'on'");
        let sql = format!(
            "BEGIN; SELECT pg_advisory_xact_lock(4971001);
             ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
             DROP POLICY IF EXISTS nagaya_wall ON {table};
             CREATE POLICY nagaya_wall ON {table} USING ({rows}) WITH CHECK ({rows});
             COMMIT"
        );
        // Names from our own migrations.
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await?;
    }
    Ok(())
}
