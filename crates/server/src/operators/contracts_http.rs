//! `/console/customers/{code}` and `/console/provider`: contracts, service codes, and what the provider offers.

use super::{
    console::Entered,
    contracts::{self, ContractActError, Seen},
    contracts_page::{ChoiceRow, CustomerPage, ProviderPage, TermsRow},
};
use crate::{
    app::{self, App},
    portal::{self, Key},
    tenancy::{
        ContractError, Draft, Profile, Region, Terms, Wrong, contract_page as contract, text_of,
    },
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
use uuid::Uuid;

const PROVIDER: &str = "/console/provider";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/customers/{code}", get(customer).post(revise))
        .route("/console/customers/{code}/codes", post(add_code))
        .route("/console/customers/{code}/codes/{id}/end", post(end_code))
        .route("/console/provider", get(provider).post(set_profile))
        .route("/console/provider/regions", post(add_region))
        .route("/console/provider/terms", post(publish))
}

impl From<ContractActError> for Failure {
    fn from(error: ContractActError) -> Self {
        match error {
            ContractActError::NotFound => Self::NotFound,
            ContractActError::NotElevated => Self::Forbidden,
            ContractActError::Act(error) => error.into(),
            ContractActError::Contract(error) => error.into(),
        }
    }
}

/// Several fields of one name are choices, so forms are read as pairs.
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    pub(super) fn one(&self, name: &str) -> String {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or_else(String::new, |(_, value)| value.clone())
    }

    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let found = self.0.iter().filter(|(field, _)| field == name);
        found.map(|(_, value)| value.clone()).collect()
    }

    pub(super) fn draft(&self) -> Draft {
        Draft {
            number: self.one("number"),
            starts_on: self.one("starts_on"),
            ends_on: self.one("ends_on"),
            terms_version: self.one("terms_version"),
            retention_days: self.one("retention_days"),
            max_people: self.one("max_people"),
            max_sessions: self.one("max_sessions"),
            regions: self.all("region"),
            reason: self.one("reason"),
            counts_from: self.one("counts_from"),
        }
    }
}

pub(super) fn own(code: &str) -> String {
    format!("/console/customers/{code}")
}

async fn customer(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(code): Path<String>,
) -> Result<Response, Failure> {
    customer_page(&app, entered, &code, None, Said::default()).await
}

/// What the page says besides what there is.
#[derive(Default)]
struct Said {
    wrong: Wrong,
    code_error: Option<Key>,
    /// An act was refused, since nobody has approved it or its time is over.
    not_elevated: bool,
}

