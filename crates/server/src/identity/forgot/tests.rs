//! Forgotten passwords: everybody is answered alike, and only who may come in gets a link.

#![allow(clippy::unwrap_used)]

use super::job::pass;
use crate::{
    activity::What,
    identity::{
        factors::tests::enrol,
        lifecycle::{self, Draft},
        service::LINK_MS,
    },
    notices::{
        Content,
        mail::testing::{Fake, waiting},
    },
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
};
use axum::{body::Body, http::Request};

const NEW: &str = "quite another long phrase";

async fn mailing() -> Vec<World> {
    let mut all = worlds().await;
    for world in &mut all {
        let _: Fake = world.send_mail();
    }
    all
}

async fn ask(browser: &mut Browser, email: &str) -> Answer {
    let csrf = browser.get("/forgot").await.csrf();
    let form = [("email", email), ("csrf", csrf.as_str())];
    browser.post("/forgot", &form).await
}

/// Asks from an address, and lets it be looked at.
async fn asked(world: &World, email: &str) -> Answer {
    let answer = ask(&mut world.browser(), email).await;
    pass(&world.app).await;
    answer
}

/// From now on users come from there alone.
async fn from_networks(world: &World, networks: &str) {
    let mut boss = world.signed_in(&world.customers[0].administrator).await;
    let csrf = boss.get("/users").await.csrf();
    let form = [
        ("csrf", csrf.as_str()),
        ("networks", networks),
        ("idle_timeout_min", "120"),
        ("absolute_timeout_min", "720"),
        ("proof_max_age_min", "15"),
    ];
    let saved = boss.post("/sign-in-rules/user", &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
}

/// The links that wait to be sent to a person.
async fn links(world: &World, person: &Person) -> Vec<String> {
    let contents = waiting(world, person).await;
    let links = contents.into_iter().filter_map(|content| match content {
        Content::Reset { token, .. } => Some(token.0),
        _ => None,
    });
    links.collect()
}

#[tokio::test]
async fn everybody_is_answered_alike_before_anything_is_looked_at() {
    for world in mailing().await {
        let customer = &world.customers[0];
        world.signed_in(&customer.user).await;
        world.set_state(&customer.administrator, "suspended").await;
        let mut texts = Vec::new();
        for email in [
            customer.user.email.as_str(),
            customer.administrator.email.as_str(),
            "nobody@shoji.example",
        ] {
            let answer = ask(&mut world.browser(), email).await;
            assert_eq!(answer.status, 200);
            assert!(!answer.text.contains(email));
            texts.push(answer.text);
        }
        assert_eq!(texts[0], texts[1]);
        assert_eq!(texts[0], texts[2]);
        // Nothing was asked of the database so far: the time cannot tell either.
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log, [What::PasswordSet]);
        pass(&world.app).await;
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log[1..], [What::LinkRequested, What::LinkRefused]);
        assert_eq!(world.log(None).await, [What::LinkRefused]);
        assert_eq!(links(&world, &customer.user).await.len(), 1);
        assert!(links(&world, &customer.administrator).await.is_empty());
    }
}

#[tokio::test]
async fn the_link_sets_another_password_and_the_old_one_works_until_then() {
    for world in mailing().await {
        let hana = &world.customers[0].user;
        let mut inside = world.signed_in(hana).await;
        asked(&world, &format!(" {} ", hana.email.to_uppercase())).await;
        let [token] = &links(&world, hana).await[..] else {
            panic!("no link");
        };
        assert_eq!(inside.get("/desktops").await.status, 200);
        let mut browser = world.browser();
        let path = format!("/welcome/{token}");
        let csrf = browser.get(&path).await.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("password", NEW),
            ("repeat", NEW),
            ("token", token),
        ];
        let done = browser.post(&path, &form).await;
        assert_eq!(done.header("location"), "/");
        // Sessions from before end, the link is used, and the person is told.
        assert_eq!(inside.get("/account").await.status, 303);
        assert_eq!(world.browser().get(&path).await.status, 410);
        let told = waiting(&world, hana).await;
        assert!(matches!(told.last(), Some(Content::PasswordChanged { .. })));
        // The link itself, which was not sent yet, is not sent any more.
        assert!(links(&world, hana).await.is_empty());
    }
}

