#![allow(clippy::unwrap_used)]
use super::{rules::Rules, service, store};
use crate::{
    activity::What,
    db::{Scope, on},
    evidence::{Outcome, Run},
    identity::{checks::SECOND_FACTOR, factors::tests::enrol},
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
    visit::{CSRF_HEADER, SESSION_COOKIE},
};
use axum::{body::Body, http::Request};
use uuid::Uuid;

/// The form as it is at first, with some fields added or replaced.
fn form<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("networks", ""),
        ("idle_timeout_min", "120"),
        ("absolute_timeout_min", "720"),
        ("proof_max_age_min", "15"),
    ];
    for (name, value) in changes {
        form.retain(|(there, _)| there != name || there.starts_with("day"));
        form.push((name, value));
    }
    form
}

/// The administrator asks something of a role.
async fn ask(boss: &mut Browser, role: &str, changes: &[(&str, &str)]) -> Answer {
    let path = format!("/sign-in-rules/{role}");
    let csrf = boss.get("/users").await.csrf();
    let mut form = form(changes);
    form.push(("csrf", &csrf));
    boss.post(&path, &form).await
}

async fn sign_in(world: &World, person: &Person, password: &str, from: &str) -> (Browser, Answer) {
    let mut browser = world.browser();
    browser.address = format!("{from}:50000").parse().unwrap();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [
        ("email", person.email.as_str()),
        ("password", password),
        ("csrf", csrf.as_str()),
    ];
    let answer = browser.post("/sign-in", &form).await;
    (browser, answer)
}

/// How the check of second factors answers for the first customer.
async fn outcome(world: &World) -> Outcome {
    let Run::Customer(run) = SECOND_FACTOR.run else {
        panic!("it is about a customer");
    };
    let answer = run(&world.app, world.customers[0].tenant).await;
    answer.unwrap().outcome
}

/// Saves rules that must be taken.
async fn asked(world: &World, role: &str, changes: &[(&str, &str)]) {
    let mut boss = world.signed_in(&world.customers[0].administrator).await;
    let saved = ask(&mut boss, role, changes).await;
    assert_eq!(
        saved.header("location"),
        "/sign-in-rules?done=saved",
        "{}",
        saved.text
    );
}

#[tokio::test]
async fn who_comes_from_elsewhere_stays_out_and_learns_nothing() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut inside = world.signed_in(&customer.user).await;
        let mut boss = world.signed_in(&customer.administrator).await;
        ask(
            &mut boss,
            "user",
            &[("networks", "198.51.100.0/24\n2001:db8::/32")],
        )
        .await;
        // Whoever is in from elsewhere is out with the next click, and their session is gone.
        assert_eq!(inside.get("/desktops").await.status, 303);
        inside.address = "198.51.100.4:1".parse().unwrap();
        assert_eq!(inside.get("/desktops").await.status, 303);
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::WebSessionShut) && log.contains(&What::SignInRulesChanged));

        let (_, right) = sign_in(&world, &customer.user, PASSWORD, "192.0.2.7").await;
        let (_, wrong) = sign_in(&world, &customer.user, "wrong wrong wrong", "192.0.2.7").await;
        let told = |answer: &Answer| {
            let (_, rest) = answer.text.split_once("role=\"alert\"").unwrap();
            rest.split('<').next().unwrap().to_owned()
        };
        assert_eq!((right.status, told(&right)), (wrong.status, told(&wrong)));
        for address in ["198.51.100.4", "[2001:db8::9]"] {
            let (mut browser, _) = sign_in(&world, &customer.user, PASSWORD, address).await;
            assert_eq!(browser.get("/desktops").await.status, 200);
        }
        // Another role, and another customer's people, come from where they like.
        assert_eq!(boss.get("/users").await.status, 200);
        let mut other = world.signed_in(&world.customers[1].user).await;
        assert_eq!(other.get("/desktops").await.status, 200);
    }
}

