//! Use cases of elevations. Each step is in the work log and, when it is about a customer, in the customer's own log.

use super::{
    state::{Event, MINUTES, State, Unfit, WAIT_MS},
    step::{happen, record},
    store::{self, Change, Row, Search},
};
use crate::{
    activity::What,
    app::{self, App, new_uuid},
    db::{Scope, Tx},
    operators::{
        pages::BaseLeave,
        service::{ActError, Operator},
        store::{self as operators, CustomerRow},
    },
    portal::Key,
    rights::{Denied, Leave, OperatorAction},
    tenancy,
};
use uuid::Uuid;
use wire::ids::TenantId;

/// The most characters of a purpose or of a reason.
pub(crate) const MAX_TEXT: usize = 200;
/// The most characters of a ticket.
pub(crate) const MAX_TICKET: usize = 40;

/// A request as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The customer's code; empty for the service base.
    pub(crate) customer: String,
    pub(crate) purpose: String,
    pub(crate) ticket: String,
    pub(crate) minutes: String,
}

/// What is wrong with a [`Draft`], beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) customer: Option<Key>,
    pub(crate) purpose: Option<Key>,
    pub(crate) minutes: Option<Key>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ElevationError {
    #[error("no such elevation")]
    NotFound,
    #[error("the form is not filled in well")]
    Wrong(Wrong),
    /// A decision without a reason.
    #[error("a reason is missing")]
    NoReason,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error(transparent)]
    Act(#[from] ActError),
}

impl From<sqlx::Error> for ElevationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Act(error.into())
    }
}

impl From<Denied> for ElevationError {
    fn from(error: Denied) -> Self {
        Self::Act(error.into())
    }
}

/// A list, and what its reader may do.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) total: i64,
    pub(crate) rows: Vec<Row>,
    /// Others who may decide on what the reader asks for.
    pub(crate) deciders: i64,
}

/// The elevations that the reader may see: everybody's, or their own.
pub(crate) async fn list(
    app: &App,
    operator: &Operator,
    search: &Search,
    range: (i64, i64),
) -> Result<Listed, ActError> {
    let search = Search {
        of: own_alone(operator)?,
        ..search.clone()
    };
    let mut tx = app.db.read(Scope::Everybody).await?;
    let (total, rows) = store::page(&mut tx, &search, range).await?;
    Ok(Listed {
        total,
        rows,
        deciders: store::deciders(&mut tx, operator.id).await?,
    })
}

/// Whether nobody else could decide on what the operator asks for.
pub(crate) async fn is_alone(app: &App, operator: &Operator) -> sqlx::Result<bool> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    Ok(store::deciders(&mut tx, operator.id).await? == 0)
}

/// Of whom alone the reader sees elevations, if not of everybody.
fn own_alone(operator: &Operator) -> Result<Option<Uuid>, Denied> {
    if operator.authorize(OperatorAction::ListOperators).is_ok() {
        return Ok(None);
    }
    operator.authorize(OperatorAction::AskElevation)?;
    Ok(Some(operator.id))
}

/// One elevation that the reader may see.
pub(crate) async fn one(app: &App, operator: &Operator, id: Uuid) -> Result<Row, ElevationError> {
    let own = own_alone(operator)?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    let row = store::get(&mut tx, id).await?;
    row.filter(|row| own.is_none_or(|own| own == row.operator_id))
        .ok_or(ElevationError::NotFound)
}

/// Customers to choose from.
pub(crate) async fn customers(
    app: &App,
    operator: &Operator,
) -> Result<Vec<CustomerRow>, ActError> {
    operator.authorize(OperatorAction::AskElevation)?;
    operator.authorize(OperatorAction::ListCustomers)?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    Ok(operators::customers(&mut tx).await?)
}

