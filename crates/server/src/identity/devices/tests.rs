#![allow(clippy::unwrap_used)]

use super::{
    service::{self, DeviceError},
    step,
    testing::{Brought, Leaf, at_device, issued, sent, show},
    trust,
};
use crate::{
    activity::What,
    evidence::{Outcome, Run},
    identity::{checks::DEVICES, lifecycle},
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
    visit::SESSION_COOKIE,
};

/// The administrator asks a role for a device's certificate.
async fn ask(boss: &mut Browser, role: &str) -> Answer {
    let csrf = boss.get("/users").await.csrf();
    let form = [
        ("device_certificate", "1"),
        ("networks", ""),
        ("idle_timeout_min", "120"),
        ("absolute_timeout_min", "720"),
        ("proof_max_age_min", "15"),
        ("csrf", csrf.as_str()),
    ];
    boss.post(&format!("/sign-in-rules/{role}"), &form).await
}

async fn asked(world: &World, role: &str) {
    let mut boss = world.signed_in(&world.customers[0].administrator).await;
    let saved = ask(&mut boss, role).await;
    assert_eq!(saved.header("location"), "/sign-in-rules?done=saved");
}

async fn outcome(world: &World) -> Outcome {
    let Run::Customer(run) = DEVICES.run else {
        panic!("it is about a customer");
    };
    let answer = run(&world.app, world.customers[0].tenant).await;
    answer.unwrap().outcome
}

/// Another browser of the person's, who has a password.
async fn again(world: &World, person: &Person) -> Browser {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [
        ("email", person.email.as_str()),
        ("password", PASSWORD),
        ("csrf", csrf.as_str()),
    ];
    assert_eq!(browser.post("/sign-in", &form).await.status, 303);
    browser
}

async fn device_of(world: &World, text: &str) -> uuid::Uuid {
    let boss = &world.customers[0].administrator.actor;
    let found = service::list(&world.app, boss, text).await.unwrap();
    found[0].row.id
}

#[tokio::test]
async fn where_a_certificate_is_asked_for_nothing_is_open_without_one() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let boss = &customer.administrator.actor;
        let own = issued(&world.app, boss, &customer.user.email).await;
        asked(&world, "user").await;
        let mut hana = world.signed_in(&customer.user).await;
        for path in ["/desktops", "/account", "/account/authenticator", "/access"] {
            let to = hana.get(path).await.header("location").to_owned();
            assert!(
                to.starts_with("/sign-in/device?next=%2F"),
                "{path} leads to {to}"
            );
        }
        assert_eq!(hana.get("/sign-in/device").await.status, 200);
        let none = show(&world, &mut hana, &[]).await;
        assert_eq!(none.status, 401);
        assert!(none.text.contains("role=\"alert\"") && none.text.contains("%2Faccount"));
        assert_eq!(hana.get("/desktops").await.status, 303);

        let before = hana.cookies[SESSION_COOKIE].clone();
        let good = show(&world, &mut hana, &own).await;
        assert_eq!(good.header("location"), "/account");
        assert_ne!(hana.cookies[SESSION_COOKIE], before);
        assert_eq!(hana.get("/desktops").await.status, 200);
        // It is the session's, not the person's.
        let mut elsewhere = world.signed_in(&customer.user).await;
        assert_eq!(elsewhere.get("/desktops").await.status, 303);
        let log = world.log(Some(customer.tenant)).await;
        for what in [What::DeviceIssued, What::DeviceRefused, What::DeviceShown] {
            assert!(log.contains(&what), "{what:?}");
        }
        // Another role is asked for nothing.
        let mut boss = world.signed_in(&customer.administrator).await;
        assert_eq!(boss.get("/users").await.status, 200);
    }
}

#[tokio::test]
async fn a_persons_certificate_is_theirs_alone_and_a_devices_is_anybodys() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let boss = &customer.administrator.actor;
        let of_boss = issued(&world.app, boss, &customer.administrator.email).await;
        let of_device = issued(&world.app, boss, "").await;
        asked(&world, "user").await;
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(show(&world, &mut hana, &of_boss).await.status, 401);
        assert_eq!(show(&world, &mut hana, &of_device).await.status, 303);
        assert_eq!(hana.get("/desktops").await.status, 200);
    }
}

