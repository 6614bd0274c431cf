//! What an organisation says of its provider: as kept, as typed, and what is wrong with what was typed. Pure.

use crate::{actor::Role, portal::Key};
use openidconnect::url::{Host, Url};
use serde::{Deserialize, Serialize};
use wire::ids::UserId;

/// More domains, scopes or values than this nobody can keep in view.
const MOST: usize = 30;
/// The most bytes of an issuer, an identifier or a secret.
const LONGEST: usize = 500;
/// The roles that a first sign-in may give. New administrators are made by administrators alone.
pub(crate) const JOINABLE: [Role; 3] = [Role::User, Role::OperationsContact, Role::Auditor];

/// What is kept besides issuer, client and domains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is asked of the provider besides `openid`.
    pub scopes: Vec<String>,
    /// The role of somebody unknown at their first sign-in, in its stored form; without it, people have to be there.
    pub joins_as: Option<String>,
    /// The roles whose passwords do not open the door, in their stored form.
    pub closed: Vec<String>,
    /// The administrator whose password opens the door always, when administrators' do not.
    pub emergency: Option<UserId>,
    /// The claim with the name that is shown.
    pub name_claim: String,
    /// Values of `acr` or `amr` that count as a second factor.
    pub factors: Vec<String>,
}

/// The form, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// A URL.
    pub issuer: String,
    /// What the provider calls this service.
    pub client_id: String,
    /// Empty keeps the one that is kept. Never shown.
    pub client_secret: String,
    /// Words.
    pub scopes: String,
    /// One a line.
    pub domains: String,
    /// The stored form of a role, or empty.
    pub joins_as: String,
    /// Stored forms of roles.
    pub closed: Vec<String>,
    /// A person's id, or empty.
    pub emergency: String,
    /// A claim.
    pub name_claim: String,
    /// Words.
    pub factors: String,
}

/// What was typed, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// Empty for the one that is kept.
    pub(crate) client_secret: String,
    pub(crate) domains: Vec<String>,
    pub(crate) settings: Settings,
}

/// What is wrong, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// With the issuer.
    pub issuer: Option<Key>,
    /// With the client's identifier.
    pub client_id: Option<Key>,
    /// With the secret.
    pub client_secret: Option<Key>,
    /// With the scopes.
    pub scopes: Option<Key>,
    /// With the domains.
    pub domains: Option<Key>,
    /// With the role of newcomers.
    pub joins_as: Option<Key>,
    /// With the roles without passwords, or the administrator who keeps theirs.
    pub closed: Option<Key>,
    /// With the claim.
    pub name_claim: Option<Key>,
    /// With the values.
    pub factors: Option<Key>,
}

impl Wrong {
    /// Whether nothing is.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scopes: vec!["email".to_owned(), "profile".to_owned()],
            joins_as: None,
            closed: Vec::new(),
            emergency: None,
            name_claim: "name".to_owned(),
            factors: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether passwords of a role do not open the door.
    #[must_use]
    pub fn closes(&self, role: &str) -> bool {
        self.closed.iter().any(|closed| closed == role)
    }
}

