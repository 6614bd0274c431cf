//! Calls over TLS, with the token in the header alone. No redirect is followed: a token goes where its owner sent it.

use super::{
    config::{self, Profile},
    failure::{Failed, NOT_ALLOWED, NOT_FOUND, REFUSED, SETTINGS, UNREACHABLE, USAGE},
    values::harmless,
};
use reqwest::{Certificate, Client, Method, Response, StatusCode, Url, header, redirect::Policy};
use serde_json::Value;
use server::portal::Lang;
use std::{error::Error as _, fmt::Write as _, fs, time::Duration};

const LIMIT: Duration = Duration::from_mins(1);
/// More than this is no answer of the API, in bytes.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// One portal, as one person's token sees it.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: Url,
    token: String,
    lang: Lang,
}

/// A call that is about to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Request {
    pub(super) method: Method,
    /// As the API's description writes it.
    pub(super) path: &'static str,
    /// What takes the place of `{id}`.
    pub(super) id: Option<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    /// A file (CSV) in place of the body.
    pub(super) file: Option<Vec<u8>>,
}

impl Api {
    pub(super) fn open(profile: &Profile, token: String, lang: Lang) -> Result<Self, Failed> {
        let settings =
            |key, why: &dyn std::fmt::Display| Failed::of(SETTINGS, lang, key, &[("why", why)]);
        let base = config::portal(&profile.url).ok_or_else(|| settings("client.error.url", &""))?;
        let mut authorities = Vec::new();
        if let Some(file) = &profile.ca_file {
            let unread = |why: &dyn std::fmt::Display| {
                let values: [(&str, &dyn std::fmt::Display); 2] =
                    [("file", &file.display()), ("why", why)];
                Failed::of(SETTINGS, lang, "client.error.ca_file", &values)
            };
            let pem = fs::read(file).map_err(|error| unread(&error))?;
            authorities = Certificate::from_pem_bundle(&pem).map_err(|error| unread(&error))?;
            if authorities.is_empty() {
                return Err(unread(&lang.text("client.error.no_certificate")));
            }
        }
        let client = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .timeout(LIMIT)
            .user_agent(concat!("nagaya/", env!("CARGO_PKG_VERSION")))
            .tls_certs_merge(authorities)
            .build()
            .map_err(|error| settings("client.error.tls", &chain(&error)))?;
        Ok(Self {
            client,
            base,
            token,
            lang,
        })
    }

    /// Makes a call; `None` where the answer has no body.
    pub(super) async fn call(&self, request: &Request) -> Result<Option<Value>, Failed> {
        let url = self.url(request)?;
        let mut builder = self
            .client
            .request(request.method.clone(), url)
            .bearer_auth(&self.token)
            .header(
                header::ACCEPT,
                "application/json, text/csv, application/problem+json",
            )
            .header(header::ACCEPT_LANGUAGE, self.lang.tag());
        if let Some(body) = &request.body {
            builder = builder.json(body);
        } else if let Some(file) = &request.file {
            builder = builder
                .header(header::CONTENT_TYPE, "text/csv")
                .body(file.clone());
        }
        let answer = builder.send().await.map_err(|error| self.lost(&error))?;
        let status = answer.status();
        let to = answer.headers().get(header::LOCATION).cloned();
        let media_type = answer.headers().get(header::CONTENT_TYPE);
        let is_file = media_type.is_some_and(|value| value.as_bytes().starts_with(b"text/csv"));
        let body = self.body(answer).await?;
        if status.is_redirection() {
            let to = to.as_ref().and_then(|to| to.to_str().ok());
            return Err(self.failed(
                SETTINGS,
                "client.error.redirect",
                &harmless(to.unwrap_or_default()),
            ));
        }
        if !status.is_success() {
            return Err(self.refused(status, &body));
        }
        if body.is_empty() {
            return Ok(None);
        }
        if is_file {
            return Ok(Some(Value::String(
                String::from_utf8_lossy(&body).into_owned(),
            )));
        }
        let value = serde_json::from_slice(&body);
        value.map_err(|_| self.failed(UNREACHABLE, "client.error.no_api", &self.base))
    }

    fn url(&self, request: &Request) -> Result<Url, Failed> {
        let mut url = self.base.clone();
        let id = request.id.as_deref().unwrap_or_default();
        // Nothing else can be an id, and a dot would lead to another call.
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if request.path.contains("{id}") && (id.is_empty() || !id.chars().all(is_id)) {
            return Err(self.failed(USAGE, "client.error.id", &harmless(id)));
        }
        url.set_path(&request.path.replace("{id}", id));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }

