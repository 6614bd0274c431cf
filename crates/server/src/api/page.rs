//! The pages of API tokens.

use super::service::Wrong;
use crate::portal::{Key, Ui};
use askama::Template;
use time::OffsetDateTime;
use uuid::Uuid;

/// A token in the list.
#[derive(Clone, Debug)]
pub struct TokenItem {
    /// The token.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it may: `tokens.scope.*`.
    pub scopes: Vec<Key>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// Whether it has ended.
    pub has_ended: bool,
    /// When it was last used.
    pub last_used: Option<OffsetDateTime>,
}

/// A scope to choose.
#[derive(Clone, Copy, Debug)]
pub struct ScopeOption {
    /// The stored form.
    pub value: &'static str,
    /// `tokens.scope.*`.
    pub label: Key,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// `GET /tokens`: the reader's own tokens, and a form for one more.
#[derive(Template)]
#[template(path = "api/tokens.html")]
pub struct TokensPage {
    /// The reader.
    pub ui: Ui,
    /// Whether they make tokens; otherwise those from before do nothing.
    pub creates: bool,
    /// Their tokens, the newest first.
    pub rows: Vec<TokenItem>,
    /// The name as typed.
    pub name: String,
    /// The scopes.
    pub options: Vec<ScopeOption>,
    /// Lives in days, and whether each is chosen.
    pub lives: Vec<(i64, bool)>,
    /// What is wrong with what was typed.
    pub wrong: Wrong,
}

/// The only page that ever shows a token's secret.
#[derive(Template)]
#[template(path = "api/created.html")]
pub struct CreatedPage {
    /// The reader.
    pub ui: Ui,
    /// What they call the token.
    pub name: String,
    /// The secret.
    pub secret: String,
    /// How long it lives, in days.
    pub days: i64,
}

/// `GET /tokens/ID/revoke`: asks whether a token should end.
#[derive(Template)]
#[template(path = "api/revoke.html")]
pub struct RevokePage {
    /// The reader.
    pub ui: Ui,
    /// The token.
    pub row: TokenItem,
}
