//! Records that share a transaction, on both engines.

#![allow(clippy::unwrap_used)]

use super::{
    Record, What, append_record, log,
    merkle::{Edge, leaf_hash},
    note::Checkpoint,
    record,
    store::{self, Row, Search, tree},
};
use crate::{app::App, db::Scope, testing::worlds};
use futures_util::{FutureExt as _, future::join_all};
use uuid::Uuid;
use wire::ids::TenantId;

fn refusal(tenant: Option<TenantId>, detail: &str) -> Record<'_> {
    Record {
        tenant,
        user: None,
        who: "",
        address: "203.0.113.9",
        what: What::TicketRefused,
        subject: None,
        detail,
    }
}

/// All records of a log, in its order. The tree over them is the one that its checkpoint is signed for.
async fn records(app: &App, log: Uuid) -> Vec<Row> {
    let note = log::checkpoint(app, log).await.unwrap().unwrap().note;
    let mut tx = app.db.read(Scope::Everybody).await.unwrap();
    let row = tree::log(&mut tx, log).await.unwrap().unwrap();
    let mut edge = Edge::default();
    for leaf in tree::leaves(&mut tx, log, 0, i64::MAX).await.unwrap() {
        edge.push(leaf_hash(leaf.as_bytes()), |_, _, _| ());
    }
    let checkpoint = Checkpoint::open(&note, &log::vkey(app, &row.origin)).unwrap();
    assert_eq!(
        (checkpoint.size, checkpoint.root),
        (edge.size(), edge.root())
    );
    let everything = Search {
        to_ms: i64::MAX,
        ..Search::default()
    };
    let all = store::after(&mut tx, log, &everything, None, i64::MAX);
    let mut rows = all.await.unwrap();
    rows.sort_by_key(|row| row.leaf_index);
    let indexes = rows.iter().map(|row| row.leaf_index);
    assert!(indexes.eq(0..row.size));
    rows
}

#[tokio::test]
async fn many_at_once_are_all_there_and_keep_their_order() {
    for world in worlds().await {
        let app = &world.app;
        let logs = [
            None,
            Some(world.customers[0].tenant),
            Some(world.customers[1].tenant),
        ];
        let writers = (0..60_usize).map(|writer| async move {
            for n in 0..5 {
                let detail = format!("{writer} {n}");
                if writer % 4 == 0 {
                    // In a transaction of its own, as an act has one.
                    let mut tx = app.db.begin(Scope::Everybody).await.unwrap();
                    append_record(app, &mut tx, &refusal(logs[writer % 3], &detail))
                        .await
                        .unwrap();
                    tx.commit().await.unwrap();
                } else {
                    record(app, &refusal(logs[writer % 3], &detail))
                        .await
                        .unwrap();
                }
            }
        });
        join_all(writers).await;
        for (at, tenant) in logs.into_iter().enumerate() {
            let rows = records(app, log::of(tenant)).await;
            assert_eq!(rows.len(), 100);
            for writer in (at..60).step_by(3) {
                let own = rows
                    .iter()
                    .filter_map(|row| row.detail.strip_prefix(&format!("{writer} ")));
                assert_eq!(own.collect::<Vec<_>>(), ["0", "1", "2", "3", "4"]);
            }
        }
    }
}

#[tokio::test]
async fn what_the_database_refuses_fails_alone() {
    for world in worlds().await {
        let (app, tenant) = (&world.app, Some(world.customers[0].tenant));
        // PostgreSQL has no text with a zero in it. The first is a group of its own, so the second is not alone.
        let details = ["a", "b", "\0", "c"];
        let told = join_all(details.map(|detail| record_one(app, tenant, detail))).await;
        let is_sqlite = app.db.postgres().is_none();
        let told: Vec<bool> = told.iter().map(Result::is_ok).collect();
        assert_eq!(told, [true, true, is_sqlite, true]);
        let rows = records(app, log::of(tenant)).await;
        assert_eq!(rows.len(), if is_sqlite { 4 } else { 3 });
    }
}

async fn record_one(app: &App, tenant: Option<TenantId>, detail: &str) -> sqlx::Result<()> {
    record(app, &refusal(tenant, detail)).await
}

#[tokio::test]
async fn a_record_is_made_also_when_nobody_waits_for_it() {
    for world in worlds().await {
        let (app, tenant) = (&world.app, Some(world.customers[0].tenant));
        let left = refusal(tenant, "left");
        {
            let mut left = Box::pin(record(app, &left));
            assert!((&mut left).now_or_never().is_none());
        }
        record(app, &refusal(tenant, "stayed")).await.unwrap();
        let rows = records(app, log::of(tenant)).await;
        let details: Vec<&str> = rows.iter().map(|row| row.detail.as_str()).collect();
        assert_eq!(details, ["left", "stayed"]);
    }
}

#[tokio::test]
async fn nobody_is_told_that_what_could_not_be_written_was() {
    for world in worlds().await {
        let app = &world.app;
        app.db.close().await;
        for _ in 0..2 {
            assert!(record(app, &refusal(None, "")).await.is_err());
        }
    }
}