#[tokio::test]
async fn whoever_asks_takes_no_link_from_anybody_and_one_use_ends_them_all() {
    for world in mailing().await {
        let hana = &world.customers[0].user;
        let shown = world.link(hana).await;
        asked(&world, &hana.email).await;
        let by_mail = links(&world, hana).await.remove(0);
        let status = async |token: &str| {
            let page = world.browser().get(&format!("/welcome/{token}")).await;
            page.status.as_u16()
        };
        assert_eq!((status(&shown).await, status(&by_mail).await), (200, 200));
        world.signed_in(hana).await;
        assert_eq!((status(&shown).await, status(&by_mail).await), (410, 410));
    }
}

#[tokio::test]
async fn who_may_not_come_in_gets_nothing() {
    for world in mailing().await {
        let customer = &world.customers[0];
        world.signed_in(&customer.administrator).await;
        // Registered, as by a directory, and never given a link.
        asked(&world, &customer.user.email).await;
        assert!(links(&world, &customer.user).await.is_empty());
        // Invited, and the link is too old.
        world.link(&customer.user).await;
        world.pass_ms(LINK_MS + 1);
        asked(&world, &customer.user.email).await;
        assert_eq!(links(&world, &customer.user).await.len(), 1);
        // Suspended, and let in again without a link.
        let (boss, user) = (&customer.administrator.actor, customer.user.actor.user);
        lifecycle::suspend(&world.app, boss, user).await.unwrap();
        world.pass_ms(2 * 60 * 60 * 1000);
        asked(&world, &customer.user.email).await;
        lifecycle::resume(&world.app, boss, user).await.unwrap();
        asked(&world, &customer.user.email).await;
        assert!(links(&world, &customer.user).await.is_empty());
        // Removed: the address is nobody's.
        lifecycle::remove(&world.app, boss, user).await.unwrap();
        asked(&world, &customer.user.email).await;
        let log = world.log(Some(customer.tenant)).await;
        let requests = |what| log.iter().filter(|w| **w == what).count();
        assert_eq!(requests(What::LinkRequested), 1);
        assert_eq!(requests(What::LinkRefused), 3);
        assert_eq!(world.log(None).await, [What::LinkRefused]);
    }
}

#[tokio::test]
async fn networks_hold_for_who_asks_and_for_who_uses_the_link() {
    for world in mailing().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        asked(&world, &hana.email).await;
        let token = links(&world, hana).await.remove(0);
        from_networks(&world, "198.51.100.0/24").await;
        world.pass_ms(2 * 60 * 60 * 1000);
        asked(&world, &hana.email).await;
        assert_eq!(links(&world, hana).await.len(), 1);
        let mut browser = world.browser();
        let path = format!("/welcome/{token}");
        let csrf = browser.get(&path).await.csrf();
        let form = [("csrf", csrf.as_str()), ("password", NEW), ("repeat", NEW)];
        assert_eq!(browser.post(&path, &form).await.status, 422);
        assert!(!browser.cookies.contains_key(crate::visit::SESSION_COOKIE));
    }
}

#[tokio::test]
async fn the_link_is_no_way_around_the_second_factor() {
    for world in mailing().await {
        let hana = &world.customers[0].user;
        let mut inside = world.signed_in(hana).await;
        enrol(&world, &mut inside).await;
        asked(&world, &hana.email).await;
        let token = links(&world, hana).await.remove(0);
        let mut browser = world.browser();
        let path = format!("/welcome/{token}");
        let csrf = browser.get(&path).await.csrf();
        let form = [("csrf", csrf.as_str()), ("password", NEW), ("repeat", NEW)];
        let done = browser.post(&path, &form).await;
        assert!(done.header("location").starts_with("/sign-in/code"));
        assert!(!browser.cookies.contains_key(crate::visit::SESSION_COOKIE));
        assert_eq!(browser.get("/desktops").await.status, 303);
    }
}

