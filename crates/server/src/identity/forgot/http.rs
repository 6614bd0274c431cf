//! `/forgot`: asks for a new link by mail.

use super::{
    super::{http::with_guest_cookie, service::LINK_MS},
    page::{AskedPage, ForgotPage},
    queue::Request,
};
use crate::{
    app::App,
    notices,
    portal::{self, Key},
    visit::Guest,
};
use axum::{Form, Router, extract::State, http::StatusCode, response::Response, routing::get};
use serde::Deserialize;
use std::sync::Arc;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// The most bytes of an address that are looked at.
const MAX_EMAIL: usize = 254;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/forgot", get(show).post(ask))
}

async fn show(State(app): State<Arc<App>>, guest: Guest) -> Response {
    form(&app, guest, StatusCode::OK, String::new(), None)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    email: String,
    csrf: String,
}

/// What is typed is judged by its shape alone; whose it is, is looked at later.
async fn ask(State(app): State<Arc<App>>, guest: Guest, Form(typed): Form<Typed>) -> Response {
    if guest.check_form(&typed.csrf).is_err() {
        let error = Some(Key("sign_in.error.expired"));
        return form(&app, guest, StatusCode::FORBIDDEN, typed.email, error);
    }
    let email = typed.email.trim();
    if !email.contains('@') || email.len() > MAX_EMAIL {
        let error = Some(Key("person.error.email_wrong"));
        return form(
            &app,
            guest,
            StatusCode::UNPROCESSABLE_ENTITY,
            typed.email,
            error,
        );
    }
    if !notices::is_on(&app) {
        return form(&app, guest, StatusCode::OK, String::new(), None);
    }
    app.asked.push(Request {
        email: email.to_owned(),
        address: guest.client.address.clone(),
    });
    let page = AskedPage {
        ui: guest.ui,
        hours: LINK_MS / HOUR_MS,
    };
    portal::page(StatusCode::OK, &page)
}

fn form(
    app: &App,
    guest: Guest,
    status: StatusCode,
    email: String,
    error: Option<Key>,
) -> Response {
    with_guest_cookie(app, guest, |guest| {
        let page = ForgotPage {
            ui: guest.ui,
            sends_mail: notices::is_on(app),
            email,
            error,
        };
        portal::page(status, &page)
    })
}
