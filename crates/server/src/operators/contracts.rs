//! What operators do with customers' contracts and with what the provider offers. Each act is in the work log, and what
//! touches a customer in that customer's own log too. Nothing here opens what customers store.

use super::{
    elevation::service as elevation,
    pages::BaseLeave,
    service::{ActError, Operator},
};
use crate::{
    activity::{self, Record, What},
    app::App,
    db::{Scope, Tx},
    rights::{Denied, OperatorAction},
    tenancy::{
        self, By, ContractError, Draft, Names, Overview, Profile, Region, TenantRow, Terms,
        contracts as contract, offers as provider,
    },
};
use uuid::Uuid;
use wire::ids::TenantId;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContractActError {
    /// No customer has this code.
    #[error("no such customer")]
    NotFound,
    /// The operator's role would do, but nobody has approved it for this customer.
    #[error("no elevation for this customer is in force")]
    NotElevated,
    /// The policies say no, or the database.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
}

impl From<Denied> for ContractActError {
    fn from(error: Denied) -> Self {
        Self::Act(error.into())
    }
}

impl From<sqlx::Error> for ContractActError {
    fn from(error: sqlx::Error) -> Self {
        Self::Act(error.into())
    }
}

/// A customer, as operators see it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) tenant: TenantRow,
    /// What it has agreed on, without the names of its people.
    pub(crate) of: Overview,
    /// Every version of the terms.
    pub(crate) terms: Vec<Terms>,
    /// Whether the reader's role acts on customers at all.
    pub(crate) may_manage: bool,
    /// Until when the reader may act on this one, in Unix milliseconds.
    pub(crate) until_ms: Option<i64>,
}

/// Reads it. It takes no elevation: nothing of it is stored data.
pub(crate) async fn view(
    app: &App,
    operator: &Operator,
    code: &str,
) -> Result<Seen, ContractActError> {
    operator.authorize(OperatorAction::ViewContract)?;
    let tenant = customer(app, code).await?;
    let mut tx = app.db.read(tenant.id).await?;
    Ok(Seen {
        of: contract::overview(app, &mut tx, tenant.id, Names::Sealed).await?,
        terms: provider::terms(&mut tx).await?,
        may_manage: could(operator, OperatorAction::ManageContract).is_ok(),
        until_ms: elevation::until(app, &mut tx, operator, tenant.id).await?,
        tenant,
    })
}

/// Whether the operator's role does something to customers for whom they have an elevation.
fn could(operator: &Operator, action: OperatorAction) -> Result<(), Denied> {
    let somebody = TenantId(Uuid::nil());
    operator.authorize_on(somebody, action, &[somebody])
}

/// The customer of a code, for an act on it in this transaction. The act uses the operator's elevation for that customer.
pub(super) async fn acting(
    app: &App,
    tx: &mut Tx,
    operator: &Operator,
    action: OperatorAction,
    code: &str,
) -> Result<TenantRow, ContractActError> {
    could(operator, action)?;
    let tenant = tenancy::service::by_code(tx, code).await?;
    let tenant = tenant.ok_or(ContractActError::NotFound)?;
    let elevated = elevation::spend(app, tx, operator, tenant.id).await?;
    let permitted = operator.authorize_on(tenant.id, action, &elevated);
    permitted.map_err(|Denied| ContractActError::NotElevated)?;
    Ok(tenant)
}

/// Writes a contract's next version.
pub(crate) async fn revise(
    app: &App,
    operator: &Operator,
    code: &str,
    draft: &Draft,
) -> Result<(), ContractActError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let tenant = acting(app, &mut tx, operator, OperatorAction::ManageContract, code).await?;
    let by = by(operator, &tenant);
    let row = contract::revise(app, &mut tx, by, draft).await?;
    let detail = format!("{code}: {}", row.told(row.began_at_ms.is_none()));
    record(app, &mut tx, operator, What::ContractChanged, &detail).await?;
    tx.commit().await?;
    // Sessions that waited for a region may be placed now.
    app.wake.notify_one();
    Ok(())
}

/// Withdraws a version of a contract before its day.
pub(crate) async fn withdraw(
    app: &App,
    operator: &Operator,
    code: &str,
    version: i64,
) -> Result<(), ContractActError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let tenant = acting(app, &mut tx, operator, OperatorAction::ManageContract, code).await?;
    let row = contract::withdraw(app, &mut tx, by(operator, &tenant), version).await?;
    let detail = format!("{code}: {}", row.told(true));
    record(app, &mut tx, operator, What::ContractWithdrawn, &detail).await?;
    Ok(tx.commit().await?)
}

/// Gives a customer a service code.
pub(crate) async fn add_code(
    app: &App,
    operator: &Operator,
    code: &str,
    new: (&str, &str, &[String]),
) -> Result<(), ContractActError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let tenant = acting(app, &mut tx, operator, OperatorAction::ManageContract, code).await?;
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
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let tenant = acting(app, &mut tx, operator, OperatorAction::ManageContract, code).await?;
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
    /// What of it the reader may change now.
    pub(crate) leave: BaseLeave,
}

/// Reads it. Everybody who sees customers may.
pub(crate) async fn offered(app: &App, operator: &Operator) -> Result<Offered, ContractActError> {
    operator.authorize(OperatorAction::ListCustomers)?;
    let leave = elevation::leave(app, operator, OperatorAction::ManageProvider).await?;
    let mut tx = app.db.read(Scope::Nobody).await?;
    Ok(Offered {
        leave,
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
    let mut tx = app.db.begin(Scope::Everybody).await?;
    elevation::act_on_base(app, &mut tx, operator, OperatorAction::ManageProvider).await?;
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
    let mut tx = app.db.begin(Scope::Everybody).await?;
    elevation::act_on_base(app, &mut tx, operator, OperatorAction::ManageProvider).await?;
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
    let mut tx = app.db.begin(Scope::Everybody).await?;
    elevation::act_on_base(app, &mut tx, operator, OperatorAction::ManageProvider).await?;
    let version = provider::publish(app, &mut tx, text_ja, text_en).await?;
    let detail = format!("v{version}");
    record(app, &mut tx, operator, What::TermsPublished, &detail).await?;
    Ok(tx.commit().await?)
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

pub(super) async fn record(
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
