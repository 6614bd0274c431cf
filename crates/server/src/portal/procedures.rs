//! Which service document tells how each screen is used.

/// A path and the document of what lies at or below it; the first that fits counts.
const SCREENS: [(&str, &str); 29] = [
    ("/console", "operators"),
    ("/branding", "administrators"),
    ("/inventory", "administrators"),
    ("/at", "getting-started"),
    ("/activity/stream", "administrators"),
    ("/activity", "administrators"),
    ("/users", "administrators"),
    ("/overview", "administrators"),
    ("/sign-in-rules", "administrators"),
    ("/service-codes", "administrators"),
    ("/devices", "administrators"),
    ("/device-authorities", "administrators"),
    ("/sign-in/device", "account"),
    ("/federation", "administrators"),
    ("/prove", "account"),
    ("/access", "access"),
    ("/evidence", "evidence"),
    ("/tokens", "api"),
    ("/scim", "provisioning"),
    ("/contract", "contract"),
    ("/terms", "contract"),
    ("/boundary", "contract"),
    ("/desktops", "getting-started"),
    ("/sessions", "getting-started"),
    ("/sign-in", "getting-started"),
    ("/welcome", "getting-started"),
    ("/forgot", "account"),
    ("/account", "account"),
    ("/", "getting-started"),
];

/// The name of the document for a screen; none for the documents themselves.
pub(super) fn document_of(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let is_help = path.starts_with("/help") || path.starts_with("/console/help");
    let fits = |at: &&(&str, &'static str)| {
        let rest = path.strip_prefix(at.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || at.0 == "/")
    };
    SCREENS
        .iter()
        .find(fits)
        .filter(|_| !is_help)
        .map(|(_, document)| *document)
}
