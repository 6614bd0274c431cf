//! What operators do with customers' contracts and with what the provider offers. Each act is in the work log, and what
//! touches a customer in that customer's own log too. Nothing here opens what customers store.

use super::service::{ActError, Operator};
use crate::{
    activity::{self, Record, What},
    app::App,
    db::{Scope, Tx},
    rights::OperatorAction,
    tenancy::{
        self, By, ContractError, Draft, Names, Overview, Profile, Region, TenantRow, Terms,
        contracts as contract, offers as provider,
    },
};
use uuid::Uuid;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContractActError {
    /// No customer has this code.
    #[error("no such customer")]
    NotFound,
    /// The policies say no, or the database.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
}

impl From<sqlx::Error> for ContractActError {
    fn from(error: sqlx::Error) -> Self {
        Self::Act(error.into())
    }
}

/// What a customer has agreed on, without the names of its people; and every version of the terms.
pub(crate) async fn view(
    app: &App,
    operator: &Operator,
    code: &str,
) -> Result<(TenantRow, Overview, Vec<Terms>), ContractActError> {
    may(operator, OperatorAction::ViewContract)?;
    let tenant = customer(app, code).await?;
    let mut tx = app.db.read(tenant.id).await?;
    let of = contract::overview(app, &mut tx, tenant.id, Names::Sealed).await?;
    let terms = provider::terms(&mut tx).await?;
    Ok((tenant, of, terms))
}

/// Writes a contract's next version.
pub(crate) async fn revise(
    app: &App,
    operator: &Operator,
    code: &str,
    draft: &Draft,
) -> Result<(), ContractActError> {
    may(operator, OperatorAction::ManageContract)?;
    let tenant = customer(app, code).await?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let by = by(operator, &tenant);
    let row = contract::revise(app, &mut tx, by, draft).await?;
    let detail = format!("{code}: {} v{}: {}", row.number, row.version, row.reason);
    record(app, &mut tx, operator, What::ContractChanged, &detail).await?;
    tx.commit().await?;
    // Sessions that waited for a region may be placed now.
    app.wake.notify_one();
    Ok(())
}

/// Gives a customer a service code.
pub(crate) async fn add_code(
    app: &App,
    operator: &Operator,
    code: &str,
    new: (&str, &str, &[String]),
) -> Result<(), ContractActError> {
    may(operator, OperatorAction::ManageContract)?;
    let tenant = customer(app, code).await?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let row = contract::add_code(app, &mut tx, by(operator, &tenant), new).await?;
    let detail = format!("{code}: {}", row.code);
    record(app, &mut tx, operator, What::ServiceCodeAdded, &detail).await?;
    Ok(tx.commit().await?)
}

/// Ends one.
pub(crate) async fn end_code(
    app: &App,
    operator: &Operator,
    code: &str,
    id: Uuid,
) -> Result<(), ContractActError> {
    may(operator, OperatorAction::ManageContract)?;
    let tenant = customer(app, code).await?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    contract::end_code(app, &mut tx, by(operator, &tenant), id).await?;
    let detail = format!("{code}: {id}");
    record(app, &mut tx, operator, What::ServiceCodeEnded, &detail).await?;
    Ok(tx.commit().await?)
}

/// What the provider says of itself and offers.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) profile: Profile,
    pub(crate) regions: Vec<Region>,
    pub(crate) terms: Vec<Terms>,
}

/// Reads it. Everybody who sees customers may.
pub(crate) async fn offered(app: &App, operator: &Operator) -> Result<Offered, ContractActError> {
    may(operator, OperatorAction::ListCustomers)?;
    let mut tx = app.db.read(Scope::Nobody).await?;
    Ok(Offered {
        profile: provider::profile(&mut tx).await?,
        regions: provider::regions(&mut tx).await?,
        terms: provider::terms(&mut tx).await?,
    })
}

/// Writes the profile.
pub(crate) async fn set_profile(
    app: &App,
    operator: &Operator,
    profile: &Profile,
) -> Result<(), ContractActError> {
    may(operator, OperatorAction::ManageProvider)?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    provider::set_profile(app, &mut tx, profile).await?;
    record(
        app,
        &mut tx,
        operator,
        What::ProviderChanged,
        &profile.name_ja,
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Adds a region. `false` when there is one of its code.
pub(crate) async fn add_region(
    app: &App,
    operator: &Operator,
    region: &Region,
) -> Result<bool, ContractActError> {
    may(operator, OperatorAction::ManageProvider)?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let is_new = provider::add_region(&mut tx, region).await?;
    if is_new {
        record(app, &mut tx, operator, What::ProviderChanged, &region.code).await?;
        tx.commit().await?;
    }
    Ok(is_new)
}

/// Publishes the next version of the terms.
pub(crate) async fn publish(
    app: &App,
    operator: &Operator,
    (text_ja, text_en): (&str, &str),
) -> Result<(), ContractActError> {
    may(operator, OperatorAction::ManageProvider)?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let version = provider::publish(app, &mut tx, text_ja, text_en).await?;
    let detail = format!("v{version}");
    record(app, &mut tx, operator, What::TermsPublished, &detail).await?;
    Ok(tx.commit().await?)
}

fn may(operator: &Operator, action: OperatorAction) -> Result<(), ActError> {
    Ok(operator.role.authorize(action)?)
}

async fn customer(app: &App, code: &str) -> Result<TenantRow, ContractActError> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let row = tenancy::service::by_code(&mut tx, code).await?;
    row.ok_or(ContractActError::NotFound)
}

fn by<'a>(operator: &'a Operator, tenant: &TenantRow) -> By<'a> {
    By {
        tenant: tenant.id,
        who: &operator.full_name,
    }
}

async fn record(
    app: &App,
    tx: &mut Tx,
    operator: &Operator,
    what: What,
    detail: &str,
) -> sqlx::Result<()> {
    let record = Record {
        tenant: None,
        user: None,
        who: &operator.full_name,
        address: &operator.address,
        what,
        subject: Some(operator.id),
        detail,
    };
    activity::append_record(app, tx, &record).await
}
