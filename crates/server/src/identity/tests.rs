#![allow(clippy::unwrap_used)]
use super::{policy::rules::Rules, service::LINK_MS, store};
use crate::{
    activity::What,
    db::on,
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
    visit::{GUEST_COOKIE, SESSION_COOKIE},
};
use argon2::{Argon2, password_hash::PasswordHasher as _};
use axum::{body::Body, http::Request};
use std::sync::atomic::Ordering;

/// Fills in the sign-in form as a person would.
async fn try_password(browser: &mut Browser, email: &str, password: &str) -> Answer {
    let csrf = browser.get("/sign-in?next=/desktops").await.csrf();
    let form = [
        ("email", email),
        ("password", password),
        ("next", "/desktops"),
        ("csrf", csrf.as_str()),
    ];
    browser.post("/sign-in", &form).await
}

async fn use_link(browser: &mut Browser, token: &str, password: &str, repeat: &str) -> Answer {
    let path = format!("/welcome/{token}");
    let csrf = browser.get(&path).await.csrf();
    let form = [
        ("token", token),
        ("password", password),
        ("repeat", repeat),
        ("csrf", csrf.as_str()),
    ];
    browser.post(&path, &form).await
}

#[tokio::test]
async fn a_one_time_link_sets_the_password_once_and_signs_in() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let token = world.link(hana).await;
        let mut browser = world.browser();
        let short = use_link(&mut browser, &token, "short", "short").await;
        assert_eq!(short.status, 422);
        let typo = use_link(&mut browser, &token, PASSWORD, "correct horse").await;
        assert_eq!(typo.status, 422);

        let done = use_link(&mut browser, &token, PASSWORD, PASSWORD).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, "/"));
        assert_eq!(browser.get("/desktops").await.status, 200);
        assert_eq!(
            world
                .browser()
                .get(&format!("/welcome/{token}"))
                .await
                .status,
            410
        );
        assert_eq!(
            world.log(Some(hana.actor.tenant)).await,
            [What::PasswordSet]
        );

        let answer = try_password(&mut world.browser(), &hana.email, PASSWORD).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/desktops")
        );
    }
}

#[tokio::test]
async fn a_link_works_for_a_day_and_a_new_one_replaces_it() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let first = world.link(hana).await;
        let second = world.link(hana).await;
        let status = async |token: &str| {
            let page = world.browser().get(&format!("/welcome/{token}")).await;
            page.status.as_u16()
        };
        assert_eq!(status(&first).await, 410);
        assert_eq!(status(&second).await, 200);
        assert_eq!(status("made-up").await, 410);
        world.pass_ms(LINK_MS);
        assert_eq!(status(&second).await, 410);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_alike() {
    for world in worlds().await {
        let customer = &world.customers[0];
        world.signed_in(&customer.user).await;
        let invited = &customer.administrator.email;
        let mut texts = Vec::new();
        let made = &world.app.passwords.made;
        for email in [&customer.user.email, invited, "nobody@shoji.example"] {
            let before = made.load(Ordering::SeqCst);
            let answer = try_password(&mut world.browser(), email, "wrong wrong wrong").await;
            assert_eq!(answer.status, 401);
            assert!(!answer.header("set-cookie").contains("__Host-nagaya="));
            // The same work, so that the time tells nothing either.
            assert_eq!(made.load(Ordering::SeqCst), before + 1);
            // What differs is what was typed, and the form's token.
            let text = answer.text.replace(email, "EMAIL");
            texts.push(text.replace(&answer.csrf(), "CSRF"));
        }
        assert_eq!(texts[0], texts[1]);
        assert_eq!(texts[0], texts[2]);
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log[1..], [What::SignInRefused, What::SignInRefused]);
        assert_eq!(world.log(None).await, [What::SignInRefused]);
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_account_wherever_it_comes_from() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        for n in 0..5 {
            let mut browser = world.browser();
            browser.address = format!("192.0.2.{n}:1000").parse().unwrap();
            let answer = try_password(&mut browser, &hana.email, "wrong wrong wrong").await;
            assert_eq!(answer.status, 401);
        }
        // The right password is not even looked at now, and other accounts are not held up.
        let held = try_password(&mut world.browser(), &hana.email, PASSWORD).await;
        assert_eq!(held.status, 429);
        let other = &world.customers[1].user.email;
        let answer = try_password(&mut world.browser(), other, "wrong wrong wrong").await;
        assert_eq!(answer.status, 401);
        world.pass_ms(2000);
        let answer = try_password(&mut world.browser(), &hana.email, PASSWORD).await;
        assert_eq!(answer.status, 303);
    }
}

