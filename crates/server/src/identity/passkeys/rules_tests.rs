//! Passkeys under an organisation's rules, and as their person looks after them.

#![allow(clippy::unwrap_used)]
use super::{
    authenticator::Authenticator,
    ceremony::{self, CeremonyError, Purpose},
    enter,
    tests::{
        ADD, add, add_with, at_the_door, authenticator, details, first_step, passkey_of, send,
        sign_in, start, text,
    },
};
use crate::{
    activity::What,
    db::{Scope, on},
    evidence::{Outcome, Run},
    identity::{
        Client, checks::SECOND_FACTOR, factors::tests::enrol as enrol_app, service::SignInError,
        store as people,
    },
    notices::{Content, mail::testing::waiting},
    testing::{Answer, Browser, PASSWORD, World, worlds},
    visit::GUEST_COOKIE,
};

#[tokio::test]
async fn what_the_rules_say_holds_for_passkeys_and_guesses_are_counted() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (_, mut own) = passkey_of(&world, &customer.user).await;
        world.set_state(&customer.user, "suspended").await;
        assert_eq!(sign_in(&world, &mut own).await.1.status, 401);
        world.set_state(&customer.user, "active").await;
        let mut boss = world.signed_in(&customer.administrator).await;
        save(&mut boss, "user", &[("networks", "198.51.100.0/24")]).await;
        assert_eq!(sign_in(&world, &mut own).await.1.status, 401);
        let refused = details(&world, customer, What::SignInRefused).await;
        assert!(refused.contains(&"network".to_owned()), "{refused:?}");
        save(&mut boss, "user", &[]).await;
        assert_eq!(sign_in(&world, &mut own).await.1.status, 303);

        let mut forged = Authenticator {
            id: own.id.clone(),
            user: own.user.clone(),
            ..authenticator(&world)
        };
        for _ in 0..5 {
            assert_eq!(sign_in(&world, &mut forged).await.1.status, 401);
        }
        assert_eq!(sign_in(&world, &mut own).await.1.status, 429);
        world.pass_ms(60 * 1000);
        assert_eq!(sign_in(&world, &mut own).await.1.status, 303);
    }
}

/// Saves what is asked of a role.
async fn save(boss: &mut Browser, role: &str, changes: &[(&str, &str)]) -> Answer {
    let csrf = boss.get("/access").await.csrf();
    let mut form = vec![
        ("idle_timeout_min", "120"),
        ("absolute_timeout_min", "720"),
        ("proof_max_age_min", "15"),
        ("csrf", csrf.as_str()),
    ];
    form.extend(changes);
    boss.post(&format!("/sign-in-rules/{role}"), &form).await
}

async fn outcome(world: &World) -> (Outcome, Vec<i64>) {
    let Run::Customer(run) = SECOND_FACTOR.run else {
        panic!("it is about a customer");
    };
    let answer = run(&world.app, world.customers[0].tenant).await.unwrap();
    (answer.outcome, answer.figures)
}

#[tokio::test]
async fn a_role_can_be_made_to_use_passkeys() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        world.signed_in(&customer.user).await;
        let own_role = [("passkey", "1")];
        let locked = save(&mut boss, "administrator", &own_role).await;
        assert_eq!(locked.status, 422, "who saves it has none");
        assert_eq!(save(&mut boss, "user", &own_role).await.status, 303);
        assert_eq!(outcome(&world).await.1, [1, 1, 0]);

        // A one-time code is not enough, and nothing else is open before there is a passkey.
        let mut hana = world.signed_in(&customer.user).await;
        let (phone, codes) = enrol_app(&world, &mut hana).await;
        assert_eq!(hana.get("/desktops").await.header("location"), ADD);
        assert_eq!(hana.get(ADD).await.status, 200);
        let mut own = authenticator(&world);
        let added = add_with(&mut hana, &mut own).await;
        assert_eq!(added.header("location"), "/account?done=passkey-added");
        assert_eq!(hana.get("/desktops").await.status, 200);
        assert_eq!(outcome(&world).await.1, [1, 0, 0]);
        // From then on the code is not taken, a recovery code is.
        world.pass_ms(60 * 1000);
        let (mut browser, _) = first_step(&world, &customer.user).await;
        for (code, status) in [(phone.code(&world), 401), (codes[0].clone(), 303)] {
            let csrf = browser.get("/sign-in/code").await.csrf();
            let form = [("code", code.as_str()), ("csrf", csrf.as_str())];
            assert_eq!(browser.post("/sign-in/code", &form).await.status, status);
        }
        assert_eq!(sign_in(&world, &mut own).await.1.status, 303);
        // The last one stays.
        let removed = remove_one(&mut hana).await;
        assert_eq!(removed.status, 422);
        add(&world, &mut hana).await;
        assert_eq!(remove_one(&mut hana).await.status, 303);
        assert_eq!(remove_one(&mut hana).await.status, 422);

        let mut boss = world.signed_in(&customer.administrator).await;
        add(&world, &mut boss).await;
        assert_eq!(
            save(&mut boss, "administrator", &own_role).await.status,
            303
        );
        assert_eq!(boss.get("/users").await.status, 200);
    }
}

