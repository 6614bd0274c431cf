//! `/users/import` and `/users/export`. Parse, call one use case, answer.

use super::{
    super::{lifecycle::Issued, service::LINK_MS},
    page::{CheckPage, DonePage, ImportPage, NewLink},
    plan::{Plan, Problem},
    reading::MOST_BYTES,
    service::{self, ImportError},
    table,
};
use crate::{
    app::App,
    portal::{self, Key, Ui},
    rights::{self, Action},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Multipart, State, multipart::MultipartRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Deserialize;
use std::sync::Arc;

/// What a form has besides the file, in bytes.
const REST: usize = 64 * 1024;
const HOUR_MS: i64 = 60 * 60 * 1000;
/// What a browser saves an export as.
const EXPORT: &str = "attachment; filename=\"people.csv\"";

pub(in super::super) fn routes() -> Router<Arc<App>> {
    let upload = DefaultBodyLimit::max(MOST_BYTES + REST);
    let sent_back = DefaultBodyLimit::max(MOST_BYTES.div_ceil(3) * 4 + REST);
    Router::new()
        .route("/users/import", get(show).post(check).layer(upload))
        .route("/users/import/confirm", post(confirm).layer(sent_back))
        .route("/users/export", post(export))
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Denied(denied) => denied.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

async fn show(signed: SignedIn) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    Ok(import_page(signed.ui, Vec::new(), false))
}

async fn check(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    given: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    let missing = || vec![Problem::of_file(Key("register.problem.no_file"))];
    let Ok(form) = given else {
        return Ok(import_page(signed.ui, missing(), false));
    };
    let Some(sent) = received(form).await else {
        let big = Problem::of_file(Key("register.problem.big"));
        return Ok(import_page(signed.ui, vec![big], false));
    };
    signed.check_form(&sent.csrf)?;
    if sent.file.is_empty() {
        return Ok(import_page(signed.ui, missing(), false));
    }
    let plan = service::preview(&app, &signed.actor, &sent.file).await?;
    Ok(plan_page(signed.ui, plan, &sent.file, false))
}

#[derive(Default)]
struct Sent {
    csrf: String,
    file: Vec<u8>,
}

/// The parts of a form; none when it is larger than what is taken, or broken off.
async fn received(mut form: Multipart) -> Option<Sent> {
    let mut sent = Sent::default();
    while let Some(part) = form.next_field().await.ok()? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.ok()?;
        match name.as_str() {
            "csrf" => sent.csrf = String::from_utf8_lossy(&bytes).into_owned(),
            "file" => sent.file = bytes.into(),
            _ => {}
        }
    }
    Some(sent)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Confirm {
    csrf: String,
    file: String,
    digest: String,
}

async fn confirm(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Confirm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    let Ok(file) = URL_SAFE_NO_PAD.decode(&form.file) else {
        let missing = Problem::of_file(Key("register.problem.no_file"));
        return Ok(import_page(signed.ui, vec![missing], true));
    };
    match service::apply(&app, &signed.actor, &file, &form.digest).await {
        Ok(done) => Ok(done_page(&app, signed.ui, done.plan, done.links)),
        Err(ImportError::NotAsShown(plan)) => Ok(plan_page(signed.ui, *plan, &file, true)),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plain {
    csrf: String,
}

async fn export(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let file = service::export(&app, &signed.actor, signed.ui.lang).await?;
    Ok(csv(file))
}

/// An answer that a browser saves.
pub(super) fn csv(file: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, EXPORT),
    ];
    (
        headers.map(|(name, value)| (name, HeaderValue::from_static(value))),
        file,
    )
        .into_response()
}

fn import_page(ui: Ui, problems: Vec<Problem>, is_stale: bool) -> Response {
    let status = if problems.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = ImportPage {
        ui,
        problems,
        is_stale,
    };
    portal::page(status, &page)
}

fn plan_page(ui: Ui, plan: Plan, file: &[u8], is_stale: bool) -> Response {
    if !plan.problems.is_empty() {
        return import_page(ui, plan.problems, is_stale);
    }
    let page = CheckPage {
        ui,
        plan,
        file: URL_SAFE_NO_PAD.encode(file),
        is_stale,
    };
    let status = if is_stale {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    portal::page(status, &page)
}

fn done_page(app: &App, ui: Ui, plan: Plan, links: Vec<Issued>) -> Response {
    let link = |issued: Issued| NewLink {
        full_name: issued.user.full_name,
        email: issued.user.email,
        link: format!("{}/welcome/{}", app.config.public_url, issued.token),
    };
    let links: Vec<NewLink> = links.into_iter().map(link).collect();
    let heads = [
        ui.t("users.column.name"),
        ui.t("users.column.email"),
        ui.t("link_issued.link"),
    ];
    let mut file = format!("\u{feff}{}", table::line(&heads));
    for new in &links {
        file.push_str(&table::line(&[&new.full_name, &new.email, &new.link]));
    }
    let page = DonePage {
        ui,
        plan,
        links,
        links_url: format!(
            "data:text/csv;charset=utf-8;base64,{}",
            STANDARD.encode(file)
        ),
        hours: LINK_MS / HOUR_MS,
    };
    portal::page(StatusCode::OK, &page)
}
