//! `/console/customers/new` and `/console/customers/{code}/names`. Parse, call one use case, answer.

use super::{
    NewCustomer, NewWrong,
    page::{AddedPage, NamesPage, NewPage, Stands},
    service::{self, CustomerError},
};
use crate::{
    app::App,
    desktops::service as desktops,
    identity::{self, Issued, PersonDraft},
    operators::{console::Entered, contracts_http::Fields, contracts_page::ChoiceRow},
    portal::{self, Lang},
    tenancy::{Draft, Naming, NamingWrong, contracts},
    visit::{Failure, same},
};
use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use std::sync::Arc;

const HOUR_MS: i64 = 60 * 60 * 1000;

pub(crate) fn routes() -> Router<Arc<App>> {
    let names = get(show_names).post(rename);
    Router::new()
        .route("/console/customers/new", get(show).post(add))
        .route("/console/customers/{code}/names", names)
}

impl From<CustomerError> for Failure {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::NotFound => Self::NotFound,
            CustomerError::Act(error) => error.into(),
            CustomerError::NotElevated => Self::Forbidden,
            // Each form says itself what is wrong with it.
            CustomerError::Wrong(_) => Self::FormExpired,
        }
    }
}

/// As the form begins.
fn fresh(app: &App, lang: Lang) -> NewCustomer {
    NewCustomer {
        naming: Naming {
            language: lang.tag().to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
            ..Naming::default()
        },
        contract: Draft {
            starts_on: contracts::today(app),
            retention_days: "31".to_owned(),
            reason: lang.text("console.new.reason").to_owned(),
            ..Draft::default()
        },
        offers: desktops::STANDARD
            .iter()
            .map(|standard| standard.code.to_owned())
            .collect(),
        ..NewCustomer::default()
    }
}

impl Fields {
    fn naming(&self) -> Naming {
        Naming {
            code: self.one("code"),
            name_ja: self.one("name_ja"),
            name_en: self.one("name_en"),
            language: self.one("language"),
            time_zone: self.one("time_zone"),
        }
    }

    fn new_customer(&self) -> NewCustomer {
        NewCustomer {
            naming: self.naming(),
            // A customer begins with what counts at once.
            contract: Draft {
                counts_from: String::new(),
                ..self.draft()
            },
            label: self.one("label"),
            service: self.one("service"),
            options: self.all("option"),
            offers: self.all("offer"),
            administrator: PersonDraft {
                full_name: self.one("full_name"),
                email: self.one("email"),
                role: String::new(),
            },
        }
    }
}

async fn show(State(app): State<Arc<App>>, entered: Entered) -> Result<Response, Failure> {
    let new = fresh(&app, entered.ui.lang);
    new_page(&app, entered, new, Box::default()).await
}

async fn new_page(
    app: &App,
    entered: Entered,
    new: NewCustomer,
    wrong: Box<NewWrong>,
) -> Result<Response, Failure> {
    let choices = service::choices(app, &entered.operator).await?;
    let lang = entered.ui.lang;
    let choice = |value: &str, name: &str, chosen| ChoiceRow {
        value: value.to_owned(),
        name: name.to_owned(),
        chosen,
    };
    let version = |version: &i64| {
        let version = version.to_string();
        choice(&version, &version, version == new.contract.terms_version)
    };
    let offered = |is_service: bool, chosen: &dyn Fn(&String) -> bool| {
        let of_kind = choices
            .catalogue
            .iter()
            .filter(move |offer| offer.option_of.is_none() == is_service);
        of_kind
            .map(|offer| choice(&offer.code, offer.name(lang), chosen(&offer.code)))
            .collect::<Vec<_>>()
    };
    let page = NewPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        terms: choices.terms.iter().map(version).collect(),
        regions: choices
            .regions
            .iter()
            .map(|region| {
                let name = format!("{} ({})", region.name(lang), region.country);
                let chosen = new.contract.regions.contains(&region.code);
                choice(&region.code, &name, chosen)
            })
            .collect(),
        services: offered(true, &|code| *code == new.service),
        options: offered(false, &|code| new.options.contains(code)),
        offers: desktops::STANDARD
            .iter()
            .map(|standard| {
                let chosen = new.offers.iter().any(|code| code == standard.code);
                choice(standard.code, standard.name(lang), chosen)
            })
            .collect(),
        new,
        wrong: *wrong,
    };
    let status = status_of(!page.is_wrong());
    Ok(portal::page(status, &page))
}

fn status_of(is_fine: bool) -> StatusCode {
    if is_fine {
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
    let new = fields.new_customer();
    match service::add(&app, &entered.operator, &new).await {
        Ok(issued) => Ok(added_page(&app, entered, &new.naming, issued)),
        Err(CustomerError::Wrong(wrong)) => new_page(&app, entered, new, wrong).await,
        Err(error) => Err(error.into()),
    }
}

fn added_page(app: &App, entered: Entered, naming: &Naming, issued: Issued) -> Response {
    let page = AddedPage {
        badge: Some(entered.badge()),
        name: match entered.ui.lang {
            Lang::Ja => naming.name_ja.clone(),
            Lang::En => naming.name_en.clone(),
        },
        ui: entered.ui,
        code: naming.code.trim().to_owned(),
        full_name: issued.user.full_name,
        email: issued.user.email,
        link: format!("{}/welcome/{}", app.config.public_url, issued.token),
        hours: identity::service::LINK_MS / HOUR_MS,
    };
    portal::page(StatusCode::OK, &page)
}

async fn show_names(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(code): Path<String>,
) -> Result<Response, Failure> {
    let (naming, may) = service::naming(&app, &entered.operator, &code).await?;
    let stands = if may { Stands::Open } else { Stands::Asks };
    Ok(names_page(entered, naming, NamingWrong::default(), stands))
}

fn names_page(entered: Entered, naming: Naming, wrong: NamingWrong, stands: Stands) -> Response {
    let status = match stands {
        Stands::Refused => StatusCode::FORBIDDEN,
        Stands::Open | Stands::Asks => status_of(wrong == NamingWrong::default()),
    };
    let page = NamesPage {
        badge: Some(entered.badge()),
        ui: entered.ui,
        code: naming.code.clone(),
        naming,
        wrong,
        stands,
    };
    portal::page(status, &page)
}

async fn rename(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(code): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    let naming = Naming {
        code: code.clone(),
        ..fields.naming()
    };
    match service::rename(&app, &entered.operator, &code, &naming).await {
        Ok(()) => Ok(Redirect::to(&format!("/console/customers/{code}")).into_response()),
        Err(CustomerError::Wrong(wrong)) => {
            Ok(names_page(entered, naming, wrong.naming, Stands::Open))
        }
        Err(CustomerError::NotElevated) => {
            let wrong = NamingWrong::default();
            Ok(names_page(entered, naming, wrong, Stands::Refused))
        }
        Err(error) => Err(error.into()),
    }
}
