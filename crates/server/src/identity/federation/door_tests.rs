//! Where the sign-in page leads to, and what is asked of whoever comes back.

#![allow(clippy::unwrap_used)]

use super::{
    attempt::ATTEMPT_MS,
    fake::{
        NEWCOMER, came_in, choose, led_to, open_worlds, person, reason, set_up, sign_in, welcoming,
    },
};
use crate::{
    db::on,
    identity::{factors::tests::enrol, policy::rules::Rules},
    testing::{Browser, World},
    visit::{FEDERATION_COOKIE, SESSION_COOKIE, STEP_COOKIE},
};
use axum::{body::Body, http::Request};
use serde_json::json;

pub(super) async fn set_rules(world: &World, role: &str, rules: &Rules) {
    const SQL: &str =
        "INSERT INTO sign_in_rules (id, tenant_id, role, rules, at_ms) VALUES ($1, $2, $3, $4, 0)";
    let tenant = world.customers[0].tenant;
    let text = serde_json::to_string(rules).unwrap();
    let id = crate::app::new_uuid(&world.app.clock);
    let mut tx = world.app.db.begin(tenant).await.unwrap();
    on!(&mut tx, c => sqlx::query(SQL).bind(id).bind(tenant).bind(role).bind(text)
        .execute(c).await.map(drop))
    .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn where_somebody_is_led_depends_on_the_domain_alone_and_never_elsewhere() {
    for (world, fake) in open_worlds().await {
        let there = world.customers[0].user.email.clone();
        for email in [
            there.as_str(),
            "nobody@shoji.example",
            " NOBODY@Shoji.Example ",
        ] {
            let answer = choose(&mut world.browser(), email, "/desktops").await;
            assert_eq!(answer.status, 200, "{email}");
            assert!(led_to(&answer).starts_with(&format!("{}/authorize?", fake.issuer())));
        }
        for email in ["hana@harbour.example", "nobody@harbour.example", "", "x"] {
            let answer = choose(&mut world.browser(), email, "/desktops").await;
            assert_eq!(answer.status, 422, "{email}");
        }
        // Where somebody goes afterwards is a path of ours.
        for next in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/users",
        ] {
            let mut browser = world.browser();
            let url = led_to(&choose(&mut browser, NEWCOMER, next).await);
            let answer = browser.get(&fake.visit(&world, &url)).await;
            let to = answer.header("location");
            assert!(to == "/" || to == "/users", "{next} leads to {to}");
        }
        // Without the token of the form nothing begins.
        let mut browser = world.browser();
        let answer = browser
            .post("/federation/start", &[("email", NEWCOMER)])
            .await;
        assert!(answer.status == 422 && !browser.cookies.contains_key(FEDERATION_COOKIE));
        // The organisation's link leads there at once, and asks the provider of itself once for all of them.
        let answer = world.browser().get("/federation/start/shoji").await;
        assert!(answer.header("location").starts_with(&fake.issuer()));
        // From another site's page its person is asked first.
        let request =
            Request::get("/federation/start/shoji").header("sec-fetch-site", "cross-site");
        let answer = world
            .browser()
            .send(request.body(Body::empty()).unwrap())
            .await;
        assert!(answer.status == 200 && !answer.text.contains("http-equiv"));
        for code in ["harbour", "nobody"] {
            let answer = world
                .browser()
                .get(&format!("/federation/start/{code}"))
                .await;
            assert_eq!(answer.status, 422);
        }
        assert_eq!(fake.script.lock().unwrap().discoveries, 1);
    }
}

#[tokio::test]
async fn nobody_fills_the_table_of_attempts_alone() {
    for (world, fake) in open_worlds().await {
        let mut browser = world.browser();
        let mut at = 0;
        // From other addresses of one network each time.
        let mut begin = async |browser: &mut Browser| {
            at += 1;
            if browser.address.is_ipv6() {
                browser.address = format!("[2001:db8::{at:x}]:50000").parse().unwrap();
            }
            let answer = browser.get("/federation/start/shoji").await;
            answer.header("location").starts_with(&fake.issuer())
        };
        browser.address = "[2001:db8::1]:50000".parse().unwrap();
        let mut begun = 0;
        while begun < 1000 && begin(&mut browser).await {
            begun += 1;
        }
        assert!((100..1000).contains(&begun), "{begun}");
        let mut elsewhere = world.browser();
        elsewhere.address = "198.51.100.1:50000".parse().unwrap();
        assert!(begin(&mut elsewhere).await);
        world.pass_ms(ATTEMPT_MS);
        assert!(begin(&mut browser).await);
    }
}

