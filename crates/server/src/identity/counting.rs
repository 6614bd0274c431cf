//! How many people an organisation has, where they stand, and how many of them have a second factor.

use super::{policy, store::counts};
use crate::db::Tx;
use wire::ids::TenantId;

/// The people of an organisation, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headcount {
    /// Who may work.
    pub(crate) active: i64,
    /// Who has not used their first link yet.
    pub(crate) invited: i64,
    /// Who is shut out for now.
    pub(crate) suspended: i64,
    /// Of those who may work, how many have a second factor.
    pub(crate) with_factor: i64,
}

/// Counts them. The caller has asked whether they may be seen.
pub(crate) async fn headcount(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Headcount> {
    let mut count = Headcount::default();
    for (state, people) in counts::by_state(tx, tenant).await? {
        match state.as_str() {
            "active" => count.active = people,
            "invited" => count.invited = people,
            _ => count.suspended += people,
        }
    }
    let bare = policy::service::without_factor(tx, tenant).await?;
    count.with_factor = count.active - bare;
    Ok(count)
}
