//! What administrators say of their organisation's provider, what it means for passwords, and where the service goes for it.

#![allow(clippy::unwrap_used)]

use super::{
    Trouble,
    fake::{DOMAIN, Fake, SECRET, choose, set_up, sign_in},
    service::{self, FederationError},
    settings::Draft,
};
use crate::{
    activity::What,
    evidence::{self, Outcome},
    testing::{Browser, PASSWORD, Person, World, worlds},
};
use serde_json::json;

const OTHER_DOMAIN: &str = "other.example";
const SHARED_DOMAIN: &str = "shared.example";

pub(super) async fn try_password(world: &World, person: &Person) -> u16 {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [
        ("email", person.email.as_str()),
        ("password", PASSWORD),
        ("csrf", csrf.as_str()),
    ];
    browser.post("/sign-in", &form).await.status.as_u16()
}

fn pairs<'a>(draft: &'a Draft, csrf: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![
        ("csrf", csrf),
        ("issuer", &draft.issuer),
        ("client_id", &draft.client_id),
        ("client_secret", &draft.client_secret),
        ("scopes", &draft.scopes),
        ("domains", &draft.domains),
        ("joins_as", &draft.joins_as),
        ("emergency", &draft.emergency),
        ("name_claim", &draft.name_claim),
        ("factors", &draft.factors),
    ];
    pairs.extend(draft.closed.iter().map(|role| ("closed", role.as_str())));
    pairs
}

async fn post(browser: &mut Browser, draft: &Draft) -> crate::testing::Answer {
    let csrf = browser.csrf().await;
    browser.post("/federation", &pairs(draft, &csrf)).await
}

#[tokio::test]
async fn the_secret_is_never_shown_and_goes_to_no_other_server() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        let boss = &world.customers[0].administrator;
        let mut browser = world.signed_in(boss).await;
        let mut draft = fake.draft(DOMAIN);
        let answer = post(&mut browser, &draft).await;
        assert_eq!(
            answer.header("location"),
            "/federation?done=saved",
            "{}",
            answer.text
        );
        let page = browser.get("/federation").await;
        assert!(page.text.contains(&fake.issuer()) && !page.text.contains(SECRET));
        // What was typed stays, but the secret.
        draft.client_id = String::new();
        "not a url".clone_into(&mut draft.issuer);
        let answer = post(&mut browser, &draft).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains("not a url") && !answer.text.contains(SECRET));
        // Kept for the same issuer and client alone.
        let mut draft = fake.draft(DOMAIN);
        draft.client_secret = String::new();
        assert_eq!(post(&mut browser, &draft).await.status, 303);
        for changed in [
            Draft {
                issuer: "https://evil.example".to_owned(),
                ..draft.clone()
            },
            Draft {
                client_id: "another".to_owned(),
                ..draft.clone()
            },
        ] {
            assert_eq!(post(&mut browser, &changed).await.status, 422);
        }
        let log = world.log(Some(boss.actor.tenant)).await;
        assert_eq!(
            log.iter()
                .filter(|what| **what == What::FederationChanged)
                .count(),
            2
        );
        let link = async || {
            let answer = world.browser().get("/federation/start/shoji").await;
            answer.status.as_u16()
        };
        assert_eq!(link().await, 303);
        assert_eq!(browser.get("/federation/remove").await.status, 200);
        assert_eq!(link().await, 303);
        let csrf = browser.csrf().await;
        browser.post("/federation/remove", &[("csrf", &csrf)]).await;
        assert_eq!(link().await, 422);
    }
}

