//! The page on which somebody asks for a new link.

use crate::portal::{Key, Ui};
use askama::Template;

/// `GET /forgot`, and the answer to a `POST` (`email`, `csrf`) that was not understood.
#[derive(Template)]
#[template(path = "identity/forgot/forgot.html")]
pub struct ForgotPage {
    /// The reader.
    pub ui: Ui,
    /// Whether the service sends mail; otherwise the page says whom to ask.
    pub sends_mail: bool,
    /// As typed.
    pub email: String,
    /// What is wrong with it.
    pub error: Option<Key>,
}

/// The answer to whoever asked: the same for everybody.
#[derive(Template)]
#[template(path = "identity/forgot/asked.html")]
pub struct AskedPage {
    /// The reader.
    pub ui: Ui,
    /// How long a link works, in hours.
    pub hours: i64,
}
