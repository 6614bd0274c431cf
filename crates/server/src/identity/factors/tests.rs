#![allow(clippy::unwrap_used)]
use super::STEP_MS;
use crate::{
    activity::What,
    db::{Scope, on},
    one_time_code,
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
    visit::{SESSION_COOKIE, STEP_COOKIE},
};
use totp_rs::{Secret, Totp};

const STEP_S: i64 = 30_000;

/// What an authenticator app does with the secret of a page.
pub(crate) struct Phone(Vec<u8>);

impl Phone {
    fn of(page: &Answer) -> Self {
        let (_, rest) = page.text.split_once("<code>").unwrap();
        let secret: String = rest
            .split('<')
            .next()
            .unwrap()
            .chars()
            .filter(|c| *c != ' ')
            .collect();
        Self(Secret::try_from_base32(secret).unwrap().as_bytes().to_vec())
    }

    pub(crate) fn code(&self, world: &World) -> String {
        self.totp().generate(world.app.clock.now_s()).to_string()
    }

    /// As people type it into the app.
    pub(crate) fn secret(&self) -> String {
        self.totp().secret().to_base32()
    }

    fn totp(&self) -> Totp {
        one_time_code::of(self.0.clone(), "Nagaya", "hana@example.jp").unwrap()
    }
}

async fn act(browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> Answer {
    let csrf = browser.get("/account").await.csrf();
    let mut form = form.to_vec();
    form.push(("csrf", &csrf));
    browser.post(path, &form).await
}

/// Turns one-time codes on; returns the phone and the recovery codes.
pub(crate) async fn enrol(world: &World, browser: &mut Browser) -> (Phone, Vec<String>) {
    let phone = Phone::of(&browser.get("/account/authenticator").await);
    let code = phone.code(world);
    let form = [("password", PASSWORD), ("code", code.as_str())];
    let page = act(browser, "/account/authenticator", &form).await;
    assert_eq!(page.status, 200);
    let (_, rest) = page.text.split_once("<textarea").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let codes = rest.split('<').next().unwrap().lines();
    (phone, codes.map(str::to_owned).collect())
}

/// The first step of sign-in, with the right password.
async fn first_step(world: &World, person: &Person) -> (Browser, Answer) {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [
        ("email", person.email.as_str()),
        ("password", PASSWORD),
        ("next", "/account"),
        ("csrf", csrf.as_str()),
    ];
    let answer = browser.post("/sign-in", &form).await;
    (browser, answer)
}

async fn second_step(browser: &mut Browser, code: &str) -> Answer {
    let csrf = browser.get("/sign-in/code?next=/account").await.csrf();
    let form = [("code", code), ("next", "/account"), ("csrf", &csrf)];
    browser.post("/sign-in/code", &form).await
}

#[tokio::test]
async fn sign_in_takes_two_steps_and_each_has_a_secret_of_its_own() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let (phone, codes) = enrol(&world, &mut hana).await;
        assert_eq!(codes.len(), 10);
        world.pass_ms(STEP_S);

        let (mut browser, first) = first_step(&world, &customer.user).await;
        assert_eq!(first.header("location"), "/sign-in/code?next=%2Faccount");
        assert!(!browser.cookies.contains_key(SESSION_COOKIE));
        let step = browser.cookies[STEP_COOKIE].clone();
        // The step opens nothing, neither as itself nor as a session.
        assert_eq!(browser.get("/desktops").await.status, 303);
        browser
            .cookies
            .insert(SESSION_COOKIE.to_owned(), step.clone());
        assert_eq!(browser.get("/desktops").await.status, 303);

        let second = second_step(&mut browser, &phone.code(&world)).await;
        assert_eq!(second.header("location"), "/account");
        let session = browser.cookies[SESSION_COOKIE].clone();
        assert_ne!(session, step);
        assert_eq!(browser.get("/account").await.status, 200);
        // The step is used up.
        browser.cookies.insert(STEP_COOKIE.to_owned(), step);
        let again = browser.get("/sign-in/code").await;
        assert_eq!(again.header("location"), "/sign-in");
        let log = world.log(Some(customer.tenant)).await;
        let expected = [
            What::PasswordSet,
            What::AuthenticatorAdded,
            What::RecoveryCodesMade,
            What::SignedIn,
        ];
        assert_eq!(log, expected);
    }
}

