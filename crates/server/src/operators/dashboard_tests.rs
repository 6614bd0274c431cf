//! The console's first page: what each role sees of it.

#![allow(clippy::unwrap_used)]

use super::{
    OperatorRole,
    tests::{enrolled_host, entered},
};
use crate::{
    db::on, public_certificates::tests::with_certificate, rights::OperatorAction, testing::worlds,
};

#[tokio::test]
async fn the_first_page_shows_each_role_its_own_part() {
    for world in worlds().await {
        enrolled_host(&world).await;
        world
            .clicked(&world.customers[0].user, world.customers[0].desktop)
            .await;
        for role in OperatorRole::ALL {
            let mut browser = entered(&world, role.name(), role).await;
            let page = browser.get("/console/").await;
            assert_eq!(page.status, 200, "{role:?}");
            let shows = |part: &str| page.text.contains(part);
            assert!(shows("data-part=\"away\"") && shows("id=\"hosts\""));
            let sees = |action| role.authorize(action).is_ok();
            assert_eq!(shows("id=\"near\""), sees(OperatorAction::ViewContract));
            assert_eq!(shows("id=\"acts\""), sees(OperatorAction::ReadWorkLog));
            assert_eq!(
                shows("data-part=\"promises\""),
                sees(OperatorAction::ViewEvidence)
            );
            // How much, and of whom nothing that they store.
            assert!(!page.text.contains(&world.customers[0].user.email));
            assert!(!page.text.contains(&world.customers[0].user.actor.full_name));
        }
    }
}

#[tokio::test]
async fn a_customer_near_a_limit_is_told_of() {
    const NARROW: &str = "UPDATE contracts SET max_people = 2 WHERE tenant_id = $1";
    for world in worlds().await {
        let mut browser = entered(&world, "owner", OperatorRole::Owner).await;
        assert!(
            !browser
                .get("/console/")
                .await
                .text
                .contains("/console/customers/shoji")
        );
        let tenant = world.customers[0].tenant;
        let mut tx = world.app.db.begin(tenant).await.unwrap();
        on!(&mut tx, c => sqlx::query(NARROW).bind(tenant).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        let page = browser.get("/console/").await.text;
        assert!(page.contains("/console/customers/shoji") && page.contains('2'));
        assert!(!page.contains("/console/customers/harbour"));
    }
}

#[tokio::test]
async fn how_long_the_portals_certificate_is_good_is_told() {
    for (days, calls) in [(90, false), (14, false), (13, true), (-1, true)] {
        let (world, _) = with_certificate(90).await;
        world.pass_ms((90 - days) * 24 * 60 * 60 * 1000);
        let mut browser = entered(&world, "owner", OperatorRole::Owner).await;
        let page = browser.get("/console/").await.text;
        let (before, tile) = page.split_once("data-part=\"certificate\"").unwrap();
        let (_, head) = before.rsplit_once("<li").unwrap();
        assert_eq!(head.contains("calls bad"), calls, "{days}");
        let figure = tile.split("</strong>").next().unwrap();
        assert_eq!(figure.contains(&days.to_string()), days >= 0, "{figure}");
    }
    let world = worlds().await.remove(0);
    let mut browser = entered(&world, "owner", OperatorRole::Owner).await;
    let page = browser.get("/console/").await.text;
    assert!(page.contains("data-part=\"certificate\""));
}
