//! `/console/customers/{code}/domains`. Parse, call one use case, answer.

use super::{
    page::DomainsPage,
    service::{self, Wish},
};
use crate::{
    app::{self, App},
    operators::{
        console::Entered,
        contracts::{self, ContractActError},
    },
    portal::{self, Key},
    rights::Denied,
    tenancy::text_of,
    visit::{Failure, same},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    let domains = get(show).post(set);
    Router::new().route("/console/customers/{code}/domains", domains)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(code): Path<String>,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    let done = match query.done.as_str() {
        "confirmed" => Some(Key("console.domains.confirmed")),
        "withdrawn" => Some(Key("console.domains.withdrawn")),
        _ => None,
    };
    page(
        &app,
        entered,
        &code,
        Said {
            done,
            ..Said::default()
        },
    )
    .await
}

/// What the page says besides what there is.
#[derive(Default)]
struct Said {
    done: Option<Key>,
    confirm: (String, Option<Key>),
    withdraw: (String, Option<Key>),
    not_elevated: bool,
}

async fn page(app: &App, entered: Entered, code: &str, said: Said) -> Result<Response, Failure> {
    let seen = contracts::view(app, &entered.operator, code).await?;
    if !seen.may_manage {
        return Err(Denied.into());
    }
    let status = if said.not_elevated {
        StatusCode::FORBIDDEN
    } else if said.confirm.1.is_some() || said.withdraw.1.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = DomainsPage {
        badge: Some(entered.badge()),
        name: text_of(entered.ui.lang, &seen.tenant.name_ja, &seen.tenant.name_en).to_owned(),
        ui: entered.ui,
        code: seen.tenant.code,
        until: seen.until_ms.map(app::moment),
        done: said.done,
        confirm: said.confirm,
        withdraw: said.withdraw,
        not_elevated: said.not_elevated,
    };
    Ok(portal::page(status, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    domain: String,
    act: String,
    csrf: String,
}

async fn set(
    State(app): State<Arc<App>>,
    entered: Entered,
    Path(code): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    same(&typed.csrf, &entered.ui.csrf)?;
    let (wish, done) = match typed.act.as_str() {
        "confirm" => (Wish::Confirm, "confirmed"),
        "withdraw" => (Wish::Withdraw, "withdrawn"),
        _ => return Err(Failure::FormExpired),
    };
    let set = service::set(&app, &entered.operator, &code, (wish, &typed.domain)).await;
    let mut said = Said::default();
    let wrong = match set {
        Ok(Ok(())) => {
            let to = format!("/console/customers/{code}/domains?done={done}");
            return Ok(Redirect::to(&to).into_response());
        }
        Ok(Err(wrong)) => Some(wrong),
        Err(ContractActError::NotElevated) => {
            said.not_elevated = true;
            None
        }
        Err(error) => return Err(error.into()),
    };
    match wish {
        Wish::Confirm => said.confirm = (typed.domain, wrong),
        Wish::Withdraw => said.withdraw = (typed.domain, wrong),
    }
    page(&app, entered, &code, said).await
}
