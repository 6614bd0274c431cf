//! `/federation`: where an administrator says who their organisation's provider is.

use super::{
    door, oidc,
    page::{FederationPage, FederationRemovePage, Said, Standing, trouble_key},
    service::{self, FederationError, State as Known},
    settings::{Draft, Settings, Wrong},
};
use crate::{
    app::App,
    portal::{self, Key, Ui},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;

const FEDERATION: &str = "/federation";

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/federation", get(show).post(save))
        .route("/federation/test", post(test))
        .route("/federation/remove", get(show_remove).post(remove))
        .merge(door::routes())
}

impl From<FederationError> for Failure {
    fn from(error: FederationError) -> Self {
        match error {
            FederationError::Denied(denied) => denied.into(),
            FederationError::Database(error) => error.into(),
            FederationError::Wrong(_) => Self::Internal(error.to_string()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

/// What the page shows besides what is kept.
#[derive(Default)]
struct Shown {
    draft: Option<Draft>,
    wrong: Wrong,
    done: Option<(bool, Key)>,
    said: Option<Said>,
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    let done = match query.done.as_str() {
        "saved" => Some((true, Key("federation.done.saved"))),
        "removed" => Some((true, Key("federation.done.removed"))),
        _ => None,
    };
    let shown = Shown {
        done,
        ..Shown::default()
    };
    answer(&app, signed, shown).await
}

async fn save(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let csrf = pairs.iter().find(|(name, _)| name == "csrf");
    signed.check_form(csrf.map_or("", |(_, value)| value))?;
    let draft = Draft::read(&pairs);
    match service::save(&app, &signed.actor, &draft).await {
        Ok(()) => Ok(Redirect::to("/federation?done=saved").into_response()),
        Err(FederationError::Wrong(wrong)) => {
            let shown = Shown {
                draft: Some(draft),
                wrong: *wrong,
                ..Shown::default()
            };
            answer(&app, signed, shown).await
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CsrfForm {
    csrf: String,
}

async fn test(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<CsrfForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let Some(said) = service::test(&app, &signed.actor).await? else {
        return Ok(Redirect::to(FEDERATION).into_response());
    };
    let shown = match said {
        Ok(metadata) => Shown {
            done: Some((true, Key("federation.done.tested"))),
            said: Some(Said::of(&metadata)),
            ..Shown::default()
        },
        Err(trouble) => Shown {
            done: Some((false, trouble_key(trouble))),
            ..Shown::default()
        },
    };
    answer(&app, signed, shown).await
}

async fn show_remove(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let Some(kept) = service::state(&app, &signed.actor).await?.kept else {
        return Ok(Redirect::to(FEDERATION).into_response());
    };
    let page = FederationRemovePage {
        ui: signed.ui,
        issuer: kept.issuer,
        people: kept.people,
        without_password: kept.without_password,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn remove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<CsrfForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    service::remove(&app, &signed.actor).await?;
    Ok(Redirect::to("/federation?done=removed").into_response())
}

async fn answer(app: &App, signed: SignedIn, shown: Shown) -> Result<Response, Failure> {
    let Known {
        kept,
        administrators,
        code,
    } = service::state(app, &signed.actor).await?;
    let status = if shown.wrong.is_nothing() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let draft = match (shown.draft, &kept) {
        (Some(typed), _) => typed,
        (None, Some(kept)) => {
            let domains: Vec<String> = kept.domains.iter().map(|row| row.domain.clone()).collect();
            Draft::of((&kept.issuer, &kept.client_id), &domains, &kept.settings)
        }
        (None, None) => Draft::of(("", ""), &[], &Settings::default()),
    };
    let state = kept.map(|kept| Standing {
        domains: kept
            .domains
            .into_iter()
            .map(|row| (row.domain, row.confirmed_at_ms.is_some()))
            .collect(),
        people: kept.people,
        is_reopened: kept.is_reopened,
    });
    let page = FederationPage {
        // Also after a form of another path, which cannot be loaded again.
        ui: Ui {
            path: FEDERATION.to_owned(),
            ..signed.ui
        },
        draft,
        wrong: shown.wrong,
        done: shown.done,
        said: shown.said,
        state,
        administrators,
        redirect_uri: oidc::redirect_uri(app),
        link: format!("{}/federation/start/{code}", app.config.public_url),
    };
    Ok(portal::page(status, &page))
}
