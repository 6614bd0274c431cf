//! Use cases: an administrator gives the organisation's portal a look, or takes it back; and what everybody sees of it.

use super::{
    Colour, Draft, LONGEST_NAME, Tints, logo,
    store::{self, Row},
};
use crate::{
    activity::{self, What},
    actor::Actor,
    app::App,
    db::Scope,
    portal::{Brand, Key, Lang},
    rights::{self, Action, Denied},
    tenancy::{service::is_code, text_of},
};
use tokio::sync::Semaphore;

/// What is wrong with a look, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Of the name in Japanese.
    pub name_ja: Option<Key>,
    /// Of the name in English.
    pub name_en: Option<Key>,
    /// Of the colour.
    pub accent: Option<Key>,
    /// Of the picture.
    pub logo: Option<Key>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum BrandingError {
    /// The policies say no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// What was typed.
    #[error("the look cannot be used")]
    Wrong(Box<(Draft, Wrong)>),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// What a form sends besides what is typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// The file that was chosen, if one was.
    pub(super) file: Vec<u8>,
    /// The picture of a preview, which is not kept yet.
    pub(super) carried: String,
    /// The picture shall go.
    pub(super) without: bool,
}

/// The look as it is kept, for whoever may change it.
pub(super) async fn kept(app: &App, actor: &Actor) -> Result<Option<Draft>, BrandingError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let row = store::get(&mut tx, actor.tenant).await?;
    Ok(row.map(|row| Draft {
        name_ja: row.name_ja,
        name_en: row.name_en,
        accent: row.accent,
        logo: row.logo,
    }))
}

/// What would be kept: texts trimmed, the picture decoded and written anew.
pub(super) async fn checked(
    app: &App,
    actor: &Actor,
    typed: &Draft,
    sent: Sent,
) -> Result<Draft, BrandingError> {
    let before = kept(app, actor).await?.unwrap_or_default();
    let accent = Colour::parse(&typed.accent).map(|colour| colour.to_string());
    let has_accent = !typed.accent.trim().is_empty();
    let mut draft = Draft {
        name_ja: typed.name_ja.trim().to_owned(),
        name_en: typed.name_en.trim().to_owned(),
        accent: accent.clone().unwrap_or_else(|| typed.accent.clone()),
        logo: before.logo,
    };
    let name = |name: &str| {
        let is_good = name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control);
        (!is_good).then_some(Key("branding.error.name"))
    };
    let mut wrong = Wrong {
        name_ja: name(&draft.name_ja),
        name_en: name(&draft.name_en),
        accent: (has_accent && accent.is_none()).then_some(Key("branding.error.colour")),
        logo: None,
    };
    if !has_accent {
        draft.accent.clear();
    }
    match picture(sent).await {
        Ok(Some(logo)) => draft.logo = logo,
        Ok(None) => {}
        Err(refusal) => wrong.logo = Some(refusal.key()),
    }
    if wrong == Wrong::default() {
        Ok(draft)
    } else {
        Err(BrandingError::Wrong(Box::new((draft, wrong))))
    }
}

/// The picture to keep; none when the one that is kept stays. What a preview carried is looked at as if it were new.
async fn picture(sent: Sent) -> Result<Option<String>, logo::Refusal> {
    if !sent.file.is_empty() {
        return decoded(sent.file).await.map(Some);
    }
    if sent.without {
        return Ok(Some(String::new()));
    }
    match logo::bytes(&sent.carried) {
        Some(bytes) => decoded(bytes).await.map(Some),
        None => Ok(None),
    }
}

async fn decoded(bytes: Vec<u8>) -> Result<String, logo::Refusal> {
    /// Pictures that are decoded at once: what they take, all customers share.
    static PLACES: Semaphore = Semaphore::const_new(2);
    let _place = PLACES.acquire().await;
    let done = tokio::task::spawn_blocking(move || logo::accept(&bytes)).await;
    // A decoder that panics has met a file that is none.
    done.unwrap_or(Err(logo::Refusal::Kind))
}

/// Keeps a look that was checked. The organisation's log says what it is.
pub(super) async fn set(app: &App, actor: &Actor, draft: &Draft) -> Result<(), BrandingError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    store::set(&mut tx, actor.tenant, draft, app.clock.now_ms()).await?;
    let Draft {
        name_ja,
        name_en,
        accent,
        logo,
    } = draft;
    let picture = logo::bytes(logo).map_or(0, |png| png.len());
    let detail = format!("{name_ja} / {name_en}, {accent}, PNG {picture} B");
    let subject = actor.tenant.0;
    activity::append(app, &mut tx, actor, What::BrandingChanged, subject, &detail).await?;
    Ok(tx.commit().await?)
}

/// Takes the look back: the portal looks as the product does.
pub(super) async fn reset(app: &App, actor: &Actor) -> Result<(), BrandingError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    if store::remove(&mut tx, actor.tenant).await? {
        let subject = actor.tenant.0;
        activity::append(app, &mut tx, actor, What::BrandingReset, subject, "").await?;
        tx.commit().await?;
    }
    Ok(())
}

/// A look as it is served: a style sheet and a picture.
#[derive(Debug)]
pub(super) struct Served {
    row: Row,
}

/// That of the reader's organisation.
pub(super) async fn own(app: &App, actor: &Actor) -> sqlx::Result<Option<Served>> {
    let mut tx = app.db.read(actor.tenant).await?;
    let row = store::get(&mut tx, actor.tenant).await?;
    Ok(row.map(|row| Served { row }))
}

/// That of the organisation of a code, for people who have not signed in. Whoever has none looks like nobody.
pub(super) async fn at(app: &App, code: &str) -> sqlx::Result<Option<Served>> {
    if !is_code(code) {
        return Ok(None);
    }
    let mut tx = app.db.read(Scope::Everybody).await?;
    Ok(store::at(&mut tx, code).await?.map(|row| Served { row }))
}

impl Served {
    pub(super) fn style(&self) -> Option<String> {
        Colour::parse(&self.row.accent).map(Tints::style)
    }

    pub(super) fn logo(&self) -> Option<Vec<u8>> {
        logo::bytes(&self.row.logo)
    }

    /// As a page shows it, with what it is made of below a path.
    pub(super) fn brand(&self, lang: Lang, below: &str) -> Brand {
        let Row {
            name_ja,
            name_en,
            accent,
            logo,
            changed_at_ms,
        } = &self.row;
        Brand {
            name: text_of(lang, name_ja, name_en).to_owned(),
            logo_url: (!logo.is_empty()).then(|| format!("{below}/logo.png?v={changed_at_ms}")),
            style_url: (!accent.is_empty()).then(|| format!("{below}/style.css?v={changed_at_ms}")),
        }
    }
}
