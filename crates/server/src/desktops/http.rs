//! `GET /desktops`: what the reader can open, and what of it runs.

use super::{
    page::{Card, DesktopsPage, Icon, RunningSession},
    service::{self, DesktopRow},
};
use crate::{
    app::{self, App},
    portal::{self, Lang},
    rights::{self, Action},
    sessions::service::{self as sessions, Live},
    visit::{Failure, SignedIn},
};
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/desktops", get(list))
}

async fn list(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    if rights::authorize(&signed.actor, Action::ViewDesktops).is_err() {
        // Who works on no desktop is led to where their work is.
        rights::authorize(&signed.actor, Action::ListUsers)?;
        return Ok(Redirect::to("/overview").into_response());
    }
    let mut tx = app.db.read(signed.actor.tenant).await?;
    let offered = service::offered(&mut tx, &signed.actor).await?;
    let live = sessions::live_of(&mut tx, &signed.actor).await?;
    let lang = signed.ui.lang;
    let (applications, desktops): (Vec<_>, Vec<_>) = offered
        .into_iter()
        .partition(|row| row.application.is_some());
    let cards = |rows: Vec<DesktopRow>| rows.iter().map(|row| card(row, &live, lang)).collect();
    let page = DesktopsPage {
        ui: signed.ui,
        desktops: cards(desktops),
        applications: cards(applications),
    };
    Ok(portal::page(StatusCode::OK, &page))
}

fn card(row: &DesktopRow, live: &[Live], lang: Lang) -> Card {
    let session = live
        .iter()
        .find(|session| session.desktop == row.id)
        .map(|session| RunningSession {
            id: session.id,
            since: app::moment(session.requested_at_ms),
            connected: session.connected,
            stop_url: format!("/sessions/{}/end", session.id),
        });
    Card {
        name: row.name(lang).to_owned(),
        description: row.description(lang).to_owned(),
        icon: row
            .application
            .as_deref()
            .map_or(Icon::Desktop, Icon::of_application),
        launch_url: format!("/desktops/{}/launch", row.id),
        session,
    }
}
