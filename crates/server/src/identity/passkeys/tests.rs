#![allow(clippy::unwrap_used)]
pub(in super::super) use super::authenticator::Authenticator;
use crate::{
    activity::What,
    db::{Scope, on},
    testing::{Answer, Browser, Customer, PASSWORD, Person, World, worlds},
    visit::{CSRF_HEADER, SESSION_COOKIE},
};
use axum::{body::Body, http::Request};

pub(in super::super) const ADD: &str = "/account/passkeys/add";

/// Asks for a challenge as the portal's script does.
pub(in super::super) async fn start(browser: &mut Browser, csrf: &str, path: &str) -> Answer {
    let request = Request::post(format!("{path}/start"))
        .header(CSRF_HEADER, csrf)
        .header("sec-fetch-site", "same-origin");
    browser.send(request.body(Body::empty()).unwrap()).await
}

pub(in super::super) fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap().to_owned()
}

/// An authenticator of somebody who is at the portal.
pub(in super::super) fn authenticator(world: &World) -> Authenticator {
    Authenticator::new(&world.app.config.public_url)
}

/// Sends what an authenticator answered, as the form that the script fills in.
pub(in super::super) async fn send(
    browser: &mut Browser,
    path: &str,
    csrf: &str,
    credential: &str,
) -> Answer {
    let form = [
        ("credential", credential),
        ("name", "Laptop"),
        ("next", "/account"),
        ("csrf", csrf),
    ];
    browser.post(path, &form).await
}

/// Adds a passkey of this authenticator.
pub(in super::super) async fn add_with(browser: &mut Browser, own: &mut Authenticator) -> Answer {
    let csrf = browser.get("/account").await.csrf();
    let asked = start(browser, &csrf, ADD).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let made = own.create(&text(&asked, "challenge"), &text(&asked, "user"));
    send(browser, ADD, &csrf, &made).await
}

/// Adds a passkey of somebody who is signed in.
pub(crate) async fn add_passkey(world: &World, browser: &mut Browser) {
    add(world, browser).await;
}

pub(in super::super) async fn add(world: &World, browser: &mut Browser) -> Authenticator {
    let mut own = authenticator(world);
    let answer = add_with(browser, &mut own).await;
    assert!(
        answer.status == 200 || answer.status == 303,
        "{}",
        answer.text
    );
    own
}

/// A passkey that somebody has added.
pub(in super::super) async fn passkey_of(
    world: &World,
    person: &Person,
) -> (Browser, Authenticator) {
    let mut browser = world.signed_in(person).await;
    let own = add(world, &mut browser).await;
    (browser, own)
}

/// A browser at the sign-in page, with the token of its form and a challenge.
pub(in super::super) async fn at_the_door(world: &World) -> (Browser, String, String) {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let asked = start(&mut browser, &csrf, "/sign-in/passkey").await;
    let challenge = text(&asked, "challenge");
    (browser, csrf, challenge)
}

pub(in super::super) async fn sign_in(world: &World, own: &mut Authenticator) -> (Browser, Answer) {
    let (mut browser, csrf, challenge) = at_the_door(world).await;
    let answer = send(
        &mut browser,
        "/sign-in/passkey",
        &csrf,
        &own.get(&challenge),
    )
    .await;
    (browser, answer)
}

/// As far as the password reaches.
pub(in super::super) async fn first_step(world: &World, person: &Person) -> (Browser, Answer) {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [
        ("email", person.email.as_str()),
        ("password", PASSWORD),
        ("csrf", csrf.as_str()),
    ];
    let answer = browser.post("/sign-in", &form).await;
    (browser, answer)
}

pub(in super::super) async fn second_step(
    browser: &mut Browser,
    own: &mut Authenticator,
) -> Answer {
    let csrf = browser.get("/sign-in/code").await.csrf();
    let asked = start(browser, &csrf, "/sign-in/code/passkey").await;
    let shown = own.get(&text(&asked, "challenge"));
    send(browser, "/sign-in/code/passkey", &csrf, &shown).await
}

