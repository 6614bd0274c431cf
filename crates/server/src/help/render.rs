//! Documents as pages: Markdown (`CommonMark` with tables) becomes HTML. What is HTML in a document is shown as text.

use crate::portal::Lang;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};
use rust_embed::Embed;
use std::borrow::Cow;

/// `docs/`, as far as the portal serves it.
#[derive(Embed)]
#[folder = "../../docs"]
#[include = "ja/*.md"]
#[include = "en/*.md"]
#[include = "activity-log.md"]
struct Documents;

/// A document's title and its HTML, without the heading that the title is. What is in one language only is shown in that.
/// `base` is what the paths of the site begin with.
pub(crate) fn document(lang: Lang, base: &str, name: &str) -> Option<(String, String)> {
    if !name.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        return None;
    }
    let own = Documents::get(&format!("{}/{name}.md", lang.tag()));
    let file = own.or_else(|| Documents::get(&format!("{name}.md")))?;
    let text = match &file.data {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => String::from_utf8_lossy(bytes),
    };
    let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let title = title.trim_start_matches('#').trim().to_owned();
    let parser = Parser::new_ext(rest, Options::ENABLE_TABLES);
    let mut page = String::new();
    html::push_html(&mut page, parser.map(|event| ours(event, base)));
    Some((title, page))
}

fn ours<'a>(event: Event<'a>, base: &str) -> Event<'a> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => Event::Start(Tag::Link {
            link_type,
            dest_url: target(dest_url, base),
            title,
            id,
        }),
        other => other,
    }
}

/// Where a link of a document leads in the portal: to the other document's page.
fn target<'a>(url: CowStr<'a>, base: &str) -> CowStr<'a> {
    let name = url.trim_start_matches("../");
    match name.strip_suffix(".md") {
        Some(name) if !name.contains([':', '/']) => format!("{base}/help/{name}").into(),
        _ => url,
    }
}
