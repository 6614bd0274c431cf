//! `/console/catalogue`: parse, call one use case, answer.

use super::{
    Draft, Wrong,
    page::{CataloguePage, EditPage, RemovePage, Row},
    service::{self, CatalogueError, Entry},
};
use crate::{
    app::App,
    operators::{
        console::Entered, contracts_http::Fields, contracts_page::ChoiceRow, pages::BaseLeave,
    },
    portal::{self, Lang},
    tenancy::{Offered, text_of},
    visit::{Failure, same},
};
use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use std::sync::Arc;

const CATALOGUE: &str = "/console/catalogue";

pub(crate) fn routes() -> Router<Arc<App>> {
    let removal = get(show_remove).post(remove);
    Router::new()
        .route("/console/catalogue", get(show).post(add))
        .route("/console/catalogue/{kind}/{code}", get(show_one).post(edit))
        .route("/console/catalogue/{kind}/{code}/retire", post(retire))
        .route("/console/catalogue/{kind}/{code}/offer", post(offer))
        .route("/console/catalogue/{kind}/{code}/remove", removal)
}

impl From<CatalogueError> for Failure {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::NotFound => Self::NotFound,
            CatalogueError::Act(error) => error.into(),
            // Each form says itself what is wrong with it.
            CatalogueError::Wrong(_) | CatalogueError::InUse => Self::FormExpired,
        }
    }
}

/// What a path names: `offers` or `regions`, and a code.
type Named = Path<(String, String)>;

fn kind_of(name: &str) -> Result<Offered, Failure> {
    match name {
        "offers" => Ok(Offered::Offer),
        "regions" => Ok(Offered::Region),
        _ => Err(Failure::NotFound),
    }
}

impl Fields {
    fn catalogue_draft(&self) -> Draft {
        Draft {
            code: self.one("code"),
            option_of: self.one("option_of"),
            name_ja: self.one("name_ja"),
            name_en: self.one("name_en"),
            description_ja: self.one("description_ja"),
            description_en: self.one("description_en"),
        }
    }
}

fn row_of(entry: &Entry, lang: Lang, entries: &[Entry]) -> Row {
    let Entry {
        kind,
        draft,
        country,
        is_offered,
        uses,
    } = entry;
    let name = |draft: &Draft| text_of(lang, &draft.name_ja, &draft.name_en).to_owned();
    let service = entries
        .iter()
        .find(|other| other.kind == Offered::Offer && other.draft.code == draft.option_of);
    let folder = match kind {
        Offered::Offer => "offers",
        Offered::Region => "regions",
    };
    let description = text_of(lang, &draft.description_ja, &draft.description_en);
    Row {
        code: draft.code.clone(),
        name: name(draft),
        description: country.clone().unwrap_or_else(|| description.to_owned()),
        option_of: (!draft.option_of.is_empty())
            .then(|| service.map_or_else(|| draft.option_of.clone(), |other| name(&other.draft))),
        is_offered: *is_offered,
        uses: *uses,
        url: format!("{CATALOGUE}/{folder}/{}", draft.code),
    }
}

async fn show(State(app): State<Arc<App>>, entered: Entered) -> Result<Response, Failure> {
    list_page(&app, entered, Draft::default(), Wrong::default()).await
}

async fn list_page(
    app: &App,
    entered: Entered,
    draft: Draft,
    wrong: Wrong,
) -> Result<Response, Failure> {
    let entries = service::all(app, &entered.operator).await?;
    let leave = service::leave(app, &entered.operator).await?;
    let lang = entered.ui.lang;
    let of_kind = |kind| {
        let found = entries.iter().filter(move |entry| entry.kind == kind);
        found
            .map(|entry| row_of(entry, lang, &entries))
            .collect::<Vec<_>>()
    };
    let offers = of_kind(Offered::Offer);
    let services = offers
        .iter()
        .filter(|row| row.option_of.is_none() && row.is_offered);
    let page = CataloguePage {
        badge: Some(entered.badge()),
        may_manage: leave != BaseLeave::Never,
        leave,
        ui: entered.ui,
        services: services
            .map(|row| ChoiceRow {
                value: row.code.clone(),
                name: row.name.clone(),
                chosen: row.code == draft.option_of,
            })
            .collect(),
        regions: of_kind(Offered::Region),
        offers,
        draft,
        wrong,
    };
    Ok(portal::page(status_of(wrong), &page))
}