/// Asks for an elevation. Returns its id.
pub(crate) async fn ask(
    app: &App,
    operator: &Operator,
    draft: &Draft,
) -> Result<Uuid, ElevationError> {
    operator.authorize(OperatorAction::AskElevation)?;
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let (mut row, mut wrong) = check(draft);
    let code = draft.customer.trim();
    if code.is_empty() {
        // Whose role changes nothing of the service base would have leave to do nothing.
        if !works_on_base(operator) {
            wrong.customer = Some(Key("elevation.wrong.no_customer"));
        }
    } else {
        operator.authorize(OperatorAction::ListCustomers)?;
        match tenancy::service::by_code(&mut tx, code).await? {
            Some(tenant) => {
                row.tenant_id = Some(tenant.id);
                row.code = Some(tenant.code);
            }
            None => wrong.customer = Some(Key("elevation.wrong.customer")),
        }
    }
    let since = (now_ms, now_ms - WAIT_MS);
    if wrong.customer.is_none()
        && store::has_same(&mut tx, (operator.id, row.tenant_id), since).await?
    {
        wrong.customer = Some(Key("elevation.wrong.same"));
    }
    if wrong != Wrong::default() {
        return Err(ElevationError::Wrong(wrong));
    }
    row.id = new_uuid(&app.clock);
    row.operator_id = operator.id;
    row.who.clone_from(&operator.full_name);
    row.asked_at_ms = now_ms;
    store::insert(&mut tx, &row).await?;
    record(app, &mut tx, Some(operator), What::ElevationAsked, &row).await?;
    tx.commit().await?;
    Ok(row.id)
}

/// Whether an elevation for the service base is of any use to the operator.
pub(crate) fn works_on_base(operator: &Operator) -> bool {
    operator.could(OperatorAction::ManageProvider).is_ok()
}

/// A row of what was typed, and what is wrong with it. Who asks for which customer is not in it yet.
fn check(draft: &Draft) -> (Row, Wrong) {
    let text = |text: &str, most| {
        let plain = text.trim().chars().filter(|c| !c.is_control());
        plain.take(most).collect::<String>()
    };
    let minutes = draft.minutes.parse().ok();
    let minutes = minutes.filter(|minutes| MINUTES.contains(minutes));
    let purpose = text(&draft.purpose, MAX_TEXT);
    let wrong = Wrong {
        customer: None,
        purpose: purpose.is_empty().then_some(Key("elevation.wrong.purpose")),
        minutes: minutes.is_none().then_some(Key("elevation.wrong.minutes")),
    };
    let row = Row {
        purpose,
        ticket: text(&draft.ticket, MAX_TICKET),
        minutes: minutes.unwrap_or_default(),
        state: State::Asked.name().to_owned(),
        ..Row::default()
    };
    (row, wrong)
}

/// What somebody decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Approve,
    Refuse,
}

/// Approves or refuses what somebody else asked for, with a reason.
pub(crate) async fn decide(
    app: &App,
    operator: &Operator,
    id: Uuid,
    decision: Decision,
    reason: &str,
) -> Result<(), ElevationError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let row = seen(&mut tx, operator, id).await?;
    let asked_by = row.operator_id;
    operator.authorize(OperatorAction::DecideElevation { asked_by })?;
    let reason: String = reason.trim().chars().take(MAX_TEXT).collect();
    if reason.is_empty() {
        return Err(ElevationError::NoReason);
    }
    let (by, at_ms) = (operator.id, app.clock.now_ms());
    let event = match decision {
        Decision::Approve => Event::Approve { by, at_ms },
        Decision::Refuse => Event::Refuse { by, at_ms },
    };
    let change = Change {
        decided_by: Some(by),
        decided_who: Some(&operator.full_name),
        decided_at_ms: Some(at_ms),
        decision: Some(&reason),
        ..Change::default()
    };
    happen(app, &mut tx, Some(operator), &row, (event, change)).await?;
    Ok(tx.commit().await?)
}

/// Ends an elevation before its time, or takes back a request.
pub(crate) async fn end(app: &App, operator: &Operator, id: Uuid) -> Result<(), ElevationError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let row = seen(&mut tx, operator, id).await?;
    let asked_by = row.operator_id;
    operator.authorize(OperatorAction::EndElevation { asked_by })?;
    let (by, at_ms) = (operator.id, app.clock.now_ms());
    let change = Change {
        ended_who: Some(&operator.full_name),
        ended_at_ms: Some(at_ms),
        ..Change::default()
    };
    let event = Event::End { by, at_ms };
    happen(app, &mut tx, Some(operator), &row, (event, change)).await?;
    Ok(tx.commit().await?)
}

/// Ends all that somebody has, in the transaction of the act that shuts them out.
pub(crate) async fn shut_out(
    app: &App,
    tx: &mut Tx,
    by: &Operator,
    other: Uuid,
) -> sqlx::Result<()> {
    for id in store::open_of(tx, other).await? {
        let Some(row) = store::get(tx, id).await? else {
            continue;
        };
        let change = Change {
            ended_who: Some(&by.full_name),
            ended_at_ms: Some(app.clock.now_ms()),
            ..Change::default()
        };
        let done = happen(app, tx, Some(by), &row, (Event::ShutOut, change)).await;
        // Otherwise it was over already.
        if let Err(ElevationError::Act(ActError::Database(error))) = done {
            return Err(error);
        }
    }
    Ok(())
}

