//! What shows that no session joins two customers.

use super::store;
use crate::{
    app::App,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use wire::ids::TenantId;

/// Every session, its person and its desktop belong to one and the same customer.
pub(crate) const NO_CROSSING: Check = Check {
    name: "sessions.no_crossing",
    says: Key("evidence.check.no_crossing"),
    figures: &[
        Key("evidence.figure.sessions"),
        Key("evidence.figure.crossing"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(no_crossing(app, tenant))),
};

async fn no_crossing(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let (all, crossing) = store::crossing(&mut tx, tenant).await?;
    Ok(Answer::of(crossing == 0, vec![all, crossing]))
}
