//! `/branding`: an administrator's page, and the style sheets and pictures of which a look is made.

use super::{
    Colour, Draft, MAX_PICTURE, Tints, Wrong,
    page::{BrandingPage, ResetPage},
    service::{self, BrandingError, Sent, Served},
};
use crate::{
    app::App,
    portal::{self, Brand, Key, Lang, local_url},
    rights::{self, Action},
    tenancy::{service as tenants, text_of},
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Multipart, Path, Query, State, multipart::MultipartRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

/// A form with a picture, one that a preview carries, and some texts.
const MAX_FORM: usize = 2 * MAX_PICTURE;
/// Browsers that have not signed in ask again after this long, in seconds.
const OPEN_S: u32 = 300;

pub(crate) fn routes() -> Router<Arc<App>> {
    let form = get(show).post(change);
    Router::new()
        .route("/branding", form.layer(DefaultBodyLimit::max(MAX_FORM)))
        .route("/branding/reset", get(show_reset).post(reset))
        .route("/branding/preview.css", get(preview))
        .route("/branding/style.css", get(own_style))
        .route("/branding/logo.png", get(own_logo))
        .route("/at/{code}/style.css", get(style_at))
        .route("/at/{code}/logo.png", get(logo_at))
}

impl From<BrandingError> for Failure {
    fn from(error: BrandingError) -> Self {
        match error {
            BrandingError::Denied(denied) => denied.into(),
            BrandingError::Database(error) => error.into(),
            // The form says itself what is wrong with it.
            BrandingError::Wrong(_) => Self::FormExpired,
        }
    }
}

/// The look of the sign-in page at a path that names an organisation. Nobody learns from it whether there is one.
pub(crate) async fn brand_at(app: &App, code: &str, lang: Lang) -> sqlx::Result<Option<Brand>> {
    let found = service::at(app, code).await?;
    Ok(found.map(|look| look.brand(lang, &format!("/at/{code}"))))
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
    let done = match query.done.as_str() {
        "saved" => Some(Key("branding.saved")),
        "reset" => Some(Key("branding.was_reset")),
        _ => None,
    };
    let kept = service::kept(&app, &signed.actor).await?;
    let shown = Shown {
        is_preview: false,
        done,
        wrong: Wrong::default(),
    };
    form_page(&app, signed, kept.unwrap_or_default(), shown).await
}

/// How the form is shown.
struct Shown {
    is_preview: bool,
    done: Option<Key>,
    wrong: Wrong,
}

async fn form_page(
    app: &App,
    mut signed: SignedIn,
    draft: Draft,
    shown: Shown,
) -> Result<Response, Failure> {
    let Shown {
        is_preview,
        done,
        wrong,
    } = shown;
    let is_set = service::kept(app, &signed.actor).await?.is_some();
    if is_preview {
        signed.ui.brand = Some(previewed(&draft, signed.ui.lang));
    }
    let mut tx = app.db.read(signed.actor.tenant).await?;
    let code = tenants::code(&mut tx, signed.actor.tenant).await?;
    drop(tx);
    let page = BrandingPage {
        ui: signed.ui,
        draft,
        is_preview,
        is_set,
        done,
        sign_in_url: format!("{}/at/{code}", app.config.public_url),
        wrong,
    };
    let status = if wrong == Wrong::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(portal::page(status, &page))
}

/// A look that nobody but this page has.
fn previewed(draft: &Draft, lang: Lang) -> Brand {
    Brand {
        name: text_of(lang, &draft.name_ja, &draft.name_en).to_owned(),
        logo_url: (!draft.logo.is_empty()).then(|| format!("data:image/png;base64,{}", draft.logo)),
        style_url: (!draft.accent.is_empty())
            .then(|| local_url("/branding/preview.css", &[("accent", &draft.accent)])),
    }
}

/// What a form sends.
#[derive(Default)]
struct Sheet {
    csrf: String,
    act: String,
    draft: Draft,
    sent: Sent,
}

impl Sheet {
    async fn read(mut form: Multipart) -> Result<Self, Failure> {
        let broken = |_| Failure::FormExpired;
        let mut sheet = Self::default();
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "logo" {
                sheet.sent.file = field.bytes().await.map_err(broken)?.to_vec();
                continue;
            }
            let text = field.text().await.map_err(broken)?;
            match name.as_str() {
                "csrf" => sheet.csrf = text,
                "act" => sheet.act = text,
                "name_ja" => sheet.draft.name_ja = text,
                "name_en" => sheet.draft.name_en = text,
                "accent" => sheet.draft.accent = text,
                "carried" => sheet.sent.carried = text,
                "without" => sheet.sent.without = true,
                _ => {}
            }
        }
        Ok(sheet)
    }
}

