//! Use cases: take everybody out as a file, see what a file would do, and do it: all of it, or nothing.

use super::{
    super::{
        lifecycle::{Issued, LifecycleError, Wrong},
        page::UserSort,
        people::account_state,
        store::{self, UserOrder, UserRow},
        turn::Turn,
    },
    plan::{Now, Plan, Problem, Step, draft, plan},
    table,
    words::{Action as Act, Column},
};
use crate::{
    activity::{self, Record, What},
    actor::{Actor, Role},
    app::App,
    db::Tx,
    portal::{Key, Lang},
    rights::{self, Action, Denied},
    tenancy::contracts,
    visit::role_key,
};
use std::time::Duration;
use tokio::time::timeout;

/// How long is waited for desktops to close once the file was taken: well within the time of a request.
const AFTERMATH_LIMIT: Duration = Duration::from_secs(10);

/// Why a file was not taken. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// It would not do what was shown: the file or the organisation's people are others now. With what it would do.
    #[error("this is not what was shown")]
    NotAsShown(Box<Plan>),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
    /// A change that the file asks for is none that could be made.
    #[error("cannot change this: {0}")]
    Change(LifecycleError),
}

/// What was done.
#[derive(Debug)]
pub struct Done {
    /// All of it.
    pub plan: Plan,
    /// One-time links of those who were added, in the order of the file. They are kept nowhere.
    pub links: Vec<Issued>,
}

/// Everybody as a file in a language, which can be brought in again. Its beginning tells spreadsheets that it is UTF-8.
pub async fn export(app: &App, actor: &Actor, lang: Lang) -> Result<String, ImportError> {
    rights::authorize(actor, Action::ListUsers)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let people = everybody(&mut tx, actor).await?;
    let mut file = format!("\u{feff}{}", head(lang));
    for row in &people {
        file.push_str(&written(row, lang));
    }
    let count = people.len().to_string();
    let tenant = actor.tenant.0;
    activity::append(app, &mut tx, actor, What::PeopleExported, tenant, &count).await?;
    tx.commit().await?;
    Ok(file)
}

/// The heads of the columns. That of what is to be done is there to be filled in.
pub(super) fn head(lang: Lang) -> String {
    table::line(&Column::ALL.map(|column| lang.text(column.label().0)))
}

fn written(row: &UserRow, lang: Lang) -> String {
    let role = Role::from_name(&row.role).map_or("", |role| lang.text(role_key(role).0));
    let state = lang.text(account_state(&row.state).label().0);
    table::line(&[&row.full_name, &row.email, role, state, ""])
}

/// What a file would do. Changes nothing.
///
/// Whether another customer has an address is not told here: nobody learns by a look, which leaves no trace, who is
/// whose customer.
pub async fn preview(app: &App, actor: &Actor, file: &[u8]) -> Result<Plan, ImportError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    Ok(planned(app, &mut tx, actor, file).await?)
}

/// Does what a file says, if it is what was shown: `digest` is that of the [`Plan`].
pub async fn apply(
    app: &App,
    actor: &Actor,
    file: &[u8],
    digest: &str,
) -> Result<Done, ImportError> {
    let mut turn = Turn::begin(app, actor).await.map_err(of_turn)?;
    let mut plan = planned(app, &mut turn.tx, actor, file).await?;
    if !plan.problems.is_empty() || plan.digest != digest {
        return Err(ImportError::NotAsShown(Box::new(plan)));
    }
    let tenant = actor.tenant.0;
    let detail = summary(&plan);
    activity::append(
        app,
        &mut turn.tx,
        actor,
        What::PeopleImported,
        tenant,
        &detail,
    )
    .await?;
    let mut steps: Vec<&Step> = plan.steps.iter().collect();
    steps.sort_by_key(|step| step.turn());
    let mut links = Vec::new();
    for step in steps {
        if let Err(error) = take(&mut turn, step, &mut links).await {
            let problem = problem(step, error)?;
            // Nothing of it becomes true.
            drop(turn);
            let detail = format!("{}, {}", problem.line.unwrap_or_default(), step.email);
            let record = Record::of(actor, What::PeopleImportRefused, tenant, &detail);
            activity::record(app, &record).await?;
            plan.problems.push(problem);
            return Err(ImportError::NotAsShown(Box::new(plan)));
        }
    }
    let aftermath = turn.make_true().await?;
    // It is done, and its links are shown this once: no trouble with desktops may hide them.
    match timeout(AFTERMATH_LIMIT, aftermath.finish()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "desktops are left to the reconciler"),
        Err(_) => tracing::warn!("closing desktops takes long and is left to the reconciler"),
    }
    Ok(Done { plan, links })
}

async fn planned(app: &App, tx: &mut Tx, actor: &Actor, file: &[u8]) -> sqlx::Result<Plan> {
    let people = everybody(tx, actor).await?;
    let now = Now {
        people: &people,
        actor: actor.user,
        room: contracts::accounts_left(app, tx, actor.tenant).await?,
    };
    Ok(plan(file, &now))
}

async fn everybody(tx: &mut Tx, actor: &Actor) -> sqlx::Result<Vec<UserRow>> {
    let order = UserOrder {
        by: UserSort::Name,
        descending: false,
    };
    store::users(tx, actor.tenant, "", order).await
}

async fn take(
    turn: &mut Turn<'_>,
    step: &Step,
    links: &mut Vec<Issued>,
) -> Result<(), LifecycleError> {
    let draft = draft(&step.full_name, &step.email, step.role);
    let Some(id) = step.person else {
        let user = turn.add(&draft).await?;
        let token = turn.link(user.id).await?;
        links.push(Issued { user, token });
        return Ok(());
    };
    let user = turn.person(id).await?;
    for act in &step.acts {
        match act {
            Act::Add => {}
            Act::Change => turn.edit(&user, &draft).await?,
            Act::Suspend => turn.suspend(&user).await?,
            Act::Resume => turn.resume(&user).await?,
            Act::Remove => turn.remove(&user).await?,
        }
    }
    Ok(())
}

/// A guard that held, at its line; what is no fault of the file is an error.
fn problem(step: &Step, error: LifecycleError) -> Result<Problem, ImportError> {
    let at = |column, what| Problem::at(step.line, column, what, &step.email);
    match error {
        LifecycleError::Wrong(Wrong {
            email: Some(what), ..
        }) => Ok(at(Some(Column::Address), what)),
        LifecycleError::Yourself => Ok(at(None, Key("person.error.yourself"))),
        LifecycleError::LastAdministrator => Ok(at(None, Key("person.error.last_administrator"))),
        other => Err(of_turn(other)),
    }
}

fn of_turn(error: LifecycleError) -> ImportError {
    match error {
        LifecycleError::Denied(denied) => ImportError::Denied(denied),
        LifecycleError::Database(error) => ImportError::Database(error),
        other => ImportError::Change(other),
    }
}

/// How many of each act, and which file; for the log.
fn summary(plan: &Plan) -> String {
    let acts = Act::ALL.iter().filter(|act| plan.count(**act) > 0);
    let acts: Vec<String> = acts
        .map(|act| format!("{}: {}", act.name(), plan.count(*act)))
        .collect();
    format!("{} (SHA-256 {})", acts.join(", "), plan.digest)
}
