//! Where each reader begins, and what each sees of how things stand.

#![allow(clippy::unwrap_used)]

use super::Chart;
use crate::{
    actor::Role,
    testing::{World, worlds},
};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The figure of a tile, as the page shows it.
fn figure(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("data-part=\"{name}\"")).unwrap();
    let (_, rest) = rest.split_once("<strong").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split('<').next().unwrap().to_owned()
}

async fn overview(world: &World, at: usize) -> String {
    let person = &world.customers[at].administrator;
    world.signed_in(person).await.get("/overview").await.text
}

#[tokio::test]
async fn each_reader_begins_where_their_work_is() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut user = world.signed_in(&customer.user).await;
        assert_eq!(user.get("/").await.header("location"), "/desktops");
        assert_eq!(user.get("/overview").await.status, 403);
        assert!(!user.get("/desktops").await.text.contains("/overview"));
        for role in [Role::Administrator, Role::OperationsContact, Role::Auditor] {
            let mut person = customer.administrator.clone();
            world.set_role(&mut person, role).await;
            let mut browser = world.signed_in(&person).await;
            assert_eq!(browser.get("/").await.header("location"), "/overview");
            assert_eq!(browser.get("/overview").await.status, 200);
        }
        let mut guest = world.browser();
        assert_eq!(guest.get("/").await.header("location"), "/sign-in?next=%2F");
    }
}

#[tokio::test]
async fn figures_are_those_of_ones_own_organisation() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        world.signed_in(&shoji.user).await;
        let before = overview(&world, 0).await;
        assert_eq!(figure(&before, "people"), "2");
        assert_eq!(figure(&before, "sessions"), "0");
        assert_eq!(figure(&before, "refused"), "0");

        world.clicked(&shoji.user, shoji.desktop).await;
        world.clicked(&harbour.user, harbour.desktop).await;
        world.clicked(&harbour.administrator, harbour.desktop).await;
        let mut guesser = world.browser();
        let csrf = guesser.get("/sign-in").await.csrf();
        let form = [
            ("csrf", &*csrf),
            ("email", &*shoji.user.email),
            ("password", "guessed"),
        ];
        assert_eq!(guesser.post("/sign-in", &form).await.status, 401);
        let after = overview(&world, 0).await;
        assert_eq!(figure(&after, "sessions"), "1");
        assert_eq!(figure(&after, "refused"), "1");
        let theirs = overview(&world, 1).await;
        assert_eq!(figure(&theirs, "sessions"), "2");
        assert_eq!(figure(&theirs, "refused"), "0");

        // A day later the refusal is no news any more; the session still counts among those of the week.
        world.pass_ms(DAY_MS + 1);
        let later = overview(&world, 0).await;
        assert_eq!(figure(&later, "refused"), "0");
        let bars: Vec<_> = later.split("class=\"count\"").skip(1).collect();
        let counts: Vec<_> = bars
            .iter()
            .map(|bar| bar.split(['>', '<']).nth(1).unwrap())
            .collect();
        assert_eq!(counts, ["0", "0", "0", "0", "0", "1", "0"]);
    }
}

#[test]
fn bars_are_as_tall_as_their_days_and_the_tallest_fits() {
    let days = [0, 1, 2, 400, 4, 200, 0].map(|count| (0, count));
    let chart = Chart::of(&days);
    let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height).collect();
    assert_eq!(heights, [0, 3, 3, 130, 3, 65, 0]);
    assert!(chart.bars.iter().all(|bar| bar.y + bar.height == 170));
    assert_eq!(chart.total, 607);
}
