//! Use cases of an owner: operators come, change, pause and go. Each is in the work log.

use super::{
    making::{AddError, certify, is_login, is_name, make, new_codes, record},
    papers,
    store::{self, PersonRow},
};
use crate::{
    activity::What,
    app::App,
    authority::AuthorityError,
    db::{Scope, Tx},
    operators::{
        elevation::service as elevation,
        role::OperatorRole,
        service::{ActError, Operator},
        store::{self as operators, OperatorRow},
    },
    pkcs12::File,
    portal::Key,
    rights::{Denied, OperatorAction},
};
use uuid::Uuid;

/// A new operator as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) login: String,
    pub(crate) full_name: String,
    pub(crate) role: String,
}

/// What is wrong with a [`Draft`], beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) login: Option<Key>,
    pub(crate) full_name: Option<Key>,
    pub(crate) role: Option<Key>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeopleError {
    #[error("no such operator")]
    NotFound,
    #[error("the form is not filled in well")]
    Wrong(Wrong),
    /// It does not fit where the operator stands.
    #[error("does not fit the operator's state")]
    State,
    #[error("cannot make the certificate")]
    Certificate(#[from] AuthorityError),
    #[error(transparent)]
    Act(#[from] ActError),
}

impl From<sqlx::Error> for PeopleError {
    fn from(error: sqlx::Error) -> Self {
        Self::Act(error.into())
    }
}

impl From<AddError> for PeopleError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Certificate(error) => error.into(),
            AddError::Database(error) => error.into(),
            // All else was checked before.
            _ => Self::Wrong(Wrong {
                login: Some(Key("operators.wrong.taken")),
                ..Wrong::default()
            }),
        }
    }
}

impl From<Denied> for PeopleError {
    fn from(error: Denied) -> Self {
        Self::Act(error.into())
    }
}

/// What is done to another operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// They are out at once, until they are let in again.
    Suspend,
    /// They may come again.
    Resume,
    /// They get another certificate; the one they have opens nothing any more.
    Renew,
    /// They lost their authenticator: another secret of codes, and a link.
    ResetCodes,
    /// They are gone for good.
    Remove,
}

/// What is handed over to an operator, once: nothing of it is kept.
pub(crate) struct Papers {
    pub(crate) login: String,
    pub(crate) full_name: String,
    /// The certificate with its key.
    pub(crate) file: Option<File>,
    /// The secret of the link for the first visit.
    pub(crate) link: Option<String>,
}

impl Act {
    /// Every act, in the order in which the page offers them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Renew,
        Self::ResetCodes,
        Self::Suspend,
        Self::Resume,
        Self::Remove,
    ];

    /// The last part of its path.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Renew => "renew",
            Self::ResetCodes => "codes",
            Self::Remove => "remove",
        }
    }

    /// The act of a path's part.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }

    /// Whether it can be done to an operator of the state.
    pub(crate) fn fits(self, state: &str) -> bool {
        match self {
            Self::Resume => state == "suspended",
            Self::Remove => true,
            Self::Suspend | Self::Renew | Self::ResetCodes => state != "suspended",
        }
    }

    /// Whether it lets the other do more, or somebody be taken for them: it takes an elevation for the service base. Who is
    /// to be shut out is shut out at once.
    pub(crate) fn empowers(self) -> bool {
        match self {
            Self::Resume | Self::Renew | Self::ResetCodes => true,
            Self::Suspend | Self::Remove => false,
        }
    }

    fn what(self) -> What {
        match self {
            Self::Suspend => What::OperatorSuspended,
            Self::Resume => What::OperatorResumed,
            Self::Renew => What::CertificateRenewed,
            Self::ResetCodes => What::OperatorCodesReset,
            Self::Remove => What::OperatorRemoved,
        }
    }
}

/// Every operator, by name.
pub(crate) async fn list(app: &App, operator: &Operator) -> Result<Vec<PersonRow>, ActError> {
    operator.authorize(OperatorAction::ListOperators)?;
    Ok(store::all(&mut app.db.read(Scope::Everybody).await?).await?)
}

/// One operator.
pub(crate) async fn person(
    app: &App,
    operator: &Operator,
    id: Uuid,
) -> Result<PersonRow, PeopleError> {
    let all = list(app, operator).await?;
    let found = all.into_iter().find(|row| row.id == id);
    found.ok_or(PeopleError::NotFound)
}

