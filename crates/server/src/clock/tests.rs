//! The clock is lost and found again.

#![allow(clippy::unwrap_used)]

use super::{job, service};
use crate::{
    activity::What,
    app::{ClockReading, ClockSample, ClockState},
    testing::{World, worlds},
};

const DAY_MS: i64 = 24 * 3600 * 1000;

fn synchronised(error_us: u32, offset_us: i64) -> ClockSample {
    let reading = ClockReading {
        state: ClockState::Synchronised,
        error_us: Some(error_us),
    };
    ClockSample { reading, offset_us }
}

fn lost() -> ClockSample {
    let reading = ClockReading {
        state: ClockState::Unsynchronised,
        error_us: None,
    };
    ClockSample {
        reading,
        offset_us: 0,
    }
}

async fn minute(world: &World, sample: ClockSample) {
    world.pass_ms(60_000);
    world.set_clock(sample);
    job::pass(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_the_kernel_says_is_kept_and_a_change_is_recorded_once() {
    for world in worlds().await {
        minute(&world, synchronised(250, -31)).await;
        minute(&world, synchronised(260, -30)).await;
        assert!(!service::is_alarming(&world.app));
        minute(&world, lost()).await;
        minute(&world, lost()).await;
        assert!(service::is_alarming(&world.app));
        minute(&world, synchronised(90, 4)).await;
        let history = service::history(&world.app).await.unwrap();
        let states: Vec<_> = history
            .changes
            .iter()
            .map(|row| row.state.as_str())
            .collect();
        assert_eq!(states, ["synchronised", "unsynchronised", "synchronised"]);
        let samples: Vec<_> = history
            .samples
            .iter()
            .map(|row| (row.error_us, row.offset_us))
            .collect();
        let expected = [
            (Some(90), 4),
            (None, 0),
            (None, 0),
            (Some(260), -30),
            (Some(250), -31),
        ];
        assert_eq!(samples, expected);
        let log = world.log(None).await;
        let expected = [
            What::ClockSynchronised,
            What::ClockLost,
            What::ClockSynchronised,
        ];
        assert_eq!(log, expected);
    }
}

#[tokio::test]
async fn samples_go_after_31_days_and_changes_after_a_year() {
    for world in worlds().await {
        minute(&world, lost()).await;
        minute(&world, lost()).await;
        world.pass_ms(32 * DAY_MS);
        minute(&world, lost()).await;
        let history = service::history(&world.app).await.unwrap();
        assert_eq!((history.changes.len(), history.samples.len()), (1, 2));
        world.pass_ms(366 * DAY_MS);
        minute(&world, lost()).await;
        assert_eq!(service::history(&world.app).await.unwrap().samples.len(), 1);
    }
}

#[tokio::test]
async fn records_of_that_time_are_marked() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        let mut browser = world.signed_in(&shoji.administrator).await;
        world.set_clock(synchronised(250, 0));
        browser.get("/activity").await;
        assert!(!browser.get("/activity").await.text.contains("data-clock"));
        world.set_clock(lost());
        world.clicked(&shoji.user, shoji.desktop).await;
        let page = browser.get("/activity").await;
        assert_eq!(
            page.text.matches("data-clock=\"unsynchronised\"").count(),
            1
        );
        let csrf = browser.csrf().await;
        let form = [("csrf", csrf.as_str()), ("format", "jsonl")];
        let file = browser.post("/activity/export", &form).await;
        assert!(
            file.text.contains("\"clock\":\"unsynchronised\""),
            "{}",
            file.text
        );
    }
}
