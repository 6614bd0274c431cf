//! What requests can say in more than one way, and what other sites' pages may not read.

#![allow(clippy::unwrap_used)]

use crate::testing::worlds;
use axum::{
    body::Body,
    http::{Method, Request},
};

#[tokio::test]
async fn no_other_sites_page_may_read_an_answer() {
    for world in worlds().await {
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        for method in [Method::GET, Method::OPTIONS, Method::POST] {
            for path in [
                "/sign-in",
                "/users",
                "/no/such/page",
                "/assets/css/base.css",
                "/api/v1/openapi.json",
                "/api/v1/people",
                "/scim/v2/Users",
            ] {
                let request = Request::builder()
                    .method(method.clone())
                    .uri(path)
                    .header("origin", "https://evil.example")
                    .header("access-control-request-method", "POST")
                    .header("access-control-request-headers", "authorization")
                    .body(Body::empty());
                let answer = boss.send(request.unwrap()).await;
                let mut names = answer.headers.keys().map(axum::http::HeaderName::as_str);
                let told = names.find(|name| name.starts_with("access-control-"));
                assert_eq!(told, None, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_said_twice_is_refused() {
    for world in worlds().await {
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        for path in ["/users?page=1&page=2", "/activity?q=a&q=b"] {
            assert_eq!(boss.get(path).await.status, 400, "{path}");
        }
        let mut guest = world.browser();
        let csrf = guest.get("/sign-in").await.csrf();
        let form = [
            ("email", "hana@shoji.example"),
            ("email", "boss@shoji.example"),
            ("password", crate::testing::PASSWORD),
            ("csrf", &csrf),
        ];
        assert_eq!(guest.post("/sign-in", &form).await.status, 422);
    }
}

#[tokio::test]
async fn what_is_typed_is_decoded_once() {
    for world in worlds().await {
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        let page = boss.get("/users?q=%2541%26lt%3B").await;
        assert_eq!(page.status, 200);
        // Decoded once, and written into the page as what it is.
        assert!(page.text.contains("value=\"%41&#38;lt;\""), "{}", page.text);
    }
}
