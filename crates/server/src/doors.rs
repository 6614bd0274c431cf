//! Every route of the customer listener and the right that it asks. What is not in this list is refused.

use crate::rights::Action;
use axum::http::Method;
use wire::ids::UserId;

/// What a route asks before it does anything.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Right {
    /// Nothing: it is where people sign in, or what that page is made of. Reaches no customer's data.
    Open,
    /// To be signed in: it touches the reader's own account and sessions of the web alone. The service asks the policies.
    SignedIn,
    /// The policies, about a thing of the given owner where it has one.
    #[cfg_attr(not(test), allow(dead_code))]
    Asks(fn(UserId) -> Action),
}

const VIEW_ACCESS: Right = Right::Asks(|_| Action::ViewAccess);
const VIEW_EVIDENCE: Right = Right::Asks(|_| Action::ViewEvidence);
const VIEW_DESKTOPS: Right = Right::Asks(|_| Action::ViewDesktops);
const LAUNCH: Right = Right::Asks(|_| Action::Launch);
const USE_SESSION: Right = Right::Asks(|owner| Action::UseSession { owner });
const MANAGE_TOKENS: Right = Right::Asks(|_| Action::ManageTokens);
const VIEW_CONTRACT: Right = Right::Asks(|_| Action::ViewContract);
const ACCEPT_TERMS: Right = Right::Asks(|_| Action::AcceptTerms);
const EXPORT_STORED: Right = Right::Asks(|_| Action::ExportStored);
const LIST_USERS: Right = Right::Asks(|_| Action::ListUsers);
const VIEW_SERVICE_CODE: Right = Right::Asks(|_| Action::ViewServiceCode);
const GRANT_RIGHT: Right = Right::Asks(|_| Action::GrantRight);
const MANAGE_USERS: Right = Right::Asks(|_| Action::ManageUsers);
const READ_ACTIVITY: Right = Right::Asks(|_| Action::ReadActivity);

