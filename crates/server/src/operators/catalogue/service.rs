//! Use cases of the catalogue. Each act is in the work log. What somebody uses cannot vanish.

use super::{Draft, Wrong};
use crate::{
    activity::{self, Record, What},
    app::App,
    db::{Scope, Tx},
    operators::{
        elevation::service as elevation,
        pages::BaseLeave,
        service::{ActError, Operator},
    },
    portal::Key,
    rights::OperatorAction,
    tenancy::{Offer, Offered, Region, offers as provider},
};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum CatalogueError {
    /// There is no such thing.
    #[error("nothing has this code")]
    NotFound,
    /// The policies say no, or the database.
    #[error(transparent)]
    Act(#[from] ActError),
    /// What was typed.
    #[error("it cannot be kept so")]
    Wrong(Box<Wrong>),
    /// Something names it.
    #[error("it is in use")]
    InUse,
}

impl From<sqlx::Error> for CatalogueError {
    fn from(error: sqlx::Error) -> Self {
        Self::Act(error.into())
    }
}

/// Something of the catalogue, and how much names it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: Offered,
    pub(super) draft: Draft,
    /// Of a region.
    pub(super) country: Option<String>,
    pub(super) is_offered: bool,
    pub(super) uses: i64,
}

/// Everything: services, each with its options behind it, then regions.
pub(super) async fn all(app: &App, operator: &Operator) -> Result<Vec<Entry>, CatalogueError> {
    operator
        .authorize(OperatorAction::ListCustomers)
        .map_err(ActError::from)?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    let mut entries = Vec::new();
    for offer in provider::catalogue(&mut tx).await? {
        entries.push(of_offer(&mut tx, offer).await?);
    }
    let order = |entry: &Entry| match entry.draft.option_of.as_str() {
        "" => (entry.draft.code.clone(), false),
        of => (of.to_owned(), true),
    };
    entries.sort_by_key(order);
    for region in provider::regions(&mut tx).await? {
        entries.push(of_region(&mut tx, region).await?);
    }
    Ok(entries)
}

async fn of_offer(tx: &mut Tx, offer: Offer) -> sqlx::Result<Entry> {
    Ok(Entry {
        kind: Offered::Offer,
        uses: provider::uses(tx, (Offered::Offer, &offer.code)).await?,
        country: None,
        is_offered: offer.is_offered(),
        draft: Draft {
            code: offer.code,
            option_of: offer.option_of.unwrap_or_default(),
            name_ja: offer.name_ja,
            name_en: offer.name_en,
            description_ja: offer.description_ja,
            description_en: offer.description_en,
        },
    })
}

async fn of_region(tx: &mut Tx, region: Region) -> sqlx::Result<Entry> {
    Ok(Entry {
        kind: Offered::Region,
        uses: provider::uses(tx, (Offered::Region, &region.code)).await?,
        is_offered: region.is_offered(),
        country: Some(region.country),
        draft: Draft {
            code: region.code,
            name_ja: region.name_ja,
            name_en: region.name_en,
            ..Draft::default()
        },
    })
}

/// One of them, for whoever could change it.
pub(super) async fn one(
    app: &App,
    operator: &Operator,
    which: (Offered, &str),
) -> Result<Entry, CatalogueError> {
    operator
        .could(OperatorAction::ManageProvider)
        .map_err(ActError::from)?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    find(&mut tx, which).await
}

/// What of it the reader may change now.
pub(super) async fn leave(app: &App, operator: &Operator) -> sqlx::Result<BaseLeave> {
    elevation::leave(app, operator, OperatorAction::ManageProvider).await
}

async fn find(tx: &mut Tx, (kind, code): (Offered, &str)) -> Result<Entry, CatalogueError> {
    let found = match kind {
        Offered::Offer => {
            let offers = provider::catalogue(tx).await?;
            match offers.into_iter().find(|offer| offer.code == code) {
                Some(offer) => Some(of_offer(tx, offer).await?),
                None => None,
            }
        }
        Offered::Region => {
            let regions = provider::regions(tx).await?;
            match regions.into_iter().find(|region| region.code == code) {
                Some(region) => Some(of_region(tx, region).await?),
                None => None,
            }
        }
    };
    found.ok_or(CatalogueError::NotFound)
}

