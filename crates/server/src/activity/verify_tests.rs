//! Proof bundles: a good one is believed, and what was done to a bad one is named.

#![allow(clippy::unwrap_used)]

use super::{
    RETENTION_MS, Record, What, append_record, job, log,
    service::{self, Export},
    verify::{Fault, Verified, verify},
};
use crate::testing::{World, worlds};

const COUNT: u64 = 40;

async fn write(world: &World, count: u64) {
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    for n in 0..count {
        let record = Record {
            tenant: Some(world.customers[0].tenant),
            user: None,
            who: "佐藤 \"美咲\"",
            address: "198.51.100.9",
            what: What::SignedIn,
            subject: None,
            detail: &format!("no {n:03}"),
        };
        append_record(&world.app, &mut tx, &record).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn bundle(world: &World, whole: bool) -> String {
    let actor = &world.customers[0].administrator.actor;
    let export = service::proof_bundle(&world.app, actor, whole)
        .await
        .unwrap();
    text(export.unwrap()).await
}

async fn text(mut export: Export) -> String {
    let mut text = String::new();
    while let Some(part) = export.next().await.unwrap() {
        text.push_str(&part);
    }
    text
}

async fn key(world: &World) -> String {
    let actor = &world.customers[0].administrator.actor;
    service::key(&world.app, actor).await.unwrap().unwrap()
}

async fn checkpoint(world: &World) -> String {
    let actor = &world.customers[0].administrator.actor;
    service::checkpoint(&world.app, actor)
        .await
        .unwrap()
        .unwrap()
}

fn check(bundle: &str, key: &str, earlier: Option<&str>) -> Result<Verified, Vec<Fault>> {
    verify(bundle.as_bytes(), key, earlier)
}

/// The lines of a good bundle, changed, and put together again.
fn with(bundle: &str, change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut lines: Vec<String> = bundle.lines().map(str::to_owned).collect();
    change(&mut lines);
    lines.join("\n") + "\n"
}

#[tokio::test]
async fn a_good_bundle_is_believed_with_every_earlier_checkpoint() {
    for world in worlds().await {
        let mut earlier = Vec::new();
        for _ in 0..4 {
            write(&world, 100).await;
            earlier.push(checkpoint(&world).await);
        }
        let (bundle, key) = (bundle(&world, true).await, key(&world).await);
        let good = check(&bundle, &key, None).unwrap();
        assert_eq!((good.first, good.contents, good.expired), (0, 401, 0));
        assert_eq!(good.checkpoint.size, 401);
        // The export itself is the last record, and the log of the logs holds its checkpoint.
        assert!(bundle.lines().last().unwrap().contains("activity.exported"));
        assert_eq!(good.logs, Some(5));
        for (n, note) in earlier.iter().enumerate() {
            let good = check(&bundle, &key, Some(note)).unwrap();
            assert_eq!(good.earlier, Some(100 * (n as u64 + 1)));
        }
    }
}

#[tokio::test]
async fn what_was_done_to_a_bundle_is_found_and_named() {
    let world = worlds().await.remove(0);
    write(&world, COUNT).await;
    let (bundle, key) = (bundle(&world, true).await, key(&world).await);
    let size = COUNT + 1;
    let faults =
        |change: fn(&mut Vec<String>)| check(&with(&bundle, change), &key, None).unwrap_err();
    // Line 0 is the head, so record 17 is on the 19th line.
    let content = faults(|lines| lines[18] = lines[18].replace("no 017", "no 018"));
    assert_eq!(
        content,
        [Fault::Content {
            index: 17,
            line: 19
        }]
    );
    let header = faults(|lines| lines[18] = lines[18].replace(" 18000000", " 18000001"));
    assert_eq!(
        header,
        [Fault::Header {
            index: 17,
            line: 19
        }]
    );
    assert_eq!(
        faults(|lines| drop(lines.remove(18))),
        [Fault::Missing(17, 17)]
    );
    let cut = faults(|lines| lines.truncate(31));
    assert_eq!(cut, [Fault::Cut { from: 30, size }]);
    assert_eq!(faults(|lines| lines.swap(18, 19)), [Fault::Order(17, 18)]);
    let twice = faults(|lines| lines.insert(18, lines[18].clone()));
    assert_eq!(twice, [Fault::Twice(17)]);
    let stripped = faults(|lines| {
        let end = lines[18].find(",\"salt\"").unwrap();
        lines[18].replace_range(end.., "}");
    });
    assert_eq!(stripped, [Fault::Withheld(17)]);
    let broken = faults(|lines| lines[18].insert(0, 'x'));
    assert_eq!(broken, [Fault::Line(19), Fault::Missing(17, 17)]);
    // Cut in the middle of a line.
    let mut half = bundle.clone();
    half.truncate(bundle.len() - 10);
    let line = size + 1;
    let half = check(&half, &key, None).unwrap_err();
    assert_eq!(half, [Fault::Line(line), Fault::Cut { from: COUNT, size }]);
    assert_eq!(check("", &key, None), Err(vec![Fault::Head]));
}

#[tokio::test]
async fn every_flipped_byte_is_found() {
    let world = worlds().await.remove(0);
    write(&world, 3).await;
    let (bundle, key) = (bundle(&world, true).await, key(&world).await);
    let mut missed = String::new();
    for at in 0..bundle.len() {
        let mut bytes = bundle.clone().into_bytes();
        bytes[at] ^= 1;
        if verify(bytes.as_slice(), &key, None).is_ok() {
            missed.push(char::from(bundle.as_bytes()[at]));
        }
    }
    // What may change is only what says since when contents are there: it is compared with what is there.
    let unsigned = missed.chars().all(|c| c.is_ascii_digit());
    assert!(unsigned && missed.len() <= 13, "{missed:?}");
}

#[tokio::test]
async fn who_rewrites_everything_still_cannot_sign() {
    let [one, two] = [worlds().await.remove(0), worlds().await.remove(0)];
    write(&one, COUNT).await;
    write(&two, COUNT).await;
    let (good, other) = (bundle(&one, true).await, bundle(&two, true).await);
    let key_of_one = key(&one).await;
    // Another log's bundle, and this log's checkpoint over another log's records.
    let foreign = check(&other, &key_of_one, None).unwrap_err();
    assert!(matches!(foreign[..], [Fault::Note(_)]), "{foreign:?}");
    let mixed = with(&other, |lines| {
        good.lines().next().unwrap().clone_into(&mut lines[0]);
    });
    let mixed = check(&mixed, &key_of_one, None).unwrap_err();
    assert_eq!(mixed[0], Fault::Foreign(0));
    // An earlier checkpoint that is not of this history.
    let strange = checkpoint(&two).await;
    let strange = check(&good, &key_of_one, Some(&strange)).unwrap_err();
    assert!(
        matches!(strange[..], [Fault::EarlierNote(_)]),
        "{strange:?}"
    );
}

#[tokio::test]
async fn content_goes_after_31_days_and_the_log_stays_provable() {
    const CONTENT: &str = "SELECT count(*) FROM activity WHERE detail = 'no 001'";
    for world in worlds().await {
        write(&world, 5).await;
        let old = checkpoint(&world).await;
        world.pass_ms(RETENTION_MS - 1);
        write(&world, 3).await;
        world.pass_ms(2);
        let actor = &world.customers[0].administrator.actor;
        let everything = crate::activity::store::Search {
            to_ms: i64::MAX,
            ..Default::default()
        };
        // Not shown even before it is deleted.
        let found = service::search(&world.app, actor, &everything, 1, 50)
            .await
            .unwrap();
        assert_eq!(found.total, 3);
        job::pass(&world.app).await.unwrap();
        let mut tx = world
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let left: i64 =
            crate::db::on!(&mut tx, c => sqlx::query_scalar(CONTENT).fetch_one(c).await).unwrap();
        drop(tx);
        // One is that of the later ones.
        assert_eq!(left, 1);
        let key = key(&world).await;
        let whole = bundle(&world, true).await;
        let good = check(&whole, &key, Some(&old)).unwrap();
        assert_eq!((good.contents, good.expired, good.earlier), (4, 5, Some(5)));
        // Without what has expired, the file is short, and reaches back to the first content.
        let recent = bundle(&world, false).await;
        let good = check(&recent, &key, Some(&old)).unwrap();
        assert_eq!((good.first, good.contents, good.expired), (5, 6, 0));
        let outside = check(
            &bundle(&world, false).await,
            &key,
            Some(&first_note(&whole)),
        )
        .unwrap();
        assert!(outside.earlier.is_some());
    }
}

#[tokio::test]
async fn a_contract_may_ask_for_more_days() {
    use super::retention::{days, set_days};
    const CONTENT: &str = "SELECT count(*) FROM activity WHERE detail = 'no 001'";
    for world in worlds().await {
        let [shoji, harbour] = world.customers.clone();
        let mut tx = world.app.db.begin(shoji.tenant).await.unwrap();
        set_days(&world.app, &mut tx, shoji.tenant, "中村 誠", 90)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        write(&world, 5).await;
        world.pass_ms(RETENTION_MS * 2);
        job::pass(&world.app).await.unwrap();
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        assert_eq!(days(&mut tx, shoji.tenant).await.unwrap(), 90);
        assert_eq!(days(&mut tx, harbour.tenant).await.unwrap(), 31);
        drop(tx);
        let everything = crate::activity::store::Search {
            to_ms: i64::MAX,
            ..Default::default()
        };
        let actor = &shoji.administrator.actor;
        let found = service::search(&world.app, actor, &everything, 1, 50).await;
        let found = found.unwrap();
        assert_eq!((found.total, found.kept_days), (6, 90));
        assert_eq!(
            found.rows.last().unwrap().what,
            "activity.retention_changed"
        );
        let good = check(&bundle(&world, false).await, &key(&world).await, None).unwrap();
        assert_eq!(good.expired, 0);
        world.pass_ms(RETENTION_MS);
        job::pass(&world.app).await.unwrap();
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let left: i64 =
            crate::db::on!(&mut tx, c => sqlx::query_scalar(CONTENT).fetch_one(c).await).unwrap();
        assert_eq!(left, 0);
    }
}

/// The checkpoint of a bundle.
fn first_note(bundle: &str) -> String {
    let head: serde_json::Value = serde_json::from_str(bundle.lines().next().unwrap()).unwrap();
    head["checkpoint"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_log_that_was_cut_or_rewritten_is_caught_by_a_kept_checkpoint() {
    const CUT: &str = "UPDATE activity_logs SET size = 5 WHERE id = $1";
    const ALL: [&str; 5] = [
        "DELETE FROM activity WHERE log_id = $1 AND leaf_index >= 5",
        "DELETE FROM activity_leaves WHERE log_id = $1 AND leaf_index >= 5",
        "DELETE FROM activity_checkpoints WHERE log_id = $1",
        "DELETE FROM activity_nodes WHERE log_id = $1",
        CUT,
    ];
    let world = worlds().await.remove(0);
    write(&world, 10).await;
    let kept = checkpoint(&world).await;
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    let log = log::of(Some(world.customers[0].tenant));
    for sql in ALL {
        crate::db::on!(&mut tx, c => sqlx::query(sql).bind(log).execute(c).await.map(drop))
            .unwrap();
    }
    tx.commit().await.unwrap();
    let key = key(&world).await;
    let shorter = check(&bundle(&world, true).await, &key, Some(&kept)).unwrap_err();
    assert_eq!(
        shorter,
        [Fault::Shrunk {
            earlier: 10,
            size: 6
        }]
    );
    write(&world, 10).await;
    let rewritten = check(&bundle(&world, true).await, &key, Some(&kept)).unwrap_err();
    assert_eq!(rewritten, [Fault::Earlier(10)]);
}
