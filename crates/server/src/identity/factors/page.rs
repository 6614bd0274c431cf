//! The second step of sign-in, and the pages on which people look after their factors.

use super::service::Ways;
use crate::{one_time_code::Authenticator, portal::Ui};
use askama::Template;

/// `GET /sign-in/code`, and the answer to a `POST` (`code`, `next`, `csrf`) that failed.
#[derive(Template)]
#[template(path = "identity/factors/code.html")]
pub struct CodePage {
    /// The reader.
    pub ui: Ui,
    /// What went wrong.
    pub error: Option<String>,
    /// What the person has.
    pub ways: Ways,
    /// Where to go afterwards, a local path.
    pub next: String,
}

impl CodePage {
    fn lead(&self) -> &'static str {
        match (self.ways.passkey, self.ways.code) {
            (true, true) => self.ui.t("factors.code.lead_either"),
            (true, false) => self.ui.t("factors.code.lead_passkey"),
            (false, _) => self.ui.t("factors.code.lead"),
        }
    }

    fn label(&self) -> &'static str {
        if self.ways.code {
            self.ui.t("factors.code.code")
        } else {
            self.ui.t("factors.code.recovery")
        }
    }

    fn hint(&self) -> &'static str {
        if self.ways.code {
            self.ui.t("factors.code.hint")
        } else {
            self.ui.t("factors.code.recovery_hint")
        }
    }
}

/// `GET /account/authenticator` for whom another site's page led there: nothing is made until they say so.
#[derive(Template)]
#[template(path = "identity/factors/begin.html")]
pub struct BeginPage {
    /// The reader.
    pub ui: Ui,
}

/// `GET /account/authenticator`, and the answer to a `POST` (`password`, `code`, `csrf`) that failed.
#[derive(Template)]
#[template(path = "identity/factors/enrol.html")]
pub struct EnrolPage {
    /// The reader.
    pub ui: Ui,
    /// What the app is given.
    pub authenticator: Authenticator,
    /// What went wrong.
    pub error: Option<String>,
    /// Whether a passkey would do instead.
    pub offers_passkey: bool,
}

/// Asks for the password before something is done: one-time codes off, or new recovery codes. Sent as `POST action` with
/// `password` and `csrf`.
#[derive(Template)]
#[template(path = "identity/factors/prove.html")]
pub struct ProvePage {
    /// The reader.
    pub ui: Ui,
    /// What is about to be done.
    pub act: Act,
    /// Whether the password is asked for: of those who have none it is not, for new codes.
    pub asks_password: bool,
    /// What went wrong.
    pub error: Option<String>,
}

/// What asks for the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// One-time codes off.
    TurnOff,
    /// New recovery codes.
    NewCodes,
}

impl ProvePage {
    fn title(&self) -> &'static str {
        match self.act {
            Act::TurnOff => self.ui.t("factors.off.title"),
            Act::NewCodes => self.ui.t("factors.codes.title"),
        }
    }

    fn text(&self) -> &'static str {
        match self.act {
            Act::TurnOff => self.ui.t("factors.off.text"),
            Act::NewCodes => self.ui.t("factors.codes.text"),
        }
    }

    fn action(&self) -> &'static str {
        match self.act {
            Act::TurnOff => self.ui.t("factors.off.action"),
            Act::NewCodes => self.ui.t("factors.codes.action"),
        }
    }

    fn url(&self) -> &'static str {
        match self.act {
            Act::TurnOff => "/account/authenticator/remove",
            Act::NewCodes => "/account/recovery-codes",
        }
    }

    /// The class of the button: what takes protection away looks like it.
    fn tone(&self) -> &'static str {
        match self.act {
            Act::TurnOff => "bad",
            Act::NewCodes => "primary",
        }
    }
}

/// The one time that recovery codes are shown.
#[derive(Template)]
#[template(path = "identity/factors/codes.html")]
pub struct CodesPage {
    /// The reader.
    pub ui: Ui,
    /// The codes.
    pub codes: Vec<String>,
}

impl CodesPage {
    /// The codes, one a line.
    fn lines(&self) -> String {
        self.codes.join("\n")
    }
}