#[tokio::test]
async fn a_link_is_no_way_in_from_elsewhere_and_stays_good() {
    for world in worlds().await {
        let customer = &world.customers[0];
        asked(&world, "user", &[("networks", "198.51.100.0/24")]).await;
        let path = format!("/welcome/{}", world.link(&customer.user).await);
        let mut statuses = Vec::new();
        for from in ["192.0.2.7:1", "198.51.100.4:1"] {
            let mut browser = world.browser();
            browser.address = from.parse().unwrap();
            let csrf = browser.get(&path).await.csrf();
            let form = [
                ("password", PASSWORD),
                ("repeat", PASSWORD),
                ("csrf", csrf.as_str()),
            ];
            statuses.push(browser.post(&path, &form).await.status.as_u16());
        }
        assert_eq!(statuses, [422, 303]);
    }
}

#[tokio::test]
async fn outside_the_hours_portal_and_desktops_are_shut() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let (mut host, mut gateway) = (world.host(3), world.gateway());
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let pairing = world
            .pairing(&customer.user, session, &mut host, &gateway)
            .await;
        gateway.opened(pairing.open).await;
        // It is Friday, 17:00 in the customer's zone, and the day ends at 18:00.
        let hours = [("day-0", "4"), ("from-0", "09:00"), ("to-0", "18:00")];
        asked(&world, "user", &hours).await;
        assert_eq!(hana.get("/desktops").await.status, 200);
        world.pass().await;
        assert!(gateway.kills().is_empty());
        world.pass_ms(61 * 60 * 1000);
        assert_eq!(hana.get("/desktops").await.status, 303);
        let (_, refused) = sign_in(&world, &customer.user, PASSWORD, "192.0.2.7").await;
        assert_eq!(refused.status, 401);
        world.pass().await;
        assert_eq!(gateway.kills(), [session]);
    }
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    for world in worlds().await {
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        let locks: [&[(&str, &str)]; 3] = [
            &[("networks", "198.51.100.0/24")],
            &[("day-0", "6"), ("from-0", "09:00"), ("to-0", "18:00")],
            &[("second_factor", "1")],
        ];
        for changes in locks {
            let refused = ask(&mut boss, "administrator", changes).await;
            assert_eq!(refused.status, 422);
            // What was typed is still there.
            let kept = changes.last().unwrap();
            assert!(refused.text.contains(kept.1), "{kept:?}");
            assert_eq!(boss.get("/users").await.status, 200);
        }
        let own = ask(&mut boss, "administrator", &[("networks", "192.0.2.0/24")]).await;
        assert_eq!(own.status, 303);
        assert_eq!(boss.get("/users").await.status, 200);
    }
}

#[tokio::test]
async fn where_a_second_factor_is_asked_for_nothing_is_open_without_one() {
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
        asked(&world, "user", &[("second_factor", "1")]).await;
        assert_eq!(outcome(&world).await, Outcome::FallsShort);
        // The reconciler takes the picture away from whoever has none.
        world.pass().await;
        assert_eq!(gateway.kills(), [session]);
        gateway.closed(pairing.open, 4003).await;
        assert_eq!(outcome(&world).await, Outcome::Holds);

        let mut hana = world.signed_in(&customer.user).await;
        let (mut elsewhere, _) = sign_in(&world, &customer.user, PASSWORD, "192.0.2.7").await;
        for path in ["/desktops", "/activity", "/access"] {
            let sent = hana.get(path).await;
            assert_eq!(sent.header("location"), "/account/authenticator", "{path}");
        }
        let connect = format!("/sessions/{session}/connect");
        assert_eq!(hana.post(&connect, &[]).await.status, 303);
        assert_eq!(hana.get("/account").await.status, 200);
        enrol(&world, &mut hana).await;
        assert_eq!(hana.get("/desktops").await.status, 200);
        // The session that never gave a code has ended.
        assert_eq!(elsewhere.get("/account").await.status, 303);
        let csrf = hana.csrf().await;
        let off = [("password", PASSWORD), ("csrf", csrf.as_str())];
        let kept = hana.post("/account/authenticator/remove", &off).await;
        assert_eq!(kept.status, 422);
    }
}

