//! Use cases of operators: entering, and what they do in the console.

use super::{
    console::Certificate,
    role::OperatorRole,
    store::{self, CustomerRow, LimitRow, MachineRow, OperatorRow, SessionRow},
};
use crate::{
    activity::{self, Record, What},
    app::{App, secret_hash},
    clock::{self, service::History},
    db::{Scope, Tx},
    identity::service::{self as identity, SignInError},
    keys::{Owner, Place},
    one_time_code,
    rights::{self, Asking, Denied, Leave, OperatorAction},
    tenancy::contracts,
};
use totp_rs::Totp;
use uuid::Uuid;
use wire::ids::TenantId;

/// An operator's session ends this long after its beginning, in milliseconds.
pub(crate) const SESSION_MAX_MS: i64 = 8 * 60 * 60 * 1000;
/// And this long after its last use.
pub(super) const SESSION_IDLE_MS: i64 = 30 * 60 * 1000;
const TOUCH_MS: i64 = 60_000;
/// A link for the first visit works this long.
const LINK_MS: i64 = 24 * 60 * 60 * 1000;

/// An operator who has entered.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) id: Uuid,
    pub(crate) full_name: String,
    pub(crate) role: OperatorRole,
    pub(crate) address: String,
}

impl Operator {
    /// Asks the policies about what is done to no customer's thing, and takes no elevation.
    pub(super) fn authorize(&self, action: OperatorAction) -> Result<(), Denied> {
        self.authorize_with(action, Leave::default())
    }

    /// Asks the policies about what is done to the service base or to operators, with what opens it.
    pub(super) fn authorize_with(
        &self,
        action: OperatorAction,
        leave: Leave,
    ) -> Result<(), Denied> {
        let asking = Asking {
            leave,
            ..self.asking(&[])
        };
        rights::authorize_asking(asking, action, None)
    }

    /// Whether the role does it at all: with an elevation for the service base.
    pub(super) fn could(&self, action: OperatorAction) -> Result<(), Denied> {
        let leave = Leave {
            elevated: true,
            alone: false,
        };
        self.authorize_with(action, leave)
    }

    /// Asks the policies about a customer's thing. `elevated` are the customers for whom there is an elevation in force.
    pub(super) fn authorize_on(
        &self,
        customer: TenantId,
        action: OperatorAction,
        elevated: &[TenantId],
    ) -> Result<(), Denied> {
        rights::authorize_asking(self.asking(elevated), action, Some(customer))
    }

    fn asking<'a>(&self, elevated: &'a [TenantId]) -> Asking<'a> {
        Asking {
            id: self.id,
            role: self.role.name(),
            elevated,
            leave: Leave::default(),
        }
    }
}

/// Makes a link for a first visit, or a first one after the codes were reset.
pub(super) async fn new_link(app: &App, tx: &mut Tx, id: Uuid) -> sqlx::Result<String> {
    let link = app.new_secret();
    let expires_at_ms = app.clock.now_ms() + LINK_MS;
    store::insert_link(tx, &secret_hash(&link), id, expires_at_ms).await?;
    Ok(link)
}

/// Where the secret of an operator's codes is kept.
pub(super) fn totp_of(row: Uuid) -> Place {
    Place {
        table: "operators",
        column: "totp",
        row,
    }
}

/// The operator of a certificate, if it is the one that counts and they may come in.
pub(crate) async fn known(
    app: &App,
    certificate: &Certificate,
) -> sqlx::Result<Option<OperatorRow>> {
    let Some(id) = certificate.operator else {
        return Ok(None);
    };
    let mut tx = app.db.read(Scope::Nobody).await?;
    let row = store::get(&mut tx, id).await?;
    let may_enter = |row: &OperatorRow| {
        certificate.is_current(row.certificate.as_deref())
            && row.state != "suspended"
            && OperatorRole::from_name(&row.role).is_some()
    };
    Ok(row.filter(may_enter))
}

/// The one-time codes of an operator (RFC 6238).
pub(crate) async fn totp(app: &App, row: &OperatorRow) -> sqlx::Result<Option<Totp>> {
    let mut tx = app.db.read(Scope::Nobody).await?;
    let secret = tx
        .unseal(Owner::Service, totp_of(row.id), &row.totp)
        .await?;
    let issuer = "Nagaya console";
    Ok(one_time_code::of(secret, issuer, &row.login))
}

/// Whether the link for a first visit works, and is this operator's own.
pub(crate) async fn is_invited(app: &App, row: &OperatorRow, link: &str) -> sqlx::Result<bool> {
    let mut tx = app.db.read(Scope::Nobody).await?;
    let owner = store::link(&mut tx, &secret_hash(link), app.clock.now_ms()).await?;
    Ok(owner == Some(row.id))
}

