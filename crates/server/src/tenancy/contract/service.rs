//! What is agreed on, what it allows, and who accepted it.

use super::{
    AcceptanceRow, ContractRow, Draft, ServiceCodeRow, Wrong, days,
    draft::Choices,
    store::{self, Labels},
};
use crate::{
    activity::{self, Record, What},
    actor::Actor,
    app::{self, App, new_uuid},
    db::Tx,
    portal::Key,
    rights::{self, Action, Denied},
    tenancy::{
        boundary,
        provider::{self, Offer, Profile, Region, Terms},
    },
};
use time::macros::offset;
use uuid::Uuid;
use wire::ids::TenantId;

pub(crate) use super::versions::{revise, withdraw};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The policies say no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// What was typed.
    #[error("the contract's next version cannot be used")]
    Wrong(Box<Wrong>),
    /// There is no such service code, service or option; or the code is taken.
    #[error("the service code cannot be used")]
    Code,
    /// There is no such version, or none that comes: it counts already, or was withdrawn.
    #[error("the contract's version cannot be withdrawn")]
    NotComing,
    /// These are not the terms that count, or not the text that was shown.
    #[error("the terms are other ones now")]
    OtherTerms,
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Whether there may be one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There may.
    Free,
    /// As many as the contract says are there already.
    Full,
    /// No contract is in force.
    NoContract,
}

/// Everything that a customer has agreed on, and how much of it is used.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Every version, the last written first.
    pub versions: Vec<ContractRow>,
    /// Today in Japan.
    pub today: String,
    /// Whether the contract is in force today.
    pub in_force: bool,
    /// Service codes, those that ended too.
    pub codes: Vec<ServiceCodeRow>,
    /// Who accepted which terms, of the newest terms first.
    pub acceptances: Vec<AcceptanceRow>,
    /// The text that goes with the contract.
    pub terms: Option<Terms>,
    /// Accounts.
    pub people: i64,
    /// Sessions that are not over.
    pub sessions: i64,
    /// Resources, and those without a service code.
    pub labels: Labels,
    /// All regions.
    pub regions: Vec<Region>,
    /// The catalogue.
    pub catalogue: Vec<Offer>,
    /// The provider.
    pub profile: Profile,
}

impl Overview {
    /// The version that counts.
    #[must_use]
    pub fn contract(&self) -> Option<&ContractRow> {
        days::counting(&self.versions, &self.today)
    }

    /// Those whose day comes, the next one first.
    #[must_use]
    pub fn coming(&self) -> Vec<&ContractRow> {
        days::coming(&self.versions, &self.today)
    }

    /// Who accepted the terms that go with the contract.
    #[must_use]
    pub fn accepted(&self) -> Option<&AcceptanceRow> {
        let version = self.contract()?.terms_version;
        self.acceptances
            .iter()
            .find(|row| row.terms_version == version)
    }
}

/// What the reader's organisation has agreed on.
pub async fn own(app: &App, actor: &Actor) -> Result<Overview, ContractError> {
    rights::authorize(actor, Action::ViewContract)?;
    let mut tx = app.db.read(actor.tenant).await?;
    Ok(overview(app, &mut tx, actor.tenant, Names::Open).await?)
}

/// Whether the names of the customer's people are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// For the customer's own readers.
    Open,
    /// For operators, who read no stored data.
    Sealed,
}

/// What a customer has agreed on. The caller has asked whether it may be read.
pub(crate) async fn overview(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    names: Names,
) -> sqlx::Result<Overview> {
    let versions = store::versions(tx, tenant).await?;
    let terms = provider::service::terms(tx).await?;
    let today = today(app);
    let contract = days::counting(&versions, &today);
    let in_force = contract.is_some_and(|row| row.is_in_force(&today));
    let version = contract.map(|row| row.terms_version);
    Ok(Overview {
        in_force,
        today,
        terms: terms.into_iter().find(|row| Some(row.version) == version),
        versions,
        codes: store::codes(tx, tenant).await?,
        acceptances: store::acceptances(tx, tenant, names == Names::Open).await?,
        people: store::people(tx, tenant).await?,
        sessions: store::sessions(tx, tenant).await?,
        labels: store::labels(tx, tenant).await?,
        regions: provider::service::regions(tx).await?,
        catalogue: provider::service::catalogue(tx).await?,
        profile: provider::service::profile(tx).await?,
    })
}

