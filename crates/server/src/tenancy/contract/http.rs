//! `/contract` and `/terms`: what the reader's organisation has agreed on.

use super::{
    page::{self, ContractPage, TermsPage},
    service::{self, ContractError, Overview},
};
use crate::{
    app::{self, App},
    portal,
    rights::{self, Action},
    tenancy::provider,
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/contract", get(show))
        .route("/terms", get(terms).post(accept))
}

impl From<ContractError> for Failure {
    fn from(error: ContractError) -> Self {
        match error {
            ContractError::Denied(denied) => denied.into(),
            ContractError::Database(error) => error.into(),
            ContractError::Code | ContractError::NotComing => Self::NotFound,
            ContractError::Wrong(_) | ContractError::OtherTerms => {
                Self::Internal(error.to_string())
            }
        }
    }
}

async fn show(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let of = service::own(&app, &signed.actor).await?;
    let lang = signed.ui.lang;
    let page = ContractPage {
        agreed: page::agreed(&of, lang),
        codes: page::codes(&of, lang),
        coming: page::coming(&of, &signed.ui),
        versions: page::versions(&of, &signed.ui),
        resources: (of.labels.resources, of.labels.unlabelled),
        may_export: rights::authorize(&signed.actor, Action::ExportStored).is_ok(),
        ui: signed.ui,
        profile: of.profile,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn terms(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let of = service::own(&app, &signed.actor).await?;
    Ok(portal::page(
        StatusCode::OK,
        &terms_page(&of, signed, false),
    ))
}

fn terms_page(of: &Overview, signed: SignedIn, is_stale: bool) -> TermsPage {
    let text = of.terms.as_ref().map_or("", |terms| {
        provider::of(signed.ui.lang, &terms.text_ja, &terms.text_en)
    });
    let paragraphs = text.split("\n\n").map(str::trim);
    TermsPage {
        version: of.terms.as_ref().map(|terms| terms.version),
        published: of
            .terms
            .as_ref()
            .map(|terms| app::moment(terms.published_at_ms)),
        paragraphs: paragraphs
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect(),
        shown: of
            .terms
            .as_ref()
            .map_or_else(String::new, service::fingerprint),
        accepted: page::accepted(of),
        may_accept: rights::authorize(&signed.actor, Action::AcceptTerms).is_ok(),
        ui: signed.ui,
        is_stale,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Accept {
    version: i64,
    shown: String,
    csrf: String,
}

async fn accept(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Accept>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match service::accept(&app, &signed.actor, form.version, &form.shown).await {
        Ok(_) => Ok(Redirect::to("/terms").into_response()),
        Err(ContractError::OtherTerms) => {
            // What was read is not what counts now: shown again, with a word on it.
            let of = service::own(&app, &signed.actor).await?;
            let page = terms_page(&of, signed, true);
            Ok(portal::page(StatusCode::CONFLICT, &page))
        }
        Err(error) => Err(error.into()),
    }
}
