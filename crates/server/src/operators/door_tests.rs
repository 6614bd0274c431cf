//! What holds for every answer of the console, and how long an operator stays in.

#![allow(clippy::unwrap_used)]

use super::{
    OperatorRole, PATHS,
    tests::{add, entered},
};
use crate::testing::worlds;
use uuid::Uuid;

const DOOR: &str = "/console/enter";
const MACHINES: &str = "/console/machines";
const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn every_answer_of_the_console_has_the_headers_that_protect_its_reader() {
    for world in worlds().await {
        let (id, link) = add(&world, "nakamura", OperatorRole::Owner).await;
        let mut outside = world.console(Some(id));
        let mut inside = entered(&world, "ogawa", OperatorRole::Owner).await;
        let mut stranger = world.console(Some(Uuid::from_u128(7)));
        let asset = format!("/console{}/css/base.css", crate::portal::asset_base());
        let answers = [
            ("door", 200, outside.get(DOOR).await),
            ("first visit", 200, outside.get(&link).await),
            ("led to the door", 303, outside.get(MACHINES).await),
            ("page", 200, inside.get(MACHINES).await),
            ("no page", 404, inside.get("/console/none").await),
            ("no token", 403, inside.post("/console/leave", &[]).await),
            ("no field", 422, outside.post(DOOR, &[]).await),
            ("stranger", 403, stranger.get(DOOR).await),
            ("file", 200, inside.get(&asset).await),
        ];
        for (kind, status, answer) in answers {
            assert_eq!(answer.status, status, "{kind}");
            answer.assert_protected(kind);
            let cache = answer.header("cache-control");
            assert_eq!(cache == "no-store", kind != "file", "{kind}: {cache}");
        }
    }
}

#[tokio::test]
async fn operators_find_the_way_out_on_every_page() {
    let world = worlds().await.remove(0);
    let mut owner = entered(&world, "nakamura", OperatorRole::Owner).await;
    let mut seen = 0;
    for path in PATHS
        .iter()
        .filter(|path| !path.contains('{') && **path != DOOR)
    {
        let answer = owner.get(path).await;
        if answer.status != 200 || !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        assert!(answer.text.contains("action=\"/console/leave\""), "{path}");
        seen += 1;
    }
    assert!(seen >= 10, "only {seen} pages");
}

#[tokio::test]
async fn a_session_of_the_console_ends_when_unused_and_in_any_case() {
    for world in worlds().await {
        let mut idle = entered(&world, "nakamura", OperatorRole::Owner).await;
        world.pass_ms(30 * MINUTE_MS);
        assert_eq!(idle.get(MACHINES).await.status, 200);
        world.pass_ms(30 * MINUTE_MS + 1);
        assert_eq!(idle.get(MACHINES).await.header("location"), DOOR);
        // It does not come back.
        world.pass_ms(-30 * MINUTE_MS);
        assert_eq!(idle.get(MACHINES).await.header("location"), DOOR);

        let mut busy = entered(&world, "ogawa", OperatorRole::Owner).await;
        for _ in 0..24 {
            world.pass_ms(20 * MINUTE_MS);
            assert_eq!(busy.get(MACHINES).await.status, 200);
        }
        world.pass_ms(1);
        assert_eq!(busy.get(MACHINES).await.header("location"), DOOR);
    }
}