/// Accepts the terms that go with the contract, and the boundary of responsibility, for the reader's organisation.
/// `shown` is the [`fingerprint`] of what the reader saw. `false` when somebody did before.
pub async fn accept(
    app: &App,
    actor: &Actor,
    version: i64,
    shown: &str,
) -> Result<bool, ContractError> {
    rights::authorize(actor, Action::AcceptTerms)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let contract = store::current(&mut tx, actor.tenant, &today(app)).await?;
    let terms = provider::service::terms(&mut tx).await?;
    let terms = terms.into_iter().find(|terms| terms.version == version);
    let (Some(contract), Some(terms)) = (contract, terms) else {
        return Err(ContractError::OtherTerms);
    };
    if contract.terms_version != version || fingerprint(&terms) != shown {
        return Err(ContractError::OtherTerms);
    }
    let row = AcceptanceRow {
        id: new_uuid(&app.clock),
        terms_version: version,
        user_id: actor.user,
        full_name: actor.full_name.clone(),
        shown: shown.to_owned(),
        at_ms: app.clock.now_ms(),
    };
    if !store::accept(&mut tx, actor.tenant, &row).await? {
        return Ok(false);
    }
    let detail = format!("{version} (SHA-256 {shown})");
    activity::append(app, &mut tx, actor, What::TermsAccepted, row.id, &detail).await?;
    tx.commit().await?;
    Ok(true)
}

/// What is accepted with terms: SHA-256 over both texts and the boundary of responsibility, hexadecimal.
#[must_use]
pub fn fingerprint(terms: &Terms) -> String {
    boundary::fingerprint(&[&terms.text_ja, &terms.text_en, &boundary::declared()])
}

/// Who of the provider changes something: their name, for the customer's own log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) who: &'a str,
}

/// The row of a draft that counts from its day or from today, or what is wrong with it. Regions that are not offered any more may stay where they are `kept`.
pub(crate) async fn check(
    app: &App,
    tx: &mut Tx,
    draft: &Draft,
    kept: &[String],
) -> Result<ContractRow, ContractError> {
    let terms = provider::service::terms(tx).await?;
    let terms: Vec<i64> = terms.iter().map(|terms| terms.version).collect();
    let regions = provider::service::regions(tx).await?;
    let may = |region: &Region| region.is_offered() || kept.contains(&region.code);
    let regions = regions.into_iter().filter(may).map(|region| region.code);
    let choices = Choices {
        today: &today(app),
        terms: &terms,
        regions: &regions.collect::<Vec<_>>(),
    };
    let checked = draft.check(choices).map_err(ContractError::Wrong)?;
    for region in &draft.regions {
        // Nobody takes it away until the transaction ends.
        if !provider::service::hold_region(tx, region).await? {
            let wrong = Wrong {
                regions: Some(Key("contract.error.regions")),
                ..Wrong::default()
            };
            return Err(ContractError::Wrong(Box::new(wrong)));
        }
    }
    Ok(checked)
}

/// Whether a customer may be given the code: its shape, and that nobody has it.
pub(crate) async fn is_free(tx: &mut Tx, code: &str) -> sqlx::Result<bool> {
    Ok(is_code(code.trim()) && !store::is_taken(tx, code.trim()).await?)
}

fn is_code(code: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    (1..=24).contains(&code.len()) && code.chars().all(fits)
}

