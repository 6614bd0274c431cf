//! The page, and that the document says what the policies say.

#![allow(clippy::unwrap_used)]

use super::{matrix, page::AccessRow};
use crate::{
    portal::{Key, Lang},
    testing::worlds,
};
use std::{fmt::Write as _, fs, path::PathBuf};

fn document(lang: Lang) -> String {
    let t = |key: Key| lang.text(key.0);
    let mut text = format!(
        "# {}\n\n{}\n\n## {}\n\n",
        t(Key("access.title")),
        t(Key("access.lead")),
        t(Key("access.people"))
    );
    text += &table(lang, &matrix::people());
    write!(
        text,
        "\n{}\n\n## {}\n\n{}\n\n",
        t(Key("access.others")),
        t(Key("access.grants")),
        t(Key("access.grants_lead"))
    )
    .unwrap();
    text += &table(lang, &matrix::grants());
    write!(
        text,
        "\n## {}\n\n{}\n\n",
        t(Key("access.operators")),
        t(Key("access.operators_lead"))
    )
    .unwrap();
    text + &table(lang, &matrix::operators())
}

fn table(lang: Lang, rows: &[AccessRow]) -> String {
    let t = |key: Key| lang.text(key.0);
    let heads: Vec<_> = rows[0]
        .answers
        .iter()
        .map(|answer| t(answer.role))
        .collect();
    let mut text = format!(
        "| {} | {} |\n|---{}|\n",
        t(Key("access.column.what")),
        heads.join(" | "),
        "|---".repeat(heads.len())
    );
    for row in rows {
        let answer = |allowed| t(Key(if allowed { "access.yes" } else { "access.no" }));
        let answers: Vec<_> = row
            .answers
            .iter()
            .map(|given| answer(given.allowed))
            .collect();
        writeln!(text, "| {} | {} |", t(row.what), answers.join(" | ")).unwrap();
    }
    text
}

fn path(lang: Lang) -> PathBuf {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    docs.join(lang.tag()).join("access.md")
}

#[test]
fn the_documents_say_what_the_policies_say() {
    for lang in Lang::ALL {
        let stored = fs::read_to_string(path(lang)).unwrap_or_default();
        assert!(
            stored == document(lang),
            "{} is stale: cargo nextest run -p server write_the_documents --run-ignored all",
            path(lang).display()
        );
    }
}

#[test]
#[ignore = "writes the documents anew"]
fn write_the_documents() {
    for lang in Lang::ALL {
        fs::write(path(lang), document(lang)).unwrap();
    }
}

#[tokio::test]
async fn everybody_reads_who_can_do_what() {
    for world in worlds().await {
        for person in [&world.customers[0].user, &world.customers[0].administrator] {
            let mut browser = world.signed_in(person).await;
            let answer = browser.get("/access").await;
            assert_eq!(answer.status, 200);
            // One answer for each role and action.
            let answers = answer.text.matches("data-label=").count();
            let rows = [matrix::people(), matrix::grants(), matrix::operators()].concat();
            let due: usize = rows.iter().map(|row| row.answers.len()).sum();
            assert_eq!(answers, due);
        }
    }
}
