//! What other slices may know of a customer.

use super::store::{self, TenantRow};
use crate::{app::App, db::Tx, keys};
use wire::ids::TenantId;

/// A customer's name in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

/// The customer's names.
pub async fn names(app: &App, id: TenantId) -> sqlx::Result<Names> {
    let mut tx = app.db.read(id).await?;
    let row = store::get(&mut tx, id).await?;
    Ok(row.map_or_else(Names::default, |row| Names {
        ja: row.name_ja,
        en: row.name_en,
    }))
}

/// The customer, for what its sessions need to know.
pub async fn get(tx: &mut Tx, id: TenantId) -> sqlx::Result<Option<TenantRow>> {
    store::get(tx, id).await
}

/// Whether a customer may have this code: letters of ASCII in lower case, digits and hyphens, at most 32, a letter first.
#[must_use]
pub fn is_code(code: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    code.starts_with(|c: char| c.is_ascii_lowercase()) && code.len() <= 32 && code.chars().all(fits)
}

/// The customer of a code, if there is one.
pub async fn by_code(tx: &mut Tx, code: &str) -> sqlx::Result<Option<TenantRow>> {
    store::by_code(tx, code).await
}

/// The customer's code; empty when it is gone.
pub async fn code(tx: &mut Tx, id: TenantId) -> sqlx::Result<String> {
    Ok(store::get(tx, id)
        .await?
        .map_or_else(String::new, |row| row.code))
}

/// Adds a customer, with the key that seals what is theirs.
pub async fn add(app: &App, tx: &mut Tx, row: &TenantRow) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    store::insert(tx, row, now_ms).await?;
    keys::service::add(tx, row.id, now_ms).await
}

/// Changes how a customer is called. `false` when there is no such customer.
pub(crate) async fn rename(tx: &mut Tx, row: &TenantRow) -> sqlx::Result<bool> {
    store::rename(tx, row).await
}

/// Every customer.
pub async fn all(tx: &mut Tx) -> sqlx::Result<Vec<TenantId>> {
    store::all(tx).await
}
