//! `/desktops/{id}/launch`, `/sessions/{id}` and what the web client asks there. Parse, call one use case, answer.

use super::{
    page::{SessionEndedPage, SessionKeptPage, SessionPage, ended_because, script_json},
    service::{self, Connect, SessionError},
    state::State as Life,
    store::StoreError,
};
use crate::{
    app::App,
    desktops::service as desktops,
    portal::{self, Lang},
    visit::{CSRF_HEADER, Failure, SignedIn},
};
use axum::{
    Form, Json, Router,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use wire::ids::{DesktopId, SessionId};

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/desktops/{id}/launch", post(launch))
        .route("/sessions/{id}", get(show))
        .route("/sessions/{id}/connect", post(connect))
        .route("/sessions/{id}/end", post(end))
        .route("/sessions/{id}/here", get(here))
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotFound => Self::NotFound,
            SessionError::Denied(_) => Self::Forbidden,
            SessionError::Full => Self::SessionsFull,
            SessionError::NoContract => Self::NoContract,
            SessionError::Refused(_) | SessionError::Store(_) | SessionError::Database(_) => {
                Self::Internal(error.to_string())
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CsrfForm {
    csrf: String,
}

async fn launch(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(desktop): Path<String>,
    Form(form): Form<CsrfForm>,
) -> Result<Redirect, Failure> {
    signed.check_form(&form.csrf)?;
    let desktop: DesktopId = desktop.parse().map_err(|_| Failure::NotFound)?;
    let session = service::launch(&app, &signed.actor, desktop).await?;
    Ok(Redirect::to(&format!("/sessions/{session}")))
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: SessionId = id.parse().map_err(|_| Failure::NotFound)?;
    let mut tx = app.db.read(signed.actor.tenant).await?;
    let session = service::own(&mut tx, &signed.actor, id).await?;
    let desktop = desktops::get(&mut tx, signed.actor.tenant, session.desktop).await?;
    let lang = signed.ui.lang;
    let name = desktop
        .as_ref()
        .map_or_else(String::new, |desktop| desktop.name(lang).to_owned());
    if let Life::Ended { reason } | Life::Ending { reason, .. } = session.state {
        let page = SessionEndedPage {
            ui: signed.ui,
            name,
            reason: ended_because(reason),
            launch_url: desktop.map(|desktop| format!("/desktops/{}/launch", desktop.id)),
        };
        return Ok(portal::page(StatusCode::OK, &page));
    }
    let label = desktop.as_ref().and_then(|desktop| desktop.service_code);
    match service::may_open(&mut tx, &signed.actor, label).await {
        Err(SessionError::NotFound) => {
            let page = SessionKeptPage {
                ui: signed.ui,
                name,
                end_url: format!("/sessions/{id}/end"),
            };
            return Ok(portal::page(StatusCode::FORBIDDEN, &page));
        }
        done => done?,
    }
    let application = desktop.is_some_and(|desktop| desktop.application.is_some());
    let data = json!({
        "session": id,
        "name": name,
        "kind": if application { "application" } else { "desktop" },
        "lang": if lang == Lang::Ja { "ja" } else { "en" },
        "csrf": signed.ui.csrf,
        "connect_url": format!("/sessions/{id}/connect"),
        "end_url": format!("/sessions/{id}/end"),
        "here_url": format!("/sessions/{id}/here"),
        "home_url": "/desktops",
    });
    let data_json = script_json(&data).map_err(|error| Failure::Internal(error.to_string()))?;
    let page = SessionPage {
        ui: signed.ui,
        data_json,
        name,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn connect(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    signed.check_header(&headers)?;
    let id: SessionId = id.parse().map_err(|_| Failure::NotFound)?;
    let answer: Connect = service::connect(&app, &signed.actor, signed.session, id).await?;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(answer)).into_response())
}

/// The page says now and then that somebody works in it, so that the session of the web does not end as unused; that the
/// request came in is all.
async fn here(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let id: SessionId = id.parse().map_err(|_| Failure::NotFound)?;
    let mut tx = app.db.read(signed.actor.tenant).await?;
    service::own(&mut tx, &signed.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// From the session's page a script asks; from the list of desktops a form.
async fn end(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    headers: HeaderMap,
    Path(id): Path<String>,
    form: Result<Form<CsrfForm>, FormRejection>,
) -> Result<Response, Failure> {
    let by_script = headers.contains_key(CSRF_HEADER);
    if by_script {
        signed.check_header(&headers)?;
    } else {
        signed.check_form(&form.map(|Form(form)| form.csrf).unwrap_or_default())?;
    }
    let id: SessionId = id.parse().map_err(|_| Failure::NotFound)?;
    // A report may come in between; the second try sees it.
    if let Err(error) = service::end(&app, &signed.actor, id).await {
        if !matches!(error, SessionError::Store(StoreError::Stale)) {
            return Err(error.into());
        }
        service::end(&app, &signed.actor, id).await?;
    }
    Ok(if by_script {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Redirect::to("/desktops").into_response()
    })
}
