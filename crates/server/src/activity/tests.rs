//! The log as its readers see it.

#![allow(clippy::unwrap_used)]

use super::{Record, What, append_record};
use crate::testing::{World, worlds};
use wire::ids::TenantId;

/// Writes a record, as the service would.
async fn record(world: &World, tenant: TenantId, who: &str, what: What, detail: &str) {
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    let record = Record {
        tenant: Some(tenant),
        user: None,
        who,
        address: "198.51.100.9",
        what,
        subject: None,
        detail,
    };
    append_record(&world.app, &mut tx, &record).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn administrators_read_their_own_organisations_log_and_nobody_elses() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        record(&world, shoji.tenant, "長屋 花子", What::SignedIn, "").await;
        record(
            &world,
            harbour.tenant,
            "Grace",
            What::TicketRefused,
            "harbour's secret",
        )
        .await;
        let mut browser = world.signed_in(&shoji.administrator).await;
        for path in [
            "/activity",
            "/activity?q=grace",
            "/activity?q=secret",
            "/activity?kind=gateway.ticket_refused",
        ] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200);
            assert!(
                !page.text.contains("harbour") && !page.text.contains("Grace"),
                "{path}"
            );
        }
        assert!(browser.get("/activity").await.text.contains("長屋 花子"));
        let mut user = world.signed_in(&shoji.user).await;
        let refused = user.get("/activity").await;
        assert_eq!(refused.status, 403);
        assert!(!refused.text.contains("長屋 花子"));
    }
}

#[tokio::test]
async fn the_log_is_searched_filtered_and_paged_newest_first() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut browser = world.signed_in(&customer.administrator).await;
        for n in 0..120 {
            world.pass_ms(1);
            let what = if n % 2 == 0 {
                What::SignedIn
            } else {
                What::SessionEnded
            };
            record(&world, customer.tenant, "Ken", what, &format!("no{n:03}")).await;
        }
        let shown = async |browser: &mut crate::testing::Browser, path: &str| {
            let page = browser.get(path).await;
            let rows = page
                .text
                .split("no")
                .skip(1)
                .filter_map(|rest| rest.get(..3));
            rows.filter_map(|n| n.parse().ok()).collect::<Vec<u32>>()
        };
        let first = shown(&mut browser, "/activity").await;
        assert_eq!(first, (70..120).rev().collect::<Vec<_>>());
        let second = shown(&mut browser, "/activity?page=2").await;
        assert_eq!(second, (20..70).rev().collect::<Vec<_>>());
        // Beyond the end is the end.
        let last = shown(&mut browser, "/activity?page=99").await;
        assert_eq!(last, (0..20).rev().collect::<Vec<_>>());
        let ended = shown(&mut browser, "/activity?kind=session.ended&page=2").await;
        assert_eq!(ended, (0..10).rev().map(|n| 2 * n + 1).collect::<Vec<_>>());
        assert_eq!(shown(&mut browser, "/activity?q=NO042").await, [42]);
        assert_eq!(
            shown(&mut browser, "/activity?q=198.51.100.9&kind=session.ended")
                .await
                .len(),
            50
        );
        // Neither pattern nor injection.
        for odd in ["%25", "no_42", "%27%20OR%201%3D1", "%5C"] {
            assert!(
                shown(&mut browser, &format!("/activity?q={odd}"))
                    .await
                    .is_empty(),
                "{odd}"
            );
        }
    }
}

#[tokio::test]
async fn what_people_do_at_the_door_is_in_the_log_with_who_and_from_where() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut hana = world.signed_in(&customer.user).await;
        hana.address = "203.0.113.77:4000".parse().unwrap();
        let csrf = hana.csrf().await;
        hana.post("/sign-out", &[("csrf", &csrf)]).await;
        let csrf = hana.get("/sign-in").await.csrf();
        for password in ["wrong wrong wrong", crate::testing::PASSWORD] {
            let email = customer.user.email.as_str();
            let form = [("email", email), ("password", password), ("csrf", &csrf)];
            hana.post("/sign-in", &form).await;
        }
        let log = world.log(Some(customer.tenant)).await;
        let told = [What::SignedOut, What::SignInRefused, What::SignedIn];
        assert_eq!(log[2..], told);
        let page = boss.get("/activity?q=203.0.113.77").await;
        assert_eq!(page.text.matches("203.0.113.77</").count(), 3);
        assert!(page.text.contains("hana of shoji"));
    }
}

#[test]
fn every_stored_form_is_read_back_and_none_is_used_twice() {
    for what in What::ALL.iter().copied() {
        assert_eq!(What::from_name(what.name()), Some(what));
    }
}
