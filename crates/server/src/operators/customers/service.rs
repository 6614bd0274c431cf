//! Use cases: a customer begins, and is called differently. Nothing here opens what customers store.

use super::NewCustomer;
use crate::{
    activity::{self, Record, What},
    app::App,
    db::{Scope, Tx},
    desktops::service as desktops,
    identity::{self, Issued, LifecycleError, PersonWrong},
    operators::{
        contracts::{self as contract_acts, ContractActError},
        service::{ActError, Operator},
    },
    portal::Key,
    rights::{Denied, OperatorAction},
    tenancy::{
        self, By, ContractError, Naming, NamingWrong, Offer, Region, TenantRow, Wrong, contracts,
        offers as provider,
    },
};
use wire::ids::TenantId;

/// What is wrong with a new customer, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewWrong {
    /// How it is called.
    pub naming: NamingWrong,
    /// The contract.
    pub contract: Wrong,
    /// The service code.
    pub label: Option<Key>,
    /// The service with its options.
    pub service: Option<Key>,
    /// What is offered.
    pub offers: Option<Key>,
    /// The first administrator.
    pub administrator: PersonWrong,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum CustomerError {
    /// No customer has this code.
    #[error("no such customer")]
    NotFound,
    /// The policies say no, or the database.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The operator's role would do, but nobody has approved it for this customer.
    #[error("no elevation for this customer is in force")]
    NotElevated,
    /// What was typed.
    #[error("the customer cannot be added")]
    Wrong(Box<NewWrong>),
}

impl From<ContractActError> for CustomerError {
    fn from(error: ContractActError) -> Self {
        match error {
            ContractActError::NotFound => Self::NotFound,
            ContractActError::NotElevated => Self::NotElevated,
            ContractActError::Act(error) => error.into(),
            ContractActError::Contract(error) => sqlx::Error::Protocol(error.to_string()).into(),
        }
    }
}

impl From<sqlx::Error> for CustomerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Act(error.into())
    }
}

/// What there is to choose from.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) regions: Vec<Region>,
    pub(super) catalogue: Vec<Offer>,
    /// Versions of the terms, the newest first.
    pub(super) terms: Vec<i64>,
}

/// Reads what a new customer can be given.
pub(super) async fn choices(app: &App, operator: &Operator) -> Result<Choices, CustomerError> {
    may(operator)?;
    let mut tx = app.db.read(Scope::Nobody).await?;
    let regions = provider::regions(&mut tx).await?;
    let catalogue = provider::catalogue(&mut tx).await?;
    let terms = provider::terms(&mut tx).await?;
    Ok(Choices {
        regions: regions.into_iter().filter(Region::is_offered).collect(),
        catalogue: catalogue.into_iter().filter(Offer::is_offered).collect(),
        terms: terms.iter().map(|terms| terms.version).collect(),
    })
}

/// Adds a customer with its key, contract, service code, what its people may open, and its first administrator, who gets a
/// one-time link: all of it or nothing.
pub(super) async fn add(
    app: &App,
    operator: &Operator,
    new: &NewCustomer,
) -> Result<Issued, CustomerError> {
    may(operator)?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let wrong = check(app, &mut tx, new).await?;
    if wrong != NewWrong::default() {
        return Err(CustomerError::Wrong(Box::new(wrong)));
    }
    let tenant = new.naming.row(app.new_id());
    match tenancy::service::add(app, &mut tx, &tenant).await {
        // Somebody was faster by a moment; so below.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(refused(|wrong| wrong.naming.code = Some(TAKEN)));
        }
        done => done?,
    }
    record(app, &mut tx, operator, What::CustomerAdded, &tenant).await?;
    agree(app, &mut tx, operator, (tenant.id, new)).await?;
    let by = (tenant.id, operator.full_name.as_str());
    let issued = match identity::found(app, &mut tx, by, &new.administrator).await {
        Ok(issued) => issued,
        Err(LifecycleError::Wrong(person)) => {
            return Err(refused(|wrong| wrong.administrator = person));
        }
        Err(LifecycleError::Database(error)) => return Err(error.into()),
        Err(error) => return Err(sqlx::Error::Protocol(error.to_string()).into()),
    };
    tx.commit().await?;
    Ok(issued)
}

const TAKEN: Key = Key("console.new.error.code_taken");
const LABEL_TAKEN: Key = Key("console.new.error.label_taken");

