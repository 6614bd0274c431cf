//! What holds for every request and every answer of the customer listener.

#![allow(clippy::unwrap_used)]

use crate::{
    doors::DOORS,
    testing::{Answer, Browser, PASSWORD, worlds},
    visit::SESSION_COOKIE,
};
use axum::{body::Body, http::Request};
use std::{fs, path::Path};

const FORM: &str = "application/x-www-form-urlencoded";
const ID: &str = "01a3185c-5000-7016-9dda-779e83a1c191";

/// What a reader who has not signed in is sent to sign in for.
const PAGES: [&str; 59] = [
    "/service-codes",
    "/service-codes/{id}",
    "/service-codes/{id}/access",
    "/inventory",
    "/inventory/assets.csv",
    "/users/import",
    "/sessions/{id}/here",
    "/",
    "/overview",
    "/sign-in/device",
    "/sign-in/device/go",
    "/sign-in/device/seen/{result}",
    "/devices",
    "/devices/issue",
    "/devices/{id}/renew",
    "/devices/{id}/revoke",
    "/device-authorities",
    "/device-authorities/{id}",
    "/device-authorities/{id}/remove",
    "/branding",
    "/branding/reset",
    "/branding/preview.css",
    "/branding/style.css",
    "/branding/logo.png",
    "/federation",
    "/federation/prove",
    "/federation/remove",
    "/sign-in-rules",
    "/sign-in-rules/{role}",
    "/prove",
    "/prove/passkey",
    "/boundary",
    "/contract",
    "/terms",
    "/activity/stream",
    "/activity/stream/remove",
    "/account",
    "/account/authenticator",
    "/account/authenticator/remove",
    "/account/passkeys/add",
    "/account/passkeys/{id}",
    "/account/passkeys/{id}/remove",
    "/account/recovery-codes",
    "/access",
    "/tokens",
    "/tokens/{id}/revoke",
    "/evidence",
    "/evidence/{control}",
    "/desktops",
    "/users",
    "/users/invite",
    "/users/{id}",
    "/users/{id}/remove",
    "/activity",
    "/activity/log/checkpoint",
    "/activity/log/key",
    "/activity/log/tile/{*path}",
    "/activity/new",
    "/sessions/{id}",
];
/// What only pages of ours ask for.
const ACTS: [&str; 27] = [
    "/service-codes/{id}/grants",
    "/service-codes/{id}/revoke",
    "/users/{id}/grants",
    "/users/{id}/revoke",
    "/users/{id}/tokens",
    "/users/export",
    "/users/import/confirm",
    "/device-authorities/{id}/revoke",
    "/device-authorities/{id}/list",
    "/federation/test",
    "/account/passkeys/add/start",
    "/prove/passkey/start",
    "/boundary/export",
    "/activity/stream/test",
    "/users/{id}/factors",
    "/account/password",
    "/account/sessions/{id}/end",
    "/account/sessions/end-others",
    "/activity/bundle",
    "/activity/export",
    "/sign-out",
    "/users/{id}/suspend",
    "/users/{id}/resume",
    "/users/{id}/link",
    "/desktops/{id}/launch",
    "/sessions/{id}/connect",
    "/sessions/{id}/end",
];
/// What needs nobody: where people sign in, and what the sign-in page itself is made of.
const OPEN: [&str; 19] = [
    "/forgot",
    "/at/{code}",
    "/at/{code}/style.css",
    "/at/{code}/logo.png",
    "/federation/start",
    "/federation/start/{code}",
    "/federation/callback",
    "/help",
    "/help/{name}",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/code/passkey",
    "/sign-in/code/passkey/start",
    "/sign-in/passkey",
    "/sign-in/passkey/start",
    "/welcome/{token}",
    "/preferences",
    "/assets/{*path}",
    "/healthz",
];