/// Adds a service or an option.
pub(super) async fn add(
    app: &App,
    operator: &Operator,
    draft: &Draft,
) -> Result<(), CatalogueError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    elevation::act_on_base(app, &mut tx, operator, OperatorAction::ManageProvider).await?;
    let mut wrong = draft.check(true);
    let is_option = !draft.option_of.is_empty();
    if is_option && !provider::hold_offer(&mut tx, &draft.option_of).await? {
        wrong.option_of = Some(Key("console.catalogue.error.option_of"));
    }
    let services = provider::catalogue(&mut tx).await?;
    let is_service = |offer: &Offer| offer.code == draft.option_of && offer.option_of.is_none();
    if is_option && !services.iter().any(is_service) {
        wrong.option_of = Some(Key("console.catalogue.error.option_of"));
    }
    let new = offer_of(draft);
    if wrong == Wrong::default() && !provider::add_offer(&mut tx, &new).await? {
        wrong.code = Some(Key("console.catalogue.error.taken"));
    }
    if wrong != Wrong::default() {
        return Err(CatalogueError::Wrong(Box::new(wrong)));
    }
    record(app, &mut tx, operator, &format!("+ {}", new.code)).await?;
    Ok(tx.commit().await?)
}

/// Names and describes it anew. Code, country and service stay: contracts were agreed on with them.
pub(super) async fn edit(
    app: &App,
    operator: &Operator,
    (kind, code): (Offered, &str),
    typed: &Draft,
) -> Result<(), CatalogueError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    elevation::act_on_base(app, &mut tx, operator, OperatorAction::ManageProvider).await?;
    let entry = find(&mut tx, (kind, code)).await?;
    let draft = Draft {
        code: entry.draft.code,
        option_of: entry.draft.option_of,
        ..typed.clone()
    };
    let wrong = Wrong {
        code: None,
        ..draft.check(kind == Offered::Offer)
    };
    if wrong != Wrong::default() {
        return Err(CatalogueError::Wrong(Box::new(wrong)));
    }
    let new = offer_of(&draft);
    match kind {
        Offered::Offer => provider::edit_offer(&mut tx, &new).await?,
        Offered::Region => {
            let region = Region {
                code: new.code,
                name_ja: new.name_ja,
                name_en: new.name_en,
                country: entry.country.unwrap_or_default(),
                retired_at_ms: None,
            };
            provider::edit_region(&mut tx, &region).await?;
        }
    }
    record(app, &mut tx, operator, &format!("= {code}")).await?;
    Ok(tx.commit().await?)
}

/// Offers it no more to new contracts and service codes (`on`), or again. What uses it goes on.
pub(super) async fn retire(
    app: &App,
    operator: &Operator,
    (kind, code): (Offered, &str),
    on: bool,
) -> Result<(), CatalogueError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    elevation::act_on_base(app, &mut tx, operator, OperatorAction::ManageProvider).await?;
    let entry = find(&mut tx, (kind, code)).await?;
    if entry.is_offered != on {
        return Ok(());
    }
    provider::retire(app, &mut tx, (kind, code), on).await?;
    let sign = if on { '×' } else { '○' };
    record(app, &mut tx, operator, &format!("{sign} {code}")).await?;
    Ok(tx.commit().await?)
}

/// Takes it out for good, where nothing names it and nothing ever named it.
pub(super) async fn remove(
    app: &App,
    operator: &Operator,
    (kind, code): (Offered, &str),
) -> Result<(), CatalogueError> {
    let mut tx = app.db.begin(Scope::Everybody).await?;
    elevation::act_on_base(app, &mut tx, operator, OperatorAction::ManageProvider).await?;
    find(&mut tx, (kind, code)).await?;
    if !provider::remove(app, &mut tx, (kind, code)).await? {
        return Err(CatalogueError::InUse);
    }
    record(app, &mut tx, operator, &format!("- {code}")).await?;
    Ok(tx.commit().await?)
}

fn offer_of(draft: &Draft) -> Offer {
    let text = |typed: &str| typed.trim().to_owned();
    Offer {
        code: text(&draft.code),
        option_of: (!draft.option_of.is_empty()).then(|| draft.option_of.clone()),
        name_ja: text(&draft.name_ja),
        name_en: text(&draft.name_en),
        description_ja: text(&draft.description_ja),
        description_en: text(&draft.description_en),
        retired_at_ms: None,
    }
}

async fn record(app: &App, tx: &mut Tx, operator: &Operator, detail: &str) -> sqlx::Result<()> {
    let record = Record {
        tenant: None,
        user: None,
        who: &operator.full_name,
        address: &operator.address,
        what: What::ProviderChanged,
        subject: Some(operator.id),
        detail,
    };
    activity::append_record(app, tx, &record).await
}