/// Adds an operator from the console.
pub(crate) async fn invite(
    app: &App,
    operator: &Operator,
    draft: &Draft,
) -> Result<Papers, PeopleError> {
    operator.could(OperatorAction::AddOperator)?;
    let (login, full_name) = (draft.login.trim(), draft.full_name.trim());
    let role = OperatorRole::from_name(&draft.role);
    let wrong = Wrong {
        login: (!is_login(login)).then_some(Key("operators.wrong.login")),
        full_name: (!is_name(full_name)).then_some(Key("operators.wrong.full_name")),
        role: role.is_none().then_some(Key("operators.wrong.role")),
    };
    let role = match role {
        Some(role) if wrong == Wrong::default() => role,
        _ => return Err(PeopleError::Wrong(wrong)),
    };
    let mut turn = Turn::begin(app, operator).await?;
    elevation::act_on_base(app, &mut turn.tx, operator, OperatorAction::AddOperator).await?;
    let made = make(app, &mut turn.tx, Some(operator), (login, full_name, role)).await;
    let (row, new) = made?;
    let papers = Papers {
        file: Some(papers::file(&new.identity, &row.login)?),
        link: Some(new.link),
        login: row.login,
        full_name: row.full_name,
    };
    turn.tx.commit().await?;
    Ok(papers)
}

/// Gives another operator another role. Their sessions and elevations end.
pub(crate) async fn set_role(
    app: &App,
    operator: &Operator,
    id: Uuid,
    role: &str,
) -> Result<(), PeopleError> {
    let wrong = || {
        PeopleError::Wrong(Wrong {
            role: Some(Key("operators.wrong.role")),
            ..Wrong::default()
        })
    };
    let role = OperatorRole::from_name(role).ok_or_else(wrong)?;
    let mut turn = Turn::begin(app, operator).await?;
    let mut row = turn.other(id).await?;
    if row.role == role.name() {
        return Ok(());
    }
    turn.empower(id).await?;
    store::set_role(&mut turn.tx, id, role.name()).await?;
    turn.shut_out(id).await?;
    role.name().clone_into(&mut row.role);
    record(
        app,
        &mut turn.tx,
        Some(operator),
        What::OperatorChanged,
        &row,
    )
    .await?;
    Ok(turn.tx.commit().await?)
}

/// Does something to another operator. Returns what is to be handed over to them.
pub(crate) async fn act(
    app: &App,
    operator: &Operator,
    id: Uuid,
    act: Act,
) -> Result<Papers, PeopleError> {
    let mut turn = Turn::begin(app, operator).await?;
    let row = turn.other(id).await?;
    if !act.fits(&row.state) {
        return Err(PeopleError::State);
    }
    if act.empowers() {
        turn.empower(id).await?;
    }
    let mut papers = Papers {
        login: row.login.clone(),
        full_name: row.full_name.clone(),
        file: None,
        link: None,
    };
    match act {
        Act::Suspend => store::suspend(&mut turn.tx, id).await?,
        Act::Resume => store::resume(&mut turn.tx, id).await?,
        Act::Renew => {
            let identity = certify(app, &mut turn.tx, &row).await?;
            papers.file = Some(papers::file(&identity, &row.login)?);
        }
        Act::ResetCodes => papers.link = Some(new_codes(app, &mut turn.tx, id).await?),
        Act::Remove => {}
    }
    turn.shut_out(id).await?;
    if act == Act::Remove {
        store::drop_links(&mut turn.tx, id).await?;
        store::remove(&mut turn.tx, id).await?;
    }
    record(app, &mut turn.tx, Some(operator), act.what(), &row).await?;
    turn.tx.commit().await?;
    Ok(papers)
}

/// One owner's turn at the operators. Turns wait for each other, and each looks again at who acts, so that of two owners
/// who suspend one another at the same moment one succeeds, and is there afterwards.
struct Turn<'a> {
    app: &'a App,
    operator: &'a Operator,
    tx: Tx,
}

impl<'a> Turn<'a> {
    async fn begin(app: &'a App, operator: &'a Operator) -> Result<Self, PeopleError> {
        let mut tx = app.db.begin(Scope::Everybody).await?;
        tx.lock_operators().await?;
        let own = operators::get(&mut tx, operator.id).await?;
        let is_as_before =
            |own: OperatorRow| own.state == "active" && own.role == operator.role.name();
        if !own.is_some_and(is_as_before) {
            return Err(Denied.into());
        }
        Ok(Self { app, operator, tx })
    }

    /// Another operator, whom the policies let this one look after.
    async fn other(&mut self, id: Uuid) -> Result<OperatorRow, PeopleError> {
        self.operator
            .authorize(OperatorAction::ManageOperator { other: id })?;
        let row = operators::get(&mut self.tx, id).await?;
        row.ok_or(PeopleError::NotFound)
    }

    /// Uses the elevation that an act which gives another operator power takes.
    async fn empower(&mut self, other: Uuid) -> Result<(), ActError> {
        let action = OperatorAction::EmpowerOperator { other };
        elevation::act_on_base(self.app, &mut self.tx, self.operator, action).await
    }

    /// Whatever they have open ends with the transaction: sessions of the console and elevations.
    async fn shut_out(&mut self, id: Uuid) -> sqlx::Result<()> {
        store::drop_sessions(&mut self.tx, id).await?;
        elevation::shut_out(self.app, &mut self.tx, self.operator, id).await
    }
}
