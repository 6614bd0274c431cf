//! What all pages share: language, look, layout, assets and error pages.
//!
//! A page is a struct in its slice's `page.rs` with a template beside it. It holds a [`Ui`] and what it shows; the
//! template reaches texts by `ui.t(…)`. Nothing in a page is inline script or style, so that the strictest
//! content security policy holds.

mod assets;
mod error;
mod paging;
mod preferences;
mod procedures;
mod text;
mod time;
mod ui;

#[cfg(test)]
mod account_samples;
#[cfg(test)]
mod contrast;
#[cfg(test)]
mod device_samples;
#[cfg(test)]
mod federation_samples;
#[cfg(test)]
mod grants_samples;
#[cfg(test)]
mod register_samples;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tenancy_samples;
#[cfg(test)]
mod tests;

pub use assets::{asset_base, asset_names};
pub use error::{ErrorPage, Problem};
pub use paging::{Paging, local_url};
pub use preferences::local_path;
pub use text::{Key, Lang};
pub use ui::{Brand, Theme, Ui, UserBadge};

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};

/// The assets and the choice of language and appearance. Needs no session.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .merge(assets::routes())
        .merge(preferences::routes())
}

/// Answers with a page. Pages are personal, so no cache keeps them.
pub fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let mut answer = (status, Html(html)).into_response();
            answer
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
