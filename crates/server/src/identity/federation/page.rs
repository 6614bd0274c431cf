//! An organisation's own provider: its page, and what those see who go there and come back.

use super::{
    Trouble,
    answers::Metadata,
    settings::{Draft, JOINABLE, Wrong},
};
use crate::{
    actor::Role,
    portal::{Key, Ui},
    visit::role_key,
};
use askama::Template;
use wire::ids::UserId;

/// `GET /federation`, and the answer to a `POST` that was not accepted, or that asked the provider.
#[derive(Template)]
#[template(path = "identity/federation/federation.html")]
pub struct FederationPage {
    /// The reader.
    pub ui: Ui,
    /// What is kept, or was typed.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// What was done, well or not.
    pub done: Option<(bool, Key)>,
    /// What the provider said of itself just now.
    pub said: Option<Said>,
    /// How it stands, when there is a provider.
    pub state: Option<Standing>,
    /// Administrators who could keep their passwords.
    pub administrators: Vec<(UserId, String)>,
    /// What the provider is told: where browsers come back to.
    pub redirect_uri: String,
    /// The organisation's own link.
    pub link: String,
}

/// How a provider stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Domains, and whether the service's operator has confirmed them.
    pub domains: Vec<(String, bool)>,
    /// People who sign in by it.
    pub people: i64,
    /// Whether administrators' passwords open the door although they are closed.
    pub is_reopened: bool,
}

/// What a provider said of itself.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its issuer.
    pub issuer: String,
    /// Where people sign in.
    pub authorization: String,
    /// Where codes are taken.
    pub token: String,
    /// How it signs, of what is trusted.
    pub algorithms: String,
    /// Whether it says that it knows PKCE.
    pub pkce: bool,
    /// Whether its answers say whose they are (RFC 9207).
    pub names_itself: bool,
}

impl Said {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let methods = metadata.code_challenge_methods_supported.as_ref();
        Self {
            issuer: metadata.issuer.clone(),
            authorization: metadata.authorization_endpoint.clone(),
            token: metadata.token_endpoint.clone(),
            algorithms: metadata.algorithms().join(", "),
            pkce: methods.is_some_and(|methods| methods.iter().any(|method| method == "S256")),
            names_itself: metadata.authorization_response_iss_parameter_supported,
        }
    }
}

impl FederationPage {
    fn joins(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        JOINABLE.into_iter().map(|role| {
            let is_chosen = self.draft.joins_as == role.name();
            (role.name(), self.ui.label(role_key(role)), is_chosen)
        })
    }

    fn roles(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        Role::ALL.into_iter().map(|role| {
            let is_closed = self.draft.closed.iter().any(|name| name == role.name());
            (role.name(), self.ui.label(role_key(role)), is_closed)
        })
    }

    fn keepers(&self) -> impl Iterator<Item = (String, &str, bool)> {
        self.administrators.iter().map(|(id, name)| {
            let id = id.to_string();
            let is_chosen = self.draft.emergency == id;
            (id, name.as_str(), is_chosen)
        })
    }
}

/// `GET /federation/remove`.
#[derive(Template)]
#[template(path = "identity/federation/remove.html")]
pub struct FederationRemovePage {
    /// The reader.
    pub ui: Ui,
    /// Whose sign-in ends.
    pub issuer: String,
    /// People who sign in by it.
    pub people: i64,
    /// Active people who have no password.
    pub without_password: i64,
}

/// The browser goes to the provider, by itself or by a click.
#[derive(Template)]
#[template(path = "identity/federation/leaving.html")]
pub struct LeavingPage {
    /// The reader.
    pub ui: Ui,
    /// Where it goes.
    pub url: String,
    /// The name of the site there.
    pub site: String,
    /// Whether it goes by itself; otherwise its person is asked first.
    pub by_itself: bool,
}

impl LeavingPage {
    pub(super) fn new(ui: Ui, url: &str, by_itself: bool) -> Self {
        let parsed = openidconnect::url::Url::parse(url).ok();
        let site = parsed.and_then(|url| url.host_str().map(str::to_owned));
        Self {
            ui,
            url: url.to_owned(),
            site: site.unwrap_or_default(),
            by_itself,
        }
    }
}

/// The browser came back and nobody is signed in.
#[derive(Template)]
#[template(path = "identity/federation/not_in.html")]
pub struct NotInPage {
    /// The reader.
    pub ui: Ui,
    /// What to do.
    pub problem: Key,
}

/// What administrators are told of a provider that cannot be asked.
pub(super) fn trouble_key(trouble: Trouble) -> Key {
    match trouble {
        Trouble::Unknown => Key("federation.trouble.unknown"),
        Trouble::Forbidden => Key("federation.trouble.forbidden"),
        Trouble::Unreachable => Key("federation.trouble.unreachable"),
        Trouble::Tls => Key("federation.trouble.tls"),
        Trouble::Slow => Key("federation.trouble.slow"),
        Trouble::Issuer => Key("federation.trouble.issuer"),
        Trouble::Insecure => Key("federation.trouble.insecure"),
        Trouble::Algorithms => Key("federation.trouble.algorithms"),
        _ => Key("federation.trouble.answer"),
    }
}