/// The paths of all routes, as the sources write them. The infrastructure listener's are named constants.
pub(crate) fn routes_in(folder: &Path, routes: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes_in(&path, routes);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let found = source.split(".route(\"").skip(1);
        routes.extend(found.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
}

async fn post(browser: &mut Browser, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    browser.send(request).await
}

#[test]
fn every_route_is_either_open_or_behind_the_door() {
    let mut routes = Vec::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    routes_in(&sources, &mut routes);
    // The management listener's are told beside it.
    routes.retain(|route| route.starts_with('/') && !route.starts_with("/console/"));
    let mut told: Vec<_> = PAGES
        .iter()
        .chain(&ACTS)
        .chain(&OPEN)
        .map(ToString::to_string)
        .collect();
    routes.sort();
    told.sort();
    // Programs are sent nowhere to sign in: `api` and `scim` test their routes.
    let is_page = |route: &&String| !route.starts_with("/api/") && !route.starts_with("/scim/");
    let pages = routes.iter().filter(is_page);
    assert_eq!(pages.cloned().collect::<Vec<_>>(), told);
    // The list of who may use what names each of them.
    told = DOORS
        .iter()
        .map(|(_, path, _)| (*path).to_owned())
        .collect();
    told.sort();
    told.dedup();
    routes.dedup();
    assert_eq!(routes, told);
}

#[tokio::test]
async fn without_a_session_every_page_leads_to_sign_in_and_back() {
    for world in worlds().await {
        for token in [None, Some("made-up"), Some("")] {
            let mut browser = world.browser();
            if let Some(token) = token {
                browser
                    .cookies
                    .insert(SESSION_COOKIE.to_owned(), token.to_owned());
            }
            for path in PAGES {
                let path = path.replace("{id}", ID);
                let answer = browser.get(&format!("{path}?q=a&page=2")).await;
                assert_eq!(answer.status, 303, "{path}");
                let back = format!("{path}?q=a&page=2");
                let next = crate::portal::local_url("/sign-in", &[("next", &back)]);
                assert_eq!(answer.header("location"), next);
            }
            for path in ACTS {
                let path = path.replace("{id}", ID);
                let form = [("content-type", FORM)];
                let script = post(&mut browser, &path, &form, "csrf=").await;
                assert_eq!(
                    (script.status.as_u16(), &script.text[..]),
                    (401, ""),
                    "{path}"
                );
                // Somebody whose session ended meanwhile clicks a button.
                let form = [("content-type", FORM), ("accept", "text/html,*/*;q=0.8")];
                let person = post(&mut browser, &path, &form, "csrf=").await;
                assert_eq!(person.header("location"), "/sign-in", "{path}");
                assert_eq!(person.status, 303);
            }
        }
    }
}

/// One answer of every kind: pages, redirects, files, refusals and failures.
async fn all_kinds(browser: &mut Browser) -> Vec<(&'static str, Answer)> {
    let big = "a".repeat(70_000);
    let form = [("content-type", FORM)];
    let strange = [("content-type", FORM), ("origin", "https://evil.example")];
    vec![
        ("page", browser.get("/sign-in").await),
        ("redirect", browser.get("/desktops").await),
        ("file", browser.get("/assets/css/base.css").await),
        ("health", browser.get("/healthz").await),
        ("no page", browser.get("/no/such/page").await),
        ("no file", browser.get("/assets/none.js").await),
        ("no link", browser.get("/welcome/none").await),
        ("not UTF-8", browser.get("/welcome/%ff").await),
        ("method", browser.get("/sign-out").await),
        ("script", post(browser, "/sign-out", &form, "csrf=").await),
        (
            "no token",
            post(browser, "/sign-in", &form, "email=a&password=b").await,
        ),
        (
            "no field",
            post(browser, "/sign-in", &form, "email=a").await,
        ),
        ("no form", post(browser, "/sign-in", &[], "email=a").await),
        ("too big", post(browser, "/sign-in", &form, &big).await),
        (
            "other site",
            post(browser, "/sign-in", &strange, "email=a").await,
        ),
    ]
}

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_its_reader() {
    for world in worlds().await {
        let mut signed_in = world.signed_in(&world.customers[0].user).await;
        let mut answers = all_kinds(&mut world.browser()).await;
        answers.push(("desktops", signed_in.get("/desktops").await));
        answers.push(("forbidden", signed_in.get("/users").await));
        for (kind, answer) in answers {
            answer.assert_protected(kind);
            let cache = answer.header("cache-control");
            assert_eq!(cache == "no-store", kind != "file", "{kind}: {cache}");
        }
    }
}

#[tokio::test]
async fn whatever_goes_wrong_is_told_on_a_page_and_in_the_readers_language() {
    for world in worlds().await {
        let mut browser = world.browser();
        browser
            .cookies
            .insert("__Host-nagaya-lang".to_owned(), "en".to_owned());
        let expected = [
            ("no page", 404, "Page not found"),
            ("no file", 404, "Page not found"),
            ("no link", 410, "link"),
            ("not UTF-8", 400, "Page not found"),
            ("method", 405, "Page not found"),
            ("no token", 403, "value=\"a\""),
            ("no field", 422, "This page has expired"),
            ("no form", 415, "This page has expired"),
            ("too big", 413, "This page has expired"),
            ("other site", 403, "This page has expired"),
        ];
        let mut answers = all_kinds(&mut browser).await;
        for (kind, status, text) in expected {
            let at = answers.iter().position(|(name, _)| *name == kind).unwrap();
            let (_, answer) = answers.swap_remove(at);
            assert_eq!(answer.status, status, "{kind}");
            assert!(
                answer.text.contains("<html lang=\"en\""),
                "{kind}: {}",
                answer.text
            );
            assert!(answer.text.contains(text), "{kind}");
            for inner in [
                "deserialize",
                "missing field",
                "Failed to",
                "Invalid",
                "sqlx",
            ] {
                assert!(!answer.text.contains(inner), "{kind}: {inner}");
            }
        }
        // A query that is none, of somebody who has signed in.
        let mut browser = world.signed_in(&world.customers[0].administrator).await;
        for path in ["/users?page=two", "/activity?page=-1"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 400, "{path}");
            assert!(answer.text.contains("</html>") && !answer.text.contains("deserialize"));
        }
    }
}