/// Writes down what ended by itself. It was not in force any more before that.
pub(super) async fn reconcile(app: &App) -> sqlx::Result<()> {
    let at_ms = app.clock.now_ms();
    let mut tx = app.db.read(Scope::Everybody).await?;
    let due = store::due(&mut tx, at_ms, at_ms - WAIT_MS).await?;
    drop(tx);
    for id in due {
        let mut tx = app.db.begin(Scope::Everybody).await?;
        let Some(row) = store::get(&mut tx, id).await? else {
            continue;
        };
        let change = Change {
            ended_at_ms: Some(row.until_ms.unwrap_or(at_ms)),
            ..Change::default()
        };
        let event = Event::Time { at_ms };
        match happen(app, &mut tx, None, &row, (event, change)).await {
            Ok(()) => tx.commit().await?,
            Err(ElevationError::Act(ActError::Database(error))) => return Err(error),
            // Somebody else was first.
            Err(_) => {}
        }
    }
    Ok(())
}

/// Lets an act of the operator on the customer use what they have in force: the customers for the policies. Nobody can
/// end it before the act's transaction does.
pub(crate) async fn spend(
    app: &App,
    tx: &mut Tx,
    operator: &Operator,
    tenant: TenantId,
) -> sqlx::Result<Vec<TenantId>> {
    let has = store::spend(tx, operator.id, Some(tenant), app.clock.now_ms()).await?;
    Ok(has.then_some(tenant).into_iter().collect())
}

/// Lets an act of the operator on the service base, or on another operator, use what they have in force for the base.
/// Nobody can end it before the act's transaction does.
pub(crate) async fn act_on_base(
    app: &App,
    tx: &mut Tx,
    operator: &Operator,
    action: OperatorAction,
) -> Result<(), ActError> {
    operator.could(action)?;
    let leave = Leave {
        elevated: store::spend(tx, operator.id, None, app.clock.now_ms()).await?,
        alone: store::deciders(tx, operator.id).await? == 0,
    };
    let permitted = operator.authorize_with(action, leave);
    permitted.map_err(|Denied| ActError::NotElevated)
}

/// What the operator may do of it now.
pub(crate) async fn leave(
    app: &App,
    operator: &Operator,
    action: OperatorAction,
) -> sqlx::Result<BaseLeave> {
    if operator.could(action).is_err() {
        return Ok(BaseLeave::Never);
    }
    let mut tx = app.db.read(Scope::Everybody).await?;
    let until_ms = store::until(&mut tx, operator.id, None, app.clock.now_ms()).await?;
    if let Some(until_ms) = until_ms {
        return Ok(BaseLeave::Until(app::moment(until_ms)));
    }
    let leave = Leave {
        elevated: false,
        alone: store::deciders(&mut tx, operator.id).await? == 0,
    };
    let is_free = operator.authorize_with(action, leave).is_ok();
    Ok(if is_free {
        BaseLeave::Alone
    } else {
        BaseLeave::Missing
    })
}

/// Until when the operator may act on the customer, in Unix milliseconds.
pub(crate) async fn until(
    app: &App,
    tx: &mut Tx,
    operator: &Operator,
    tenant: TenantId,
) -> sqlx::Result<Option<i64>> {
    store::until(tx, operator.id, Some(tenant), app.clock.now_ms()).await
}

/// Requests on which this operator may decide.
pub(crate) async fn waiting(app: &App, operator: &Operator) -> sqlx::Result<i64> {
    let asked_by = Uuid::nil();
    let decides = OperatorAction::DecideElevation { asked_by };
    if operator.authorize(decides).is_err() {
        return Ok(0);
    }
    let mut tx = app.db.read(Scope::Everybody).await?;
    store::waiting(&mut tx, operator.id, app.clock.now_ms() - WAIT_MS).await
}

/// A row that the operator may see.
async fn seen(tx: &mut Tx, operator: &Operator, id: Uuid) -> Result<Row, ElevationError> {
    let own = own_alone(operator)?;
    let row = store::get(tx, id).await?;
    row.filter(|row| own.is_none_or(|own| own == row.operator_id))
        .ok_or(ElevationError::NotFound)
}
