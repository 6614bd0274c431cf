//! Files, days, the live tail and the tiles, as browsers get them.

#![allow(clippy::unwrap_used)]

use super::{Record, What, append_record, merkle, service::WINDOW};
use crate::testing::{Browser, World, worlds};

const DAY_MS: i64 = 24 * 3600 * 1000;

async fn write(world: &World, who: &str, details: impl IntoIterator<Item = String>) {
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    for detail in details {
        let record = Record {
            tenant: Some(world.customers[0].tenant),
            user: None,
            who,
            address: "198.51.100.9",
            what: What::SessionEnded,
            subject: None,
            detail: &detail,
        };
        append_record(&world.app, &mut tx, &record).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn boss(world: &World) -> (Browser, String) {
    let mut browser = world.signed_in(&world.customers[0].administrator).await;
    let csrf = browser.csrf().await;
    (browser, csrf)
}

#[tokio::test]
async fn records_are_taken_out_as_searched_and_that_is_recorded() {
    for world in worlds().await {
        write(
            &world,
            "=cmd|' /C calc'!A0",
            ["a \"quoted\", one\r\ntwo".to_owned()],
        )
        .await;
        write(&world, "Ken", (0..1200).map(|n| format!("no{n:04}"))).await;
        let (mut browser, csrf) = boss(&world).await;
        let form = [
            ("csrf", csrf.as_str()),
            ("format", "csv"),
            ("kind", "session.ended"),
        ];
        let csv = browser.post("/activity/export", &form).await;
        assert_eq!(csv.status, 200);
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        let saved_as = csv.header("content-disposition");
        assert_eq!(saved_as, "attachment; filename=\"activity-2027-01-15.csv\"");
        let rows: Vec<&str> = csv.text.trim_end().split("\r\n\"").collect();
        assert_eq!(rows.len(), 1202);
        assert!(rows[1].contains("\"'=cmd|") && rows[1].contains("a \"\"quoted\"\", one"));
        assert!(rows[1201].contains("no1199"));
        let form = [("csrf", csrf.as_str()), ("format", "jsonl"), ("q", "no000")];
        let json = browser.post("/activity/export", &form).await;
        let lines: Vec<serde_json::Value> = json
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[3]["detail"], "no0003");
        let log = world.log(Some(world.customers[0].tenant)).await;
        assert_eq!(log[log.len() - 2..], [What::LogExported, What::LogExported]);
        // Not without a form of ours, not by others, and nothing else.
        let refused = browser.post("/activity/export", &[("format", "csv")]).await;
        assert_eq!(refused.status, 403);
        let odd = [("csrf", csrf.as_str()), ("format", "exe")];
        assert_eq!(browser.post("/activity/export", &odd).await.status, 404);
        let mut user = world.signed_in(&world.customers[0].user).await;
        let csrf = user.csrf().await;
        for path in ["/activity/export", "/activity/bundle"] {
            let form = [("csrf", csrf.as_str()), ("format", "csv")];
            assert_eq!(user.post(path, &form).await.status, 403, "{path}");
        }
        for path in [
            "/activity/new",
            "/activity/log/key",
            "/activity/log/checkpoint",
            "/activity/log/tile/0/000",
        ] {
            assert_eq!(user.get(path).await.status, 403, "{path}");
        }
    }
}

#[tokio::test]
async fn a_bundle_from_the_portal_verifies() {
    for world in worlds().await {
        write(&world, "Ken", (0..300).map(|n| format!("no{n}"))).await;
        let (mut browser, csrf) = boss(&world).await;
        let key = browser.get("/activity/log/key").await.text;
        let checkpoint = browser.get("/activity/log/checkpoint").await.text;
        let form = [("csrf", csrf.as_str()), ("whole", "1")];
        let bundle = browser.post("/activity/bundle", &form).await;
        let saved_as = bundle.header("content-disposition");
        let expected = "attachment; filename=\"activity-proof-2027-01-15.jsonl\"";
        assert_eq!(saved_as, expected);
        let good = super::verify::verify(bundle.text.as_bytes(), &key, Some(&checkpoint)).unwrap();
        assert_eq!(good.contents, good.checkpoint.size);
        assert!(
            browser
                .get("/activity")
                .await
                .text
                .contains(&key.trim().replace('+', "&#43;"))
                || browser.get("/activity").await.text.contains(key.trim())
        );
    }
}

#[tokio::test]
async fn days_are_those_of_japan() {
    for world in worlds().await {
        // The tests' clock starts on 2027-01-15 at 08:00 UTC, 17:00 in Japan.
        write(&world, "Ken", ["first day".to_owned()]).await;
        world.pass_ms(7 * 3600 * 1000);
        write(&world, "Ken", ["next day".to_owned()]).await;
        let (mut browser, _) = boss(&world).await;
        for (query, first, next) in [
            ("from=2027-01-15", true, true),
            ("from=2027-01-16", false, true),
            ("to=2027-01-15", true, false),
            ("from=2027-01-15&to=2027-01-16", true, true),
            ("from=nonsense&to=2027-99-99", true, true),
        ] {
            let page = browser.get(&format!("/activity?{query}")).await.text;
            assert_eq!(page.contains("first day"), first, "{query}");
            assert_eq!(page.contains("next day"), next, "{query}");
        }
        world.pass_ms(31 * DAY_MS);
        let page = browser.get("/activity?from=2027-01-15").await.text;
        assert!(!page.contains("next day"));
    }
}

#[tokio::test]
async fn the_live_tail_brings_each_new_row_once() {
    for world in worlds().await {
        let (mut browser, _) = boss(&world).await;
        write(&world, "Ken", ["old one".to_owned()]).await;
        let page = browser.get("/activity?q=one").await.text;
        let (_, rest) = page.split_once("data-from=\"").unwrap();
        let from = rest.split('"').next().unwrap().to_owned();
        let mut next = from;
        for name in ["one", "two", "one more"] {
            world.pass_ms(1);
            write(&world, "Ken", [format!("new {name} <b>")]).await;
            let part = browser
                .get(&format!("/activity/new?q=one&after={next}"))
                .await;
            let shown = part.text.contains(&format!("new {name} &#60;b&#62;"));
            assert_eq!(shown, name.contains("one"), "{}", part.text);
            assert!(!part.text.contains("old one") && !part.text.contains("<html"));
            part.header("x-next").clone_into(&mut next);
        }
        // Pages about the past have none.
        assert!(
            !browser
                .get("/activity?to=2027-01-14")
                .await
                .text
                .contains("data-live")
        );
    }
}

#[tokio::test]
async fn a_search_looks_at_so_many_and_goes_on_where_it_stopped() {
    let world = worlds().await.remove(0);
    write(&world, "Ken", ["needle".to_owned()]).await;
    world.pass_ms(1);
    write(&world, "Ken", (0..WINDOW).map(|n| format!("hay{n}"))).await;
    world.pass_ms(1);
    let (mut browser, _) = boss(&world).await;
    // Records of one moment are looked at together, so it may take a step more.
    let mut url = "/activity?q=needle".to_owned();
    for step in 0..4 {
        let page = browser.get(&url).await.text;
        if page.contains(">needle<") {
            assert!(step > 0);
            return;
        }
        let (_, rest) = page.split_once("class=\"earlier\"").unwrap();
        let (_, rest) = rest.split_once("href=\"").unwrap();
        url = rest.split('"').next().unwrap().replace("&#38;", "&");
    }
    panic!("not found: {url}");
}

#[tokio::test]
async fn tiles_are_those_of_the_checkpoint() {
    for world in worlds().await {
        write(&world, "Ken", (0..511).map(|n| format!("no{n}"))).await;
        let (mut browser, _) = boss(&world).await;
        let note = browser.get("/activity/log/checkpoint").await.text;
        // The boss's own sign-in is in it.
        assert_eq!(note.lines().nth(1), Some("512"));
        let (_, entries) = browser.bytes("/activity/log/tile/entries/001").await;
        let mut rest = entries.as_slice();
        let mut edge = merkle::Edge::default();
        while let Some((length, after)) = rest.split_at_checked(2) {
            let (leaf, after) =
                after.split_at(usize::from(u16::from_be_bytes([length[0], length[1]])));
            edge.push(merkle::leaf_hash(leaf), |_, _, _| ());
            rest = after;
        }
        assert_eq!(edge.size(), 256);
        let (_, nodes) = browser.bytes("/activity/log/tile/1/000.p/2").await;
        assert_eq!(nodes[32..], edge.root());
        for (path, status) in [
            ("0/000", 200),
            ("1/000.p/2", 200),
            ("0/002", 404),
            ("1/000.p/3", 404),
            ("1/000", 404),
            ("entries/2", 404),
        ] {
            let tile = browser.bytes(&format!("/activity/log/tile/{path}")).await;
            assert_eq!(tile.0, status, "{path}");
        }
    }
}