#[tokio::test]
async fn closed_passwords_open_nothing_and_lock_no_organisation_out() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        let shoji = &world.customers[0];
        let (boss, hana) = (&shoji.administrator, &shoji.user);
        world.signed_in(boss).await;
        world.signed_in(hana).await;
        let mut draft = fake.draft(DOMAIN);
        draft.closed = vec!["user".to_owned(), "administrator".to_owned()];
        // Nobody is named, or nobody who could come in.
        for emergency in [String::new(), hana.actor.user.to_string()] {
            draft.emergency = emergency;
            let saved = service::save(&world.app, &boss.actor, &draft).await;
            assert!(matches!(saved, Err(FederationError::Wrong(_))));
        }
        draft.emergency = boss.actor.user.to_string();
        set_up(&world, &draft).await;
        // A right password is answered as a wrong one.
        assert_eq!(try_password(&world, hana).await, 401);
        let token = world.link(hana).await;
        let mut browser = world.browser();
        let path = format!("/welcome/{token}");
        let csrf = browser.get(&path).await.csrf();
        let form = [
            ("password", PASSWORD),
            ("repeat", PASSWORD),
            ("csrf", csrf.as_str()),
        ];
        assert_eq!(browser.post(&path, &form).await.status, 422);
        fake.says(json!({ "email": hana.email }));
        let answer = sign_in(&world, &fake, &mut world.browser(), &hana.email).await;
        assert_eq!(answer.status, 303);
        // The named administrator keeps a password; another does not, until that one cannot come in.
        let mut second = hana.clone();
        world
            .set_role(&mut second, crate::actor::Role::Administrator)
            .await;
        assert_eq!(try_password(&world, &second).await, 401);
        assert_eq!(try_password(&world, boss).await, 303);
        world.set_state(boss, "suspended").await;
        assert_eq!(try_password(&world, &second).await, 303);
        world.set_state(boss, "active").await;
        assert_eq!(try_password(&world, &second).await, 401);
    }
}

#[tokio::test]
async fn a_password_that_got_around_the_provider_is_found() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        let shoji = &world.customers[0];
        let mut draft = fake.draft(DOMAIN);
        let standing = async || {
            evidence::job::pass(&world.app).await.unwrap();
            let actor = &shoji.administrator.actor;
            let all = evidence::service::of_customer(&world.app, actor)
                .await
                .unwrap();
            let mut checks = all.iter().flat_map(|standing| &standing.checks);
            let found = checks.find(|check| check.check.name == "identity.federated_doors");
            found.unwrap().answer.outcome
        };
        draft.closed = vec!["user".to_owned()];
        set_up(&world, &draft).await;
        world.pass_ms(1000);
        fake.says(json!({ "email": shoji.user.email }));
        sign_in(&world, &fake, &mut world.browser(), &shoji.user.email).await;
        assert_eq!(standing().await, Outcome::Holds);
        // What the door would refuse is done behind it.
        let sql = "UPDATE web_sessions SET provider_id = NULL";
        let mut tx = world.app.db.begin(shoji.tenant).await.unwrap();
        crate::db::on!(&mut tx, c => sqlx::query(sql).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(standing().await, Outcome::FallsShort);
    }
}

#[tokio::test]
async fn a_domain_leads_to_one_customer_once_it_is_confirmed() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        let [shoji, harbour] = &world.customers;
        let draft = fake.draft(SHARED_DOMAIN);
        for customer in [shoji, harbour] {
            let actor = &customer.administrator.actor;
            service::save(&world.app, actor, &draft).await.unwrap();
        }
        assert_eq!(
            choose(&mut world.browser(), "a@shared.example", "/")
                .await
                .status,
            422
        );
        let confirm = async |tenant, domain: &str| {
            let mut tx = world.app.db.begin(tenant).await.unwrap();
            let done = service::confirm_domain(&world.app, &mut tx, (tenant, ""), domain).await?;
            tx.commit().await.map(|()| done)
        };
        assert!(!confirm(shoji.tenant, "other.example").await.unwrap());
        assert!(confirm(shoji.tenant, " Shared.Example").await.unwrap());
        assert!(!confirm(shoji.tenant, "shared.example").await.unwrap());
        assert!(confirm(harbour.tenant, "shared.example").await.is_err());
        assert_eq!(
            choose(&mut world.browser(), "a@shared.example", "/")
                .await
                .status,
            200
        );
        // It stays confirmed while it is named, and no longer.
        service::save(&world.app, &shoji.administrator.actor, &draft)
            .await
            .unwrap();
        assert_eq!(
            choose(&mut world.browser(), "a@shared.example", "/")
                .await
                .status,
            200
        );
        let other = fake.draft(OTHER_DOMAIN);
        service::save(&world.app, &shoji.administrator.actor, &other)
            .await
            .unwrap();
        service::save(&world.app, &shoji.administrator.actor, &draft)
            .await
            .unwrap();
        assert_eq!(
            choose(&mut world.browser(), "a@shared.example", "/")
                .await
                .status,
            422
        );
    }
}