/// Enters with a one-time code; the first time with the link as well. Returns the secret for the cookie.
pub(crate) async fn enter(
    app: &App,
    row: &OperatorRow,
    code: &str,
    link: Option<&str>,
    address: &str,
) -> Result<String, SignInError> {
    let now_ms = app.clock.now_ms();
    let subject = secret_hash(&format!("operator {}", row.id));
    identity::count_guess(app, &subject).await?;
    let totp = totp(app, row).await?;
    let step = totp.and_then(|totp| one_time_code::step(&totp, code, app.clock.now_s()));
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let may = match link {
        Some(link) => store::use_link(&mut tx, &secret_hash(link), now_ms).await?,
        None => row.state == "active",
    };
    let entered = match step.filter(|_| may) {
        Some(step) => store::use_step(&mut tx, row, step, now_ms).await?,
        None => false,
    };
    if !entered {
        // A link that came with a wrong code can be used again.
        drop(tx);
        let record = record(row.id, &row.full_name, address, What::OperatorRefused);
        activity::record(app, &record).await?;
        return Err(SignInError::Refused);
    }
    identity::guessed_right(&mut tx, &subject).await?;
    let (token, csrf) = (app.new_secret(), app.new_secret());
    store::insert_session(&mut tx, &secret_hash(&token), row.id, &csrf, now_ms).await?;
    let record = record(row.id, &row.full_name, address, What::OperatorEntered);
    activity::append_record(app, &mut tx, &record).await?;
    tx.commit().await?;
    Ok(token)
}

/// What an operator did, for the work log.
fn record<'a>(subject: Uuid, who: &'a str, address: &'a str, what: What) -> Record<'a> {
    Record {
        tenant: None,
        user: None,
        who,
        address,
        what,
        subject: Some(subject),
        detail: "",
    }
}

/// The operator behind a cookie, if the session is still good and the certificate is theirs and counts.
pub(crate) async fn session(
    app: &App,
    token: &str,
    certificate: &Certificate,
) -> sqlx::Result<Option<SessionRow>> {
    let hash = secret_hash(token);
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(Scope::Nobody).await?;
    let row = store::session(&mut tx, &hash).await?;
    drop(tx);
    let is_theirs = |row: &SessionRow| {
        certificate.operator == Some(row.operator_id)
            && certificate.is_current(row.certificate.as_deref())
    };
    let Some(row) = row.filter(is_theirs) else {
        return Ok(None);
    };
    let too_old =
        now_ms - row.created_at_ms > SESSION_MAX_MS || now_ms - row.last_seen_ms > SESSION_IDLE_MS;
    if too_old || now_ms - row.last_seen_ms > TOUCH_MS {
        let mut tx = app.db.begin(Scope::Nobody).await?;
        if too_old {
            store::drop_session(&mut tx, &hash).await?;
        } else {
            store::touch(&mut tx, &hash, now_ms).await?;
        }
        tx.commit().await?;
    }
    Ok((!too_old).then_some(row))
}

pub(crate) async fn leave(app: &App, operator: &Operator, token: &str) -> sqlx::Result<()> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    store::drop_session(&mut tx, &secret_hash(token)).await?;
    let (who, address) = (&operator.full_name, &operator.address);
    let record = record(operator.id, who, address, What::OperatorLeft);
    activity::append_record(app, &mut tx, &record).await?;
    tx.commit().await
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The role would do, but nobody has approved it for the service base.
    #[error("no elevation for the service base is in force")]
    NotElevated,
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

pub(crate) async fn machines(app: &App, operator: &Operator) -> Result<Vec<MachineRow>, ActError> {
    operator.role.authorize(OperatorAction::ListMachines)?;
    Ok(store::machines(&mut app.db.read(Scope::Everybody).await?).await?)
}

/// What is known of the clocks of the service's machines.
pub(crate) async fn clock(app: &App, operator: &Operator) -> Result<History, ActError> {
    operator.role.authorize(OperatorAction::ListMachines)?;
    Ok(clock::service::history(app).await?)
}

pub(crate) async fn customers(
    app: &App,
    operator: &Operator,
) -> Result<Vec<CustomerRow>, ActError> {
    operator.role.authorize(OperatorAction::ListCustomers)?;
    Ok(store::customers(&mut app.db.read(Scope::Everybody).await?).await?)
}

/// Customers of whose contract so many in a hundred of a limit are used; how much, and nothing that they store.
pub(crate) async fn near_limits(
    app: &App,
    operator: &Operator,
    percent: i64,
) -> Result<Vec<LimitRow>, ActError> {
    operator.role.authorize(OperatorAction::ViewContract)?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    let rows = store::limits(&mut tx, &contracts::today(app)).await?;
    let near = |used: i64, most: i64| used * 100 >= most * percent;
    let is_near =
        |row: &LimitRow| near(row.people, row.max_people) || near(row.sessions, row.max_sessions);
    Ok(rows.into_iter().filter(is_near).collect())
}

/// Lets a session host take no new sessions, or take them again. The customers who have sessions on it find it in
/// their own logs. `false` when there is no such host, or nothing to change.
pub(crate) async fn drain(
    app: &App,
    operator: &Operator,
    host: Uuid,
    on: bool,
    reason: &str,
) -> Result<bool, ActError> {
    operator.role.authorize(OperatorAction::Drain)?;
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let (changed, what) = if on {
        let changed = store::drain(&mut tx, host, app.clock.now_ms()).await?;
        (changed, What::HostDrained)
    } else {
        (store::resume(&mut tx, host).await?, What::HostResumed)
    };
    if !changed {
        return Ok(false);
    }
    let own = Record {
        detail: reason,
        ..record(host, &operator.full_name, &operator.address, what)
    };
    let of_customer = |tenant| Record {
        tenant: Some(tenant),
        // Where an operator sits is the provider's own affair.
        address: "",
        ..own.clone()
    };
    let customers = store::tenants_on(&mut tx, host).await?;
    let mut records: Vec<_> = customers.into_iter().map(of_customer).collect();
    records.push(own.clone());
    activity::append_records(app, &mut tx, &records).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(true)
}
