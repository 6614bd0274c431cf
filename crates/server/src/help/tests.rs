//! Every screen leads to a document that is there, in both languages.

#![allow(clippy::unwrap_used)]

use super::{FOR_CUSTOMERS, FOR_OPERATORS, document};
use crate::{
    doors::DOORS,
    operators::PATHS,
    portal::{Lang, Ui},
    testing::worlds,
};
use axum::http::Method;

fn screen(path: &str) -> Option<String> {
    Ui {
        path: path.replace(['{', '}', '*'], ""),
        ..Ui::default()
    }
    .procedure()
    .map(str::to_owned)
}

#[test]
fn every_screen_has_its_procedure_in_both_languages() {
    let pages = DOORS.iter().filter(|(method, ..)| *method == Method::GET);
    let pages = pages.map(|(_, path, _)| *path).chain(PATHS.iter().copied());
    for path in pages {
        if path.contains("/help") {
            assert_eq!(screen(path), None);
            continue;
        }
        let name = screen(path).unwrap_or_else(|| panic!("{path} leads nowhere"));
        let known = if path.starts_with("/console") {
            FOR_OPERATORS.contains(&name.as_str())
        } else {
            FOR_CUSTOMERS.contains(&name.as_str())
        };
        assert!(known, "{path} leads to {name}");
    }
    for name in FOR_CUSTOMERS.iter().chain(&FOR_OPERATORS) {
        for lang in Lang::ALL {
            let (title, html) = document(lang, "", name).unwrap();
            assert!(!title.is_empty() && html.contains("<p>"), "{name}");
        }
    }
}

#[test]
fn a_document_is_shown_as_text_with_links_to_the_others() {
    let (title, html) = document(Lang::En, "", "administrators").unwrap();
    assert!(!title.is_empty() && !html.contains("<h1>"));
    assert!(html.contains("href=\"/help/access\"") && html.contains("href=\"/help/activity-log\""));
    for name in ["nothing", "../README", "operators.md", ""] {
        assert_eq!(document(Lang::En, "", name), None, "{name}");
    }
}

#[tokio::test]
async fn documents_are_there_with_and_without_signing_in_and_lead_back_from_each_screen() {
    for world in worlds().await {
        let mut guest = world.browser();
        let list = guest.get("/help").await;
        assert!(list.text.contains("/help/getting-started"));
        assert_eq!(guest.get("/help/getting-started").await.status, 200);
        assert_eq!(guest.get("/help/operators").await.status, 404);
        assert_eq!(guest.get("/help/no-such").await.status, 404);
        let mut browser = world.signed_in(&world.customers[0].administrator).await;
        let page = browser.get("/contract").await.text;
        assert!(page.contains("href=\"/help/contract\""));
        let page = browser.get("/help/contract").await.text;
        assert!(page.contains("<h2>ご契約</h2>") && page.contains("boss of"));
    }
}