#[tokio::test]
async fn a_session_that_was_planted_is_not_the_one_that_is_signed_in() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let (phone, _) = enrol(&world, &mut hana).await;
        world.pass_ms(STEP_S);
        let mut attacker = world.signed_in(&customer.administrator).await;
        let planted = attacker.cookies[SESSION_COOKIE].clone();
        let (mut victim, _) = first_step(&world, &customer.user).await;
        victim
            .cookies
            .insert(SESSION_COOKIE.to_owned(), planted.clone());
        second_step(&mut victim, &phone.code(&world)).await;
        assert_ne!(victim.cookies[SESSION_COOKIE], planted);
        // It ended, as whatever a browser brings to a sign-in does.
        assert_eq!(attacker.get("/account").await.status, 303);
    }
}

#[tokio::test]
async fn a_code_works_once_also_within_its_half_minute() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let mut browser = world.signed_in(hana).await;
        let (phone, _) = enrol(&world, &mut browser).await;
        // The first code was used when it was turned on.
        let (mut thief, _) = first_step(&world, hana).await;
        assert_eq!(
            second_step(&mut thief, &phone.code(&world)).await.status,
            401
        );
        world.pass_ms(STEP_S);
        let code = phone.code(&world);
        assert_eq!(second_step(&mut thief, &code).await.status, 303);
        let (mut other, _) = first_step(&world, hana).await;
        assert_eq!(second_step(&mut other, &code).await.status, 401);
    }
}

#[tokio::test]
async fn of_two_who_use_a_recovery_code_at_once_one_gets_in_and_it_is_counted() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let (_, codes) = enrol(&world, &mut hana).await;
        let (mut a, _) = first_step(&world, &customer.user).await;
        let (mut b, _) = first_step(&world, &customer.user).await;
        let typed = codes[3].to_uppercase();
        let answers = tokio::join!(second_step(&mut a, &typed), second_step(&mut b, &typed));
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 401]);
        let page = hana.get("/account").await;
        assert!(page.text.contains("9 個") || page.text.contains("codes: 9"));
        let log = world.log(Some(customer.tenant)).await;
        let used = log.iter().filter(|what| **what == What::RecoveryCodeUsed);
        assert_eq!(used.count(), 1);

        let form = [("password", PASSWORD)];
        let renewed = act(&mut hana, "/account/recovery-codes", &form).await;
        assert_eq!(renewed.status, 200);
        assert!(
            codes
                .iter()
                .all(|code| !renewed.text.contains(code.as_str()))
        );
        let (mut c, _) = first_step(&world, &customer.user).await;
        assert_eq!(second_step(&mut c, &codes[4]).await.status, 401);
    }
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_however_often_the_password_is_typed() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let mut own = world.signed_in(hana).await;
        let (phone, _) = enrol(&world, &mut own).await;
        world.pass_ms(STEP_S);
        for n in 0..5 {
            let (mut guesser, _) = first_step(&world, hana).await;
            guesser.address = format!("192.0.2.{n}:1000").parse().unwrap();
            assert_eq!(second_step(&mut guesser, "000000").await.status, 401);
        }
        let (mut guesser, _) = first_step(&world, hana).await;
        let held = second_step(&mut guesser, &phone.code(&world)).await;
        assert_eq!(held.status, 429);
        world.pass_ms(2000);
        let code = phone.code(&world);
        assert_eq!(second_step(&mut guesser, &code).await.status, 303);
    }
}

#[tokio::test]
async fn a_sign_in_waits_ten_minutes_and_ends_with_the_persons_access() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut own = world.signed_in(&customer.user).await;
        enrol(&world, &mut own).await;
        let (mut late, _) = first_step(&world, &customer.user).await;
        assert_eq!(late.get("/sign-in/code").await.status, 200);
        world.pass_ms(STEP_MS);
        assert_eq!(late.get("/sign-in/code").await.status, 303);

        let (mut suspended, _) = first_step(&world, &customer.user).await;
        world.set_state(&customer.user, "suspended").await;
        assert_eq!(suspended.get("/sign-in/code").await.status, 303);
        world.set_state(&customer.user, "active").await;

        // A new password, set by a link: whoever knew the old one and waits has to begin anew.
        let (mut waiting, _) = first_step(&world, &customer.user).await;
        let link = world.link(&customer.user).await;
        let mut browser = world.browser();
        let path = format!("/welcome/{link}");
        let csrf = browser.get(&path).await.csrf();
        let form = [
            ("password", PASSWORD),
            ("repeat", PASSWORD),
            ("csrf", &csrf),
        ];
        let welcome = browser.post(&path, &form).await;
        // A link is no way around the second factor.
        assert!(welcome.header("location").starts_with("/sign-in/code"));
        assert!(!browser.cookies.contains_key(SESSION_COOKIE));
        assert_eq!(waiting.get("/sign-in/code").await.status, 303);
    }
}