#[tokio::test]
async fn another_customers_authority_never_counts() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let theirs = issued(&world.app, &harbour.administrator.actor, "").await;
        issued(&world.app, &shoji.administrator.actor, "").await;
        asked(&world, "user").await;
        let mut hana = world.signed_in(&shoji.user).await;
        assert_eq!(show(&world, &mut hana, &theirs).await.status, 401);

        // Both trust one authority: whom a certificate names is whose it is, and each revokes for itself.
        let common = Brought::new("common");
        for customer in &world.customers {
            let boss = &customer.administrator.actor;
            trust::add_authority(&world.app, boss, &common.pem)
                .await
                .unwrap();
        }
        let emails = [harbour.user.email.as_str()];
        let named = common.leaf(&Leaf {
            emails: &emails,
            ..Leaf::default()
        });
        assert_eq!(show(&world, &mut hana, &[named]).await.status, 401);
        let device = [common.leaf(&Leaf {
            serial: 7,
            ..Leaf::default()
        })];
        let mut theirs = world.signed_in(&harbour.user).await;
        assert_eq!(show(&world, &mut theirs, &device).await.status, 303);
        let boss = &harbour.administrator.actor;
        let rows = trust::authorities(&world.app, boss).await.unwrap();
        let (authority, _) = rows.iter().find(|(row, _)| row.kind == "brought").unwrap();
        trust::revoke_named(&world.app, boss, authority.id, "07")
            .await
            .unwrap();
        assert_eq!(theirs.get("/desktops").await.status, 303);
        assert_eq!(show(&world, &mut hana, &device).await.status, 303);
        // Nobody manages another customer's.
        let boss = &shoji.administrator.actor;
        let strange = trust::remove_authority(&world.app, boss, authority.id).await;
        assert!(matches!(strange, Err(DeviceError::NotFound)));
    }
}

#[tokio::test]
async fn who_is_revoked_is_out_at_once() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let boss = &customer.administrator.actor;
        let own = issued(&world.app, boss, &customer.user.email).await;
        asked(&world, "user").await;
        let mut hana = world.signed_in(&customer.user).await;
        show(&world, &mut hana, &own).await;
        let (mut host, mut gateway) = (world.host(3), world.gateway());
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let pairing = world
            .pairing(&customer.user, session, &mut host, &gateway)
            .await;
        gateway.opened(pairing.open).await;
        world.pass().await;
        assert!(gateway.kills().is_empty());
        assert_eq!(outcome(&world).await, Outcome::Holds);

        let mut late = again(&world, &customer.user).await;
        show(&world, &mut hana, &own).await;
        let seen = sent(&world, &mut late, &own).await;
        let id = device_of(&world, &customer.user.email).await;
        service::revoke(&world.app, boss, id).await.unwrap();
        assert_eq!(gateway.kills(), [session]);
        assert_eq!(
            hana.get("/account").await.header("location"),
            "/sign-in?next=%2Faccount"
        );
        // What was seen before does not count after.
        assert_eq!(late.get(&seen).await.status, 401);
        assert_eq!(show(&world, &mut late, &own).await.status, 401);
        assert_eq!(late.get("/desktops").await.status, 303);
        // Nobody takes it back, and twice is once.
        service::revoke(&world.app, boss, id).await.unwrap();
        let log = world.log(Some(customer.tenant)).await;
        let revoked = log.iter().filter(|what| **what == What::DeviceRevoked);
        assert_eq!(revoked.count(), 1);
    }
}

#[tokio::test]
async fn who_is_connected_without_a_certificate_is_disconnected_when_one_is_asked_for() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (mut host, mut gateway) = (world.host(3), world.gateway());
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let pairing = world
            .pairing(&customer.user, session, &mut host, &gateway)
            .await;
        gateway.opened(pairing.open).await;
        issued(&world.app, &customer.administrator.actor, "").await;
        asked(&world, "user").await;
        assert_eq!(outcome(&world).await, Outcome::FallsShort);
        world.pass().await;
        assert_eq!(gateway.kills(), [session]);
        gateway.closed(pairing.open, 4003).await;
        assert_eq!(outcome(&world).await, Outcome::Holds);
    }
}

