//! "My desktops", the home of users.

use crate::portal::Ui;
use askama::Template;
use time::OffsetDateTime;
use wire::ids::SessionId;

/// A session of the reader that still runs.
#[derive(Clone, Debug)]
pub struct RunningSession {
    /// The session; its page is `/sessions/ID`.
    pub id: SessionId,
    /// When it was started.
    pub since: OffsetDateTime,
    /// Whether it is shown somewhere right now.
    pub connected: bool,
    /// Where the form that ends it goes: `POST` with `csrf`.
    pub stop_url: String,
}

/// A picture in the set that the portal draws itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A whole desktop.
    Desktop,
    /// A text editor.
    Editor,
    /// A terminal.
    Terminal,
    /// A file manager.
    Files,
    /// A calculator.
    Calculator,
    /// Any other application.
    Application,
}

impl Icon {
    /// The picture of an application by its name in the image's catalogue.
    #[must_use]
    pub fn of_application(name: &str) -> Self {
        match name {
            "editor" => Self::Editor,
            "terminal" => Self::Terminal,
            "files" => Self::Files,
            "calculator" => Self::Calculator,
            _ => Self::Application,
        }
    }

    /// The name of its file below `/assets/img/`.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Desktop => "desktop.svg",
            Self::Editor => "app-editor.svg",
            Self::Terminal => "app-terminal.svg",
            Self::Files => "app-files.svg",
            Self::Calculator => "app-calculator.svg",
            Self::Application => "app-any.svg",
        }
    }
}

/// One desktop or application to open.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its name in the reader's language.
    pub name: String,
    /// One sentence about it; may be empty.
    pub description: String,
    /// Its picture.
    pub icon: Icon,
    /// Where the form that opens it goes: `POST` with `csrf`, answered by a redirect to the session's page.
    pub launch_url: String,
    /// The reader's running session of it.
    pub session: Option<RunningSession>,
}

/// `GET /desktops`: what the reader can open.
#[derive(Template)]
#[template(path = "desktops/desktops.html")]
pub struct DesktopsPage {
    /// The reader.
    pub ui: Ui,
    /// Whole desktops.
    pub desktops: Vec<Card>,
    /// Published applications.
    pub applications: Vec<Card>,
}

impl DesktopsPage {
    /// Whether there is nothing to open.
    fn is_empty(&self) -> bool {
        self.desktops.is_empty() && self.applications.is_empty()
    }
}