/// The details of what happened at a customer's.
pub(in super::super) async fn details(
    world: &World,
    customer: &Customer,
    what: What,
) -> Vec<String> {
    const SQL: &str =
        "SELECT detail FROM activity WHERE tenant_id = $1 AND what = $2 ORDER BY at_ms, id";
    let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::query_scalar(SQL).bind(customer.tenant).bind(what.name())
        .fetch_all(c).await)
    .unwrap()
}

#[tokio::test]
async fn a_passkey_signs_in_by_itself_and_is_both_factors() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let (mut elsewhere, _) = first_step(&world, &customer.user).await;
        assert_eq!(elsewhere.get("/account").await.status, 200);
        let mut own = authenticator(&world);
        let first = add_with(&mut hana, &mut own).await;
        // The first factor comes with recovery codes, and ends sessions that never showed one.
        assert!(first.text.contains("<textarea"), "{}", first.text);
        assert_eq!(elsewhere.get("/account").await.status, 303);
        assert!(hana.get("/account").await.text.contains("Laptop"));
        // What the authenticator knows of the person is no part of what the service calls them.
        assert!(own.user.len() > 40 && !customer.user.email.contains(&own.user));

        let (mut browser, answer) = sign_in(&world, &mut own).await;
        assert_eq!(answer.header("location"), "/account");
        assert_eq!(browser.get("/account").await.status, 200);
        let details = details(&world, customer, What::SignedIn).await;
        assert_eq!(details, ["", "passkey"]);
        // By the password alone nobody comes in any more.
        let (mut other, answer) = first_step(&world, &customer.user).await;
        assert!(answer.header("location").starts_with("/sign-in/code"));
        assert_eq!(second_step(&mut other, &mut own).await.status, 303);
        assert_eq!(other.get("/account").await.status, 200);
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::PasskeyAdded) && log.contains(&What::RecoveryCodesMade));
    }
}

#[tokio::test]
async fn a_challenge_is_for_one_use_by_one_browser_for_minutes() {
    for world in worlds().await {
        let (_, mut own) = passkey_of(&world, &world.customers[0].user).await;
        let (mut browser, csrf, challenge) = at_the_door(&world).await;
        let shown = own.get(&challenge);
        // Another browser has listened, or the answer was meant for it.
        let (mut thief, other_csrf, _) = at_the_door(&world).await;
        let stolen = send(&mut thief, "/sign-in/passkey", &other_csrf, &shown).await;
        assert_eq!(stolen.status, 401);
        let right = send(&mut browser, "/sign-in/passkey", &csrf, &shown).await;
        assert_eq!(right.status, 303);
        browser.cookies.remove(SESSION_COOKIE);
        let csrf = browser.get("/sign-in").await.csrf();
        let again = send(&mut browser, "/sign-in/passkey", &csrf, &shown).await;
        assert_eq!(again.status, 401);

        let (mut late, csrf, challenge) = at_the_door(&world).await;
        world.pass_ms(super::ceremony::CEREMONY_MS);
        let answer = send(&mut late, "/sign-in/passkey", &csrf, &own.get(&challenge)).await;
        assert_eq!(answer.status, 401);
        // A challenge that is for one thing is for nothing else.
        let (mut guest, _, challenge) = at_the_door(&world).await;
        let session = world.signed_in(&world.customers[1].user).await;
        let planted = session.cookies[SESSION_COOKIE].clone();
        guest.cookies.insert(SESSION_COOKIE.to_owned(), planted);
        let token = guest.get("/account").await.csrf();
        let proof = send(&mut guest, "/prove/passkey", &token, &own.get(&challenge)).await;
        assert_eq!(proof.status, 422);
    }
}