impl Said {
    fn status(&self) -> StatusCode {
        if self.not_elevated {
            StatusCode::FORBIDDEN
        } else if self.wrong == Wrong::default() && self.code_error.is_none() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

async fn customer_page(
    app: &App,
    entered: Entered,
    code: &str,
    draft: Option<Draft>,
    said: Said,
) -> Result<Response, Failure> {
    let Seen {
        tenant,
        of,
        terms,
        may_manage,
        until_ms,
    } = contracts::view(app, &entered.operator, code).await?;
    let status = said.status();
    let lang = entered.ui.lang;
    let draft = draft
        .or_else(|| of.contract().or(of.versions.first()).map(Draft::of))
        .unwrap_or_default();
    let choice = |value: String, name: String, chosen: bool| ChoiceRow {
        value,
        name,
        chosen,
    };
    let page = CustomerPage {
        badge: Some(entered.badge()),
        name: text_of(lang, &tenant.name_ja, &tenant.name_en).to_owned(),
        code: tenant.code,
        agreed: contract::agreed(&of, lang),
        codes: contract::codes(&of, lang),
        coming: contract::coming(&of, &entered.ui),
        versions: contract::versions(&of, &entered.ui),
        resources: (of.labels.resources, of.labels.unlabelled),
        terms: terms
            .iter()
            .map(|terms| terms.version.to_string())
            .map(|version| {
                choice(
                    version.clone(),
                    version.clone(),
                    version == draft.terms_version,
                )
            })
            .collect(),
        regions: of
            .regions
            .iter()
            .filter(|region| region.is_offered() || draft.regions.contains(&region.code))
            .map(|region| {
                let name = format!("{} ({})", region.name(lang), region.country);
                choice(
                    region.code.clone(),
                    name,
                    draft.regions.contains(&region.code),
                )
            })
            .collect(),
        offers: of
            .catalogue
            .iter()
            .filter(|offer| offer.is_offered())
            .map(|offer| {
                (
                    offer.option_of.is_none(),
                    choice(offer.code.clone(), offer.name(lang).to_owned(), false),
                )
            })
            .collect(),
        may_manage,
        until: until_ms.map(app::moment),
        not_elevated: said.not_elevated,
        ui: entered.ui,
        draft,
        wrong: said.wrong,
        code_error: said.code_error,
    };
    Ok(portal::page(status, &page))
}

async fn revise(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(code): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    let draft = fields.draft();
    match contracts::revise(&app, &entered.operator, &code, &draft).await {
        Ok(()) => Ok(Redirect::to(&own(&code)).into_response()),
        Err(ContractActError::Contract(ContractError::Wrong(wrong))) => {
            let said = Said {
                wrong: *wrong,
                ..Said::default()
            };
            customer_page(&app, entered, &code, Some(draft), said).await
        }
        Err(ContractActError::NotElevated) => not_elevated(&app, entered, &code, Some(draft)).await,
        Err(error) => Err(error.into()),
    }
}

async fn add_code(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(code): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    let (label, service) = (fields.one("label"), fields.one("service"));
    let options = fields.all("option");
    let new = (label.as_str(), service.as_str(), options.as_slice());
    match contracts::add_code(&app, &entered.operator, &code, new).await {
        Ok(()) => Ok(Redirect::to(&own(&code)).into_response()),
        Err(ContractActError::Contract(ContractError::Code)) => {
            let said = Said {
                code_error: Some(Key("console.contract.code_wrong")),
                ..Said::default()
            };
            customer_page(&app, entered, &code, None, said).await
        }
        Err(ContractActError::NotElevated) => not_elevated(&app, entered, &code, None).await,
        Err(error) => Err(error.into()),
    }
}

/// The page again, with what was typed and how an elevation is asked for.
async fn not_elevated(
    app: &App,
    entered: Entered,
    code: &str,
    draft: Option<Draft>,
) -> Result<Response, Failure> {
    let said = Said {
        not_elevated: true,
        ..Said::default()
    };
    customer_page(app, entered, code, draft, said).await
}

async fn end_code(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((code, id)): Path<(String, Uuid)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    same(&Fields(pairs).one("csrf"), &entered.ui.csrf)?;
    match contracts::end_code(&app, &entered.operator, &code, id).await {
        Ok(()) => Ok(Redirect::to(&own(&code)).into_response()),
        Err(ContractActError::NotElevated) => not_elevated(&app, entered, &code, None).await,
        Err(error) => Err(error.into()),
    }
}

async fn provider(State(app): State<Arc<App>>, entered: Entered) -> Result<Response, Failure> {
    provider_page(&app, entered, None, None).await
}

async fn provider_page(
    app: &App,
    entered: Entered,
    typed: Option<Profile>,
    error: Option<Key>,
) -> Result<Response, Failure> {
    let offered = contracts::offered(app, &entered.operator).await?;
    let status = if error.is_none() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let newest = offered.terms.first().cloned();
    let row = |terms: &Terms| TermsRow {
        version: terms.version,
        at: app::moment(terms.published_at_ms),
    };
    let page = ProviderPage {
        badge: Some(entered.badge()),
        may_manage: offered.leave.may(),
        leave: offered.leave,
        ui: entered.ui,
        profile: typed.unwrap_or(offered.profile),
        regions: offered.regions,
        terms: offered.terms.iter().map(row).collect(),
        newest: newest.map_or_else(Default::default, |terms| (terms.text_ja, terms.text_en)),
        error,
    };
    Ok(portal::page(status, &page))
}

async fn set_profile(
    State(app): State<Arc<App>>,
    entered: Entered,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    let text = |name: &str| {
        fields
            .one(name)
            .trim()
            .chars()
            .take(300)
            .collect::<String>()
    };
    let profile = Profile {
        name_ja: text("name_ja"),
        name_en: text("name_en"),
        address_ja: text("address_ja"),
        address_en: text("address_en"),
        window_ja: text("window_ja"),
        window_en: text("window_en"),
        phone: text("phone"),
        email: text("email"),
    };
    if !profile.is_complete() {
        let error = Some(Key("console.provider.incomplete"));
        return provider_page(&app, entered, Some(profile), error).await;
    }
    contracts::set_profile(&app, &entered.operator, &profile).await?;
    Ok(Redirect::to(PROVIDER).into_response())
}

async fn add_region(
    State(app): State<Arc<App>>,
    entered: Entered,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    let text = |name: &str| fields.one(name).trim().chars().take(60).collect::<String>();
    let region = Region {
        code: text("code"),
        name_ja: text("name_ja"),
        name_en: text("name_en"),
        country: text("country").to_uppercase(),
        retired_at_ms: None,
    };
    let is_country =
        region.country.len() == 2 && region.country.chars().all(|c| c.is_ascii_uppercase());
    let is_named = !region.name_ja.is_empty() && !region.name_en.is_empty();
    let is_good = crate::tenancy::service::is_code(&region.code) && is_country && is_named;
    if !is_good || !contracts::add_region(&app, &entered.operator, &region).await? {
        let error = Some(Key("console.provider.region_wrong"));
        return provider_page(&app, entered, None, error).await;
    }
    Ok(Redirect::to(PROVIDER).into_response())
}

async fn publish(
    State(app): State<Arc<App>>,
    entered: Entered,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(pairs);
    same(&fields.one("csrf"), &entered.ui.csrf)?;
    // Browsers send lines with both characters.
    let text = |name: &str| fields.one(name).replace("\r\n", "\n").trim().to_owned();
    let (ja, en) = (text("text_ja"), text("text_en"));
    if ja.is_empty() || en.is_empty() {
        let error = Some(Key("console.provider.terms_missing"));
        return provider_page(&app, entered, None, error).await;
    }
    contracts::publish(&app, &entered.operator, (&ja, &en)).await?;
    Ok(Redirect::to(PROVIDER).into_response())
}
