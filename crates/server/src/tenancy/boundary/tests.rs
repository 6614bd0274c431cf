//! The boundary is drawn around every table of the running database, and what is the customer's comes out whole.

#![allow(clippy::unwrap_used)]

use super::{KINDS, Side, checks, store, undeclared};
use crate::{
    activity::What,
    db::{Scope, on},
    evidence::{Answer, Outcome, Run},
    testing::{World, worlds},
};
use std::collections::HashSet;

async fn declared(world: &World) -> Answer {
    match checks::DECLARED.run {
        Run::Service(run) => run(&world.app).await.unwrap(),
        Run::Customer(_) => panic!("of the service"),
    }
}

async fn exportable(world: &World) -> Answer {
    match checks::EXPORTABLE.run {
        Run::Customer(run) => run(&world.app, world.customers[0].tenant).await.unwrap(),
        Run::Service(_) => panic!("of a customer"),
    }
}

#[tokio::test]
async fn every_table_declares_who_answers_for_it() {
    for world in worlds().await {
        let mut tx = world.app.db.read(Scope::Nobody).await.unwrap();
        let tables = store::tables(&mut tx).await.unwrap();
        assert_eq!(undeclared(&tables), Vec::<String>::new());
        let names: HashSet<_> = KINDS.iter().map(|kind| kind.table).collect();
        assert_eq!(names.len(), KINDS.len(), "declared twice");
        for kind in KINDS {
            assert_eq!(
                kind.side == Side::Customer,
                !kind.exported.is_empty(),
                "{kind:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_table_that_nobody_declared_is_found_by_the_running_service() {
    for world in worlds().await {
        assert_eq!(declared(&world).await.outcome, Outcome::Holds);
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let sql = "CREATE TABLE nobodys (id BIGINT PRIMARY KEY)";
        on!(&mut tx, c => sqlx::query(sql).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        let answer = declared(&world).await;
        assert_eq!(answer.outcome, Outcome::FallsShort);
        assert!(answer.refs.contains(&"nobodys".to_owned()));
    }
}

#[tokio::test]
async fn an_administrator_takes_out_what_is_theirs_opened_and_without_secrets() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut browser = world.signed_in(&shoji.administrator).await;
        let csrf = browser.csrf().await;
        let answer = browser.post("/boundary/export", &[("csrf", &csrf)]).await;
        assert_eq!(answer.status, 200);
        let saved_as = answer.header("content-disposition");
        assert_eq!(saved_as, "attachment; filename=\"stored-data.jsonl\"");
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        let lines = answer
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<serde_json::Value> = lines.collect();
        let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
        assert_eq!((of("users"), of("desktops")), (2, 2));
        assert!(answer.text.contains(&shoji.user.email));
        assert!(!answer.text.contains(&harbour.user.email));
        assert!(!answer.text.contains("argon2") && !answer.text.contains("password"));
        assert!(
            world
                .log(Some(shoji.tenant))
                .await
                .contains(&What::StoredExported)
        );

        let mut user = world.signed_in(&shoji.user).await;
        let csrf = user.csrf().await;
        let refused = user.post("/boundary/export", &[("csrf", &csrf)]).await;
        assert_eq!(refused.status, 403);
        let forged = browser.post("/boundary/export", &[("csrf", "x")]).await;
        assert_eq!(forged.status, 403);
    }
}

#[tokio::test]
async fn stored_data_that_no_key_opens_is_found() {
    for world in worlds().await {
        assert_eq!(exportable(&world).await.outcome, Outcome::Holds);
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let sql = "UPDATE users SET full_name = 'v1.AAAA'";
        on!(&mut tx, c => sqlx::query(sql).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(exportable(&world).await.outcome, Outcome::FallsShort);
    }
}
