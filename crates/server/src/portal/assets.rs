//! Style, scripts and pictures: embedded in the executable.

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{Embed, EmbeddedFile};
use sha2::{Digest as _, Sha256};
use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};
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

/// `/assets/` and the version of all files together: what a page names by it can be kept for ever, and a new version of
/// the service is never mixed with old scripts.
static BASE: LazyLock<String> = LazyLock::new(|| {
    let mut names = asset_names();
    names.sort_unstable();
    let mut all = Sha256::new();
    for name in &names {
        if let Some(file) = find(name) {
            all.update(name);
            all.update(file.metadata.sha256_hash());
        }
    }
    let mut base = String::from("/assets/");
    for byte in &all.finalize()[..8] {
        // Writing to a string cannot fail.
        let _ = write!(base, "{byte:02x}");
    }
    base
});

/// What pages put before the name of a file.
#[must_use]
pub fn asset_base() -> &'static str {
    &BASE
}

/// The names of all files under `/assets/`.
#[must_use]
pub fn asset_names() -> Vec<String> {
    Own::iter()
        .chain(Client::iter())
        .map(Cow::into_owned)
        .collect()
}

fn find(name: &str) -> Option<EmbeddedFile> {
    Own::get(name).or_else(|| Client::get(name))
}

/// Sends a file. Under the version's name browsers keep it without asking; under its plain name, which style sheets use,
/// they ask each time.
async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let version = BASE.trim_start_matches("/assets/");
    let versioned = path
        .strip_prefix(version)
        .and_then(|rest| rest.strip_prefix('/'));
    let Some(file) = find(versioned.unwrap_or(&path)) else {
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
    let keep = if versioned.is_some() {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
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