#[tokio::test]
async fn the_same_rules_hold_as_for_a_password() {
    for (world, fake) in open_worlds().await {
        let [shoji, _] = &world.customers;
        let mut draft = welcoming(&fake);
        draft.factors = "mfa".to_owned();
        set_up(&world, &draft).await;
        let rules = Rules {
            second_factor: true,
            networks: vec!["192.0.2.0/24".parse().unwrap()],
            ..Rules::default()
        };
        set_rules(&world, "user", &rules).await;
        let mut browser = world.browser();
        browser.address = "198.51.100.1:50000".parse().unwrap();
        let answer = sign_in(&world, &fake, &mut browser, NEWCOMER).await;
        assert_eq!(answer.status, 403);
        assert_eq!(reason(&world, shoji.tenant).await, "network");
        assert!(person(&world, NEWCOMER).await.is_none());
        // A factor is asked for, the provider tells of none: nothing is open before there is one here.
        let mut browser = world.browser();
        sign_in(&world, &fake, &mut browser, NEWCOMER).await;
        let to = browser.get("/desktops").await;
        assert_eq!(to.header("location"), "/account/passkeys/add");
        for claims in [json!({ "amr": ["pwd", "mfa"] }), json!({ "acr": "mfa" })] {
            fake.says(claims);
            let mut browser = world.browser();
            sign_in(&world, &fake, &mut browser, NEWCOMER).await;
            assert_eq!(browser.get("/desktops").await.status, 200);
        }
        // Who has a factor here gives its code, unless the provider's counts.
        let hana = &shoji.user;
        let mut inside = world.signed_in(hana).await;
        enrol(&world, &mut inside).await;
        fake.says(json!({ "sub": "h", "email": hana.email }));
        let mut browser = world.browser();
        let answer = sign_in(&world, &fake, &mut browser, &hana.email).await;
        assert!(answer.header("location").starts_with("/sign-in/code"));
        assert!(
            browser.cookies.contains_key(STEP_COOKIE)
                && !browser.cookies.contains_key(SESSION_COOKIE)
        );
    }
}

#[tokio::test]
async fn somebody_without_a_password_proves_again_who_they_are_at_the_provider() {
    for (world, fake) in open_worlds().await {
        let boss = &world.customers[0].administrator;
        let mut browser = came_in(&world, &fake, boss).await;
        world.pass_ms(16 * 60 * 1000);
        assert!(
            browser
                .get("/users/invite")
                .await
                .header("location")
                .starts_with("/prove")
        );
        assert!(
            browser
                .get("/prove?next=/users/invite")
                .await
                .text
                .contains("/federation/prove?next=")
        );
        // Another site's link begins nothing.
        let before = world.rows("federation_attempts").await;
        let led = browser.follow("/federation/prove?next=/users/invite").await;
        assert_eq!(led.header("location"), "/prove?next=%2Fusers%2Finvite");
        assert_eq!(world.rows("federation_attempts").await, before);
        let mut prove = async |claims: serde_json::Value| {
            let answer = browser.get("/federation/prove?next=/users/invite").await;
            let url = answer.header("location").to_owned();
            assert!(url.contains("max_age=0") && url.contains("prompt=login"));
            fake.says(claims);
            let before = browser.cookies[SESSION_COOKIE].clone();
            let answer = browser.get(&fake.visit(&world, &url)).await;
            (answer, before != browser.cookies[SESSION_COOKIE])
        };
        let now_s = world.app.clock.now_s();
        let email = &boss.email;
        // Not anew, and not the same person.
        for claims in [
            json!({ "sub": email, "email": email, "auth_time": now_s - 60 }),
            json!({ "sub": email, "email": email, "auth_time": null }),
            json!({ "sub": "s-1" }),
        ] {
            let (answer, is_new) = prove(claims).await;
            assert!(answer.status == 403 && !is_new);
        }
        let (answer, is_new) = prove(json!({ "sub": email, "email": email })).await;
        assert!(answer.header("location") == "/users/invite" && is_new);
        assert_eq!(browser.get("/users/invite").await.status, 200);
    }
}