#[tokio::test]
async fn turning_it_on_and_off_takes_the_password() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let page = hana.get("/account/authenticator").await;
        let phone = Phone::of(&page);
        let code = phone.code(&world);
        for (password, code) in [("wrong wrong wrong", code.as_str()), (PASSWORD, "000000")] {
            let form = [("password", password), ("code", code)];
            let answer = act(&mut hana, "/account/authenticator", &form).await;
            assert_eq!(answer.status, 422);
            // The app has the secret already.
            assert_eq!(Phone::of(&answer).0, phone.0);
        }
        let first = first_step(&world, &customer.user).await.1;
        assert_eq!(first.header("location"), "/account");

        let (_, _) = enrol(&world, &mut hana).await;
        let wrong = [("password", "wrong wrong wrong")];
        let refused = act(&mut hana, "/account/authenticator/remove", &wrong).await;
        assert_eq!(refused.status, 422);
        let right = [("password", PASSWORD)];
        let done = act(&mut hana, "/account/authenticator/remove", &right).await;
        assert_eq!(done.header("location"), "/account?done=off");
        let first = first_step(&world, &customer.user).await.1;
        assert_eq!(first.header("location"), "/account");
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::AuthenticatorRemoved));
    }
}

#[tokio::test]
async fn neither_secret_nor_recovery_codes_are_kept_in_the_clear() {
    for world in worlds().await {
        let mut hana = world.signed_in(&world.customers[0].user).await;
        let (phone, codes) = enrol(&world, &mut hana).await;
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let kept: Vec<String> = on!(&mut tx, c => sqlx::query_scalar(
            "SELECT secret FROM authenticators UNION SELECT code_hash FROM recovery_codes"
        ).fetch_all(c).await)
        .unwrap();
        assert_eq!(kept.len(), 11);
        let base32 = Secret::from(phone.0.clone()).to_base32();
        let own: Vec<String> = codes.iter().map(|code| code.replace('-', "")).collect();
        for text in kept {
            assert!(!text.contains(&base32));
            assert!(own.iter().all(|code| !text.contains(code.as_str())));
        }
    }
}

#[tokio::test]
async fn an_administrator_helps_somebody_who_lost_everything_but_not_themselves() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let mut hana = world.signed_in(&customer.user).await;
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut stranger = world.signed_in(&other.administrator).await;
        enrol(&world, &mut hana).await;
        let path = format!("/users/{}/factors", customer.user.actor.user);
        assert_eq!(act(&mut hana, &path, &[]).await.status, 403);
        assert_eq!(act(&mut stranger, &path, &[]).await.status, 404);
        let first = first_step(&world, &customer.user).await.1;
        assert!(first.header("location").starts_with("/sign-in/code"));

        assert_eq!(act(&mut boss, &path, &[]).await.status, 303);
        assert_eq!(hana.get("/account").await.status, 303);
        let first = first_step(&world, &customer.user).await.1;
        assert_eq!(first.header("location"), "/account");
        let own = format!("/users/{}/factors", customer.administrator.actor.user);
        assert_eq!(act(&mut boss, &own, &[]).await.status, 422);
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::FactorsReset));
    }
}

#[tokio::test]
async fn another_sites_link_takes_no_secret_from_an_app() {
    for world in worlds().await {
        let mut hana = world.signed_in(&world.customers[0].user).await;
        // Nothing is made for whoever was only led there.
        let asked = hana.follow("/account/authenticator").await;
        assert_eq!(asked.status, 200);
        assert!(!asked.text.contains("<code>"), "{}", asked.text);
        assert!(asked.text.contains("href=\"/account/authenticator\""));
        assert_eq!(world.rows("authenticators").await, 0);
        // And what the app was given a moment ago still counts.
        let phone = Phone::of(&hana.get("/account/authenticator").await);
        hana.follow("/account/authenticator").await;
        let code = phone.code(&world);
        let form = [("password", PASSWORD), ("code", code.as_str())];
        let page = act(&mut hana, "/account/authenticator", &form).await;
        assert_eq!(page.status, 200);
    }
}
