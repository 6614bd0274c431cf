//! Pages that say what went wrong and what to do next.

use super::{Key, Ui, page};
use askama::Template;
use axum::{http::StatusCode, response::Response};

/// What went wrong, as the reader needs to know it. The true reason goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such page or thing, or it belongs to somebody else.
    NotFound,
    /// The reader may not do that.
    Forbidden,
    /// It takes an elevation for the service base, and the operator has none in force.
    NotElevated,
    /// The form is too old or was not sent from our page.
    FormExpired,
    /// As many sessions run as the organisation's contract allows.
    SessionsFull,
    /// The organisation has no contract in force.
    NoContract,
    /// Something of ours failed; another try may succeed.
    TryAgain,
    /// Too many requests came from there.
    TooManyRequests {
        /// Seconds to wait.
        retry_after_s: u64,
    },
}

impl Problem {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::NotElevated | Self::FormExpired | Self::NoContract => {
                StatusCode::FORBIDDEN
            }
            Self::SessionsFull => StatusCode::CONFLICT,
            Self::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    fn title(self) -> Key {
        match self {
            Self::NotFound => Key("error.not_found.title"),
            Self::Forbidden => Key("error.forbidden.title"),
            Self::NotElevated => Key("error.not_elevated.title"),
            Self::FormExpired => Key("error.form_expired.title"),
            Self::SessionsFull => Key("error.sessions_full.title"),
            Self::NoContract => Key("error.no_contract.title"),
            Self::TryAgain => Key("error.try_again.title"),
            Self::TooManyRequests { .. } => Key("error.too_many.title"),
        }
    }

    fn text(self, ui: &Ui) -> String {
        match self {
            Self::NotFound => ui.t("error.not_found.text").to_owned(),
            Self::Forbidden => ui.t("error.forbidden.text").to_owned(),
            Self::NotElevated => ui.t("error.not_elevated.text").to_owned(),
            Self::FormExpired => ui.t("error.form_expired.text").to_owned(),
            Self::SessionsFull => ui.t("error.sessions_full.text").to_owned(),
            Self::NoContract => ui.t("error.no_contract.text").to_owned(),
            Self::TryAgain => ui.t("error.try_again.text").to_owned(),
            Self::TooManyRequests { retry_after_s } => {
                ui.t1("error.too_many.text", "seconds", retry_after_s)
            }
        }
    }
}

/// The page of a [`Problem`].
#[derive(Template)]
#[template(path = "portal/error.html")]
pub struct ErrorPage {
    /// The reader.
    pub ui: Ui,
    /// What went wrong.
    pub problem: Problem,
}

impl ErrorPage {
    /// The whole answer, with its status and, where it helps, the time to wait.
    #[must_use]
    pub fn answer(ui: Ui, problem: Problem) -> Response {
        let mut answer = page(problem.status(), &Self { ui, problem });
        if let Problem::TooManyRequests { retry_after_s } = problem {
            answer
                .headers_mut()
                .insert(axum::http::header::RETRY_AFTER, retry_after_s.into());
        }
        answer
    }
}