async fn change(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    let form = form.map_err(|_| Failure::FormExpired)?;
    let sheet = Sheet::read(form).await?;
    signed.check_form(&sheet.csrf)?;
    let checked = service::checked(&app, &signed.actor, &sheet.draft, sheet.sent).await;
    let mut shown = Shown {
        is_preview: true,
        done: None,
        wrong: Wrong::default(),
    };
    match checked {
        Ok(draft) if sheet.act == "preview" => form_page(&app, signed, draft, shown).await,
        Ok(draft) => {
            service::set(&app, &signed.actor, &draft).await?;
            Ok(Redirect::to("/branding?done=saved").into_response())
        }
        Err(BrandingError::Wrong(wrong)) => {
            let (draft, wrong) = *wrong;
            shown.is_preview = false;
            shown.wrong = wrong;
            form_page(&app, signed, draft, shown).await
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plain {
    csrf: String,
}

async fn show_reset(signed: SignedIn) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    Ok(portal::page(StatusCode::OK, &ResetPage { ui: signed.ui }))
}

async fn reset(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Form(form): Form<Plain>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    service::reset(&app, &signed.actor).await?;
    Ok(Redirect::to("/branding?done=reset").into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Previewed {
    accent: String,
}

/// A style sheet of a colour alone: nothing is kept.
async fn preview(
    signed: SignedIn,
    Query(previewed): Query<Previewed>,
) -> Result<Response, Failure> {
    rights::authorize(&signed.actor, Action::ManageUsers)?;
    let accent = Colour::parse(&previewed.accent).ok_or(Failure::NotFound)?;
    Ok(style("no-store".to_owned(), Tints::style(accent)))
}

/// Its address changes with every change of the look.
const OWN: &str = "private, max-age=86400";

async fn own_style(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let look = service::own(&app, &signed.actor).await?;
    let text = look.as_ref().and_then(Served::style);
    Ok(style(OWN.to_owned(), text.ok_or(Failure::NotFound)?))
}

async fn own_logo(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response, Failure> {
    let look = service::own(&app, &signed.actor).await?;
    let png = look.as_ref().and_then(Served::logo);
    Ok(picture(OWN.to_owned(), png.ok_or(Failure::NotFound)?))
}

async fn style_at(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
) -> Result<Response, Failure> {
    let look = service::at(&app, &code).await?;
    let text = look.as_ref().and_then(Served::style);
    Ok(style(open(), text.ok_or(Failure::NotFound)?))
}

async fn logo_at(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
) -> Result<Response, Failure> {
    let look = service::at(&app, &code).await?;
    let png = look.as_ref().and_then(Served::logo);
    Ok(picture(open(), png.ok_or(Failure::NotFound)?))
}

fn open() -> String {
    format!("public, max-age={OPEN_S}")
}

fn style(keep: String, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, keep),
    ];
    (headers, text).into_response()
}

/// Always a PNG, whatever was sent: it was written here. `nosniff` is a header of every answer.
fn picture(keep: String, png: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/png".to_owned()),
        (header::CACHE_CONTROL, keep),
    ];
    (headers, png).into_response()
}