    async fn body(&self, mut answer: Response) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| self.lost(&error))? {
            body.extend_from_slice(&part);
            if body.len() > MAX_ANSWER {
                return Err(self.failed(UNREACHABLE, "client.error.no_api", &self.base));
            }
        }
        Ok(body)
    }

    /// Why no answer came.
    fn lost(&self, error: &reqwest::Error) -> Failed {
        let why = chain(error);
        let key = if why.contains("certificate") {
            "client.error.certificate"
        } else if error.is_timeout() {
            "client.error.slow"
        } else {
            "client.error.unreachable"
        };
        let values: [(&str, &dyn std::fmt::Display); 2] = [("url", &self.base), ("why", &why)];
        Failed::of(UNREACHABLE, self.lang, key, &values)
    }

    /// What the service said instead of doing it.
    fn refused(&self, status: StatusCode, body: &[u8]) -> Failed {
        let (code, key) = match status {
            StatusCode::UNAUTHORIZED => (NOT_ALLOWED, "client.error.unauthorized"),
            StatusCode::FORBIDDEN => (NOT_ALLOWED, "client.error.forbidden"),
            StatusCode::NOT_FOUND => (NOT_FOUND, "client.error.not_found"),
            StatusCode::UNPROCESSABLE_ENTITY => (REFUSED, "client.error.fields"),
            status if status.is_client_error() => (REFUSED, "client.error.refused"),
            _ => (UNREACHABLE, "client.error.service"),
        };
        self.failed(code, key, &told(body).unwrap_or(status.to_string()))
    }

    fn failed(&self, code: u8, key: &'static str, why: &dyn std::fmt::Display) -> Failed {
        Failed::of(code, self.lang, key, &[("why", why)])
    }
}

/// A problem (RFC 9457) in one line: its title, its detail, and each field that is wrong.
fn told(body: &[u8]) -> Option<String> {
    let problem: Value = serde_json::from_slice(body).ok()?;
    let mut text = problem["title"].as_str()?.to_owned();
    if let Some(detail) = problem["detail"].as_str() {
        let _ = write!(text, ": {detail}");
    }
    for (field, why) in problem["fields"].as_object().into_iter().flatten() {
        let _ = write!(text, "; {field}: {}", why.as_str().unwrap_or_default());
    }
    Some(harmless(&text))
}

/// An error with its causes, in one line. The address is told beside it.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            let gap = if text.is_empty() { "" } else { ": " };
            let _ = write!(text, "{gap}{inner_text}");
        }
        cause = inner.source();
    }
    if text.is_empty() {
        text = error.to_string();
    }
    harmless(&text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn api() -> Api {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let profile = Profile {
            url: "https://portal.example".to_owned(),
            token_file: "t".into(),
            ca_file: None,
            output: config::Output::Table,
            lang: None,
        };
        Api::open(&profile, "ngy_x".to_owned(), Lang::En).unwrap()
    }

    #[test]
    fn an_id_stays_one_part_of_the_path() {
        let api = api();
        let url = |id: &str, path| {
            let request = Request {
                path,
                id: Some(id.to_owned()),
                query: vec![("q", "佐藤 & co".to_owned())],
                ..Request::default()
            };
            api.url(&request)
        };
        let good = url("01a3-b", "/api/v1/people/{id}/link").unwrap();
        assert_eq!(good.path(), "/api/v1/people/01a3-b/link");
        assert_eq!(good.query(), Some("q=%E4%BD%90%E8%97%A4+%26+co"));
        for bad in ["", "..", "a/b", "a?b", "%2e%2e", "a#b"] {
            assert_eq!(url(bad, "/api/v1/people/{id}").unwrap_err().code, USAGE);
        }
    }

    #[test]
    fn what_the_service_refuses_says_which_field_and_what_to_do() {
        let body =
            br#"{"status":422,"title":"Some fields","fields":{"email":"Enter an address."}}"#;
        let failed = api().refused(StatusCode::UNPROCESSABLE_ENTITY, body);
        assert_eq!(failed.code, REFUSED);
        assert!(failed.text.contains("email: Enter an address."));
        let failed = api().refused(StatusCode::UNAUTHORIZED, b"<html>");
        assert_eq!(failed.code, NOT_ALLOWED);
        assert!(failed.text.contains("nagaya login"), "{}", failed.text);
        let failed = api().refused(StatusCode::BAD_GATEWAY, b"\x1b[2J");
        assert_eq!(failed.code, UNREACHABLE);
        assert!(!failed.text.contains('\u{1b}'));
    }
}