/// Removes the first passkey of the page.
async fn remove_one(browser: &mut Browser) -> Answer {
    let page = browser.get("/account").await;
    let (_, rest) = page.text.split_once("href=\"/account/passkeys/0").unwrap();
    let id = rest.split('"').next().unwrap();
    let path = format!("/account/passkeys/0{id}/remove");
    let csrf = browser.get(&path).await.csrf();
    browser.post(&path, &[("csrf", &csrf)]).await
}

#[tokio::test]
async fn a_passkey_meets_the_second_factor_rule_and_the_last_factor_stays() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        save(&mut boss, "user", &[("second_factor", "1")]).await;
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(
            hana.get("/desktops").await.header("location"),
            "/account/authenticator"
        );
        add(&world, &mut hana).await;
        assert_eq!(hana.get("/desktops").await.status, 200);
        assert_eq!(outcome(&world).await, (Outcome::Holds, vec![1, 0, 0]));
        assert_eq!(remove_one(&mut hana).await.status, 422);
        enrol_app(&world, &mut hana).await;
        assert_eq!(remove_one(&mut hana).await.status, 303);
        let csrf = hana.csrf().await;
        let off = [("password", PASSWORD), ("csrf", csrf.as_str())];
        assert_eq!(
            hana.post("/account/authenticator/remove", &off)
                .await
                .status,
            422
        );
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::PasskeyRemoved));
    }
}

#[tokio::test]
async fn passkeys_are_named_and_an_administrator_takes_lost_ones_away() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (mut hana, mut own) = passkey_of(&world, &customer.user).await;
        let page = hana.get("/account").await;
        let (_, rest) = page.text.split_once("href=\"/account/passkeys/0").unwrap();
        let path = format!("/account/passkeys/0{}", rest.split('"').next().unwrap());
        let csrf = page.csrf();
        let long = "あ".repeat(61);
        for (name, status) in [
            ("", 422),
            (" ", 422),
            (long.as_str(), 422),
            ("会社の <b>", 303),
        ] {
            let form = [("name", name), ("csrf", csrf.as_str())];
            assert_eq!(hana.post(&path, &form).await.status, status, "{name}");
        }
        let page = hana.get("/account").await.text;
        assert!(page.contains("会社の &#60;b&#62;") || page.contains("会社の &lt;b&gt;"));
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let kept: Vec<String> =
            on!(&mut tx, c => sqlx::query_scalar("SELECT name FROM passkeys").fetch_all(c).await)
                .unwrap();
        drop(tx);
        assert!(kept.iter().all(|name| name.starts_with("v1.")));

        let mut boss = world.signed_in(&customer.administrator).await;
        let reset = format!("/users/{}/factors", customer.user.actor.user);
        let csrf = boss.get("/users").await.csrf();
        assert_eq!(boss.post(&reset, &[("csrf", &csrf)]).await.status, 303);
        assert_eq!(hana.get("/account").await.status, 303);
        assert_eq!(sign_in(&world, &mut own).await.1.status, 401);
        let (_, answer) = first_step(&world, &customer.user).await;
        assert_eq!(answer.header("location"), "/");
    }
}

