//! What shows that nobody gets around an organisation's own provider.

use super::service;
use crate::{
    app::App,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use wire::ids::TenantId;

/// In roles whose passwords are closed, nobody got in by one.
pub(crate) const FEDERATED_DOORS: Check = Check {
    name: "identity.federated_doors",
    says: Key("evidence.check.federated_doors"),
    figures: &[
        Key("evidence.figure.closed_roles"),
        Key("evidence.figure.by_password"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(federated_doors(app, tenant))),
};

async fn federated_doors(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let (closed, around) = service::around(&mut tx, tenant).await?;
    Ok(Answer::of(around == 0, vec![closed, around]))
}
