//! Answers of an organisation's own provider, honest and hostile.

#![allow(clippy::unwrap_used)]

use super::{
    attempt::ATTEMPT_MS,
    fake::{
        Fake, NEWCOMER, Signed, came_in, choose, led_to, open_worlds, person, reason, set_up,
        sign_in, subject, welcoming,
    },
};
use crate::{
    activity::What,
    db::{Scope, on},
    testing::{World, worlds},
    visit::SESSION_COOKIE,
};
use serde_json::json;

#[tokio::test]
async fn somebody_unknown_is_added_and_comes_in() {
    for (world, fake) in open_worlds().await {
        let tenant = world.customers[0].tenant;
        let before = world.log(Some(tenant)).await.len();
        let mut browser = world.browser();
        let answer = sign_in(&world, &fake, &mut browser, NEWCOMER).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/desktops")
        );
        assert!(browser.get("/desktops").await.text.contains("新人 花子"));
        let user = person(&world, NEWCOMER).await.unwrap();
        assert_eq!(
            (user.tenant_id, user.role.as_str(), user.state.as_str()),
            (tenant, "user", "active")
        );
        assert_eq!(
            world.log(Some(tenant)).await[before..],
            [
                What::FederationJoined,
                What::FederationBound,
                What::FederationAccepted,
                What::SignedIn
            ]
        );
        // The second time nothing is added; the address counts no more.
        fake.says(json!({ "email": "renamed@elsewhere.example", "email_verified": false }));
        let mut again = world.browser();
        sign_in(&world, &fake, &mut again, NEWCOMER).await;
        assert!(again.get("/desktops").await.text.contains("新人 花子"));
        assert_eq!(
            person(&world, "renamed@elsewhere.example")
                .await
                .map(|user| user.id),
            None
        );
    }
}

#[tokio::test]
async fn what_is_not_an_honest_identity_lets_nobody_in() {
    for (world, fake) in open_worlds().await {
        let tenant = world.customers[0].tenant;
        let now_s = world.app.clock.now_s();
        let cases = [
            (Signed::ByAnother, json!({}), "identity: signature"),
            (Signed::Not, json!({}), "identity: signature"),
            (Signed::BySecret, json!({}), "identity: signature"),
            (
                Signed::Well,
                json!({ "iss": "https://elsewhere.example" }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "aud": "somebody else" }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "aud": ["nagaya", "somebody else"] }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "nonce": "another" }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "nonce": null }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "exp": now_s - 1 }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "iat": now_s - 3600 }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "iat": now_s + 3600, "exp": now_s + 7200 }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "sub": "" }),
                "identity: issuer, audience, nonce or time",
            ),
            (
                Signed::Well,
                json!({ "email_verified": false }),
                "address not verified",
            ),
            (
                Signed::Well,
                json!({ "email_verified": null }),
                "address not verified",
            ),
            (
                Signed::Well,
                json!({ "email_verified": false, "xms_edov": true }),
                "address not verified",
            ),
            (
                Signed::Well,
                json!({ "email": "newcomer@shoji.example.evil.example" }),
                "address of another domain",
            ),
            (
                Signed::Well,
                json!({ "email": "hana@harbour.example" }),
                "address of another domain",
            ),
        ];
        for (signed, claims, why) in cases {
            let shown = claims.to_string();
            fake.act(|script| script.signed = signed);
            fake.says(claims);
            let mut browser = world.browser();
            let answer = sign_in(&world, &fake, &mut browser, NEWCOMER).await;
            assert_eq!(answer.status, 403, "{signed:?} {shown}");
            assert!(
                !browser.cookies.contains_key(SESSION_COOKIE),
                "{signed:?} {shown}"
            );
            // From outside all look the same.
            assert!(!answer.text.contains(why), "{why}");
            assert_eq!(reason(&world, tenant).await, why, "{signed:?} {shown}");
        }
        assert!(person(&world, NEWCOMER).await.is_none());
    }
}

#[tokio::test]
async fn an_address_that_is_told_elsewhere_must_be_the_same_persons() {
    for (world, fake) in open_worlds().await {
        let tenant = world.customers[0].tenant;
        fake.says(json!({ "email": null, "email_verified": null }));
        let info = |sub| json!({ "sub": sub, "email": NEWCOMER, "email_verified": true });
        fake.act(|script| script.user_info = info("s-2"));
        let answer = sign_in(&world, &fake, &mut world.browser(), NEWCOMER).await;
        assert_eq!(answer.status, 403);
        assert_eq!(reason(&world, tenant).await, "identity: other subject");
        fake.act(|script| script.user_info = info("s-1"));
        let answer = sign_in(&world, &fake, &mut world.browser(), NEWCOMER).await;
        assert_eq!(answer.status, 303);
    }
}