/// Method, path and right. A GET stands for HEAD too.
pub(crate) const DOORS: &[(Method, &str, Right)] = &[
    (Method::GET, "/", Right::SignedIn),
    (Method::GET, "/overview", LIST_USERS),
    (Method::GET, "/healthz", Right::Open),
    (Method::GET, "/assets/{*path}", Right::Open),
    (Method::POST, "/preferences", Right::Open),
    (Method::GET, "/sign-in", Right::Open),
    (Method::POST, "/sign-in", Right::Open),
    // A look that a customer shows to everybody; whoever has none looks like nobody.
    (Method::GET, "/at/{code}", Right::Open),
    (Method::POST, "/at/{code}", Right::Open),
    (Method::GET, "/at/{code}/style.css", Right::Open),
    (Method::GET, "/at/{code}/logo.png", Right::Open),
    (Method::POST, "/federation/start", Right::Open),
    (Method::GET, "/federation/start/{code}", Right::Open),
    (Method::GET, "/federation/callback", Right::Open),
    (Method::GET, "/welcome/{token}", Right::Open),
    (Method::POST, "/welcome/{token}", Right::Open),
    (Method::GET, "/forgot", Right::Open),
    (Method::POST, "/forgot", Right::Open),
    (Method::GET, "/help", Right::Open),
    (Method::GET, "/help/{name}", Right::Open),
    (Method::GET, "/sign-in/code", Right::Open),
    (Method::POST, "/sign-in/code", Right::Open),
    (Method::GET, "/sign-in/passkey", Right::Open),
    (Method::POST, "/sign-in/passkey", Right::Open),
    (Method::POST, "/sign-in/passkey/start", Right::Open),
    (Method::GET, "/sign-in/code/passkey", Right::Open),
    (Method::POST, "/sign-in/code/passkey", Right::Open),
    (Method::POST, "/sign-in/code/passkey/start", Right::Open),
    (Method::POST, "/sign-out", Right::SignedIn),
    // Whoever made tokens sees and revokes them, also when their role makes none any more.
    (Method::GET, "/tokens", Right::SignedIn),
    (Method::POST, "/tokens", MANAGE_TOKENS),
    (Method::GET, "/tokens/{id}/revoke", Right::SignedIn),
    (Method::POST, "/tokens/{id}/revoke", Right::SignedIn),
    (Method::GET, "/api/v1/openapi.json", Right::Open),
    (Method::GET, "/api/v1/me", Right::SignedIn),
    (Method::GET, "/api/v1/people", LIST_USERS),
    (Method::POST, "/api/v1/people", MANAGE_USERS),
    (Method::GET, "/api/v1/people/export", LIST_USERS),
    (Method::POST, "/api/v1/people/import", MANAGE_USERS),
    (Method::GET, "/api/v1/people/{id}", LIST_USERS),
    (Method::PATCH, "/api/v1/people/{id}", MANAGE_USERS),
    (Method::POST, "/api/v1/people/{id}/suspend", MANAGE_USERS),
    (Method::POST, "/api/v1/people/{id}/resume", MANAGE_USERS),
    (Method::POST, "/api/v1/people/{id}/link", MANAGE_USERS),
    (Method::DELETE, "/api/v1/people/{id}", MANAGE_USERS),
    (Method::GET, "/api/v1/activity", READ_ACTIVITY),
    (Method::GET, "/api/v1/commitments", VIEW_EVIDENCE),
    (Method::GET, "/api/v1/desktops", VIEW_DESKTOPS),
    (Method::DELETE, "/api/v1/sessions/{id}", USE_SESSION),
    (Method::GET, "/api/v1/contract", VIEW_CONTRACT),
    (Method::GET, "/api/v1/assets", VIEW_CONTRACT),
    (Method::GET, "/scim/v2/Users", LIST_USERS),
    (Method::POST, "/scim/v2/Users", MANAGE_USERS),
    (Method::POST, "/scim/v2/Users/.search", LIST_USERS),
    (Method::GET, "/scim/v2/Users/{id}", LIST_USERS),
    (Method::PUT, "/scim/v2/Users/{id}", MANAGE_USERS),
    (Method::PATCH, "/scim/v2/Users/{id}", MANAGE_USERS),
    (Method::DELETE, "/scim/v2/Users/{id}", MANAGE_USERS),
    (Method::GET, "/scim/v2/Groups", LIST_USERS),
    (Method::POST, "/scim/v2/Groups", Right::SignedIn),
    (Method::POST, "/scim/v2/Groups/.search", LIST_USERS),
    (Method::GET, "/scim/v2/Groups/{id}", LIST_USERS),
    (Method::PUT, "/scim/v2/Groups/{id}", MANAGE_USERS),
    (Method::PATCH, "/scim/v2/Groups/{id}", MANAGE_USERS),
    (Method::DELETE, "/scim/v2/Groups/{id}", Right::SignedIn),
    (Method::POST, "/scim/v2/.search", LIST_USERS),
    (Method::GET, "/scim/v2/Me", Right::SignedIn),
    (Method::POST, "/scim/v2/Bulk", Right::SignedIn),
    (
        Method::GET,
        "/scim/v2/ServiceProviderConfig",
        Right::SignedIn,
    ),
    (Method::GET, "/scim/v2/ResourceTypes", Right::SignedIn),
    (Method::GET, "/scim/v2/ResourceTypes/{id}", Right::SignedIn),
    (Method::GET, "/scim/v2/Schemas", Right::SignedIn),
    (Method::GET, "/scim/v2/Schemas/{id}", Right::SignedIn),
    (Method::GET, "/contract", VIEW_CONTRACT),
    (Method::GET, "/terms", VIEW_CONTRACT),
    (Method::POST, "/terms", ACCEPT_TERMS),
    (Method::GET, "/boundary", VIEW_CONTRACT),
    (Method::POST, "/boundary/export", EXPORT_STORED),
    (Method::GET, "/inventory", VIEW_CONTRACT),
    (Method::GET, "/inventory/assets.csv", VIEW_CONTRACT),
    (Method::GET, "/branding", MANAGE_USERS),
    (Method::POST, "/branding", MANAGE_USERS),
    (Method::GET, "/branding/reset", MANAGE_USERS),
    (Method::POST, "/branding/reset", MANAGE_USERS),
    (Method::GET, "/branding/preview.css", MANAGE_USERS),
    (Method::GET, "/branding/style.css", Right::SignedIn),
    (Method::GET, "/branding/logo.png", Right::SignedIn),
    (Method::GET, "/account", Right::SignedIn),
    (Method::POST, "/account/password", Right::SignedIn),
    (Method::POST, "/account/sessions/{id}/end", Right::SignedIn),
    (
        Method::POST,
        "/account/sessions/end-others",
        Right::SignedIn,
    ),
    (Method::GET, "/account/authenticator", Right::SignedIn),
    (Method::POST, "/account/authenticator", Right::SignedIn),
    (
        Method::GET,
        "/account/authenticator/remove",
        Right::SignedIn,
    ),
    (
        Method::POST,
        "/account/authenticator/remove",
        Right::SignedIn,
    ),
    (Method::GET, "/account/passkeys/add", Right::SignedIn),
    (Method::POST, "/account/passkeys/add", Right::SignedIn),
    (Method::POST, "/account/passkeys/add/start", Right::SignedIn),
    (Method::GET, "/account/passkeys/{id}", Right::SignedIn),
    (Method::POST, "/account/passkeys/{id}", Right::SignedIn),
    (
        Method::GET,
        "/account/passkeys/{id}/remove",
        Right::SignedIn,
    ),
    (
        Method::POST,
        "/account/passkeys/{id}/remove",
        Right::SignedIn,
    ),
    (Method::GET, "/account/recovery-codes", Right::SignedIn),
    (Method::POST, "/account/recovery-codes", Right::SignedIn),
    (Method::GET, "/access", VIEW_ACCESS),
    (Method::GET, "/evidence", VIEW_EVIDENCE),
    (Method::GET, "/evidence/{control}", VIEW_EVIDENCE),
    (Method::GET, "/desktops", VIEW_DESKTOPS),
    (Method::POST, "/desktops/{id}/launch", LAUNCH),
    (Method::GET, "/sessions/{id}", USE_SESSION),
    (Method::POST, "/sessions/{id}/connect", USE_SESSION),
    (Method::POST, "/sessions/{id}/end", USE_SESSION),
    (Method::GET, "/sessions/{id}/here", USE_SESSION),
    (Method::GET, "/users", LIST_USERS),
    (Method::GET, "/users/import", MANAGE_USERS),
    (Method::POST, "/users/import", MANAGE_USERS),
    (Method::POST, "/users/import/confirm", MANAGE_USERS),
    (Method::POST, "/users/export", LIST_USERS),
    (Method::GET, "/users/invite", MANAGE_USERS),
    (Method::POST, "/users/invite", MANAGE_USERS),
    (Method::GET, "/sign-in-rules", LIST_USERS),
    (Method::GET, "/sign-in-rules/{role}", MANAGE_USERS),
    (Method::POST, "/sign-in-rules/{role}", MANAGE_USERS),
    (Method::GET, "/sign-in/device", Right::SignedIn),
    (Method::GET, "/sign-in/device/go", Right::SignedIn),
    (
        Method::GET,
        "/sign-in/device/seen/{result}",
        Right::SignedIn,
    ),
    (Method::GET, "/devices", LIST_USERS),
    (Method::GET, "/devices/issue", MANAGE_USERS),
    (Method::POST, "/devices/issue", MANAGE_USERS),
    (Method::GET, "/devices/{id}/renew", MANAGE_USERS),
    (Method::POST, "/devices/{id}/renew", MANAGE_USERS),
    (Method::GET, "/devices/{id}/revoke", MANAGE_USERS),
    (Method::POST, "/devices/{id}/revoke", MANAGE_USERS),
    (Method::GET, "/device-authorities", LIST_USERS),
    (Method::POST, "/device-authorities", MANAGE_USERS),
    (Method::GET, "/device-authorities/{id}", MANAGE_USERS),
    (
        Method::POST,
        "/device-authorities/{id}/revoke",
        MANAGE_USERS,
    ),
    (Method::POST, "/device-authorities/{id}/list", MANAGE_USERS),
    (Method::GET, "/device-authorities/{id}/remove", MANAGE_USERS),
    (
        Method::POST,
        "/device-authorities/{id}/remove",
        MANAGE_USERS,
    ),
    (Method::GET, "/federation", MANAGE_USERS),
    (Method::POST, "/federation", MANAGE_USERS),
    (Method::POST, "/federation/test", MANAGE_USERS),
    (Method::GET, "/federation/remove", MANAGE_USERS),
    (Method::POST, "/federation/remove", MANAGE_USERS),
    (Method::GET, "/federation/prove", Right::SignedIn),
    (Method::GET, "/prove", Right::SignedIn),
    (Method::POST, "/prove", Right::SignedIn),
    (Method::GET, "/prove/passkey", Right::SignedIn),
    (Method::POST, "/prove/passkey", Right::SignedIn),
    (Method::POST, "/prove/passkey/start", Right::SignedIn),
    (Method::GET, "/users/{id}", MANAGE_USERS),
    (Method::POST, "/users/{id}", MANAGE_USERS),
    (Method::POST, "/users/{id}/suspend", MANAGE_USERS),
    (Method::POST, "/users/{id}/resume", MANAGE_USERS),
    (Method::POST, "/users/{id}/link", MANAGE_USERS),
    (Method::POST, "/users/{id}/factors", MANAGE_USERS),
    (Method::POST, "/users/{id}/tokens", MANAGE_USERS),
    (Method::POST, "/users/{id}/grants", GRANT_RIGHT),
    (Method::POST, "/users/{id}/revoke", GRANT_RIGHT),
    (Method::GET, "/users/{id}/remove", MANAGE_USERS),
    (Method::POST, "/users/{id}/remove", MANAGE_USERS),
    (Method::GET, "/service-codes", VIEW_SERVICE_CODE),
    (Method::GET, "/service-codes/{id}", VIEW_SERVICE_CODE),
    (Method::POST, "/service-codes/{id}/grants", GRANT_RIGHT),
    (Method::POST, "/service-codes/{id}/revoke", GRANT_RIGHT),
    (Method::GET, "/service-codes/{id}/access", GRANT_RIGHT),
    (Method::POST, "/service-codes/{id}/access", GRANT_RIGHT),
    (Method::GET, "/activity", READ_ACTIVITY),
    (Method::GET, "/activity/new", READ_ACTIVITY),
    (Method::GET, "/activity/stream", MANAGE_USERS),
    (Method::POST, "/activity/stream", MANAGE_USERS),
    (Method::POST, "/activity/stream/test", MANAGE_USERS),
    (Method::GET, "/activity/stream/remove", MANAGE_USERS),
    (Method::POST, "/activity/stream/remove", MANAGE_USERS),
    (Method::POST, "/activity/export", READ_ACTIVITY),
    (Method::POST, "/activity/bundle", READ_ACTIVITY),
    (Method::GET, "/activity/log/key", READ_ACTIVITY),
    (Method::GET, "/activity/log/checkpoint", READ_ACTIVITY),
    (Method::GET, "/activity/log/tile/{*path}", READ_ACTIVITY),
];

/// The methods of a path, as `Allow` names them (RFC 9110, section 10.2.1); `None` when there is no such path.
pub(crate) fn methods(path: &str) -> Option<String> {
    let listed = DOORS.iter().filter(|(_, at, _)| *at == path);
    let mut names: Vec<&str> = listed.map(|(method, ..)| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// Whether a route may be served at all.
pub(crate) fn is_listed(method: &Method, path: &str) -> bool {
    let method = if *method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    DOORS
        .iter()
        .any(|(listed, at, _)| listed == method && *at == path)
}
