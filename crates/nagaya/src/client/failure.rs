//! Why a command did nothing: a sentence that says what to do next, and a code for scripts.

use server::portal::Lang;
use std::fmt::Display;

/// What is wrong with the command line itself; what clap ends with, too.
pub(super) const USAGE: u8 = 2;
/// The configuration or the token's file.
pub(super) const SETTINGS: u8 = 3;
/// The token is not good, or may not.
pub(super) const NOT_ALLOWED: u8 = 4;
/// There is no such thing.
pub(super) const NOT_FOUND: u8 = 5;
/// A rule forbids it, or a value cannot be taken.
pub(super) const REFUSED: u8 = 6;
/// The service cannot be reached, or failed.
pub(super) const UNREACHABLE: u8 = 7;
/// The one who was asked said no.
pub(super) const UNCONFIRMED: u8 = 8;

/// Why nothing was done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// What the process ends with.
    pub(crate) code: u8,
    /// For the one who typed the command.
    pub(crate) text: String,
}

impl Failed {
    /// The text of a key, with its blanks filled in.
    pub(super) fn of(
        code: u8,
        lang: Lang,
        key: &'static str,
        values: &[(&str, &dyn Display)],
    ) -> Self {
        Self {
            code,
            text: lang.filled(key, values),
        }
    }
}
