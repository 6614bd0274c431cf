//! An operator who has made sure that a domain is a customer's confirms it, or withdraws that. With an elevation alone.

use crate::{
    activity::What,
    app::App,
    db::Scope,
    identity,
    operators::{
        contracts::{self, ContractActError},
        service::Operator,
    },
    portal::Key,
    rights::OperatorAction,
};

/// What is done to a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Confirm,
    Withdraw,
}

/// Does it, for the customer of a code. The answer is what is wrong with the domain, if something is.
pub(super) async fn set(
    app: &App,
    operator: &Operator,
    code: &str,
    (wish, domain): (Wish, &str),
) -> Result<Result<(), Key>, ContractActError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let action = OperatorAction::ManageContract;
    let tenant = contracts::acting(app, &mut tx, operator, action, code).await?;
    let by = (tenant.id, operator.full_name.as_str());
    let (done, what, wrong) = match wish {
        Wish::Confirm => (
            identity::confirm_domain(app, &mut tx, by, domain).await,
            What::FederationDomainConfirmed,
            Key("console.domains.not_named"),
        ),
        Wish::Withdraw => (
            identity::withdraw_domain(app, &mut tx, by, domain).await,
            What::FederationDomainWithdrawn,
            Key("console.domains.not_confirmed"),
        ),
    };
    match done {
        Ok(true) => {}
        Ok(false) => return Ok(Err(wrong)),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Ok(Err(Key("console.domains.elsewhere")));
        }
        Err(error) => return Err(error.into()),
    }
    let detail = format!("{code}: {}", domain.trim().to_lowercase());
    contracts::record(app, &mut tx, operator, what, &detail).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