/// Everything that is wrong with it, all at once.
async fn check(app: &App, tx: &mut Tx, new: &NewCustomer) -> Result<NewWrong, CustomerError> {
    let mut wrong = NewWrong {
        naming: new.naming.check(),
        ..NewWrong::default()
    };
    // First, since who adds a customer of the same region at the same moment waits here and then sees what the other did.
    match contracts::check(app, tx, &new.contract, &[]).await {
        Ok(_) => {}
        Err(ContractError::Wrong(found)) => wrong.contract = *found,
        Err(ContractError::Database(error)) => return Err(error.into()),
        Err(error) => return Err(sqlx::Error::Protocol(error.to_string()).into()),
    }
    wrong.administrator = identity::check_founder(tx, &new.administrator).await?;
    let code = new.naming.code.trim();
    if wrong.naming.code.is_none() && tenancy::service::by_code(tx, code).await?.is_some() {
        wrong.naming.code = Some(TAKEN);
    }
    if !contracts::is_free(tx, &new.label).await? {
        wrong.label = Some(LABEL_TAKEN);
    }
    if !contracts::offers(tx, &new.service, &new.options).await? {
        wrong.service = Some(Key("console.new.error.service"));
    }
    let is_standard = |code: &String| desktops::STANDARD.iter().any(|one| one.code == *code);
    if new.offers.is_empty() || !new.offers.iter().all(is_standard) {
        wrong.offers = Some(Key("console.new.error.offers"));
    }
    Ok(wrong)
}

/// The contract, the service code, and what bears it.
async fn agree(
    app: &App,
    tx: &mut Tx,
    operator: &Operator,
    (tenant, new): (TenantId, &NewCustomer),
) -> Result<(), CustomerError> {
    let by = By {
        tenant,
        who: &operator.full_name,
    };
    match contracts::revise(app, tx, by, &new.contract).await {
        Ok(_) => {}
        Err(ContractError::Wrong(found)) => {
            return Err(refused(|wrong| wrong.contract = *found));
        }
        Err(ContractError::Database(error)) => return Err(error.into()),
        Err(error) => return Err(sqlx::Error::Protocol(error.to_string()).into()),
    }
    let code = (new.label.as_str(), new.service.as_str(), &new.options[..]);
    let code = match contracts::add_code(app, tx, by, code).await {
        Ok(code) => code.id,
        Err(ContractError::Code) => return Err(refused(|wrong| wrong.label = Some(LABEL_TAKEN))),
        Err(ContractError::Database(error)) => return Err(error.into()),
        Err(error) => return Err(sqlx::Error::Protocol(error.to_string()).into()),
    };
    for standard in &desktops::STANDARD {
        if new.offers.iter().any(|offer| offer == standard.code) {
            let row = standard.row(app.new_id(), tenant, Some(code));
            desktops::add(tx, &row).await?;
        }
    }
    Ok(())
}

/// How the customer of a code is called, and whether the operator may change that now.
pub(super) async fn naming(
    app: &App,
    operator: &Operator,
    code: &str,
) -> Result<(Naming, bool), CustomerError> {
    let seen = contract_acts::view(app, operator, code).await?;
    if !seen.may_manage {
        return Err(ActError::from(Denied).into());
    }
    Ok((Naming::of(&seen.tenant), seen.until_ms.is_some()))
}

/// Changes names, language and zone, with an elevation for the customer. The code stays: paths and records name it.
pub(super) async fn rename(
    app: &App,
    operator: &Operator,
    code: &str,
    typed: &Naming,
) -> Result<(), CustomerError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let action = OperatorAction::ManageContract;
    let row = contract_acts::acting(app, &mut tx, operator, action, code).await?;
    let typed = Naming {
        code: row.code.clone(),
        ..typed.clone()
    };
    let naming = NamingWrong {
        // A customer that was here before the rule for codes keeps its own.
        code: None,
        ..typed.check()
    };
    if naming != NamingWrong::default() {
        return Err(refused(|wrong| wrong.naming = naming));
    }
    let new = typed.row(row.id);
    if Naming::of(&new) == Naming::of(&row) {
        return Ok(());
    }
    tenancy::service::rename(&mut tx, &new).await?;
    record(app, &mut tx, operator, What::CustomerChanged, &new).await?;
    Ok(tx.commit().await?)
}

fn may(operator: &Operator) -> Result<(), ActError> {
    Ok(operator.authorize(OperatorAction::AddCustomer)?)
}

fn refused(tell: impl FnOnce(&mut NewWrong)) -> CustomerError {
    let mut wrong = NewWrong::default();
    tell(&mut wrong);
    CustomerError::Wrong(Box::new(wrong))
}

/// In the customer's own log and in the work log.
async fn record(
    app: &App,
    tx: &mut Tx,
    operator: &Operator,
    what: What,
    tenant: &TenantRow,
) -> sqlx::Result<()> {
    let TenantRow {
        code,
        name_ja,
        name_en,
        ..
    } = tenant;
    let detail = format!("{code}: {name_ja} / {name_en}");
    let own = Record {
        tenant: None,
        user: None,
        who: &operator.full_name,
        address: &operator.address,
        what,
        subject: Some(tenant.id.0),
        detail: &detail,
    };
    let of_customer = Record {
        tenant: Some(tenant.id),
        // Where an operator sits is the provider's own affair.
        address: "",
        ..own.clone()
    };
    activity::append_records(app, tx, &[of_customer, own]).await
}
