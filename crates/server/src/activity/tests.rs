//! The log as its readers see it.

#![allow(clippy::unwrap_used)]

use super::{Record, What, append_record};
use crate::{
    identity::factors::tests::enrol,
    testing::{PASSWORD, World, worlds},
};
use axum::{body::Body, http::Request};
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

/// Everything that somebody shows to come in, of two people who do all there is to do at the door.
async fn shown_at_the_door(world: &World) -> Vec<String> {
    let customer = &world.customers[0];
    let mut secrets = vec![PASSWORD.to_owned(), "wrong wrong wrong".to_owned()];
    secrets.push(world.link(&customer.user).await);
    let mut boss = world.signed_in(&customer.administrator).await;
    let mut hana = world.signed_in(&customer.user).await;
    let (phone, codes) = enrol(world, &mut hana).await;
    secrets.push(phone.secret());
    secrets.extend(codes.iter().cloned());
    // By the form: a wrong password, the right one, a wrong code, a recovery code.
    let mut again = world.browser();
    for password in ["wrong wrong wrong", PASSWORD] {
        let csrf = again.get("/sign-in").await.csrf();
        let email = customer.user.email.as_str();
        let form = [("email", email), ("password", password), ("csrf", &csrf)];
        again.post("/sign-in", &form).await;
    }
    secrets.extend(again.cookies.values().cloned());
    for code in ["zzzz-zzzz-zzzz-zzzz-zzzz-zzzz-zzzz", codes[0].as_str()] {
        let csrf = again.get("/sign-in/code").await.csrf();
        again
            .post("/sign-in/code", &[("code", code), ("csrf", &csrf)])
            .await;
        secrets.push(code.to_owned());
    }
    assert_eq!(again.get("/desktops").await.status, 200);
    let csrf = boss.csrf().await;
    let token = [
        ("name", "ci"),
        ("days", "7"),
        ("scope", "people.read"),
        ("csrf", &csrf),
    ];
    let page = boss.post("/tokens", &token).await;
    let (_, rest) = page.text.split_once("value=\"ngy_").unwrap();
    secrets.push(rest.split('"').next().unwrap().to_owned());
    let link = format!("/users/{}/link", customer.user.actor.user);
    let page = boss.post(&link, &[("csrf", &csrf)]).await;
    let (_, rest) = page.text.split_once("/welcome/").unwrap();
    secrets.push(rest.split('"').next().unwrap().to_owned());
    let call = Request::get("/api/v1/me").header("authorization", "Bearer ngy_made-up-secret");
    world
        .browser()
        .send(call.body(Body::empty()).unwrap())
        .await;
    secrets.push("made-up-secret".to_owned());
    for browser in [boss, hana, again] {
        secrets.extend(browser.cookies.into_values());
    }
    secrets
}

#[tokio::test]
async fn nothing_that_opens_a_door_is_in_any_record() {
    for world in worlds().await {
        let secrets = shown_at_the_door(&world).await;
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        let csrf = boss.csrf().await;
        let form = [("csrf", csrf.as_str()), ("format", "jsonl")];
        let log = boss.post("/activity/export", &form).await.text;
        let (_, own) = super::work_log(&world.app, "", 1, 1000).await.unwrap();
        let all = format!("{log}{own:?}");
        // It is all told there.
        for what in [
            What::PasswordSet,
            What::AuthenticatorAdded,
            What::SignInRefused,
            What::SignedIn,
            What::RecoveryCodeUsed,
            What::TokenCreated,
            What::LinkIssued,
            What::TokenRefused,
        ] {
            assert!(all.contains(what.name()), "{what:?} is not told");
        }
        assert!(secrets.len() > 20 && secrets.iter().all(|secret| secret.len() >= 8));
        for secret in secrets {
            assert!(!all.contains(&secret), "{secret} is in a record");
        }
        assert!(!all.contains("ngy_"));
    }
}

#[test]
fn every_stored_form_is_read_back_and_none_is_used_twice() {
    for what in What::ALL.iter().copied() {
        assert_eq!(What::from_name(what.name()), Some(what));
    }
}