#[tokio::test]
async fn a_wrong_answer_uses_the_challenge_up_and_tells_nothing() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (_, mut own) = passkey_of(&world, &customer.user).await;
        let mut stranger = authenticator(&world);
        let told = |answer: &Answer| {
            let (_, rest) = answer.text.split_once("role=\"alert\"").unwrap();
            rest.split('<').next().unwrap().to_owned()
        };
        let (_, unknown) = sign_in(&world, &mut stranger).await;
        assert_eq!(unknown.status, 401);
        let here = own.origin.clone();
        for spoil in [
            |own: &mut Authenticator| own.origin = "https://evil.example".to_owned(),
            |own: &mut Authenticator| own.rp_id = "evil.example".to_owned(),
            |own: &mut Authenticator| own.is_framed = true,
            |own: &mut Authenticator| own.flags = 1,
            |own: &mut Authenticator| own.user = "c29tZWJvZHk".to_owned(),
            |own: &mut Authenticator| own.user = String::new(),
        ] {
            let (user, rp_id) = (own.user.clone(), own.rp_id.clone());
            spoil(&mut own);
            let (mut browser, answer) = sign_in(&world, &mut own).await;
            assert_eq!(
                (answer.status, told(&answer)),
                (unknown.status, told(&unknown))
            );
            assert_eq!(browser.get("/account").await.status, 303);
            own = Authenticator {
                origin: here.clone(),
                rp_id,
                flags: 5,
                is_framed: false,
                user,
                ..own
            };
        }
        let (mut browser, csrf, challenge) = at_the_door(&world).await;
        let other = authenticator(&world);
        let mut forged = Authenticator {
            id: own.id.clone(),
            user: own.user.clone(),
            ..other
        };
        let first = send(
            &mut browser,
            "/sign-in/passkey",
            &csrf,
            &forged.get(&challenge),
        )
        .await;
        assert_eq!(
            (first.status, told(&first)),
            (unknown.status, told(&unknown))
        );
        let second = send(
            &mut browser,
            "/sign-in/passkey",
            &csrf,
            &own.get(&challenge),
        )
        .await;
        assert_eq!(second.status, 401, "the challenge was used up");
        world.pass_ms(60 * 1000);
        assert_eq!(sign_in(&world, &mut own).await.1.status, 303);
        for garbage in ["", "{}", "null", "[", &"9".repeat(20_000)] {
            let (mut browser, csrf, _) = at_the_door(&world).await;
            browser.address = "198.51.100.9:1".parse().unwrap();
            let answer = send(&mut browser, "/sign-in/passkey", &csrf, garbage).await;
            assert!(answer.status == 401 || answer.status == 429);
        }
    }
}

#[tokio::test]
async fn another_customers_passkey_is_no_second_factor_and_no_proof() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let (mut hana, mut own) = passkey_of(&world, &shoji.user).await;
        let (_, mut theirs) = passkey_of(&world, &harbour.user).await;
        let (_, mut colleagues) = passkey_of(&world, &shoji.administrator).await;
        for wrong in [&mut theirs, &mut colleagues] {
            let (mut browser, _) = first_step(&world, &shoji.user).await;
            assert_eq!(second_step(&mut browser, wrong).await.status, 401);
            assert_eq!(browser.get("/account").await.status, 303);
            // Nor when it says that it is hers.
            let user = std::mem::replace(&mut wrong.user, own.user.clone());
            let (mut browser, _) = first_step(&world, &shoji.user).await;
            assert_eq!(second_step(&mut browser, wrong).await.status, 401);
            wrong.user = user;
        }
        world.pass_ms(20 * 60 * 1000);
        let to = hana.get(ADD).await.header("location").to_owned();
        assert!(to.starts_with("/prove"), "{to}");
        for (passkey, status) in [(&mut theirs, 422), (&mut own, 303)] {
            world.pass_ms(5000);
            let csrf = hana.get("/prove").await.csrf();
            let asked = start(&mut hana, &csrf, "/prove/passkey").await;
            let shown = passkey.get(&text(&asked, "challenge"));
            let before = hana.cookies[SESSION_COOKIE].clone();
            let answer = send(&mut hana, "/prove/passkey", &csrf, &shown).await;
            assert_eq!(answer.status, status);
            assert_eq!(hana.cookies[SESSION_COOKIE] != before, status == 303);
        }
        assert_eq!(hana.get(ADD).await.status, 200);
        let log = world.log(Some(shoji.tenant)).await;
        assert!(
            log.ends_with(&[What::ProofRefused, What::ProofGiven]),
            "{log:?}"
        );

        // A passkey is one person's in the whole service.
        let mut copy = world.signed_in(&harbour.administrator).await;
        let taken = add_with(&mut copy, &mut own).await;
        assert_eq!(taken.status, 422);
        // What is another's to name or remove is not there.
        let csrf = hana.get("/account").await.csrf();
        let page = copy.get("/account").await.text;
        assert!(!page.contains("/account/passkeys/0"));
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let sql = "SELECT id FROM passkeys WHERE tenant_id = $1";
        let id: uuid::Uuid =
            on!(&mut tx, c => sqlx::query_scalar(sql).bind(harbour.tenant).fetch_one(c).await)
                .unwrap();
        drop(tx);
        for path in [
            format!("/account/passkeys/{id}"),
            format!("/account/passkeys/{id}/remove"),
        ] {
            assert_eq!(hana.get(&path).await.status, 404);
            let form = [("name", "mine"), ("csrf", csrf.as_str())];
            assert_eq!(hana.post(&path, &form).await.status, 404);
        }
    }
}