#[tokio::test]
async fn guessing_many_accounts_is_slowed_down_for_the_address() {
    for world in worlds().await {
        let mut browser = world.browser();
        let mut last = 0;
        for n in 0..32 {
            let email = format!("nobody{n}@shoji.example");
            let answer = try_password(&mut browser, &email, "wrong wrong wrong").await;
            last = answer.status.as_u16();
        }
        assert_eq!(last, 429);
        browser.address = "198.51.100.1:1000".parse().unwrap();
        let answer = try_password(&mut browser, "nobody@shoji.example", "wrong wrong").await;
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn guesses_from_all_over_a_network_of_ipv6_are_those_of_one_address() {
    for world in worlds().await {
        let mut browser = world.browser();
        let mut last = 0;
        for n in 0..32 {
            browser.address = format!("[2001:db8::{n:x}:1]:1000").parse().unwrap();
            let email = format!("nobody{n}@shoji.example");
            let answer = try_password(&mut browser, &email, "wrong wrong wrong").await;
            last = answer.status.as_u16();
        }
        assert_eq!(last, 429);
        browser.address = "[2001:db8:0:1::1]:1000".parse().unwrap();
        let answer = try_password(&mut browser, "nobody@shoji.example", "wrong wrong").await;
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn a_sign_in_in_flight_sees_what_happened_meanwhile() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let tenant = hana.actor.tenant;
        // As the person was when the password was looked at.
        let before = async || {
            world.signed_in(hana).await;
            let mut tx = world.app.db.read(tenant).await.unwrap();
            let user = super::store::user(&mut tx, tenant, hana.actor.user).await;
            user.unwrap().unwrap()
        };
        let comes_in = async |user: &super::UserRow| {
            let mut tx = world.app.db.begin(tenant).await.unwrap();
            let may = super::service::may_enter(&world.app, &mut tx, user, "192.0.2.7").await;
            may.unwrap().is_ok()
        };
        let user = before().await;
        assert!(comes_in(&user).await);
        // The password is another one.
        let now = before().await;
        assert!(!comes_in(&user).await && comes_in(&now).await);
        world.set_state(hana, "suspended").await;
        assert!(!comes_in(&now).await);
    }
}

#[tokio::test]
async fn many_guesses_at_once_are_no_faster_than_one_after_the_other() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        let guesses = (0..12).map(|_| {
            let (app, email) = (world.app.clone(), hana.email.clone());
            tokio::spawn(async move {
                let wrong = "wrong wrong wrong".to_owned();
                let client = super::Client {
                    lang: None,
                    address: "192.0.2.7".to_owned(),
                    browser: String::new(),
                };
                super::service::sign_in(&app, &email, wrong, &client).await
            })
        });
        let guesses: Vec<_> = guesses.collect();
        let mut looked_at = 0;
        for guess in guesses {
            if matches!(
                guess.await.unwrap(),
                Err(super::service::SignInError::Refused)
            ) {
                looked_at += 1;
            }
        }
        assert_eq!(looked_at, 5);
    }
}

