//! `/console/customers/{code}/versions/{version}/withdraw`: a version of a contract is withdrawn before its day. It asks first.

use super::{
    console::Entered,
    contracts::{self, ContractActError},
    contracts_http::{Fields, own},
    pages::OperatorBadge,
};
use crate::{
    app::App,
    portal::{self, Key, Ui},
    tenancy::{ContractError, text_of},
    visit::{Failure, same},
};
use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<App>> {
    let act = get(ask).post(withdraw);
    Router::new().route("/console/customers/{code}/versions/{version}/withdraw", act)
}

/// Where a version is withdrawn.
pub(super) fn withdraw_path(code: &str, version: i64) -> String {
    format!("{}/versions/{version}/withdraw", own(code))
}

/// What will happen, and the button.
#[derive(Template)]
#[template(path = "operators/withdraw.html")]
struct WithdrawPage {
    /// The reader.
    ui: Ui,
    /// Who has entered.
    badge: Option<OperatorBadge>,
    /// The customer's name in the reader's language.
    name: String,
    /// Its code.
    code: String,
    /// Which version.
    version: i64,
    /// From which day it would count.
    day: String,
    /// Why it was written.
    reason: String,
    /// Why it is not withdrawn.
    error: Option<Key>,
    /// Whether that is for want of an elevation.
    not_elevated: bool,
}

impl WithdrawPage {
    fn path(&self) -> String {
        withdraw_path(&self.code, self.version)
    }
}

async fn ask(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((code, version)): Path<(String, i64)>,
) -> Result<Response, Failure> {
    page(&app, entered, (&code, version), None).await
}

/// Why nothing was withdrawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NotElevated,
    NotComing,
}

async fn page(
    app: &App,
    entered: Entered,
    (code, version): (&str, i64),
    refusal: Option<Refusal>,
) -> Result<Response, Failure> {
    let seen = contracts::view(app, &entered.operator, code).await?;
    if !seen.may_manage {
        return Err(Failure::Forbidden);
    }
    let row = seen.of.versions.iter().find(|row| row.version == version);
    let row = row.ok_or(Failure::NotFound)?;
    let is_coming = row.is_coming(&seen.of.today);
    let refusal = refusal
        .or((!is_coming).then_some(Refusal::NotComing))
        .or(seen.until_ms.is_none().then_some(Refusal::NotElevated));
    let (status, error) = match refusal {
        Some(Refusal::NotComing) => (
            StatusCode::CONFLICT,
            Some(Key("console.contract.withdraw_late")),
        ),
        Some(Refusal::NotElevated) => (
            StatusCode::FORBIDDEN,
            Some(Key("console.contract.withdraw_not_elevated")),
        ),
        None => (StatusCode::OK, None),
    };
    let page = WithdrawPage {
        badge: Some(entered.badge()),
        name: text_of(entered.ui.lang, &seen.tenant.name_ja, &seen.tenant.name_en).to_owned(),
        day: entered.ui.day(&row.counts_from),
        ui: entered.ui,
        code: seen.tenant.code,
        version,
        reason: row.reason.clone(),
        error,
        not_elevated: refusal == Some(Refusal::NotElevated),
    };
    Ok(portal::page(status, &page))
}

async fn withdraw(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path((code, version)): Path<(String, i64)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    same(&Fields(pairs).one("csrf"), &entered.ui.csrf)?;
    let refusal = match contracts::withdraw(&app, &entered.operator, &code, version).await {
        Ok(()) => return Ok(Redirect::to(&own(&code)).into_response()),
        Err(ContractActError::Contract(ContractError::NotComing)) => Refusal::NotComing,
        Err(ContractActError::NotElevated) => Refusal::NotElevated,
        Err(error) => return Err(error.into()),
    };
    page(&app, entered, (&code, version), Some(refusal)).await
}