#[tokio::test]
async fn a_counter_that_goes_backwards_is_refused_and_recorded() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (_, mut own) = passkey_of(&world, &customer.user).await;
        own.sign_count = 40;
        assert_eq!(sign_in(&world, &mut own).await.1.status, 303);
        for count in [40, 7, 0] {
            own.sign_count = count;
            assert_eq!(sign_in(&world, &mut own).await.1.status, 401);
        }
        let log = world.log(Some(customer.tenant)).await;
        let suspected = log.iter().filter(|what| **what == What::PasskeySuspected);
        assert_eq!(suspected.count(), 3);
        own.sign_count = 41;
        assert_eq!(sign_in(&world, &mut own).await.1.status, 303);
        // An authenticator that counts nothing says zero each time.
        let mut still = authenticator(&world);
        still.sign_count = 0;
        let mut boss = world.signed_in(&customer.administrator).await;
        assert_eq!(add_with(&mut boss, &mut still).await.status, 200);
        for _ in 0..2 {
            still.sign_count = 0;
            assert_eq!(sign_in(&world, &mut still).await.1.status, 303);
        }
    }
}

#[tokio::test]
async fn of_two_who_answer_at_once_one_gets_in() {
    for world in worlds().await {
        let (mut hana, mut own) = passkey_of(&world, &world.customers[0].user).await;
        // One answer, sent twice.
        let (mut a, csrf, challenge) = at_the_door(&world).await;
        let mut b = world.browser();
        b.cookies.clone_from(&a.cookies);
        let shown = own.get(&challenge);
        let path = "/sign-in/passkey";
        let answers = tokio::join!(
            send(&mut a, path, &csrf, &shown),
            send(&mut b, path, &csrf, &shown)
        );
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 401]);
        // Two answers of a passkey and its copy, with one number.
        let (mut a, a_csrf, a_challenge) = at_the_door(&world).await;
        let (mut b, b_csrf, b_challenge) = at_the_door(&world).await;
        let of_own = own.get(&a_challenge);
        own.sign_count -= 1;
        let of_copy = own.get(&b_challenge);
        let answers = tokio::join!(
            send(&mut a, path, &a_csrf, &of_own),
            send(&mut b, path, &b_csrf, &of_copy)
        );
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 401]);
        // One new passkey, added twice.
        let csrf = hana.get("/account").await.csrf();
        let asked = start(&mut hana, &csrf, ADD).await;
        let exclude = asked.json()["exclude"].as_array().unwrap().len();
        let mut key = authenticator(&world);
        let made = key.create(&text(&asked, "challenge"), &text(&asked, "user"));
        let mut twin = world.browser();
        twin.cookies.clone_from(&hana.cookies);
        let answers = tokio::join!(
            send(&mut hana, ADD, &csrf, &made),
            send(&mut twin, ADD, &csrf, &made)
        );
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!((exclude, statuses), (1, [303, 422]));
    }
}