#[tokio::test]
async fn a_session_of_the_web_ends_when_unused_and_in_any_case() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let mut idle = world.signed_in(hana).await;
        let rules = Rules::default();
        world.pass_ms(rules.idle_timeout_ms());
        assert_eq!(idle.get("/desktops").await.status, 200);
        world.pass_ms(rules.idle_timeout_ms() + 1);
        let answer = idle.get("/desktops").await;
        assert_eq!(answer.header("location"), "/sign-in?next=%2Fdesktops");

        let mut busy = world.signed_in(hana).await;
        for _ in 0..12 {
            world.pass_ms(rules.absolute_timeout_ms() / 12);
            assert_eq!(busy.get("/desktops").await.status, 200);
        }
        world.pass_ms(1);
        assert_eq!(busy.get("/desktops").await.status, 303);
    }
}

#[tokio::test]
async fn sign_out_ends_the_session_and_needs_the_forms_token() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let mut browser = world.signed_in(hana).await;
        let stolen = browser.cookies.clone();
        let csrf = browser.csrf().await;
        assert_eq!(
            browser.post("/sign-out", &[("csrf", "guess")]).await.status,
            403
        );
        assert_eq!(browser.post("/sign-out", &[]).await.status, 403);
        assert_eq!(browser.get("/desktops").await.status, 200);

        let out = browser.post("/sign-out", &[("csrf", &csrf)]).await;
        assert_eq!(out.status, 303);
        assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
        assert!(!browser.cookies.contains_key(SESSION_COOKIE));
        browser.cookies = stolen;
        assert_eq!(browser.get("/desktops").await.status, 303);
    }
}

#[tokio::test]
async fn another_site_cannot_sign_a_browser_in() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        // A form without a page of ours before it.
        let mut browser = world.browser();
        let form = [("email", hana.email.as_str()), ("password", PASSWORD)];
        assert_eq!(browser.post("/sign-in", &form).await.status, 403);
        // The right token, but from another origin.
        let csrf = browser.get("/sign-in").await.csrf();
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let form = [form[0], form[1], ("csrf", &csrf)];
            let body = crate::portal::local_url("", &form);
            let request = Request::post("/sign-in")
                .header("content-type", "application/x-www-form-urlencoded")
                .header(name, value)
                .body(Body::from(body.trim_start_matches('?').to_owned()))
                .unwrap();
            let answer = browser.send(request).await;
            assert_eq!(answer.status, 403, "{name}");
            assert!(!browser.cookies.contains_key(SESSION_COOKIE));
        }
    }
}

#[tokio::test]
async fn cookies_are_out_of_reach_of_scripts_and_of_other_sites() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let token = world.link(hana).await;
        let mut browser = world.browser();
        let answer = use_link(&mut browser, &token, PASSWORD, PASSWORD).await;
        let cookies: Vec<&str> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert!(
            cookies
                .iter()
                .any(|cookie| cookie.starts_with(SESSION_COOKIE))
        );
        assert!(
            cookies
                .iter()
                .any(|cookie| cookie.starts_with(GUEST_COOKIE))
        );
        for cookie in cookies {
            for flag in ["Path=/;", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(cookie.contains(flag), "{cookie} lacks {flag}");
            }
            assert!(!cookie.contains("Domain"));
        }
    }
}

#[tokio::test]
async fn a_new_sign_in_gets_a_new_session_and_secrets_are_not_stored() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let mut browser = world.signed_in(hana).await;
        let first = browser.cookies[SESSION_COOKIE].clone();
        let answer = try_password(&mut browser, &hana.email, PASSWORD).await;
        assert_eq!(answer.status, 303);
        let second = browser.cookies[SESSION_COOKIE].clone();
        assert_ne!(first, second);
        let stored = stored_web_sessions(&world).await;
        assert!(stored.iter().all(|hash| *hash != first && *hash != second));
        // The session that the browser brought is replaced, not kept beside.
        assert_eq!(stored.len(), 1);
    }
}

async fn stored_web_sessions(world: &World) -> Vec<String> {
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    let sql = "SELECT token_hash FROM web_sessions";
    on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await).unwrap()
}

