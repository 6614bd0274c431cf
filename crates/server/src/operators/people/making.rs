//! What an operator is made with: certificate, one-time codes, the link for the first visit.

use super::store;
use crate::{
    activity::{self, Record, What},
    app::{App, new_uuid},
    authority::{AuthorityError, Identity},
    db::{Scope, Tx},
    keys::Owner,
    one_time_code,
    operators::{
        role::OperatorRole,
        service::{self, Operator, totp_of},
        store::{self as operators, OperatorRow},
    },
};
use uuid::Uuid;

/// The most characters of a name.
const MAX_NAME: usize = 100;

/// What a new operator is given.
#[allow(missing_debug_implementations)] // It holds a private key.
pub struct NewOperator {
    /// Their certificate with its key, for their browser.
    pub identity: Identity,
    /// The secret of the one-time link for their first visit.
    pub link: String,
}

/// Why an operator was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// Somebody has this login.
    #[error("there is an operator with the login {0}")]
    Taken(String),
    /// Something that cannot be part of a certificate or a link.
    #[error("a login is 1 to 32 small letters, digits, dots and dashes")]
    Login,
    /// Nothing, or something that is no name.
    #[error("a name is 1 to 100 characters")]
    Name,
    /// Nobody has this login.
    #[error("there is no operator with the login {0}")]
    Unknown(String),
    /// The certificate.
    #[error("cannot make the certificate")]
    Certificate(#[from] AuthorityError),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Adds an operator, on the control plane's machine: there is nobody yet who could be asked.
pub async fn add(
    app: &App,
    login: &str,
    full_name: &str,
    role: OperatorRole,
) -> Result<NewOperator, AddError> {
    if !is_login(login) {
        return Err(AddError::Login);
    }
    if !is_name(full_name) {
        return Err(AddError::Name);
    }
    let mut tx = app.db.begin(Scope::Everybody).await?;
    tx.lock_operators().await?;
    let (_, new) = make(app, &mut tx, None, (login, full_name, role)).await?;
    tx.commit().await?;
    Ok(new)
}

/// A new certificate for an operator who has lost theirs or whose time was up, on the control plane's machine: for a
/// provider whose owner nobody else could help. With `codes` also another secret of codes, and the link.
pub async fn renew(
    app: &App,
    login: &str,
    codes: bool,
) -> Result<(Identity, Option<String>), AddError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    tx.lock_operators().await?;
    let row = operators::by_login(&mut tx, login).await?;
    let row = row.ok_or_else(|| AddError::Unknown(login.to_owned()))?;
    let identity = certify(app, &mut tx, &row).await?;
    record(app, &mut tx, None, What::CertificateRenewed, &row).await?;
    let mut link = None;
    if codes {
        link = Some(new_codes(app, &mut tx, row.id).await?);
        record(app, &mut tx, None, What::OperatorCodesReset, &row).await?;
    }
    tx.commit().await?;
    Ok((identity, link))
}

/// Keeps a new operator and makes what they need. Whoever calls holds the lock.
pub(super) async fn make(
    app: &App,
    tx: &mut Tx,
    by: Option<&Operator>,
    (login, full_name, role): (&str, &str, OperatorRole),
) -> Result<(OperatorRow, NewOperator), AddError> {
    if operators::by_login(tx, login).await?.is_some() {
        return Err(AddError::Taken(login.to_owned()));
    }
    let id = new_uuid(&app.clock);
    let secret = one_time_code::new_secret();
    let row = OperatorRow {
        id,
        login: login.to_owned(),
        full_name: full_name.to_owned(),
        role: role.name().to_owned(),
        state: "invited".to_owned(),
        totp: tx.seal(Owner::Service, totp_of(id), &secret).await?,
        totp_step: 0,
        certificate: None,
    };
    operators::insert(tx, &row, app.clock.now_ms()).await?;
    let identity = certify(app, tx, &row).await?;
    let link = service::new_link(app, tx, id).await?;
    record(app, tx, by, What::OperatorAdded, &row).await?;
    Ok((row, NewOperator { identity, link }))
}

/// Makes a certificate and keeps that it is the one which opens.
pub(super) async fn certify(
    app: &App,
    tx: &mut Tx,
    row: &OperatorRow,
) -> Result<Identity, AddError> {
    let issued = app
        .authority
        .operator(row.id, &row.login, app.clock.now_s())?;
    store::set_certificate(tx, row.id, &issued.digest, issued.until_ms).await?;
    Ok(issued.identity)
}

/// Another secret of codes and the link that shows it; earlier ones are worth nothing any more.
pub(super) async fn new_codes(app: &App, tx: &mut Tx, id: Uuid) -> sqlx::Result<String> {
    let secret = one_time_code::new_secret();
    let sealed = tx.seal(Owner::Service, totp_of(id), &secret).await?;
    store::set_codes(tx, id, &sealed).await?;
    store::drop_sessions(tx, id).await?;
    store::drop_links(tx, id).await?;
    service::new_link(app, tx, id).await
}

/// Writes it into the work log. Nobody acts where it was done by the command line.
pub(super) async fn record(
    app: &App,
    tx: &mut Tx,
    by: Option<&Operator>,
    what: What,
    row: &OperatorRow,
) -> sqlx::Result<()> {
    let detail = format!("{} ({}): {}", row.full_name, row.login, row.role);
    let record = Record {
        tenant: None,
        user: None,
        who: by.map_or("", |by| &by.full_name),
        address: by.map_or("", |by| &by.address),
        what,
        subject: Some(row.id),
        detail: &detail,
    };
    activity::append_record(app, tx, &record).await
}

pub(super) fn is_login(login: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    (1..=32).contains(&login.len()) && login.chars().all(fits)
}

pub(super) fn is_name(name: &str) -> bool {
    let chars = name.chars().count();
    !name.trim().is_empty() && chars <= MAX_NAME && !name.chars().any(char::is_control)
}