#[tokio::test]
async fn a_failure_of_ours_says_nothing_of_its_cause() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut browser = world.signed_in(&customer.administrator).await;
        world.break_log().await;
        let answer = browser.get("/activity").await;
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("</html>"));
        assert!(!answer.text.contains("activity_elsewhere") && !answer.text.contains("no such"));
    }
}

#[tokio::test]
async fn the_language_follows_the_browser_until_the_reader_chooses() {
    for world in worlds().await {
        let mut browser = world.browser();
        let english = Request::get("/sign-in").header("accept-language", "en-GB,en;q=0.9");
        let english = browser.send(english.body(Body::empty()).unwrap()).await;
        assert!(english.text.contains("<html lang=\"en\""));
        assert!(
            browser
                .get("/sign-in")
                .await
                .text
                .contains("<html lang=\"ja\"")
        );
        let choice = [("lang", "en"), ("next", "/sign-in?next=%2Fusers")];
        let answer = browser.post("/preferences", &choice).await;
        assert_eq!(answer.header("location"), "/sign-in?next=%2Fusers");
        assert!(
            browser
                .get("/sign-in")
                .await
                .text
                .contains("<html lang=\"en\"")
        );
        assert!(
            browser
                .get("/none")
                .await
                .text
                .contains("<html lang=\"en\"")
        );
        browser.post("/preferences", &[("lang", "klingon")]).await;
        assert!(
            browser
                .get("/sign-in")
                .await
                .text
                .contains("<html lang=\"en\"")
        );
    }
}

#[tokio::test]
async fn signing_in_never_leads_to_another_site() {
    for world in worlds().await {
        let user = &world.customers[0].user;
        world.signed_in(user).await;
        for (next, leads_to) in [
            ("/users?q=a%20b", "/users?q=a%20b"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("/\t/evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("/\r\nset-cookie: a=b", "/"),
            // Addresses of ours are ASCII; others could not even be sent.
            ("/長屋", "/"),
        ] {
            let mut browser = world.browser();
            let page = browser
                .get(&crate::portal::local_url("/sign-in", &[("next", next)]))
                .await;
            let csrf = page.csrf();
            let form = [
                ("email", user.email.as_str()),
                ("password", PASSWORD),
                ("next", next),
                ("csrf", &csrf),
            ];
            let answer = browser.post("/sign-in", &form).await;
            assert_eq!(answer.status, 303, "{next:?}");
            assert_eq!(answer.header("location"), leads_to, "{next:?}");
            let back = browser
                .post("/preferences", &[("lang", "ja"), ("next", next)])
                .await;
            assert_eq!(back.status, 303, "{next:?}");
            assert!(!back.header("location").contains("evil"), "{next:?}");
        }
    }
}

#[tokio::test]
async fn a_refused_sign_in_form_keeps_what_was_typed_but_never_the_password() {
    for world in worlds().await {
        let mut browser = world.browser();
        browser.get("/sign-in").await;
        for (csrf, status) in [("wrong", 403), ("", 403)] {
            let form = [
                ("email", "hana@shoji.example"),
                ("password", "my secret words"),
                ("next", "/users"),
                ("csrf", csrf),
            ];
            let answer = browser.post("/sign-in", &form).await;
            assert_eq!(answer.status, status);
            assert!(answer.text.contains("value=\"hana@shoji.example\""));
            assert!(answer.text.contains("name=\"next\" value=\"/users\""));
            assert!(!answer.text.contains("my secret words"));
        }
        assert!(world.log(None).await.is_empty());
    }
}

#[tokio::test]
async fn a_session_cannot_be_planted_before_sign_in() {
    for world in worlds().await {
        let user = &world.customers[0].user;
        world.signed_in(user).await;
        let mut victim = world.browser();
        let planted = "A".repeat(43);
        victim
            .cookies
            .insert(SESSION_COOKIE.to_owned(), planted.clone());
        let csrf = victim.get("/sign-in").await.csrf();
        let form = [
            ("email", user.email.as_str()),
            ("password", PASSWORD),
            ("csrf", &csrf),
        ];
        assert_eq!(victim.post("/sign-in", &form).await.status, 303);
        assert_ne!(victim.cookies[SESSION_COOKIE], planted);
        let mut attacker = world.browser();
        attacker.cookies.insert(SESSION_COOKIE.to_owned(), planted);
        assert_eq!(attacker.get("/desktops").await.status, 303);
    }
}

/// A character that one engine cannot store is nothing but a character that nobody has.
#[tokio::test]
async fn odd_characters_find_nothing_and_break_nothing() {
    for world in worlds().await {
        let mut browser = world.signed_in(&world.customers[0].administrator).await;
        for path in [
            "/users?q=a%00b",
            "/activity?q=%00&kind=%00",
            "/users?q=%25_!%27%22",
        ] {
            assert_eq!(browser.get(path).await.status, 200, "{path}");
        }
        let mut guest = world.browser();
        let csrf = guest.get("/sign-in").await.csrf();
        let form = [
            ("email", "ha\0na@shoji.example"),
            ("password", "a\0b"),
            ("csrf", &csrf),
        ];
        assert_eq!(guest.post("/sign-in", &form).await.status, 401);
    }
}