#[tokio::test]
async fn a_new_password_ends_the_persons_other_sessions() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let mut old = world.signed_in(hana).await;
        let mut new = world.signed_in(hana).await;
        assert_eq!(old.get("/desktops").await.status, 303);
        assert_eq!(new.get("/desktops").await.status, 200);
    }
}

#[tokio::test]
async fn people_are_searched_sorted_and_paged_within_the_organisation() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut browser = world.signed_in(&customer.administrator).await;
        let page = browser.get("/users?sort=email&order=desc").await;
        let at = |text: &str| page.text.find(text).unwrap();
        assert!(at("hana@shoji.example") < at("boss@shoji.example"));
        assert!(!page.text.contains("harbour"));
        let found = browser.get("/users?q=HANA").await;
        assert!(found.text.contains("hana@shoji.example"));
        assert!(!found.text.contains("boss@shoji.example"));
        // The search text is not a pattern.
        let none = browser.get("/users?q=%25").await;
        assert!(!none.text.contains("hana@shoji.example"));
        assert_eq!(browser.get("/users?page=99999999999").await.status, 200);
    }
}

#[tokio::test]
async fn a_welcome_form_that_is_too_old_is_given_again_and_sets_nothing() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let token = world.link(hana).await;
        let path = format!("/welcome/{token}");
        let mut browser = world.browser();
        browser.get(&path).await;
        let form = [
            ("password", PASSWORD),
            ("repeat", PASSWORD),
            ("csrf", "old"),
        ];
        let answer = browser.post(&path, &form).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.text.contains(PASSWORD) && !browser.cookies.contains_key(SESSION_COOKIE));
        // The form that was given again works.
        let csrf = answer.csrf();
        let form = [form[0], form[1], ("csrf", &csrf)];
        assert_eq!(browser.post(&path, &form).await.status, 303);
    }
}

#[tokio::test]
async fn a_password_does_not_wear_out() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        world.pass_ms(400 * 24 * 60 * 60 * 1000);
        let mut browser = world.browser();
        let answer = try_password(&mut browser, &hana.email, PASSWORD).await;
        assert_eq!(answer.header("location"), "/desktops");
        assert_eq!(browser.get("/desktops").await.status, 200);
    }
}

/// The stored form of somebody's password.
async fn kept_hash(world: &World, person: &Person) -> String {
    let mut tx = world.app.db.read(person.actor.tenant).await.unwrap();
    let row = store::user(&mut tx, person.actor.tenant, person.actor.user).await;
    row.unwrap().unwrap().password_hash.unwrap()
}

#[tokio::test]
async fn a_password_that_was_kept_more_cheaply_is_kept_anew_when_it_is_typed() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        let params = argon2::Params::new(8192, 1, 1, None).unwrap();
        let cheap = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let cheap = cheap.hash_password_with_salt(PASSWORD.as_bytes(), b"salt of the test");
        let cheap = cheap.unwrap().to_string();
        let (tenant, user) = (hana.actor.tenant, hana.actor.user);
        let mut tx = world.app.db.begin(tenant).await.unwrap();
        store::set_password(&mut tx, tenant, user, &cheap)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let wrong = try_password(&mut world.browser(), &hana.email, "wrong wrong wrong").await;
        assert_eq!(wrong.status, 401);
        assert_eq!(kept_hash(&world, hana).await, cheap);
        let right = try_password(&mut world.browser(), &hana.email, PASSWORD).await;
        assert_eq!(right.status, 303);
        let renewed = kept_hash(&world, hana).await;
        assert!(
            renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{renewed}"
        );
        // It is the same password, and what is kept as it should be stays.
        let again = try_password(&mut world.browser(), &hana.email, PASSWORD).await;
        assert_eq!(again.status, 303);
        assert_eq!(kept_hash(&world, hana).await, renewed);
    }
}
