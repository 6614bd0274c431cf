//! What holds for every page, every text and every asset.

#![allow(clippy::unwrap_used)]

use super::{Lang, asset_names, preferences::local_path, routes, samples, text};
use axum::{
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use std::{env, fs, path::Path};
use tower::ServiceExt as _;

async fn answer(request: Request<Body>) -> Response<Body> {
    routes::<()>().oneshot(request).await.unwrap()
}

async fn get(path: &str) -> Response<Body> {
    answer(Request::get(path).body(Body::empty()).unwrap()).await
}

fn header_of(answer: &Response<Body>, name: header::HeaderName) -> &str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// Also writes the pages to the folder that `NAGAYA_GALLERY` names, for looking at them in a browser.
#[test]
fn no_page_has_inline_script_or_style() {
    for lang in Lang::ALL {
        for (name, html) in samples::all(lang) {
            assert!(html.contains("</html>"), "{name} is not whole");
            for tag in html
                .split('<')
                .skip(1)
                .map(|rest| rest.split('>').next().unwrap())
            {
                let script = tag.starts_with("script");
                let data = tag.contains("type=\"application/json\"");
                assert!(
                    !script || data || tag.contains(" src=\"/assets/"),
                    "{name}: <{tag}>"
                );
                assert!(!tag.starts_with("style"), "{name}: <{tag}>");
                assert!(!tag.contains(" style="), "{name}: <{tag}>");
                let handler = tag.split_whitespace().skip(1).any(|part| {
                    part.starts_with("on") && part.contains('=') && !part.contains("&#")
                });
                assert!(!handler, "{name}: <{tag}>");
            }
            if let Ok(folder) = env::var("NAGAYA_GALLERY") {
                let folder = Path::new(&folder).join(lang.tag());
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(format!("{name}.html")), html).unwrap();
            }
        }
    }
}

#[test]
fn what_people_typed_is_escaped_in_every_page() {
    let mut seen = 0;
    for lang in Lang::ALL {
        for (name, html) in samples::all(lang) {
            assert!(!html.contains("<b onclick"), "{name}");
            assert_eq!(
                html.matches("</script>").count(),
                html.matches("<script").count(),
                "{name}"
            );
            seen += usize::from(html.contains("&#60;b onclick"));
        }
    }
    assert!(seen >= 12, "only {seen} samples showed hostile text");
}

/// Samples of whoever has not signed in, and of a desktop, whose own menu leads out.
const WITHOUT_MENU: &[&str] = &[
    "sign-in",
    "sign-in-wrong",
    "sign-in-too-many",
    "sign-in-at",
    "welcome",
    "welcome-wrong",
    "link-expired",
    "link-expired-mail",
    "forgot",
    "forgot-wrong",
    "forgot-without-mail",
    "forgot-asked",
    "code",
    "code-wrong",
    "code-passkey",
    "federation-leaving",
    "federation-not-in",
    "not-found",
    "forbidden",
    "not-elevated",
    "form-expired",
    "try-again",
    "too-many",
    "session",
];

#[test]
fn who_is_signed_in_finds_the_way_out_on_every_page() {
    for lang in Lang::ALL {
        let pages = samples::all(lang).into_iter();
        let inside = pages.filter(|(name, _)| !WITHOUT_MENU.contains(name));
        let mut seen = 0;
        for (name, html) in inside {
            assert!(
                html.contains("<form method=\"post\" action=\"/sign-out\">"),
                "{name}"
            );
            seen += 1;
        }
        assert!(seen > 50, "only {seen} samples of people who are signed in");
    }
}

