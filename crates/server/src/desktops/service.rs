//! What other slices may ask about what is offered.

use super::store;
use crate::{
    actor::Actor,
    db::Tx,
    grants::service as grants,
    portal::Lang,
    rights::{self, Action},
};
use std::collections::HashMap;
use uuid::Uuid;
use wire::ids::{DesktopId, TenantId};

pub(crate) use super::standard::STANDARD;
pub use super::store::DesktopRow;

/// The desktop, if this customer has it.
pub async fn get(tx: &mut Tx, tenant: TenantId, id: DesktopId) -> sqlx::Result<Option<DesktopRow>> {
    store::get(tx, tenant, id).await
}

/// What the actor can open of what is offered, in its order.
pub async fn offered(tx: &mut Tx, actor: &Actor) -> sqlx::Result<Vec<DesktopRow>> {
    let rows = store::list(tx, actor.tenant).await?;
    let labels: Vec<Option<Uuid>> = rows.iter().map(|row| row.service_code).collect();
    let codes = grants::codes_of(tx, actor.tenant, labels).await?;
    let may = |code| rights::authorize_in(actor, Action::ViewDesktops, code).is_ok();
    let each = rows.into_iter().zip(codes);
    Ok(each
        .filter(|(_, code)| may(*code))
        .map(|(row, _)| row)
        .collect())
}

/// The service code of every desktop that bears one; of all customers, for the reconciler.
pub async fn labels(tx: &mut Tx) -> sqlx::Result<HashMap<DesktopId, Uuid>> {
    Ok(store::labels(tx).await?.into_iter().collect())
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
