//! The table of who can do what.

use crate::portal::{Key, Ui};
use askama::Template;

/// What one can do, and who.
#[derive(Clone, Debug)]
pub struct AccessRow {
    /// What is done: `access.action.*`.
    pub what: Key,
    /// One for each role, in the same order in every row of a table.
    pub answers: Vec<Answer>,
}

/// Whether a role may.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// What the role is called: `role.*` or `console.role.*`.
    pub role: Key,
    /// Whether it may.
    pub allowed: bool,
}

/// `GET /access`: who can do what in the reader's organisation, as the policies in force answer.
#[derive(Template)]
#[template(path = "access/access.html")]
pub struct AccessPage {
    /// The reader.
    pub ui: Ui,
    /// What the organisation's own people can do: one row for each action.
    pub people: Vec<AccessRow>,
    /// What a right for one service code opens.
    pub grants: Vec<AccessRow>,
    /// What the provider's operators can do.
    pub operators: Vec<AccessRow>,
}
