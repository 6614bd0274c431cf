//! What other slices may ask about what is offered.

use super::store;
use crate::{db::Tx, portal::Lang};
use wire::ids::{DesktopId, TenantId};

pub(crate) use super::standard::STANDARD;
pub use super::store::DesktopRow;

/// The desktop, if this customer has it.
pub async fn get(tx: &mut Tx, tenant: TenantId, id: DesktopId) -> sqlx::Result<Option<DesktopRow>> {
    store::get(tx, tenant, id).await
}

/// Offers one more.
pub async fn add(tx: &mut Tx, row: &DesktopRow) -> sqlx::Result<()> {
    store::insert(tx, row).await
}

impl DesktopRow {
    /// Its name in the reader's language.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.name_ja,
            Lang::En => &self.name_en,
        }
    }

    /// Its description in the reader's language.
    #[must_use]
    pub fn description(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.description_ja,
            Lang::En => &self.description_en,
        }
    }
}
