//! Style, scripts and pictures: embedded in the executable (read from the source tree in debug builds).

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{Embed, EmbeddedFile};
use std::{borrow::Cow, fmt::Write as _};
use tower_http::compression::CompressionLayer;

/// The portal's own files.
#[derive(Embed)]
#[folder = "assets"]
struct Own;

/// The web client, built from `web/`.
#[derive(Embed)]
#[folder = "../../web/dist"]
struct Client;

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    // Only these answers are compressed: they hold no secret that the length of a compressed answer could betray.
    Router::new()
        .route("/assets/{*path}", get(serve))
        .layer(CompressionLayer::new())
}

/// The names of all files under `/assets/`.
#[must_use]
pub fn asset_names() -> Vec<String> {
    Own::iter()
        .chain(Client::iter())
        .map(Cow::into_owned)
        .collect()
}

/// Sends a file, or only that it has not changed. Browsers keep a copy but ask each time, so that a new version of the
/// service is never mixed with old scripts.
async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Own::get(&path).or_else(|| Client::get(&path)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = tag(&file);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|t| t.trim() == tag));
    let status = if known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    };
    let body = if known {
        Body::empty()
    } else {
        Body::from(file.data.into_owned())
    };
    let mut answer = (status, body).into_response();
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type(&path)),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    answer
}

/// The entity tag: the start of the content's SHA-256. Weak, because the same content travels compressed and plain.
fn tag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("W/\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// The media type of a file name. What we do not ship is sent as plain bytes.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
