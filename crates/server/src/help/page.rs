//! The pages of service documents.

use crate::portal::Ui;
use askama::Template;

/// `GET /help`: every document.
#[derive(Template)]
#[template(path = "help/list.html")]
pub struct ListPage {
    /// The reader.
    pub ui: Ui,
    /// Names and titles.
    pub rows: Vec<(&'static str, String)>,
}

/// `GET /help/NAME`: one of them.
#[derive(Template)]
#[template(path = "help/document.html")]
pub struct DocumentPage {
    /// The reader.
    pub ui: Ui,
    /// Its title.
    pub title: String,
    /// Its text as HTML, made from our own files.
    pub html: String,
}