fn status_of(wrong: Wrong) -> StatusCode {
    if wrong == Wrong::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

async fn add(
    State(app): State<Arc<App>>,
    entered: Entered,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    let draft = fields.catalogue_draft();
    match service::add(&app, &entered.operator, &draft).await {
        Ok(()) => Ok(Redirect::to(CATALOGUE).into_response()),
        Err(CatalogueError::Wrong(wrong)) => list_page(&app, entered, draft, *wrong).await,
        Err(error) => Err(error.into()),
    }
}

async fn show_one(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((kind, code)): Named,
) -> Result<Response, Failure> {
    let entry = service::one(&app, &entered.operator, (kind_of(&kind)?, &code)).await?;
    let draft = entry.draft.clone();
    edit_page(&app, entered, &entry, draft, Wrong::default()).await
}

async fn edit_page(
    app: &App,
    entered: Entered,
    entry: &Entry,
    draft: Draft,
    wrong: Wrong,
) -> Result<Response, Failure> {
    let page = EditPage {
        leave: service::leave(app, &entered.operator).await?,
        badge: Some(entered.badge()),
        row: row_of(entry, entered.ui.lang, &[]),
        ui: entered.ui,
        is_region: entry.kind == Offered::Region,
        draft,
        wrong,
    };
    Ok(portal::page(status_of(wrong), &page))
}

async fn edit(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((kind, code)): Named,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    let which = (kind_of(&kind)?, code.as_str());
    let draft = fields.catalogue_draft();
    match service::edit(&app, &entered.operator, which, &draft).await {
        Ok(()) => Ok(Redirect::to(CATALOGUE).into_response()),
        Err(CatalogueError::Wrong(wrong)) => {
            let entry = service::one(&app, &entered.operator, which).await?;
            edit_page(&app, entered, &entry, draft, *wrong).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn retire(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(named): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    set_retired(&app, &entered, named, &Fields(pairs), true).await
}

async fn offer(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(named): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    set_retired(&app, &entered, named, &Fields(pairs), false).await
}

async fn set_retired(
    app: &App,
    entered: &Entered,
    (kind, code): (String, String),
    fields: &Fields,
    on: bool,
) -> Result<Response, Failure> {
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    service::retire(app, &entered.operator, (kind_of(&kind)?, &code), on).await?;
    Ok(Redirect::to(CATALOGUE).into_response())
}

async fn show_remove(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((kind, code)): Named,
) -> Result<Response, Failure> {
    let entry = service::one(&app, &entered.operator, (kind_of(&kind)?, &code)).await?;
    remove_page(&app, entered, &entry, false).await
}

async fn remove_page(
    app: &App,
    entered: Entered,
    entry: &Entry,
    in_use: bool,
) -> Result<Response, Failure> {
    let page = RemovePage {
        leave: service::leave(app, &entered.operator).await?,
        badge: Some(entered.badge()),
        row: row_of(entry, entered.ui.lang, &[]),
        ui: entered.ui,
        in_use,
    };
    let status = if in_use {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    Ok(portal::page(status, &page))
}

async fn remove(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((kind, code)): Named,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    same(&Fields(pairs).one("csrf"), &entered.ui.csrf)?;
    let which = (kind_of(&kind)?, code.as_str());
    match service::remove(&app, &entered.operator, which).await {
        Ok(()) => Ok(Redirect::to(CATALOGUE).into_response()),
        Err(CatalogueError::InUse) => {
            let entry = service::one(&app, &entered.operator, which).await?;
            remove_page(&app, entered, &entry, true).await
        }
        Err(error) => Err(error.into()),
    }
}