impl Draft {
    /// The form that shows what is kept.
    #[must_use]
    pub fn of((issuer, client_id): (&str, &str), domains: &[String], settings: &Settings) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: String::new(),
            scopes: settings.scopes.join(" "),
            domains: domains.join("\n"),
            joins_as: settings.joins_as.clone().unwrap_or_default(),
            closed: settings.closed.clone(),
            emergency: settings
                .emergency
                .map_or_else(String::new, |id| id.to_string()),
            name_claim: settings.name_claim.clone(),
            factors: settings.factors.join(" "),
        }
    }

    /// Reads the pairs of a form; what it does not know it leaves.
    #[must_use]
    pub fn read(pairs: &[(String, String)]) -> Self {
        let mut draft = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "issuer" => draft.issuer.clone_from(value),
                "client_id" => draft.client_id.clone_from(value),
                "client_secret" => draft.client_secret.clone_from(value),
                "scopes" => draft.scopes.clone_from(value),
                "domains" => draft.domains.clone_from(value),
                "joins_as" => draft.joins_as.clone_from(value),
                "closed" => draft.closed.push(value.clone()),
                "emergency" => draft.emergency.clone_from(value),
                "name_claim" => draft.name_claim.clone_from(value),
                "factors" => draft.factors.clone_from(value),
                _ => {}
            }
        }
        draft
    }

    /// What it says, or all that is wrong with it.
    #[allow(clippy::result_large_err)] // Made once for each form.
    pub(crate) fn check(&self) -> Result<Read, Wrong> {
        let issuer = self.issuer.trim();
        let client_id = self.client_id.trim();
        let scopes = words(&self.scopes);
        let factors = words(&self.factors);
        let domains = read_domains(&self.domains);
        let name_claim = self.name_claim.trim();
        let (joins_as, closed) = (self.joins(), self.closed_roles());
        let emergency = match self.emergency.as_str() {
            _ if !self
                .closed
                .iter()
                .any(|role| role == Role::Administrator.name()) =>
            {
                Ok(None)
            }
            "" => Err(()),
            id => id.parse().map(Some).map_err(|_| ()),
        };
        let plain = |text: &str| text.len() <= LONGEST && text.chars().all(|c| !c.is_control());
        let key = |is_wrong: bool, key| is_wrong.then_some(Key(key));
        let wrong = Wrong {
            issuer: key(!is_issuer(issuer), "federation.wrong.issuer"),
            client_id: key(
                client_id.is_empty() || !plain(client_id),
                "federation.wrong.client_id",
            ),
            client_secret: key(
                !plain(self.client_secret.trim()),
                "federation.wrong.client_secret",
            ),
            scopes: key(scopes.is_none(), "federation.wrong.scopes"),
            domains: key(domains.is_none(), "federation.wrong.domains"),
            joins_as: key(joins_as.is_err(), "federation.wrong.joins_as"),
            closed: match (&closed, emergency) {
                (None, _) => Some(Key("federation.wrong.closed")),
                (_, Err(())) => Some(Key("federation.wrong.emergency")),
                _ => None,
            },
            name_claim: key(!is_word(name_claim), "federation.wrong.name_claim"),
            factors: key(factors.is_none(), "federation.wrong.factors"),
        };
        let read = (scopes, factors, domains, joins_as, closed, emergency);
        let (Some(scopes), Some(factors), Some(domains), Ok(joins_as), Some(closed), Ok(emergency)) =
            read
        else {
            return Err(wrong);
        };
        if !wrong.is_nothing() {
            return Err(wrong);
        }
        Ok(Read {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: self.client_secret.trim().to_owned(),
            domains,
            settings: Settings {
                scopes: scopes
                    .into_iter()
                    .filter(|scope| scope != "openid")
                    .collect(),
                joins_as,
                closed,
                emergency,
                name_claim: name_claim.to_owned(),
                factors,
            },
        })
    }

    fn joins(&self) -> Result<Option<String>, ()> {
        match self.joins_as.as_str() {
            "" => Ok(None),
            name => JOINABLE
                .iter()
                .find(|role| role.name() == name)
                .map(|role| Some(role.name().to_owned()))
                .ok_or(()),
        }
    }

    /// In the order of the roles, each once.
    fn closed_roles(&self) -> Option<Vec<String>> {
        let known = |name: &String| Role::from_name(name).is_some();
        let named = |role: &Role| self.closed.iter().any(|name| name == role.name());
        let roles = Role::ALL.into_iter().filter(named);
        self.closed
            .iter()
            .all(known)
            .then(|| roles.map(|role| role.name().to_owned()).collect())
    }
}

/// An issuer (OpenID Connect Discovery, section 3): a URL of https without query and fragment. It is compared as it is typed.
fn is_issuer(issuer: &str) -> bool {
    let Ok(url) = Url::parse(issuer) else {
        return false;
    };
    issuer.len() <= LONGEST
        && url.scheme() == "https"
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && issuer.chars().all(|c| c.is_ascii_graphic())
}