#[tokio::test]
async fn nobodys_letterbox_is_filled_from_wherever_it_is_asked() {
    for world in mailing().await {
        let customer = &world.customers[0];
        world.signed_in(&customer.user).await;
        world.signed_in(&customer.administrator).await;
        for at in 0..20 {
            let mut browser = world.browser();
            browser.address = format!("192.0.2.{at}:1000").parse().unwrap();
            assert_eq!(ask(&mut browser, &customer.user.email).await.status, 200);
            pass(&world.app).await;
        }
        assert_eq!(links(&world, &customer.user).await.len(), 3);
        // Others get theirs, and sign-in is not held up.
        asked(&world, &customer.administrator.email).await;
        assert_eq!(links(&world, &customer.administrator).await.len(), 1);
        let mut browser = world.browser();
        let csrf = browser.get("/sign-in").await.csrf();
        let form = [
            ("email", customer.user.email.as_str()),
            ("password", PASSWORD),
            ("csrf", csrf.as_str()),
        ];
        assert_eq!(browser.post("/sign-in", &form).await.status, 303);
    }
}

#[tokio::test]
async fn one_address_that_asks_for_everybody_is_held_up() {
    for world in mailing().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        for at in 0..31 {
            asked(&world, &format!("guess{at}@shoji.example")).await;
        }
        let answer = asked(&world, &hana.email).await;
        assert_eq!(answer.status, 200);
        assert!(links(&world, hana).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_no_address_is_told_and_another_sites_form_is_refused() {
    for world in mailing().await {
        let mut browser = world.browser();
        let answer = ask(&mut browser, "hana").await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains("email-error"));
        let form = [("email", "hana@shoji.example")];
        assert_eq!(world.browser().post("/forgot", &form).await.status, 403);
        assert!(world.app.asked.pop().is_none());
    }
}

#[tokio::test]
async fn links_name_the_configured_host_whatever_the_request_says() {
    for mut world in worlds().await {
        let fake = world.send_mail();
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        let mut browser = world.browser();
        let csrf = browser.get("/forgot").await.csrf();
        let body = crate::portal::local_url("", &[("email", &hana.email), ("csrf", &csrf)]);
        let request = Request::post("/forgot")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body.trim_start_matches('?').to_owned()));
        assert_eq!(browser.send(request.unwrap()).await.status, 200);
        pass(&world.app).await;
        crate::notices::mail::job::pass(&world.app).await.unwrap();
        let taken = fake.taken();
        assert_eq!(taken.len(), 1);
        assert!(!decoded(&taken[0]).contains("evil"));
        assert!(decoded(&taken[0]).contains("https://localhost:8443/welcome/"));
    }
}

/// What a message's parts say, whichever way they are encoded.
fn decoded(message: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut text = message.replace("=\r\n", "");
    for part in message.split("\r\n\r\n") {
        let plain: String = part
            .lines()
            .take_while(|line| !line.starts_with("--"))
            .collect();
        if let Ok(bytes) = STANDARD.decode(plain) {
            text += &String::from_utf8_lossy(&bytes);
        }
    }
    text
}

#[tokio::test]
async fn without_a_mail_server_the_page_says_whom_to_ask() {
    for world in worlds().await {
        let page = world.browser().get("/forgot").await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("action=\"/forgot\""));
        assert!(
            !world
                .browser()
                .get("/sign-in")
                .await
                .text
                .contains("/forgot")
        );
        let draft = Draft::default();
        let boss = &world.customers[0].administrator.actor;
        assert!(
            lifecycle::invite_by_mail(&world.app, boss, &draft)
                .await
                .is_err()
        );
    }
}