#[tokio::test]
async fn the_service_is_led_nowhere_that_only_it_reaches() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        let actor = world.customers[0].administrator.actor.clone();
        service::save(&world.app, &actor, &fake.draft(DOMAIN))
            .await
            .unwrap();
        let test = async |world: &World| service::test(&world.app, &actor).await.unwrap().unwrap();
        assert!(test(&world).await.is_ok());
        let elsewhere = |name: &str, value: String| {
            fake.act(|script| {
                script.metadata.clear();
                script.metadata.insert(name.to_owned(), json!(value));
            });
        };
        elsewhere("issuer", "https://localhost".to_owned());
        assert_eq!(test(&world).await.unwrap_err(), Trouble::Issuer);
        for endpoint in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
        ] {
            for url in [
                "http://localhost/x",
                "javascript:alert(1)",
                "file:///etc/passwd",
            ] {
                elsewhere(endpoint, url.to_owned());
                assert_eq!(
                    test(&world).await.unwrap_err(),
                    Trouble::Insecure,
                    "{endpoint} {url}"
                );
            }
        }
        fake.act(|script| {
            script.metadata.clear();
            let algorithms = json!(["HS256", "none"]);
            script.metadata.insert(
                "id_token_signing_alg_values_supported".to_owned(),
                algorithms,
            );
        });
        assert_eq!(test(&world).await.unwrap_err(), Trouble::Algorithms);
        fake.act(|script| {
            script.metadata.clear();
            script.padding = 300 * 1024;
        });
        assert_eq!(test(&world).await.unwrap_err(), Trouble::Answer);
        fake.act(|script| {
            script.padding = 0;
            script.redirect = true;
        });
        assert_eq!(test(&world).await.unwrap_err(), Trouble::Answer);
        fake.act(|script| script.redirect = false);
        assert!(test(&world).await.is_ok());
        // Its authority is not one of the public ones.
        std::sync::Arc::get_mut(&mut world.app)
            .unwrap()
            .config
            .identity_provider_authorities = None;
        assert_eq!(test(&world).await.unwrap_err(), Trouble::Tls);
        std::sync::Arc::get_mut(&mut world.app)
            .unwrap()
            .config
            .private_identity_providers = false;
        assert_eq!(test(&world).await.unwrap_err(), Trouble::Forbidden);
    }
}

#[tokio::test]
async fn a_provider_cannot_lead_the_service_inside_by_its_description() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        set_up(&world, &fake.draft(DOMAIN)).await;
        // Found with the switch on, and asked for codes after it was turned off: each request is looked at.
        assert_eq!(
            choose(&mut world.browser(), "a@shoji.example", "/")
                .await
                .status,
            200
        );
        let mut cookies = world.browser();
        let url = super::fake::led_to(&choose(&mut cookies, "a@shoji.example", "/").await);
        let back = fake.visit(&world, &url);
        let kept = cookies.cookies.clone();
        drop(cookies);
        std::sync::Arc::get_mut(&mut world.app)
            .unwrap()
            .config
            .private_identity_providers = false;
        let mut browser = world.browser();
        browser.cookies = kept;
        assert_eq!(browser.get(&back).await.status, 403);
    }
}
