//! `/device-authorities`.

use super::{
    http::{Plain, id_of, status},
    page::{AuthoritiesPage, AuthorityItem, AuthorityPage, AuthorityRemovePage},
    service::DeviceError,
    store::AuthorityRow,
    trust,
};
use crate::{
    app::{self, App},
    portal::{self, Key},
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// The largest form with a revocation list, in bytes.
const MAX_LIST: usize = 512 * 1024;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/device-authorities", get(authorities).post(add_authority))
        .route("/device-authorities/{id}", get(authority))
        .route("/device-authorities/{id}/remove", get(ask).post(remove))
        .route("/device-authorities/{id}/revoke", post(revoke_named))
        .merge(lists())
}

/// Revocation lists are longer than other forms.
fn lists() -> Router<Arc<App>> {
    Router::new()
        .route("/device-authorities/{id}/list", post(take_list))
        .layer(DefaultBodyLimit::max(MAX_LIST))
}

fn authority_item((row, revoked): (AuthorityRow, i64), now_ms: i64) -> AuthorityItem {
    let pairs: Vec<String> = row
        .fingerprint
        .to_uppercase()
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair).into_owned())
        .collect();
    AuthorityItem {
        id: row.id,
        is_own: row.kind == "own",
        subject: row.subject,
        fingerprint: pairs.join(":"),
        until: app::moment(row.not_after_ms),
        has_ended: row.not_after_ms <= now_ms,
        revoked,
        list_at: row.list_at_ms.map(app::moment),
        list_is_old: row.list_until_ms.is_some_and(|until| until < now_ms),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

/// What was done just now, of the word in the address.
fn done_key(done: &str) -> Option<Key> {
    match done {
        "added" => Some(Key("authorities.done.added")),
        "removed" => Some(Key("authorities.done.removed")),
        "revoked" => Some(Key("authorities.done.revoked")),
        "list" => Some(Key("authorities.done.list")),
        _ => None,
    }
}

async fn authorities(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    authorities_page(&app, signed, (String::new(), None), done_key(&query.done)).await
}

async fn authorities_page(
    app: &App,
    signed: SignedIn,
    (pem, wrong): (String, Option<Key>),
    done: Option<Key>,
) -> Result<Response, Failure> {
    let now_ms = app.clock.now_ms();
    let rows = trust::authorities(app, &signed.actor).await?;
    let page = AuthoritiesPage {
        manages: rights::authorize(&signed.actor, Action::ManageUsers).is_ok(),
        ui: signed.ui,
        rows: rows
            .into_iter()
            .map(|row| authority_item(row, now_ms))
            .collect(),
        pem,
        wrong,
        done,
    };
    Ok(portal::page(status(wrong.is_some()), &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Given {
    pem: String,
    number: String,
    csrf: String,
}

async fn add_authority(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Given>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    match trust::add_authority(&app, &signed.actor, &form.pem).await {
        Ok(()) => Ok(Redirect::to("/device-authorities?done=added").into_response()),
        Err(DeviceError::Given(key)) => {
            authorities_page(&app, signed, (form.pem, Some(key)), None).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What the page of an authority says besides the authority.
#[derive(Default)]
struct Said {
    number: String,
    number_wrong: Option<Key>,
    list_wrong: Option<Key>,
    is_lockout: bool,
    done: Option<Key>,
}

async fn authority_page(
    app: &App,
    signed: SignedIn,
    id: Uuid,
    said: Said,
) -> Result<Response, Failure> {
    let found = trust::authority(app, &signed.actor, id).await?;
    let is_wrong = said.number_wrong.is_some() || said.list_wrong.is_some() || said.is_lockout;
    let page = AuthorityPage {
        ui: signed.ui,
        item: authority_item(found, app.clock.now_ms()),
        number: said.number,
        number_wrong: said.number_wrong,
        list_wrong: said.list_wrong,
        is_lockout: said.is_lockout,
        done: said.done,
    };
    Ok(portal::page(status(is_wrong), &page))
}

async fn authority(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<Done>,
) -> Result<Response, Failure> {
    let said = Said {
        done: done_key(&query.done),
        ..Said::default()
    };
    authority_page(&app, signed, id_of(&id)?, said).await
}

async fn revoke_named(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Given>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = id_of(&id)?;
    let done = trust::revoke_named(&app, &signed.actor, id, &form.number).await;
    let said = match done {
        Ok(()) => return Ok(to_authority(id, "revoked")),
        Err(DeviceError::Given(key)) => Said {
            number_wrong: Some(key),
            ..Said::default()
        },
        Err(DeviceError::Lockout) => Said {
            is_lockout: true,
            ..Said::default()
        },
        Err(error) => return Err(error.into()),
    };
    let number = form.number;
    authority_page(&app, signed, id, Said { number, ..said }).await
}

async fn take_list(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Given>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = id_of(&id)?;
    let said = match trust::take_list(&app, &signed.actor, id, &form.pem).await {
        Ok(()) => return Ok(to_authority(id, "list")),
        Err(DeviceError::Given(key)) => Said {
            list_wrong: Some(key),
            ..Said::default()
        },
        Err(DeviceError::Lockout) => Said {
            is_lockout: true,
            ..Said::default()
        },
        Err(error) => return Err(error.into()),
    };
    authority_page(&app, signed, id, said).await
}

fn to_authority(id: Uuid, done: &str) -> Response {
    Redirect::to(&format!("/device-authorities/{id}?done={done}")).into_response()
}

async fn ask(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    remove_page(&app, signed, id_of(&id)?, false).await
}

async fn remove_page(
    app: &App,
    signed: SignedIn,
    id: Uuid,
    is_lockout: bool,
) -> Result<Response, Failure> {
    let found = trust::authority(app, &signed.actor, id).await?;
    let page = AuthorityRemovePage {
        ui: signed.ui,
        item: authority_item(found, app.clock.now_ms()),
        is_lockout,
    };
    Ok(portal::page(status(is_lockout), &page))
}

async fn remove(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = id_of(&id)?;
    match trust::remove_authority(&app, &signed.actor, id).await {
        Ok(()) => Ok(Redirect::to("/device-authorities?done=removed").into_response()),
        Err(DeviceError::Lockout) => remove_page(&app, signed, id, true).await,
        Err(error) => Err(error.into()),
    }
}