/// A word of RFC 6749, section 3.3: printable, without quotation mark and backslash.
fn is_word(word: &str) -> bool {
    (1..=200).contains(&word.len())
        && word
            .chars()
            .all(|c| c.is_ascii_graphic() && !"\"\\".contains(c))
}

/// Words, each once; `None` when one cannot be used, or they are too many.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if !is_word(word) {
            return None;
        }
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    (words.len() <= MOST).then_some(words)
}

/// Domains, each once, at least one.
fn read_domains(text: &str) -> Option<Vec<String>> {
    let mut domains = Vec::new();
    for line in text.split_whitespace() {
        let domain = compared(line.trim_start_matches('@'))?;
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    (1..=MOST).contains(&domains.len()).then_some(domains)
}

/// A domain in the form in which it is compared: lower case, other scripts in Punycode.
pub(crate) fn compared(text: &str) -> Option<String> {
    match Host::parse(text).ok()? {
        Host::Domain(domain) if domain.contains('.') && !domain.ends_with('.') => Some(domain),
        _ => None,
    }
}

/// The domain of an address, in the form in which it is compared.
pub(crate) fn domain_of(email: &str) -> Option<String> {
    let (_, of) = email.trim().rsplit_once('@')?;
    compared(of)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn good() -> Draft {
        let domains = ["shoji.example".to_owned(), "mail.shoji.example".to_owned()];
        Draft {
            client_secret: "hush".to_owned(),
            ..Draft::of(
                ("https://login.shoji.example", "nagaya"),
                &domains,
                &Settings::default(),
            )
        }
    }

    #[test]
    fn a_form_of_what_is_kept_says_the_same() {
        let read = good().check().unwrap();
        assert_eq!(read.settings, Settings::default());
        assert_eq!(read.domains, ["shoji.example", "mail.shoji.example"]);
    }

    #[test]
    fn an_issuer_is_a_plain_url_of_https() {
        for bad in [
            "",
            "login.shoji.example",
            "http://login.shoji.example",
            "https://user@login.shoji.example",
            "https://login.shoji.example/?tenant=1",
            "https://login.shoji.example/#x",
            "https://login.shoji.example/ä",
            "javascript:alert(1)",
        ] {
            let draft = Draft {
                issuer: bad.to_owned(),
                ..good()
            };
            assert!(draft.check().unwrap_err().issuer.is_some(), "{bad}");
        }
    }

    #[test]
    fn nobody_becomes_an_administrator_by_a_first_sign_in() {
        let draft = Draft {
            joins_as: "administrator".to_owned(),
            ..good()
        };
        assert!(draft.check().unwrap_err().joins_as.is_some());
    }

    #[test]
    fn closing_administrators_passwords_names_one_that_stays() {
        let mut draft = Draft {
            closed: vec!["user".to_owned(), "administrator".to_owned()],
            ..good()
        };
        assert!(draft.check().unwrap_err().closed.is_some());
        draft.emergency = "nobody".to_owned();
        assert!(draft.check().unwrap_err().closed.is_some());
        draft.closed = vec!["user".to_owned()];
        assert!(draft.check().unwrap().settings.emergency.is_none());
        draft.closed = vec!["king".to_owned()];
        assert!(draft.check().unwrap_err().closed.is_some());
    }

    #[test]
    fn domains_are_compared_in_one_form() {
        assert_eq!(
            read_domains("@Shoji.Example\n 例え.jp \nshoji.example").unwrap(),
            ["shoji.example", "xn--r8jz45g.jp"]
        );
        assert_eq!(domain_of("花子@例え.JP").unwrap(), "xn--r8jz45g.jp");
        for bad in [
            "",
            "localhost",
            "192.0.2.7",
            "a b.example,",
            "shoji.example.",
        ] {
            assert!(read_domains(bad).is_none(), "{bad}");
        }
        assert_eq!(domain_of("nobody"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_answered(name in "[a-z_]{0,12}", value in "\\PC{0,40}") {
            let _ = Draft::read(&[(name, value.clone()), ("domains".to_owned(), value.clone())]).check();
            let _ = domain_of(&value);
        }
    }
}
