//! `/activity/stream`: the page of the collector.

use super::{
    page::{StreamPage, StreamRemovePage, StreamState, error_key},
    service::{self, SaveError, State as Known},
    target::{Draft, Field},
};
use crate::{
    app::{self, App},
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

const STREAM: &str = "/activity/stream";

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/activity/stream", get(show).post(save))
        .route("/activity/stream/test", post(test))
        .route("/activity/stream/remove", get(ask_remove).post(remove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamForm {
    csrf: String,
    kind: String,
    host: String,
    port: String,
    path: String,
    ca_pem: String,
    client_pem: String,
    client_key: String,
    authorization: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    let known = service::state(&app, &signed.actor).await?;
    let done = match query.done.as_str() {
        "saved" => Some((true, Key("stream.done.saved"))),
        "removed" => Some((true, Key("stream.done.removed"))),
        _ => None,
    };
    Ok(answer(signed.ui, known.as_ref(), None, None, done))
}

async fn save(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<StreamForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let draft = Draft {
        kind: form.kind,
        host: form.host,
        port: form.port,
        path: form.path,
        ca_pem: form.ca_pem,
        client_pem: form.client_pem,
        client_key: form.client_key,
        authorization: form.authorization,
    };
    match service::save(&app, &signed.actor, &draft).await {
        Ok(()) => Ok(Redirect::to("/activity/stream?done=saved").into_response()),
        Err(SaveError::Read(error)) => Err(error.into()),
        Err(SaveError::Wrong(field)) => {
            let known = service::state(&app, &signed.actor).await?;
            let draft = Some(draft);
            Ok(answer(signed.ui, known.as_ref(), draft, Some(field), None))
        }
    }
}

async fn test(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<StreamForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let Some(sent) = service::test(&app, &signed.actor).await? else {
        return Ok(Redirect::to(STREAM).into_response());
    };
    let done = match sent {
        Ok(()) => (true, Key("stream.done.tested")),
        Err(error) => (false, error_key(error)),
    };
    let known = service::state(&app, &signed.actor).await?;
    Ok(answer(signed.ui, known.as_ref(), None, None, Some(done)))
}

async fn ask_remove(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let Some(known) = service::state(&app, &signed.actor).await? else {
        return Ok(Redirect::to(STREAM).into_response());
    };
    let page = StreamRemovePage {
        ui: signed.ui,
        host: known.row.host,
        behind: known.behind,
    };
    Ok(portal::page(StatusCode::OK, &page))
}

async fn remove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<StreamForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    service::remove(&app, &signed.actor).await?;
    Ok(Redirect::to("/activity/stream?done=removed").into_response())
}

fn answer(
    ui: Ui,
    known: Option<&Known>,
    draft: Option<Draft>,
    wrong: Option<Field>,
    done: Option<(bool, Key)>,
) -> Response {
    let status = if wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let kept = known.map(|known| Draft {
        kind: known.row.kind.clone(),
        host: known.row.host.clone(),
        port: known.row.port.to_string(),
        path: known.row.path.clone(),
        ca_pem: known.row.ca_pem.clone(),
        client_pem: known.row.client_pem.clone(),
        ..Draft::default()
    });
    let fresh = || Draft {
        kind: "syslog".to_owned(),
        port: "6514".to_owned(),
        ..Draft::default()
    };
    let page = StreamPage {
        ui,
        draft: draft.or(kept).unwrap_or_else(fresh),
        wrong,
        done,
        state: known.map(state),
    };
    portal::page(status, &page)
}

fn state(known: &Known) -> StreamState {
    let failed_at_ms = known.row.failed_at_ms;
    StreamState {
        delivered_at: known.row.delivered_at_ms.map(app::moment),
        behind: known.behind,
        failure: failed_at_ms
            .zip(known.error)
            .map(|(at_ms, error)| (app::moment(at_ms), error_key(error))),
        has_key: known.has_key,
        has_authorization: known.has_authorization,
    }
}