#[tokio::test]
async fn to_add_one_takes_a_fresh_proof_and_the_form_of_this_browser() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let csrf = hana.get("/account").await.csrf();
        assert_eq!(start(&mut hana, "made-up", ADD).await.status, 403);
        let asked = start(&mut hana, &csrf, ADD).await;
        // Somebody else's session does not add what was asked for here.
        let mut other = world.signed_in(&customer.administrator).await;
        let token = other.get("/account").await.csrf();
        let mut own = authenticator(&world);
        let made = own.create(&text(&asked, "challenge"), &text(&asked, "user"));
        assert_eq!(send(&mut other, ADD, &token, &made).await.status, 422);
        world.pass_ms(26 * 60 * 1000);
        assert_eq!(start(&mut hana, &csrf, ADD).await.status, 401);
        let late = send(&mut hana, ADD, &csrf, &made).await;
        assert!(late.header("location").starts_with("/prove"));
        let mut guest = world.browser();
        guest.get("/sign-in").await;
        assert_eq!(
            start(&mut guest, "made-up", "/sign-in/passkey")
                .await
                .status,
            403
        );
    }
}

#[tokio::test]
async fn an_answer_in_flight_sees_what_happened_meanwhile() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (who, tenant) = (customer.user.actor.user, customer.tenant);
        let (mut hana, mut own) = passkey_of(&world, &customer.user).await;
        let client = Client::default();
        // An answer that was looked at, then something happens, then its person comes in.
        for happens in ["nothing", "suspended", "removed"] {
            let (door, _, challenge) = at_the_door(&world).await;
            let guest = door.cookies[GUEST_COOKIE].clone();
            let shown = ceremony::read(&world.app, &own.get(&challenge)).unwrap();
            let binding = (Purpose::SignIn, guest.as_str());
            let row = ceremony::check(&world.app, binding, &shown).await.unwrap();
            let mut tx = world.app.db.read(tenant).await.unwrap();
            let user = people::user(&mut tx, tenant, who).await.unwrap().unwrap();
            drop(tx);
            match happens {
                "suspended" => world.set_state(&customer.user, "suspended").await,
                "removed" => assert_eq!(remove_one(&mut hana).await.status, 303),
                _ => {}
            }
            let used = enter::use_up(&world.app, (&user, &row, &shown), &client, None).await;
            match used {
                Ok(used) => assert_eq!((happens, used.user.id), ("nothing", who)),
                Err(error) => {
                    assert!(happens != "nothing" && matches!(error, SignInError::Refused));
                }
            }
            world.set_state(&customer.user, "active").await;
        }
        // A passkey that is there no more is no copy.
        let log = world.log(Some(tenant)).await;
        assert!(!log.contains(&What::PasskeySuspected));
    }
}

#[tokio::test]
async fn challenges_are_counted_for_the_whole_network_of_an_address() {
    for world in worlds().await {
        let begin = async |address: String| {
            let binding = (Purpose::SignIn, "a browser");
            ceremony::begin(&world.app, binding, &address, "").await
        };
        let mut begun = 0;
        while begun < 1000 && begin(format!("2001:db8::{begun:x}")).await.is_ok() {
            begun += 1;
        }
        assert!(begun < 1000);
        let last = begin("2001:db8::ffff".to_owned()).await;
        assert!(matches!(last, Err(CeremonyError::None)));
        assert!(begin("2001:db8:0:1::1".to_owned()).await.is_ok());
    }
}

#[tokio::test]
async fn the_person_is_told_by_mail_of_a_passkey_that_comes_or_goes() {
    for mut world in worlds().await {
        world.send_mail();
        let person = world.customers[0].user.clone();
        let (mut hana, _) = passkey_of(&world, &person).await;
        let told = waiting(&world, &person).await;
        assert!(matches!(told.last(), Some(Content::PasskeyAdded { .. })));
        assert_eq!(remove_one(&mut hana).await.status, 303);
        let told = waiting(&world, &person).await;
        assert!(matches!(told.last(), Some(Content::PasskeyRemoved { .. })));
        let of_passkeys = told.iter().filter(|content| {
            matches!(
                content,
                Content::PasskeyAdded { .. } | Content::PasskeyRemoved { .. }
            )
        });
        assert_eq!(of_passkeys.count(), 2);
    }
}