#[tokio::test]
async fn a_certificate_that_ends_shuts_the_portal() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let own = issued(&world.app, &customer.administrator.actor, "").await;
        asked(&world, "user").await;
        world.pass_ms(365 * 24 * 60 * 60 * 1000 - 60_000);
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(show(&world, &mut hana, &own).await.status, 303);
        assert_eq!(hana.get("/desktops").await.status, 200);
        world.pass_ms(61_000);
        assert!(
            hana.get("/desktops")
                .await
                .header("location")
                .starts_with("/sign-in/device")
        );
        assert_eq!(show(&world, &mut hana, &own).await.status, 401);
    }
}

#[tokio::test]
async fn another_sites_link_has_nobody_show_a_certificate() {
    for world in worlds().await {
        let mut hana = world.signed_in(&world.customers[0].user).await;
        let led = hana.follow("/sign-in/device/go?next=/account").await;
        assert_eq!(led.header("location"), "/sign-in/device?next=%2Faccount");
        assert_eq!(world.rows("device_checks").await, 0);
        let page = hana.follow("/sign-in/device?next=/account").await;
        assert!(
            page.text
                .contains("href=\"/sign-in/device/go?next=%2Faccount\"")
        );
        hana.get("/sign-in/device/go?next=/account").await;
        assert_eq!(world.rows("device_checks").await, 1);
    }
}

#[tokio::test]
async fn tickets_and_results_work_once_and_for_the_session_that_asked() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let own = issued(&world.app, &customer.administrator.actor, "").await;
        asked(&world, "user").await;
        let mut hana = world.signed_in(&customer.user).await;
        let mut thief = again(&world, &customer.user).await;
        // Somebody with the password alone makes somebody else show their certificate: it comes back to the wrong browser.
        let lure = thief
            .get("/sign-in/device/go")
            .await
            .header("location")
            .to_owned();
        let result = at_device(&world, &lure, &own).await;
        assert_eq!(
            hana.get(&result).await.header("location"),
            "/sign-in/device"
        );
        assert_eq!(
            thief.get(&result).await.header("location"),
            "/sign-in/device"
        );
        assert_eq!(thief.get("/desktops").await.status, 303);
        // A ticket is used up by the first look, and by the next ticket.
        assert_eq!(at_device(&world, &lure, &own).await, "/sign-in/device");
        let first = hana
            .get("/sign-in/device/go")
            .await
            .header("location")
            .to_owned();
        let second = hana
            .get("/sign-in/device/go")
            .await
            .header("location")
            .to_owned();
        assert_eq!(at_device(&world, &first, &own).await, "/sign-in/device");
        let ticket = second.rsplit('/').next().unwrap();
        let looks = tokio::join!(
            step::look(&world.app, ticket, &own, ""),
            step::look(&world.app, ticket, &own, ""),
        );
        let won = [looks.0, looks.1]
            .into_iter()
            .filter_map(|look| look.ok().flatten());
        let won: Vec<String> = won.collect();
        assert_eq!(won.len(), 1);
        let good = hana.get(&format!("/sign-in/device/seen/{}", won[0])).await;
        assert_eq!(good.header("location"), "/");
        // Both grow old.
        let old = hana
            .get("/sign-in/device/go")
            .await
            .header("location")
            .to_owned();
        world.pass_ms(5 * 60_000);
        assert_eq!(at_device(&world, &old, &own).await, "/sign-in/device");
        let result = sent(&world, &mut hana, &own).await;
        world.pass_ms(60_000);
        assert_eq!(
            hana.get(&result).await.header("location"),
            "/sign-in/device"
        );
        let away = hana.get("/sign-in/device/go?next=//evil.example/").await;
        let result = at_device(&world, away.header("location"), &own).await;
        assert_eq!(hana.get(&result).await.header("location"), "/");
    }
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let actor = &customer.administrator.actor;
        let mut boss = world.signed_in(&customer.administrator).await;
        // Nobody's certificate could count.
        assert_eq!(ask(&mut boss, "user").await.status, 422);
        let own = issued(&world.app, actor, &customer.administrator.email).await;
        let refused = ask(&mut boss, "administrator").await;
        assert_eq!(refused.status, 422);
        assert!(
            refused
                .text
                .contains("name=\"device_certificate\" value=\"1\" checked")
        );
        assert_eq!(
            show(&world, &mut boss, &own).await.header("location"),
            "/account"
        );
        assert_eq!(ask(&mut boss, "administrator").await.status, 303);
        let id = device_of(&world, "").await;
        let csrf = boss.get("/users").await.csrf();
        let form = [("csrf", csrf.as_str())];
        assert_eq!(
            boss.post(&format!("/devices/{id}/revoke"), &form)
                .await
                .status,
            422
        );
        let (row, _) = trust::authorities(&world.app, actor)
            .await
            .unwrap()
            .remove(0);
        let remove = format!("/device-authorities/{}/remove", row.id);
        assert_eq!(boss.post(&remove, &form).await.status, 422);
        assert_eq!(boss.get("/users").await.status, 200);
        // With another one it can go.
        let next = issued(&world.app, actor, "").await;
        assert_eq!(show(&world, &mut boss, &next).await.status, 303);
        let csrf = boss.get("/users").await.csrf();
        let form = [("csrf", csrf.as_str())];
        let gone = boss.post(&format!("/devices/{id}/revoke"), &form).await;
        assert_eq!(gone.header("location"), "/devices?done=revoked");
        assert_eq!(boss.get("/users").await.status, 200);
    }
}

