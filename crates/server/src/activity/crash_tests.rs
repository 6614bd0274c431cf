//! kill -9 at any moment: no acknowledged record is lost, and no checkpoint that was given out is contradicted.

#![allow(clippy::unwrap_used)]

use super::{
    Record, What,
    acts::{self, LEASE_MS, Outcome},
    append_record, job, log, merkle,
    note::Checkpoint,
    store::{self, Search, tree},
};
use crate::{
    app::App,
    testing::{open_app, urls},
};
use futures_util::future::join_all;
use std::{
    env,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};
use uuid::Uuid;
use wire::ids::TenantId;

const URL: &str = "NAGAYA_CRASH_TEST_URL";
const DIR: &str = "NAGAYA_CRASH_TEST_DIR";
const LOG: Uuid = Uuid::from_u128(77);
/// How often the writer is killed on each engine.
const KILLS: u64 = 15;

/// Appends for ever and says what is committed: a record's number, or a checkpoint's size. Killed by the test below, of
/// whose process it is a copy; by itself it does nothing.
#[tokio::test]
#[ignore = "started by the test below"]
async fn writer() {
    let (Ok(url), Ok(dir)) = (env::var(URL), env::var(DIR)) else {
        return;
    };
    let app = open_app(&PathBuf::from(dir), &url, crate::testing::START_MS).await;
    let mut act = None;
    for n in 0_u64.. {
        let name = Uuid::from_bytes(crate::app::random()).to_string();
        let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
        let record = Record {
            tenant: Some(TenantId(LOG)),
            user: None,
            who: "writer",
            address: "",
            what: What::SignedIn,
            subject: None,
            detail: &name,
        };
        append_record(&app, &mut tx, &record).await.unwrap();
        if n % 4 == 1 {
            let what = What::LogExported;
            act = Some(
                acts::begin(&app, &mut tx, &Record { what, ..record })
                    .await
                    .unwrap(),
            );
        } else if n % 4 == 3
            && let Some(act) = act.take()
        {
            act.complete(&app, &mut tx, Outcome::Success).await.unwrap();
        }
        tx.commit().await.unwrap();
        println!("ack {name}");
        // Records that share a transaction, each acknowledged when its own future ends.
        join_all((0..5).map(|_| together(&app))).await;
        if n % 7 == 3 {
            let row = log::checkpoint(&app, LOG).await.unwrap().unwrap();
            println!("note {}", row.note.replace('\n', "|"));
        }
    }
}

async fn together(app: &App) {
    let name = Uuid::from_bytes(crate::app::random()).to_string();
    let record = Record {
        tenant: Some(TenantId(LOG)),
        user: None,
        who: "writer",
        address: "",
        what: What::TicketRefused,
        subject: None,
        detail: &name,
    };
    super::record(app, &record).await.unwrap();
    println!("ack {name}");
}

/// Starts a writer, kills it after some records, and returns what it had said.
fn killed_after(acks: u64, url: &str, dir: &std::path::Path) -> (Vec<String>, Vec<String>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "activity::crash_tests::writer",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(URL, url)
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut names, mut notes) = (Vec::new(), Vec::new());
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, name)) = line.split_once("ack ") {
            names.push(name.to_owned());
        } else if let Some((_, note)) = line.split_once("note ") {
            notes.push(note.replace('|', "\n"));
        }
        if names.len() as u64 == acks {
            // SIGKILL; what it had said before is still read.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    (names, notes)
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_that_it_had_acknowledged() {
    for (dir, url) in urls().await {
        let (mut names, mut notes) = (Vec::new(), Vec::new());
        for round in 0..KILLS {
            let (said, signed) = killed_after(1 + round * 17 % 101, &url, dir.path());
            names.extend(said);
            notes.extend(signed);
            let now_ms = crate::testing::START_MS + LEASE_MS + 1;
            let app = open_app(dir.path(), &url, now_ms).await;
            job::pass(&app).await.unwrap();
            check(&app, &names, &notes).await;
            app.db.close().await;
        }
        assert!(names.len() as u64 > 5 * KILLS && !notes.is_empty());
    }
}

/// Everything that was acknowledged is there, and the log grew out of each of its checkpoints.
async fn check(app: &Arc<App>, names: &[String], notes: &[String]) {
    let last = log::checkpoint(app, LOG).await.unwrap().unwrap();
    let mut tx = app.db.read(crate::db::Scope::Everybody).await.unwrap();
    let row = tree::log(&mut tx, LOG).await.unwrap().unwrap();
    let vkey = log::vkey(app, &row.origin);
    let everything = Search {
        to_ms: i64::MAX,
        ..Search::default()
    };
    let rows = store::after(&mut tx, LOG, &everything, None, i64::MAX)
        .await
        .unwrap();
    let mut indexes: Vec<i64> = rows.iter().map(|row| row.leaf_index).collect();
    // What was interrupted was completed by a later clock.
    indexes.sort_unstable();
    assert_eq!(indexes, (0..row.size).collect::<Vec<_>>());
    for name in names {
        assert!(
            rows.iter().any(|row| row.detail == *name),
            "{name} was lost"
        );
    }
    let of = |outcome: Outcome| {
        let rows = rows
            .iter()
            .filter(|row| row.what == What::LogExported.name());
        rows.filter(|row| row.outcome.as_deref() == Some(outcome.name()))
            .count()
    };
    let ended = of(Outcome::Success) + of(Outcome::Interrupted);
    assert_eq!(of(Outcome::Begun), ended, "an act has no end, or two");
    let last = Checkpoint::open(&last.note, &vkey).unwrap();
    assert_eq!(last.size, row.size.cast_unsigned());
    for note in notes {
        let old = Checkpoint::open(note, &vkey).unwrap();
        let ranges = merkle::consistency(old.size, last.size);
        let proof = log::proof(&mut tx, LOG, &ranges).await.unwrap();
        let (old, new) = ((old.size, &old.root), (last.size, &last.root));
        assert!(
            merkle::is_consistent(old, new, &proof),
            "forked at {}",
            old.0
        );
    }
}
