//! Where an organisation's provider ends and what people have here begins: closed roles, factors of their own, and what
//! counts no more.

#![allow(clippy::unwrap_used)]

use super::{
    admin_tests::try_password,
    door_tests::set_rules,
    fake::{
        DOMAIN, Fake, NEWCOMER, came_in, choose, led_to, open_worlds, person, reason, set_up,
        sign_in, welcoming,
    },
    service, store,
};
use crate::{
    actor::Role,
    identity::{
        lifecycle::{self, Draft},
        passkeys::tests as passkeys,
        policy::rules::Rules,
    },
    testing::{Browser, PASSWORD, World, worlds},
    visit::SESSION_COOKIE,
};
use serde_json::json;

/// What is asked of a role that has to have a second factor.
fn strict() -> Rules {
    Rules {
        second_factor: true,
        ..Rules::default()
    }
}

/// Proves again who one is by a passkey; the status.
async fn prove(browser: &mut Browser, own: &mut passkeys::Authenticator) -> u16 {
    let csrf = browser.get("/account").await.csrf();
    let asked = passkeys::start(browser, &csrf, "/prove/passkey").await;
    let shown = own.get(&passkeys::text(&asked, "challenge"));
    let answer = passkeys::send(browser, "/prove/passkey", &csrf, &shown).await;
    answer.status.as_u16()
}

#[tokio::test]
async fn a_passkey_is_no_way_around_a_closed_role() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        let [shoji, _] = &world.customers;
        let hana = &shoji.user;
        let mut inside = world.signed_in(hana).await;
        let mut own = passkeys::add(&world, &mut inside).await;
        let (mut waiting, _) = passkeys::first_step(&world, hana).await;
        let mut draft = fake.draft(DOMAIN);
        draft.closed = vec!["user".to_owned()];
        set_up(&world, &draft).await;
        world.pass_ms(1000);
        // Alone, and after a password that was typed before.
        let (browser, answer) = passkeys::sign_in(&world, &mut own).await;
        assert_eq!(answer.status, 401);
        assert!(!browser.cookies.contains_key(SESSION_COOKIE));
        let answer = passkeys::second_step(&mut waiting, &mut own).await;
        assert_eq!(answer.status, 401);
        let why = passkeys::details(&world, shoji, crate::activity::What::SignInRefused).await;
        assert_eq!(why, ["password closed", "password closed"]);
        // In a session of before neither it nor the password proves anything; the page leads to the provider alone.
        assert_eq!(prove(&mut inside, &mut own).await, 422);
        let page = inside.get("/prove").await;
        assert!(page.text.contains("/federation/prove?next="));
        assert!(!page.text.contains("name=\"password\"") && !page.text.contains("/prove/passkey"));
        let csrf = inside.csrf().await;
        let form = [("password", PASSWORD), ("csrf", csrf.as_str())];
        assert_eq!(inside.post("/prove", &form).await.status, 422);
        // After the provider it is the second step, and the session is one that the provider vouched for.
        fake.says(json!({ "sub": hana.email, "email": hana.email }));
        let mut browser = world.browser();
        let answer = sign_in(&world, &fake, &mut browser, &hana.email).await;
        assert!(answer.header("location").starts_with("/sign-in/code"));
        let answer = passkeys::second_step(&mut browser, &mut own).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let mut tx = world.app.db.read(shoji.tenant).await.unwrap();
        assert_eq!(
            service::around(&mut tx, shoji.tenant).await.unwrap(),
            (1, 0)
        );
        drop(tx);
        // There the provider's proof is not taken without a second factor: the own one is.
        assert!(browser.get("/prove").await.text.contains("/prove/passkey"));
        assert_eq!(prove(&mut browser, &mut own).await, 303);
    }
}

