//! From each engine to the other, as far as they are there.

#![allow(clippy::unwrap_used)]

use super::{TransferError, rehearse, run, store};
use crate::{
    activity::{self, LogFault, Record, What},
    app::App,
    config::ServeConfig,
    db::{Scope, on},
    identity::{Client, service::sign_in},
    keys,
    testing::{PASSWORD, START_MS, World, open_app, urls, worlds},
};
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A control plane with people, sessions and logs, and an empty database of the other engine. SQLite alone moves to SQLite.
async fn pairs() -> Vec<(World, (tempfile::TempDir, String))> {
    let worlds = worlds().await;
    let mut targets = urls().await;
    targets.reverse();
    for world in &worlds {
        for customer in &world.customers {
            world.signed_in(&customer.user).await;
            let actor = &customer.user.actor;
            let launched = crate::sessions::service::launch(&world.app, actor, customer.desktop);
            launched.await.unwrap();
        }
        activity::job::pass(&world.app).await.unwrap();
    }
    worlds.into_iter().zip(targets).collect()
}

fn config(world: &World) -> ServeConfig {
    let (dir, url) = world.place();
    ServeConfig {
        state_dir: dir.to_owned(),
        database_url: Some(url.to_owned()),
        ..ServeConfig::default()
    }
}

async fn execute(app: &App, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    let mut tx = app.db.begin(Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::raw_sql(sql).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

async fn record(app: &App, tenant: wire::ids::TenantId) {
    let record = Record {
        tenant: Some(tenant),
        user: None,
        who: "somebody",
        address: "",
        what: What::SignInRefused,
        subject: None,
        detail: "",
    };
    let mut tx = app.db.begin(tenant).await.unwrap();
    activity::append_record(app, &mut tx, &record)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn silent() -> impl FnMut(&str) + Send {
    |_: &str| ()
}

#[tokio::test]
async fn everything_arrives_and_the_service_goes_on_there() {
    for (world, (_other, url)) in pairs().await {
        let mut said = Vec::new();
        let moved = run(&config(&world), &url, &mut |line| {
            said.push(line.to_owned());
        })
        .await
        .unwrap();
        assert!(moved.rows > 30 && moved.checkpoints >= 3, "{moved:?}");
        assert!(said.iter().any(|line| line.starts_with("users: 4 rows")));

        let there = open_app(world.place().0, &url, START_MS + 60_000).await;
        let email = &world.customers[0].user.email;
        sign_in(&there, email, PASSWORD.to_owned(), &Client::default())
            .await
            .unwrap();
        // The log goes on where it was, under the checkpoints that were given out.
        activity::job::pass(&there).await.unwrap();
        let key = there.authority.log_key.verifying_key();
        let mut tx = there.db.read(Scope::Everybody).await.unwrap();
        let checkpoints = activity::check_logs(&mut tx, &key).await.unwrap();
        assert!(checkpoints > moved.checkpoints);
        drop(tx);

        // The source is as it was, and the target is not written over.
        let again = run(&config(&world), &url, &mut silent()).await;
        assert!(
            matches!(again, Err(TransferError::NotEmpty(_))),
            "{again:?}"
        );
        let (_third, url) = urls().await.pop().unwrap();
        let again = run(&config(&world), &url, &mut silent()).await.unwrap();
        assert_eq!(again, moved);
    }
}

#[tokio::test]
async fn beside_a_running_service_only_a_rehearsal() {
    for (world, (_other, url)) in pairs().await {
        let serving = world.app.db.serving().await.unwrap();
        let refused = run(&config(&world), &url, &mut silent()).await;
        assert!(
            matches!(refused, Err(TransferError::Running(_))),
            "{refused:?}"
        );

        // Records are written all the while, and no faster than they can be copied; what is copied is what was there at one
        // moment.
        let turn = Arc::new(Semaphore::new(0));
        let (app, tenant) = (Arc::clone(&world.app), world.customers[0].tenant);
        let writer = tokio::spawn({
            let turn = Arc::clone(&turn);
            async move {
                while let Ok(one) = turn.acquire().await {
                    one.forget();
                    record(&app, tenant).await;
                }
            }
        });
        let mut rows = Vec::new();
        for _ in 0..5 {
            turn.add_permits(20);
            let moved = rehearse(&config(&world), &url, &mut silent()).await;
            rows.push(moved.unwrap().rows);
        }
        turn.close();
        writer.await.unwrap();
        assert!(rows.is_sorted() && rows[0] < rows[4], "{rows:?}");

        // It left nothing there; and once the service is stopped, the move itself is done.
        drop(serving);
        let mut moved = run(&config(&world), &url, &mut silent()).await;
        // PostgreSQL learns a little later that the service is gone.
        while matches!(moved, Err(TransferError::Running(_))) {
            tokio::task::yield_now().await;
            moved = run(&config(&world), &url, &mut silent()).await;
        }
        moved.unwrap();
        // A service that starts while a move goes on is refused.
        let mut alone = world.app.db.alone().await;
        while alone.is_err() {
            tokio::task::yield_now().await;
            alone = world.app.db.alone().await;
        }
        assert!(world.app.db.serving().await.is_err());
        drop(alone);
    }
}

#[tokio::test]
async fn what_was_interrupted_is_started_again() {
    for (world, (_other, url)) in pairs().await {
        let (config, to) = (config(&world), url.clone());
        let broken = tokio::spawn(async move {
            let mut fall =
                |line: &str| assert!(!line.starts_with("sessions: "), "the power is cut");
            run(&config, &to, &mut fall).await
        });
        assert!(broken.await.unwrap_err().is_panic());
        let config = self::config(&world);
        let mut moved = run(&config, &url, &mut silent()).await;
        // PostgreSQL learns a little later that the other side is gone.
        while matches!(moved, Err(TransferError::Running(_))) {
            tokio::task::yield_now().await;
            moved = run(&config, &url, &mut silent()).await;
        }
        assert!(moved.unwrap().rows > 30);
    }
}

#[tokio::test]
async fn what_arrives_changed_is_found_and_not_kept() {
    for (world, _) in pairs().await {
        // The target changes what it is given.
        let (dir, url) = urls().await.remove(0);
        let there = open_empty(dir.path(), &url).await;
        let trigger = "CREATE TRIGGER t AFTER INSERT ON desktops BEGIN
            UPDATE desktops SET name_ja = name_ja || '.' WHERE id = new.id; END";
        let mut tx = there.begin(Scope::Everybody).await.unwrap();
        on!(&mut tx, c => sqlx::raw_sql(trigger).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        let differs = run(&config(&world), &url, &mut silent()).await;
        assert!(
            matches!(&differs, Err(TransferError::Differs { table, .. }) if table == "desktops"),
            "{differs:?}"
        );
        let mut tx = there.read(Scope::Everybody).await.unwrap();
        for table in store::tables(&mut tx).await.unwrap() {
            assert!(store::is_empty(&mut tx, &table).await.unwrap());
        }
    }
}

async fn open_empty(dir: &std::path::Path, url: &str) -> crate::db::Db {
    let config = ServeConfig {
        state_dir: dir.to_owned(),
        ..ServeConfig::default()
    };
    let keys = keys::open_store(&config).unwrap();
    crate::db::Db::open(url, keys).await.unwrap()
}

type Names = fn(&LogFault) -> bool;

#[tokio::test]
async fn a_log_that_was_tampered_with_is_not_moved_as_if_it_were_whole() {
    let faults: [(&str, Names); 3] = [
        ("UPDATE activity SET detail = 'another'", |fault| {
            matches!(fault, LogFault::Record { .. })
        }),
        (
            "UPDATE activity_leaves SET leaf = leaf || ' ' WHERE leaf_index = 0",
            |fault| matches!(fault, LogFault::Root { .. } | LogFault::Record { .. }),
        ),
        (
            "DELETE FROM activity_leaves WHERE leaf_index = 0",
            |fault| matches!(fault, LogFault::Missing { .. }),
        ),
    ];
    for (sql, is_found) in faults {
        for (world, (_other, url)) in pairs().await {
            execute(&world.app, sql).await;
            match run(&config(&world), &url, &mut silent()).await {
                Err(TransferError::Log(fault)) => assert!(is_found(&fault), "{fault}"),
                other => panic!("{sql}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_database_of_another_version_is_not_moved() {
    for (world, (_other, url)) in pairs().await {
        execute(&world.app, "DELETE FROM schema_versions WHERE version = 3").await;
        let refused = run(&config(&world), &url, &mut silent()).await;
        assert!(
            matches!(refused, Err(TransferError::Version)),
            "{refused:?}"
        );
    }
}