#[tokio::test]
async fn an_answer_is_good_once_soon_and_for_the_browser_that_began() {
    for (world, fake) in open_worlds().await {
        let mut browser = world.browser();
        let url = led_to(&choose(&mut browser, NEWCOMER, "/desktops").await);
        let back = fake.visit(&world, &url);
        // Another browser, which began a sign-in of its own: nobody is signed in as somebody else (login CSRF).
        let mut other = world.browser();
        choose(&mut other, NEWCOMER, "/desktops").await;
        for browser in [&mut world.browser(), &mut other] {
            let answer = browser.get(&back).await;
            assert_eq!(answer.status, 400);
            assert!(!browser.cookies.contains_key(SESSION_COOKIE));
        }
        // Whoever showed it has used it up.
        assert_eq!(browser.get(&back).await.status, 400);

        let url = led_to(&choose(&mut browser, NEWCOMER, "/desktops").await);
        let back = fake.visit(&world, &url);
        let (mut left, mut right) = (world.browser(), world.browser());
        for twin in [&mut left, &mut right] {
            twin.cookies.clone_from(&browser.cookies);
        }
        let (left, right) = tokio::join!(left.get(&back), right.get(&back));
        let mut statuses = [left.status.as_u16(), right.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 400]);

        let url = led_to(&choose(&mut browser, NEWCOMER, "/desktops").await);
        let back = fake.visit(&world, &url);
        world.pass_ms(ATTEMPT_MS);
        assert_eq!(browser.get(&back).await.status, 400);
    }
}

#[tokio::test]
async fn a_code_is_taken_to_the_provider_that_gave_it_alone() {
    for mut world in worlds().await {
        let (own, foreign) = (Fake::open(&mut world).await, Fake::open(&mut world).await);
        set_up(&world, &welcoming(&own)).await;
        let tenant = world.customers[0].tenant;
        let mut browser = world.browser();
        let url = led_to(&choose(&mut browser, NEWCOMER, "/desktops").await);
        // Another provider answers with this one's state (mix-up).
        let back = foreign.visit(&world, &url);
        assert_eq!(browser.get(&back).await.status, 403);
        assert_eq!(reason(&world, tenant).await, "answer of another issuer");
        // A provider that names itself in its answers must do so.
        let url = led_to(&choose(&mut browser, NEWCOMER, "/desktops").await);
        let back = own.visit(&world, &url);
        let (unnamed, _) = back.split_once("&iss=").unwrap();
        assert_eq!(browser.get(unnamed).await.status, 403);
        assert_eq!(reason(&world, tenant).await, "answer of an unknown issuer");
        // A code of somebody else's sign-in does not fit this browser's verifier (injection).
        let stolen = {
            let url = led_to(&choose(&mut world.browser(), NEWCOMER, "/desktops").await);
            let back = own.visit(&world, &url);
            back.split_once("code=")
                .unwrap()
                .1
                .split('&')
                .next()
                .unwrap()
                .to_owned()
        };
        let url = led_to(&choose(&mut browser, NEWCOMER, "/desktops").await);
        let back = own.visit(&world, &url);
        let code = back
            .split_once("code=")
            .unwrap()
            .1
            .split('&')
            .next()
            .unwrap();
        assert_eq!(browser.get(&back.replace(code, &stolen)).await.status, 403);
        assert_eq!(reason(&world, tenant).await, "provider: code refused");
        // What the provider says instead of a code is not shown.
        let url = led_to(&choose(&mut browser, NEWCOMER, "/desktops").await);
        let back = own
            .visit(&world, &url)
            .replace("code=", "error=%3Cb%3Eevil%3C%2Fb%3E&was=");
        let answer = browser.get(&back).await;
        assert!(answer.status == 403 && !answer.text.contains("evil"));
        assert_eq!(reason(&world, tenant).await, "provider: sign-in failed");
    }
}