/// Whether the catalogue offers the service with these options now. What it offers stays until the transaction ends.
pub(crate) async fn offers(tx: &mut Tx, service: &str, options: &[String]) -> sqlx::Result<bool> {
    let catalogue = provider::service::catalogue(tx).await?;
    let of = |code: &str, parent: Option<&str>| {
        let is_it = |offer: &Offer| offer.code == code && offer.option_of.as_deref() == parent;
        catalogue
            .iter()
            .any(|offer| offer.is_offered() && is_it(offer))
    };
    let is_option = |option: &String| of(option, Some(service));
    if !of(service, None) || !options.iter().all(is_option) {
        return Ok(false);
    }
    // Always in the same order, so that two at once never wait for each other.
    let mut codes: Vec<&str> = options.iter().map(String::as_str).collect();
    codes.push(service);
    codes.sort_unstable();
    for code in codes {
        if !provider::service::hold_offer(tx, code).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds a service code for a service of the catalogue with options of that service.
pub(crate) async fn add_code(
    app: &App,
    tx: &mut Tx,
    by: By<'_>,
    new: (&str, &str, &[String]),
) -> Result<ServiceCodeRow, ContractError> {
    let (code, service, options) = new;
    let code = code.trim();
    if !is_code(code) || !offers(tx, service, options).await? {
        return Err(ContractError::Code);
    }
    let row = ServiceCodeRow {
        id: new_uuid(&app.clock),
        code: code.to_owned(),
        service: service.to_owned(),
        options: options.join(" "),
        created_at_ms: app.clock.now_ms(),
        ended_at_ms: None,
    };
    match store::add_code(tx, by.tenant, &row).await {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(ContractError::Code);
        }
        done => done?,
    }
    let detail = format!("{code} ({service})");
    record(app, tx, by, What::ServiceCodeAdded, row.id, &detail).await?;
    Ok(row)
}

/// Ends a service code. What bears it is unlabelled from then on, which the evidence shows.
pub(crate) async fn end_code(
    app: &App,
    tx: &mut Tx,
    by: By<'_>,
    id: Uuid,
) -> Result<(), ContractError> {
    let codes = store::codes(tx, by.tenant).await?;
    let code = codes.into_iter().find(|code| code.id == id);
    let code = code.ok_or(ContractError::Code)?;
    if !store::end_code(tx, by.tenant, id, app.clock.now_ms()).await? {
        return Err(ContractError::Code);
    }
    Ok(record(app, tx, by, What::ServiceCodeEnded, id, &code.code).await?)
}

/// Labels desktops and published applications that bear no service code.
pub(crate) async fn label(
    tx: &mut Tx,
    by: By<'_>,
    desktop: Uuid,
    application: Uuid,
) -> sqlx::Result<()> {
    store::label(tx, by.tenant, desktop, application).await
}

/// A customer's service codes, those that ended too.
pub(crate) async fn codes(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<ServiceCodeRow>> {
    store::codes(tx, tenant).await
}

/// The regions where the customer's sessions may run today: none without a contract in force.
pub async fn regions(app: &App, tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<String>> {
    let contract = in_force(app, tx, tenant).await?;
    Ok(contract.map_or_else(Vec::new, |row| row.regions()))
}

/// The version that counts now, if the contract is in force.
async fn in_force(app: &App, tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<ContractRow>> {
    let today = today(app);
    let contract = store::current(tx, tenant, &today).await?;
    Ok(contract.filter(|row| row.is_in_force(&today)))
}

/// Whether there may be one more account. Until the transaction ends nobody else adds one.
pub async fn room_for_person(app: &App, tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Room> {
    store::lock(tx, tenant).await?;
    let there = store::people(tx, tenant).await?;
    room(app, tx, tenant, |row| there < row.max_people).await
}

/// How many more accounts the contract allows, fewer than none where it became smaller; `None` without one in force.
pub async fn accounts_left(app: &App, tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Option<i64>> {
    let there = store::people(tx, tenant).await?;
    let contract = in_force(app, tx, tenant).await?;
    Ok(contract.map(|row| row.max_people - there))
}

/// Whether there may be one more session. Until the transaction ends nobody else adds one.
pub async fn room_for_session(app: &App, tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Room> {
    store::lock(tx, tenant).await?;
    let there = store::sessions(tx, tenant).await?;
    room(app, tx, tenant, |row| there < row.max_sessions).await
}

async fn room(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    has_room: impl FnOnce(&ContractRow) -> bool,
) -> sqlx::Result<Room> {
    Ok(match in_force(app, tx, tenant).await? {
        None => Room::NoContract,
        Some(row) if has_room(&row) => Room::Free,
        Some(_) => Room::Full,
    })
}

/// Today in Japan.
pub(crate) fn today(app: &App) -> String {
    day_of(app.clock.now_ms())
}

/// The day in Japan of a moment, Unix milliseconds.
pub(super) fn day_of(at_ms: i64) -> String {
    app::moment(at_ms).to_offset(offset!(+9)).date().to_string()
}

pub(super) async fn record(
    app: &App,
    tx: &mut Tx,
    by: By<'_>,
    what: What,
    subject: Uuid,
    detail: &str,
) -> sqlx::Result<()> {
    let record = Record {
        tenant: Some(by.tenant),
        user: None,
        who: by.who,
        // Where somebody of the provider sits is its own affair.
        address: "",
        what,
        subject: Some(subject),
        detail,
    };
    activity::append_record(app, tx, &record).await
}
