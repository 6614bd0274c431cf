//! The choice of language and appearance: kept in two cookies, so it also works before sign-in and without script.

use super::{
    Lang, Theme,
    ui::{LANG_COOKIE, THEME_COOKIE},
};
use axum::{
    Form, Router,
    http::{HeaderValue, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::post,
};
use serde::Deserialize;

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/preferences", post(choose))
}

#[derive(Deserialize)]
struct Choice {
    lang: Option<String>,
    theme: Option<String>,
    next: Option<String>,
}

/// Remembers the choice for a year and goes back. It changes nothing else, so it needs no token.
async fn choose(Form(choice): Form<Choice>) -> Response {
    let mut cookies = Vec::new();
    if let Some(lang) = choice.lang.as_deref().and_then(Lang::from_tag) {
        cookies.extend(cookie(LANG_COOKIE, lang.tag()));
    }
    if let Some(theme) = choice.theme.as_deref().and_then(Theme::from_name) {
        cookies.extend(cookie(THEME_COOKIE, theme.name()));
    }
    let cookies = AppendHeaders(cookies.into_iter().map(|value| (header::SET_COOKIE, value)));
    let back = Redirect::to(local_path(choice.next.as_deref().unwrap_or("/")));
    (cookies, back).into_response()
}

fn cookie(name: &str, value: &str) -> Option<HeaderValue> {
    let text = format!("{name}={value}; Path=/; Max-Age=31536000; Secure; SameSite=Lax");
    HeaderValue::from_str(&text).ok()
}

/// A path on this site as it was given, or `/` for what would lead elsewhere: another scheme or host, also in the
/// forms that browsers forgive (`//host`, `/\host`, control characters). Our own paths are ASCII, as headers are.
#[must_use]
pub fn local_path(path: &str) -> &str {
    let leads_away = !path.starts_with('/')
        || path[1..].starts_with(['/', '\\'])
        || path.contains(|c: char| !c.is_ascii() || c.is_control() || c == '\\');
    if leads_away { "/" } else { path }
}