#[tokio::test]
async fn certificates_are_issued_listed_renewed_and_end_with_their_person() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let csrf = boss.get("/users").await.csrf();
        let form = |person, name| {
            [
                ("person", person),
                ("name", name),
                ("days", "90"),
                ("csrf", csrf.as_str()),
            ]
        };
        let strange = world.customers[1].user.email.as_str();
        for (person, name) in [
            (strange, "laptop"),
            ("nobody@shoji.example", "x"),
            ("", " "),
        ] {
            let wrong = boss.post("/devices/issue", &form(person, name)).await;
            assert_eq!(wrong.status, 422, "{person} {name}");
            assert!(wrong.text.contains(&format!("value=\"{person}\"")));
        }
        for (person, name) in [(customer.user.email.as_str(), "Alpha"), ("", "Beta <b>")] {
            let made = boss.post("/devices/issue", &form(person, name)).await;
            assert!(
                made.text
                    .contains("href=\"data:application/x-pkcs12;base64,MI")
            );
        }
        let names = |text: &str| ["Alpha", "Beta"].map(|name| text.find(name));
        let up = names(&boss.get("/devices?sort=name").await.text);
        let down = names(&boss.get("/devices?sort=name&order=desc").await.text);
        assert!(up[0] < up[1] && down[0] > down[1] && down[1].is_some());
        let found = boss.get("/devices?q=hana").await.text;
        assert!(found.contains("Alpha") && !found.contains("Beta"));
        let id = device_of(&world, "hana").await;
        let again = boss
            .post(&format!("/devices/{id}/renew"), &[("csrf", &csrf)])
            .await;
        assert!(again.text.contains("data:application/x-pkcs12"));
        let actor = &customer.administrator.actor;
        let both = service::list(&world.app, actor, "hana").await.unwrap();
        assert_eq!(both.len(), 2);
        lifecycle::remove(&world.app, actor, customer.user.actor.user)
            .await
            .unwrap();
        let left = service::list(&world.app, actor, "Alpha").await.unwrap();
        assert!(left.iter().all(|listed| listed.row.revoked_at_ms.is_some()));
        // A certificate of somebody who is gone is not renewed: without a person it would be everybody's.
        let strange = service::renew(&world.app, actor, id).await;
        assert!(matches!(strange, Err(DeviceError::NotFound)));
        assert!(!boss.get("/devices?q=Alpha").await.text.contains("/renew"));
        // No key of anybody's is kept, and the authority's own is sealed.
        let mut tx = world.app.db.read(customer.tenant).await.unwrap();
        let rows = super::store::authorities(&mut tx, customer.tenant)
            .await
            .unwrap();
        assert!(rows[0].secret.as_deref().unwrap().starts_with('v'));
    }
}