#[tokio::test]
async fn what_is_dangerous_asks_again_who_one_is() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let remove = format!("/users/{}/remove", customer.user.actor.user);
        assert_eq!(boss.get(&remove).await.status, 200);
        world.pass_ms(16 * 60 * 1000);
        let asked = boss.get(&remove).await;
        let to = asked.header("location").to_owned();
        assert!(to.starts_with("/prove?next=%2Fusers%2F"), "{to}");
        // A form that was opened in time may still be sent, but not much later.
        let csrf = boss.get("/users").await.csrf();
        world.pass_ms(10 * 60 * 1000);
        let late = boss.post(&remove, &[("csrf", &csrf)]).await;
        assert!(late.header("location").starts_with("/prove"));
        let link = format!("/users/{}/link", customer.user.actor.user);
        let back = boss.post(&link, &[("csrf", &csrf)]).await;
        let person = format!("/prove?next=%2Fusers%2F{}", customer.user.actor.user);
        assert_eq!(back.header("location"), person);

        let before = boss.cookies[SESSION_COOKIE].clone();
        let proof = |password| {
            [
                ("password", password),
                ("next", remove.as_str()),
                ("csrf", csrf.as_str()),
            ]
        };
        let wrong = boss.post("/prove", &proof("wrong wrong wrong")).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains(&format!("value=\"{remove}\"")));
        let right = boss.post("/prove", &proof(PASSWORD)).await;
        assert_eq!(right.header("location"), remove);
        assert_ne!(boss.cookies[SESSION_COOKIE], before);
        assert_eq!(boss.get(&remove).await.status, 200);
        assert!(
            boss.post(&remove, &[("csrf", &csrf)])
                .await
                .header("location")
                .starts_with("/users")
        );
        // No way out of the portal.
        let csrf = boss.get("/users").await.csrf();
        let away = [
            ("password", PASSWORD),
            ("next", "//evil.example/"),
            ("csrf", csrf.as_str()),
        ];
        assert_eq!(boss.post("/prove", &away).await.header("location"), "/");
        let log = world.log(Some(customer.tenant)).await;
        let proofs = [
            What::ProofRefused,
            What::ProofGiven,
            What::UserRemoved,
            What::ProofGiven,
        ];
        assert!(log.ends_with(&proofs), "{log:?}");
    }
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_proves_nothing() {
    for world in worlds().await {
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        let phone = enrol(&world, &mut boss).await.0;
        world.pass_ms(60 * 1000);
        for (code, status) in [
            ("000000", 422),
            ("", 422),
            (phone.code(&world).as_str(), 303),
        ] {
            let csrf = boss.get("/prove").await.csrf();
            let form = [
                ("password", PASSWORD),
                ("code", code),
                ("csrf", csrf.as_str()),
            ];
            assert_eq!(boss.post("/prove", &form).await.status, status, "{code}");
        }
        // Nor does it change itself, and what takes protection away wants a code, too.
        world.pass_ms(40 * 60 * 1000);
        let csrf = boss.get("/account").await.csrf();
        let new = "violet anchor tundra kettle";
        for path in [
            "/account/password",
            "/account/authenticator/remove",
            "/account/recovery-codes",
        ] {
            let form = [
                ("current", PASSWORD),
                (
                    "password",
                    if path == "/account/password" {
                        new
                    } else {
                        PASSWORD
                    },
                ),
                ("repeat", new),
                ("csrf", csrf.as_str()),
            ];
            let asked = boss.post(path, &form).await;
            assert!(asked.header("location").starts_with("/prove"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_proof_can_be_asked_for_before_each_connection() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (mut host, _gateway) = (world.host(3), world.gateway());
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let mut hana = world.signed_in(&customer.user).await;
        let page = format!("/sessions/{session}");
        world.pass_ms(10 * 60 * 1000);
        assert_eq!(hana.get(&page).await.status, 200);
        asked(&world, "user", &[("proof_before_connect", "1")]).await;
        let asked = hana.get(&page).await;
        assert!(
            asked
                .header("location")
                .starts_with("/prove?next=%2Fsessions")
        );
        let csrf = hana.get("/prove").await.csrf();
        let request = Request::post(format!("{page}/connect")).header(CSRF_HEADER, &csrf);
        let request = request.body(Body::empty()).unwrap();
        // A script is told by the status, not led to a page.
        assert_eq!(hana.send(request).await.status, 401);
        let form = [
            ("password", PASSWORD),
            ("next", page.as_str()),
            ("csrf", csrf.as_str()),
        ];
        assert_eq!(hana.post("/prove", &form).await.header("location"), page);
        assert_eq!(hana.get(&page).await.status, 200);
    }
}

#[tokio::test]
async fn limits_are_the_roles_own() {
    for world in worlds().await {
        let limits = [("idle_timeout_min", "10"), ("absolute_timeout_min", "30")];
        asked(&world, "user", &limits).await;
        let mut hana = world.signed_in(&world.customers[0].user).await;
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        for _ in 0..3 {
            world.pass_ms(10 * 60 * 1000);
            assert_eq!(hana.get("/desktops").await.status, 200);
        }
        world.pass_ms(60 * 1000);
        assert_eq!(hana.get("/desktops").await.status, 303);
        assert_eq!(boss.get("/desktops").await.status, 200);
        let mut idle = world.signed_in(&world.customers[0].user).await;
        world.pass_ms(11 * 60 * 1000);
        assert_eq!(idle.get("/desktops").await.status, 303);
    }
}

#[tokio::test]
async fn programs_come_from_the_same_networks() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let csrf = boss.get("/tokens").await.csrf();
        let form = [
            ("name", "nightly"),
            ("scope", "people.read"),
            ("days", "7"),
            ("csrf", csrf.as_str()),
        ];
        let made = boss.post("/tokens", &form).await.text;
        let (_, rest) = made.split_once("ngy_").unwrap();
        let secret: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
            .collect();
        let token = format!("ngy_{secret}");
        let call = |from: &'static str| {
            let (token, mut program) = (token.clone(), world.browser());
            async move {
                program.address = from.parse().unwrap();
                let request =
                    Request::get("/api/v1/me").header("authorization", format!("Bearer {token}"));
                let request = request.body(Body::empty()).unwrap();
                program.send(request).await.status.as_u16()
            }
        };
        assert_eq!(call("203.0.113.9:1").await, 200);
        let saved = ask(&mut boss, "administrator", &[("networks", "192.0.2.0/24")]).await;
        assert_eq!(saved.status, 303);
        assert_eq!(call("203.0.113.9:1").await, 401);
        assert_eq!(call("192.0.2.9:1").await, 200);
        // What the person could not do without setting up a second factor, their program cannot do.
        let rules = Rules {
            second_factor: true,
            ..Rules::default()
        };
        let mut tx = world.app.db.begin(customer.tenant).await.unwrap();
        let (of, new) = ((customer.tenant, "administrator"), (Uuid::nil(), 1));
        store::save(&mut tx, of, &rules, new).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(call("192.0.2.9:1").await, 401);
        enrol(&world, &mut boss).await;
        assert_eq!(call("192.0.2.9:1").await, 200);
    }
}

#[tokio::test]
async fn rules_that_cannot_be_read_let_nobody_in() {
    for world in worlds().await {
        let customer = &world.customers[0];
        asked(&world, "user", &[("networks", "192.0.2.0/24")]).await;
        let mut hana = world.signed_in(&customer.user).await;
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let sql = "UPDATE sign_in_rules SET rules = '{}'";
        on!(&mut tx, c => sqlx::raw_sql(sql).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(hana.get("/desktops").await.status, 503);
        let actor = &customer.administrator.actor;
        assert!(service::all(&world.app, actor).await.is_err());
        // The reconciler goes on, and shuts them out.
        let mut tx = world.app.db.read(Scope::Everybody).await.unwrap();
        let out = service::shut_out(&world.app, &mut tx).await.unwrap();
        assert!(out.contains(&customer.user.actor.user));
        assert!(!out.contains(&world.customers[1].user.actor.user));
    }
}
