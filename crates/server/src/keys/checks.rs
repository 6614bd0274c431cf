//! What shows that what is sealed for a customer is sealed with a key of its own.

use super::store;
use crate::{
    app::App,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use wire::ids::TenantId;

/// The customer has a data key of its own.
pub(crate) const OWN_KEY: Check = Check {
    name: "keys.own_key",
    says: Key("evidence.check.own_key"),
    figures: &[Key("evidence.figure.own_keys")],
    run: Run::Customer(|app, tenant| Box::pin(own_key(app, tenant))),
};

async fn own_key(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let keys = store::live(&mut tx).await?;
    let own = keys.iter().filter(|key| key.tenant_id == tenant.0).count();
    let own = i64::try_from(own).unwrap_or(i64::MAX);
    Ok(Answer::of(own > 0, vec![own]))
}