#[tokio::test]
async fn somebody_without_a_password_adds_a_passkey_and_makes_new_codes() {
    for (world, fake) in open_worlds().await {
        set_rules(&world, "user", &strict()).await;
        let mut browser = world.browser();
        sign_in(&world, &fake, &mut browser, NEWCOMER).await;
        let to = browser.get("/desktops").await;
        assert_eq!(to.header("location"), "/account/passkeys/add");
        // The proof has become old meanwhile, and is given at the provider.
        world.pass_ms(16 * 60 * 1000);
        let to = browser.get("/account/passkeys/add").await;
        let page = browser.get(to.header("location")).await.text;
        assert!(page.contains("/federation/prove?next=") && !page.contains("name=\"password\""));
        let to = browser
            .get("/federation/prove?next=/account/passkeys/add")
            .await;
        let back = fake.visit(&world, to.header("location"));
        let back = browser.get(&back).await;
        assert_eq!(back.header("location"), "/account/passkeys/add");
        passkeys::add(&world, &mut browser).await;
        assert_eq!(browser.get("/desktops").await.status, 200);

        let page = browser.get("/account/recovery-codes").await;
        assert!(page.status == 200 && !page.text.contains("name=\"password\""));
        let form = [("csrf", page.csrf())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let made = browser.post("/account/recovery-codes", &form).await;
        assert!(made.status == 200 && made.text.contains("<textarea"));
        // Whoever has a password gives it.
        let hana = &world.customers[0].user;
        let mut hana = world.signed_in(hana).await;
        passkeys::add(&world, &mut hana).await;
        let csrf = hana.get("/account/recovery-codes").await.csrf();
        let form = [("csrf", csrf.as_str())];
        let refused = hana.post("/account/recovery-codes", &form).await;
        assert_eq!(refused.status, 422);
    }
}

#[tokio::test]
async fn where_no_passkey_can_be_added_somebody_without_a_password_stays_out() {
    for (mut world, fake) in open_worlds().await {
        set_rules(&world, "user", &strict()).await;
        let mut browser = world.browser();
        let url = led_to(&choose(&mut browser, NEWCOMER, "/").await);
        let back = fake.visit(&world, &url);
        let kept = browser.cookies.clone();
        drop(browser);
        let app = std::sync::Arc::get_mut(&mut world.app).unwrap();
        app.config.public_url = "https://192.0.2.1:8443".to_owned();
        let mut browser = world.browser();
        browser.cookies = kept;
        assert_eq!(browser.get(&back).await.status, 403);
        let tenant = world.customers[0].tenant;
        assert_eq!(reason(&world, tenant).await, "second factor");
        assert!(person(&world, NEWCOMER).await.is_none());
    }
}

#[tokio::test]
async fn a_page_that_only_asks_for_a_factor_or_a_device_looks_like_the_organisations() {
    for world in worlds().await {
        let asks = [
            strict(),
            Rules {
                device_certificate: true,
                ..Rules::default()
            },
        ];
        let [shoji, _] = &world.customers;
        for (role, rules) in ["user", "administrator"].into_iter().zip(asks) {
            set_rules(&world, role, &rules).await;
            let who = if role == "user" {
                &shoji.user
            } else {
                &shoji.administrator
            };
            let mut browser = world.signed_in(who).await;
            assert_eq!(browser.get("/access").await.status, 303);
            for path in ["/branding/style.css", "/branding/logo.png"] {
                // There is none here; nobody is led elsewhere.
                assert_eq!(browser.get(path).await.status, 404, "{role} {path}");
            }
        }
    }
}

#[tokio::test]
async fn what_no_attempt_of_the_browser_comes_back_with_holds_nobody_up() {
    for (world, fake) in open_worlds().await {
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        let mut browser = world.browser();
        choose(&mut browser, NEWCOMER, "/").await;
        for at in 0..40 {
            let path = format!("/federation/callback?code=x&state=made-up-{at}");
            assert_eq!(browser.get(&path).await.status, 400);
            assert_eq!(world.browser().get(&path).await.status, 400);
        }
        assert_eq!(try_password(&world, hana).await, 303);
        // What an attempt comes back with is counted.
        let mut last = 0;
        for _ in 0..32 {
            let url = led_to(&choose(&mut browser, NEWCOMER, "/").await);
            let back = fake.visit(&world, &url);
            let denied = back.replace("code=", "error=access_denied&was=");
            last = browser.get(&denied).await.status.as_u16();
        }
        assert_eq!(last, 429);
        // What PostgreSQL cannot even be asked for.
        let answer = world.browser().get("/federation/start/%00").await;
        assert_eq!(answer.status, 422);
    }
}

async fn state(world: &World, email: &str) -> String {
    person(world, email).await.unwrap().state
}

#[tokio::test]
async fn who_was_in_before_is_active_again_when_they_are_let_in_again() {
    for (world, fake) in open_worlds().await {
        let [shoji, _] = &world.customers;
        let boss = &shoji.administrator.actor;
        world.signed_in(&shoji.administrator).await;
        let hana = &shoji.user;
        let mut browser = came_in(&world, &fake, hana).await;
        let again = async |id| {
            lifecycle::suspend(&world.app, boss, id).await.unwrap();
            lifecycle::resume(&world.app, boss, id).await.unwrap();
        };
        again(hana.actor.user).await;
        assert_eq!(state(&world, &hana.email).await, "active");
        // By a passkey that they have, though the provider is there no more.
        assert_eq!(browser.get("/account").await.status, 303);
        browser = came_in(&world, &fake, hana).await;
        passkeys::add(&world, &mut browser).await;
        service::remove(&world.app, boss).await.unwrap();
        again(hana.actor.user).await;
        assert_eq!(state(&world, &hana.email).await, "active");
        // Who never was in needs a link.
        let draft = Draft {
            full_name: "New".to_owned(),
            email: "new@elsewhere.example".to_owned(),
            role: Role::User.name().to_owned(),
        };
        let new = lifecycle::invite(&world.app, boss, &draft).await.unwrap();
        again(new.user.id).await;
        assert_eq!(state(&world, &new.user.email).await, "invited");
    }
}

#[tokio::test]
async fn a_providers_factor_counts_no_more_once_others_would() {
    for (world, fake) in open_worlds().await {
        let [shoji, _] = &world.customers;
        let boss = &shoji.administrator.actor;
        set_rules(&world, "user", &strict()).await;
        let mut draft = welcoming(&fake);
        "mfa".clone_into(&mut draft.factors);
        set_up(&world, &draft).await;
        fake.says(json!({ "amr": ["mfa"] }));
        let mut browser = world.browser();
        sign_in(&world, &fake, &mut browser, NEWCOMER).await;
        let user = person(&world, NEWCOMER).await.unwrap();
        let counts = async || {
            let mut tx = world.app.db.read(shoji.tenant).await.unwrap();
            let who = (user.tenant_id, user.id);
            store::has_factor(&mut tx, who).await.unwrap()
        };
        // Saved as it is it goes on.
        service::save(&world.app, boss, &draft).await.unwrap();
        assert!(counts().await && browser.get("/desktops").await.status == 200);
        "hwk".clone_into(&mut draft.factors);
        service::save(&world.app, boss, &draft).await.unwrap();
        assert!(!counts().await);
        assert_eq!(browser.get("/desktops").await.status, 303);
    }
}

#[tokio::test]
async fn a_removed_providers_factor_counts_no_more() {
    for (world, fake) in open_worlds().await {
        let [shoji, _] = &world.customers;
        set_rules(&world, "user", &strict()).await;
        let mut draft = welcoming(&fake);
        "mfa".clone_into(&mut draft.factors);
        set_up(&world, &draft).await;
        fake.says(json!({ "amr": ["mfa"] }));
        let mut browser = world.browser();
        sign_in(&world, &fake, &mut browser, NEWCOMER).await;
        assert_eq!(browser.get("/desktops").await.status, 200);
        let boss = &shoji.administrator.actor;
        service::remove(&world.app, boss).await.unwrap();
        assert_eq!(browser.get("/desktops").await.status, 303);
    }
}

#[tokio::test]
async fn providers_that_were_left_are_not_kept_in_mind() {
    for mut world in worlds().await {
        let (own, other) = (Fake::open(&mut world).await, Fake::open(&mut world).await);
        let known = || world.app.providers.issuers();
        for fake in [&own, &other] {
            set_up(&world, &fake.draft(DOMAIN)).await;
            assert!(known().is_empty());
            choose(&mut world.browser(), NEWCOMER, "/").await;
            assert_eq!(known(), [fake.issuer()]);
        }
        let boss = &world.customers[0].administrator.actor;
        service::remove(&world.app, boss).await.unwrap();
        assert!(known().is_empty());
    }
}
