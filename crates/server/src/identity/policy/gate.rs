//! What is asked of a request whose session of the web is good: which door it may go through now.

use super::{
    super::{account::store::WebSessionRow, devices::step::has_shown},
    rules::Rules,
};
use axum::http::Method;

/// A form that was opened in time may be sent this much later, in milliseconds.
const FORM_MS: i64 = 10 * 60 * 1000;
/// How old a proof may be when a desktop's page is opened, in milliseconds, where one is asked for each time.
const OPEN_MS: i64 = 2 * 60 * 1000;
/// And when that page connects.
const CONNECT_MS: i64 = 5 * 60 * 1000;

/// Where somebody goes who has proved who they are, from a form that was not sent.
#[derive(Clone, Copy)]
enum Back {
    /// The page has the form's path.
    Same,
    /// The page is one step above the form's path.
    Above,
    /// The page has a path of its own.
    At(&'static str),
}

/// What is dangerous: it gives rights, takes away protection, or cannot be undone.
const DANGEROUS: &[(Method, &str, Back)] = &[
    (Method::GET, "/users/invite", Back::Same),
    (Method::POST, "/users/invite", Back::Same),
    (Method::GET, "/users/import", Back::Same),
    (Method::POST, "/users/import", Back::Same),
    (Method::POST, "/users/import/confirm", Back::Above),
    (Method::POST, "/users/export", Back::Above),
    (Method::POST, "/users/{id}", Back::Same),
    (Method::POST, "/users/{id}/link", Back::Above),
    (Method::POST, "/users/{id}/resume", Back::Above),
    (Method::POST, "/users/{id}/factors", Back::Above),
    (Method::POST, "/users/{id}/grants", Back::Above),
    (Method::POST, "/service-codes/{id}/grants", Back::Above),
    (Method::POST, "/service-codes/{id}/access", Back::Same),
    // With a proof that is fresh a code was given, too.
    (Method::GET, "/account/authenticator/remove", Back::Same),
    (Method::POST, "/account/authenticator/remove", Back::Same),
    (Method::GET, "/account/authenticator", Back::Same),
    (Method::POST, "/account/authenticator", Back::Same),
    (Method::GET, "/account/passkeys/add", Back::Same),
    (Method::POST, "/account/passkeys/add", Back::Same),
    (Method::POST, "/account/passkeys/add/start", Back::Above),
    (Method::GET, "/account/passkeys/{id}/remove", Back::Same),
    (Method::POST, "/account/passkeys/{id}/remove", Back::Same),
    (Method::GET, "/account/recovery-codes", Back::Same),
    (Method::POST, "/account/recovery-codes", Back::Same),
    // Whoever found a browser open neither keeps the account nor ends its person's own sessions.
    (Method::POST, "/account/password", Back::Above),
    (
        Method::POST,
        "/account/sessions/{id}/end",
        Back::At("/account"),
    ),
    (
        Method::POST,
        "/account/sessions/end-others",
        Back::At("/account"),
    ),
    (Method::GET, "/users/{id}/remove", Back::Same),
    (Method::POST, "/users/{id}/remove", Back::Same),
    (Method::POST, "/sign-in-rules/{role}", Back::Same),
    (Method::GET, "/devices/issue", Back::Same),
    (Method::POST, "/devices/issue", Back::Same),
    (Method::POST, "/devices/{id}/renew", Back::Same),
    (Method::POST, "/device-authorities", Back::Same),
    (Method::POST, "/device-authorities/{id}/remove", Back::Same),
    (Method::POST, "/federation", Back::Same),
    (Method::POST, "/federation/remove", Back::Same),
    (Method::POST, "/tokens", Back::Same),
    (Method::POST, "/activity/stream", Back::Same),
    (Method::POST, "/activity/stream/remove", Back::Same),
    (Method::POST, "/boundary/export", Back::Above),
];

/// What is open to somebody who has to set up a second factor first.
const ENROLMENT: &[&str] = &[
    "/account",
    "/account/authenticator",
    "/account/passkeys/add",
    "/account/passkeys/add/start",
    "/account/passkeys/{id}",
    "/account/passkeys/{id}/remove",
    "/account/password",
    "/account/sessions/{id}/end",
    "/account/sessions/end-others",
    "/branding/logo.png",
    "/branding/style.css",
    "/federation/prove",
    "/prove",
    "/prove/passkey",
    "/prove/passkey/start",
    "/sign-out",
];

/// What is open to somebody who has to show a device's certificate first.
const DEVICE: &[&str] = &[
    "/sign-in/device",
    "/sign-in/device/go",
    "/sign-in/device/seen/{result}",
    "/sign-out",
    // What the page looks like.
    "/branding/logo.png",
    "/branding/style.css",
];

/// Where a request may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// On.
    Open,
    /// To where a device's certificate is shown, and then to the local path; nothing else is open before.
    Device(String),
    /// To where a second factor is set up; nothing else is open before.
    Enrol(&'static str),
    /// To where one proves who one is, and then to the local path.
    Prove(String),
}

/// Decides by the matched route and the path that was asked for. `now_ms` in Unix milliseconds.
pub(crate) fn gate(
    (method, route, path): (&Method, &str, &str),
    row: &WebSessionRow,
    rules: &Rules,
    now_ms: i64,
) -> Gate {
    // First of all: a password that was stolen sets up no factor from a strange device.
    if rules.device_certificate && !has_shown(row, now_ms) && !DEVICE.contains(&route) {
        return Gate::Device(if method == Method::GET { path } else { "/" }.to_owned());
    }
    if !ENROLMENT.contains(&route) && !DEVICE.contains(&route) {
        if rules.passkey && !row.has_passkey {
            return Gate::Enrol("/account/passkeys/add");
        }
        if rules.second_factor && !row.has_second_factor() {
            // An authenticator app is set up with the password, a passkey without.
            return Gate::Enrol(if row.has_password {
                "/account/authenticator"
            } else {
                "/account/passkeys/add"
            });
        }
    }
    let age_ms = now_ms - row.proven_at_ms;
    let dangerous = DANGEROUS
        .iter()
        .find(|(listed, at, _)| listed == method && *at == route);
    if let Some((_, _, back)) = dangerous {
        let grace_ms = if method == Method::GET { 0 } else { FORM_MS };
        if age_ms > rules.proof_max_age_ms() + grace_ms {
            return Gate::Prove(match back {
                Back::Same => path.to_owned(),
                Back::Above => path
                    .rsplit_once('/')
                    .map_or("/", |(above, _)| above)
                    .to_owned(),
                Back::At(page) => (*page).to_owned(),
            });
        }
    }
    let limit_ms = match (rules.proof_before_connect, method, route) {
        (true, &Method::GET, "/sessions/{id}") => OPEN_MS,
        (true, &Method::POST, "/sessions/{id}/connect") => CONNECT_MS,
        _ => i64::MAX,
    };
    if age_ms > limit_ms {
        return Gate::Prove(path.trim_end_matches("/connect").to_owned());
    }
    Gate::Open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::DOORS;

    #[test]
    fn every_route_that_is_named_here_is_one() {
        let is_route = |method: &Method, at: &str| {
            DOORS
                .iter()
                .any(|(listed, path, _)| listed == method && *path == at)
        };
        for (method, at, _) in DANGEROUS {
            assert!(is_route(method, at), "{method} {at}");
        }
        for at in ENROLMENT.iter().chain(DEVICE) {
            assert!(
                is_route(&Method::GET, at) || is_route(&Method::POST, at),
                "{at}"
            );
        }
        assert!(is_route(&Method::GET, "/sessions/{id}"));
        assert!(is_route(&Method::POST, "/sessions/{id}/connect"));
    }
}
