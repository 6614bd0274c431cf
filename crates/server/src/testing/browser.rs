//! A browser without a network: what it keeps, what it sends, what it is answered.

use super::console::Shown;
use crate::{app::App, operators, two_names};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};
use tower::ServiceExt as _;

/// A browser: keeps cookies, follows nothing, sends what real ones send.
pub(crate) struct Browser {
    pub(super) app: Arc<App>,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) address: SocketAddr,
    /// On the management network: which certificate it shows.
    pub(super) shown: Option<Shown>,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The form token of a page.
    pub(crate) fn csrf(&self) -> String {
        let (_, rest) = self
            .text
            .split_once("name=\"csrf\" value=\"")
            .unwrap_or_else(|| panic!("no form in {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    /// That it has the headers that protect its reader; what of caches holds is of each kind of answer its own.
    pub(crate) fn assert_protected(&self, kind: &str) {
        let policy = self.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{kind}: {part}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{kind}"
        );
        let fixed = [
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in fixed {
            assert_eq!(self.header(name), value, "{kind}");
        }
        assert!(self.header("server").is_empty());
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Follows a link on another site's page.
    pub(crate) async fn follow(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header("sec-fetch-site", "cross-site");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form as the portal's own page would.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = crate::portal::local_url("", form);
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, self.own_url())
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body.trim_start_matches('?').to_owned()))
            .unwrap();
        self.send(request).await
    }

    /// The form token of this browser's session.
    pub(crate) async fn csrf(&mut self) -> String {
        self.get("/desktops").await.csrf()
    }

    /// The status and the body of what is no text.
    pub(crate) async fn bytes(&mut self, path: &str) -> (StatusCode, Vec<u8>) {
        let (parts, body) = self
            .sent(Request::get(path).body(Body::empty()).unwrap())
            .await;
        (parts.status, body)
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let (parts, body) = self.sent(request).await;
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body).unwrap(),
        }
    }

    async fn sent(&mut self, mut request: Request<Body>) -> (axum::http::response::Parts, Vec<u8>) {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let value = cookies.join("; ").parse().unwrap();
            request.headers_mut().insert(header::COOKIE, value);
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let router = if let Some(shown) = &self.shown {
            let certificate = shown.certificate(&self.app).await;
            request.extensions_mut().insert(certificate);
            operators::router(Arc::clone(&self.app))
        } else {
            two_names::router(Arc::clone(&self.app))
        };
        let answer = router.oneshot(request).await.unwrap();
        self.keep_cookies(&answer);
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        (parts, body.to_vec())
    }

    fn own_url(&self) -> &str {
        match self.shown {
            Some(_) => &self.app.config.management_url,
            None => &self.app.config.public_url,
        }
    }

    fn keep_cookies(&mut self, answer: &Response<Body>) {
        for value in answer.headers().get_all(header::SET_COOKIE) {
            let text = value.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