#[test]
fn passwords_are_masked_and_left_to_whatever_fills_them_in() {
    let mut seen = 0;
    for (name, html) in samples::all(Lang::Ja) {
        let inputs = html.split("<input ").skip(1);
        let inputs = inputs.map(|rest| rest.split('>').next().unwrap());
        for input in inputs {
            let is = |field: &str| input.contains(&format!(" name=\"{field}\""));
            if !["password", "repeat", "current"].into_iter().any(is) {
                continue;
            }
            assert!(input.contains(" type=\"password\""), "{name}: {input}");
            let managed = ["current-password", "new-password"];
            let is_managed = |kind: &str| input.contains(&format!(" autocomplete=\"{kind}\""));
            assert!(managed.into_iter().any(is_managed), "{name}: {input}");
            assert!(
                !input.contains("onpaste") && !input.contains("readonly"),
                "{name}: {input}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 12, "only {seen} fields for passwords");
}

#[tokio::test]
async fn scripts_keep_nothing_in_the_browser() {
    let scripts: Vec<String> = asset_names()
        .into_iter()
        .filter(|name| name.starts_with("js/"))
        .collect();
    assert!(scripts.iter().any(|name| name == "js/portal.js"));
    for name in scripts {
        let body = get(&format!("/assets/{name}")).await.into_body();
        let script = String::from_utf8(to_bytes(body, 1 << 24).await.unwrap().to_vec()).unwrap();
        assert!(!script.is_empty(), "{name}");
        for store in ["localStorage", "sessionStorage", "indexedDB", "caches.open"] {
            assert!(!script.contains(store), "{name} uses {store}");
        }
    }
}

#[test]
fn every_page_names_its_language_and_has_a_title_and_one_main() {
    for lang in Lang::ALL {
        for (name, html) in samples::all(lang) {
            assert!(html.contains(&format!("<html lang=\"{lang}\"")), "{name}");
            assert_eq!(html.matches("<main").count(), 1, "{name}");
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
            assert!(!html.contains("<title> –"), "{name}");
        }
    }
}

#[test]
fn every_asset_that_a_page_loads_exists() {
    let own: Vec<String> = asset_names();
    let base = format!("\"{}/", super::asset_base());
    for (name, html) in samples::all(Lang::Ja) {
        let loaded = html
            .split(&base)
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        // What `web/` builds is checked where it is built.
        for asset in loaded.filter(|asset| asset.contains('/')) {
            assert!(own.iter().any(|a| a == asset), "{name} loads {asset}");
        }
    }
}

/// The texts that sources ask for: `t("…")`, `t1("…`, `Key("…")` and the like.
fn asked_for(folder: &Path, keys: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            asked_for(&path, keys);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for call in ["t(\"", "t1(\"", "filled(\"", "Key(\""] {
            let found = source
                .split(call)
                .skip(1)
                .filter_map(|rest| rest.split('"').next());
            let keys_only = found.filter(|key| {
                key.contains('.')
                    && key
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || "._".contains(c))
            });
            keys.extend(keys_only.map(str::to_owned));
        }
    }
}

#[test]
fn every_text_that_is_asked_for_exists() {
    let mut keys = Vec::new();
    asked_for(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut keys,
    );
    assert!(keys.len() > 100, "only {} keys found", keys.len());
    keys.retain(|key| !text::knows(key));
    assert_eq!(keys, Vec::<String>::new());
}

#[test]
fn only_paths_on_this_site_are_gone_back_to() {
    for good in ["/", "/desktops", "/users?q=a&page=2"] {
        assert_eq!(local_path(good), good);
    }
    for bad in [
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "desktops",
        "/a\r\nb",
        "/a\\b",
        "/長屋",
    ] {
        assert_eq!(local_path(bad), "/", "{bad:?}");
    }
}

#[tokio::test]
async fn a_choice_is_remembered_and_leads_back() {
    let form = "lang=en&theme=dark&next=%2Fusers%3Fpage%3D2";
    let request = Request::post("/preferences")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let answer = answer(request).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(header_of(&answer, header::LOCATION), "/users?page=2");
    let cookies: Vec<&str> = answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert!(
        cookies[0].starts_with("__Host-nagaya-lang=en; Path=/;"),
        "{cookies:?}"
    );
    assert!(
        cookies[1].starts_with("__Host-nagaya-theme=dark; Path=/;"),
        "{cookies:?}"
    );
    assert!(cookies.iter().all(|cookie| cookie.contains("Secure")));
}

#[tokio::test]
async fn what_pages_name_is_kept_and_carries_the_version() {
    let page = format!("{}/css/tokens.css", super::asset_base());
    let answer = get(&page).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(header_of(&answer, header::CACHE_CONTROL).contains("immutable"));
    let other_version = get("/assets/0123456789abcdef/css/tokens.css").await;
    assert_eq!(other_version.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn assets_have_their_types_and_are_not_sent_twice() {
    for (path, media_type) in [
        ("/assets/css/tokens.css", "text/css; charset=utf-8"),
        ("/assets/js/portal.js", "text/javascript; charset=utf-8"),
        ("/assets/img/mark.svg", "image/svg+xml"),
    ] {
        let first = get(path).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        assert_eq!(header_of(&first, header::CONTENT_TYPE), media_type);
        assert_eq!(header_of(&first, header::CACHE_CONTROL), "no-cache");
        let tag = header_of(&first, header::ETAG).to_owned();
        assert!(to_bytes(first.into_body(), 1 << 20).await.unwrap().len() > 100);

        let again = Request::get(path)
            .header(header::IF_NONE_MATCH, &tag)
            .body(Body::empty())
            .unwrap();
        let again = answer(again).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(
            to_bytes(again.into_body(), 1 << 20)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn nothing_outside_the_assets_is_served() {
    for path in [
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets/..%2fCargo.toml",
        "/assets//etc/passwd",
        "/assets/css",
        "/assets/css/%00",
        "/assets/nothing.css",
    ] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