#[tokio::test]
async fn a_person_is_one_subject_and_a_subject_one_person() {
    for (world, fake) in open_worlds().await {
        let [shoji, _] = &world.customers;
        let hana = &shoji.user;
        let mut browser = came_in(&world, &fake, hana).await;
        assert!(
            browser
                .get("/desktops")
                .await
                .text
                .contains("hana of shoji")
        );
        // Somebody else at the provider gets hana's address.
        fake.says(json!({ "sub": subject(), "email": hana.email }));
        let answer = sign_in(&world, &fake, &mut world.browser(), &hana.email).await;
        assert_eq!(answer.status, 403);
        assert_eq!(
            reason(&world, shoji.tenant).await,
            "person is another subject"
        );
        // Access that was taken away stays away.
        world.set_state(hana, "suspended").await;
        fake.says(json!({ "sub": hana.email, "email": hana.email }));
        let answer = sign_in(&world, &fake, &mut world.browser(), &hana.email).await;
        assert_eq!(answer.status, 403);
        assert_eq!(reason(&world, shoji.tenant).await, "suspended");
        world.set_state(hana, "active").await;
        world.signed_in(&shoji.administrator).await;
        let actor = &shoji.administrator.actor;
        crate::identity::lifecycle::remove(&world.app, actor, hana.actor.user)
            .await
            .unwrap();
        let answer = sign_in(&world, &fake, &mut world.browser(), &hana.email).await;
        assert_eq!(answer.status, 403);
        assert_eq!(reason(&world, shoji.tenant).await, "removed");
    }
}

#[tokio::test]
async fn nobody_is_taken_from_another_customer_and_nobody_added_where_people_have_to_be_there() {
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        let mut draft = welcoming(&fake);
        draft.domains = "shoji.example\nharbour.example".to_owned();
        set_up(&world, &draft).await;
        let [shoji, harbour] = &world.customers;
        fake.says(json!({ "email": harbour.user.email }));
        let answer = sign_in(&world, &fake, &mut world.browser(), NEWCOMER).await;
        assert_eq!(answer.status, 403);
        assert_eq!(reason(&world, shoji.tenant).await, "address is taken");
        draft.joins_as = String::new();
        set_up(&world, &draft).await;
        fake.says(json!({}));
        let answer = sign_in(&world, &fake, &mut world.browser(), NEWCOMER).await;
        assert_eq!(answer.status, 403);
        assert_eq!(reason(&world, shoji.tenant).await, "unknown person");
        assert!(person(&world, NEWCOMER).await.is_none());
    }
}

#[tokio::test]
async fn two_first_sign_ins_of_one_person_add_them_once() {
    for (world, fake) in open_worlds().await {
        let (mut left, mut right) = (world.browser(), world.browser());
        let (one, two) = tokio::join!(
            sign_in(&world, &fake, &mut left, NEWCOMER),
            sign_in(&world, &fake, &mut right, NEWCOMER)
        );
        assert_eq!((one.status.as_u16(), two.status.as_u16()), (303, 303));
        let log = world.log(Some(world.customers[0].tenant)).await;
        let joined = log
            .iter()
            .filter(|what| **what == What::FederationJoined)
            .count();
        assert_eq!(joined, 1);
    }
}

/// All that a database keeps, as text: the file's bytes, or every row.
async fn everything(world: &World) -> String {
    const TABLES: &str = "SELECT relname::text FROM pg_class
        WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind = 'r'";
    if world.is_sqlite() {
        let files = std::fs::read_dir(world.place().0).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let database = files.filter(|path| path.to_string_lossy().contains(".sqlite3"));
        let bytes: Vec<u8> = database
            .flat_map(|path| std::fs::read(path).unwrap())
            .collect();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut tx = world.app.db.read(Scope::Everybody).await.unwrap();
    let tables: Vec<String> =
        on!(&mut tx, c => sqlx::query_scalar(TABLES).fetch_all(c).await).unwrap();
    let mut all = String::new();
    for table in tables {
        let sql = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        let sql = sqlx::AssertSqlSafe(sql);
        let rows: String = on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await).unwrap();
        all.push_str(&rows);
    }
    all
}

#[tokio::test]
async fn no_token_of_a_provider_is_kept() {
    for (world, fake) in open_worlds().await {
        // The access token is needed once, for the address.
        fake.says(json!({ "email": null, "email_verified": null }));
        let info = json!({ "sub": "s-1", "email": NEWCOMER, "email_verified": true });
        fake.act(|script| script.user_info = info);
        let answer = sign_in(&world, &fake, &mut world.browser(), NEWCOMER).await;
        assert_eq!(answer.status, 303);
        let kept = everything(&world).await;
        assert!(
            kept.contains("identity.federation_accepted"),
            "nothing was read"
        );
        // The access token, and how every identity token begins: {"alg":
        for token in ["an access token", "eyJhbGci"] {
            assert!(!kept.contains(token), "{token} is kept");
        }
    }
}
