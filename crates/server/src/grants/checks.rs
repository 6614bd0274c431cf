//! What shows that rights for one service code stay where they were given.

use super::store;
use crate::{
    app::App,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use wire::ids::TenantId;

/// Every right is that of a person who is there, and for a service code of the same customer.
pub(crate) const GRANTS: Check = Check {
    name: "grants.in_place",
    says: Key("evidence.check.grants"),
    figures: &[
        Key("evidence.figure.grants"),
        Key("evidence.figure.grants_astray"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(in_place(app, tenant))),
};

async fn in_place(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let (all, astray) = store::astray(&mut tx, tenant).await?;
    Ok(Answer::of(astray == 0, vec![all, astray]))
}
