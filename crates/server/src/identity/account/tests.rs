#![allow(clippy::unwrap_used)]
use crate::{
    activity::What,
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
    visit::SESSION_COOKIE,
};

const NEW: &str = "violet anchor tundra kettle";

async fn change(browser: &mut Browser, current: &str, password: &str, repeat: &str) -> Answer {
    let csrf = browser.get("/account").await.csrf();
    let form = [
        ("current", current),
        ("password", password),
        ("repeat", repeat),
        ("csrf", csrf.as_str()),
    ];
    browser.post("/account/password", &form).await
}

async fn try_sign_in(world: &World, person: &Person, password: &str) -> (u16, Browser) {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [
        ("email", person.email.as_str()),
        ("password", password),
        ("csrf", csrf.as_str()),
    ];
    let status = browser.post("/sign-in", &form).await.status.as_u16();
    (status, browser)
}

#[tokio::test]
async fn a_changed_password_ends_other_sessions_and_renews_this_one() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut here = world.signed_in(&customer.user).await;
        let (_, mut elsewhere) = try_sign_in(&world, &customer.user, PASSWORD).await;
        assert_eq!(elsewhere.get("/account").await.status, 200);
        let link = world.link(&customer.user).await;
        let before = here.cookies[SESSION_COOKIE].clone();

        let done = change(&mut here, PASSWORD, NEW, NEW).await;
        assert_eq!(done.header("location"), "/account?done=password");
        assert_ne!(here.cookies[SESSION_COOKIE], before);
        assert_eq!(here.get("/account").await.status, 200);
        assert_eq!(elsewhere.get("/account").await.status, 303);
        // The old secret of this session is worth nothing, nor is a link that somebody may have.
        let mut old = world.browser();
        old.cookies.insert(SESSION_COOKIE.to_owned(), before);
        assert_eq!(old.get("/account").await.status, 303);
        assert_eq!(old.get(&format!("/welcome/{link}")).await.status, 410);
        assert_eq!(try_sign_in(&world, &customer.user, PASSWORD).await.0, 401);
        assert_eq!(try_sign_in(&world, &customer.user, NEW).await.0, 303);
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log[2], What::PasswordChanged);
    }
}

#[tokio::test]
async fn a_new_password_that_is_not_taken_is_told_why_beside_its_field() {
    for world in worlds().await {
        let mut hana = world.signed_in(&world.customers[0].user).await;
        let cases = [
            ("short", "short", "password-error"),
            (NEW, "something else", "repeat-error"),
            ("password1234", "password1234", "password-error"),
            // Easy for zxcvbn: with what would be better.
            ("qazwsxqazwsx", "qazwsxqazwsx", "<li>"),
            ("hana@shoji.example", "hana@shoji.example", "password-error"),
        ];
        for (password, repeat, told) in cases {
            let answer = change(&mut hana, PASSWORD, password, repeat).await;
            assert_eq!(answer.status, 422, "{password}");
            assert!(answer.text.contains(told), "{password}");
            // What was typed does not come back; the address is on the page as the account's name.
            let back = answer.text.contains(&format!("value=\"{password}\""));
            assert!(!back || password.contains('@'));
        }
        let log = world.log(Some(world.customers[0].tenant)).await;
        assert_eq!(log, [What::PasswordSet]);
    }
}

#[tokio::test]
async fn an_open_browser_is_no_way_to_guess_the_password() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        for _ in 0..5 {
            let wrong = change(&mut hana, "wrong wrong wrong", NEW, NEW).await;
            assert_eq!(wrong.status, 422);
            assert!(wrong.text.contains("current-error"));
        }
        // The right one is not looked at now.
        assert_eq!(change(&mut hana, PASSWORD, NEW, NEW).await.status, 422);
        // The counter is the one of sign-in.
        assert_eq!(try_sign_in(&world, &customer.user, PASSWORD).await.0, 429);
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log[1..], [What::ProofRefused; 5]);
    }
}

#[tokio::test]
async fn sessions_are_listed_with_browser_and_address_and_end_one_by_one_or_together() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let mut here = world.signed_in(&customer.user).await;
        let (_, mut second) = try_sign_in(&world, &customer.user, PASSWORD).await;
        let (_, mut third) = try_sign_in(&world, &customer.user, PASSWORD).await;
        let mut stranger = world.signed_in(&other.user).await;
        let mut colleague = world.signed_in(&customer.administrator).await;
        let page = here.get("/account").await;
        assert!(page.text.contains("Firefox, Linux") && page.text.contains("192.0.2.7"));
        let ends: Vec<&str> = page
            .text
            .split("action=\"/account/sessions/")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .filter(|rest| rest.ends_with("/end"))
            .collect();
        assert_eq!(ends.len(), 2);
        // Who knows another's session cannot end it.
        for browser in [&mut stranger, &mut colleague] {
            let csrf = browser.get("/account").await.csrf();
            for end in &ends {
                let path = format!("/account/sessions/{end}");
                browser.post(&path, &[("csrf", &csrf)]).await;
            }
        }
        let open = async |browser: &mut Browser| browser.get("/account").await.status == 200;
        assert!(open(&mut second).await && open(&mut third).await);

        let csrf = page.csrf();
        let path = format!("/account/sessions/{}", ends[0]);
        let ended = here.post(&path, &[("csrf", &csrf)]).await;
        assert_eq!(ended.header("location"), "/account?done=ended");
        assert_ne!(open(&mut second).await, open(&mut third).await);
        let form = [("csrf", csrf.as_str())];
        here.post("/account/sessions/end-others", &form).await;
        assert!(!open(&mut second).await && !open(&mut third).await);
        assert!(open(&mut here).await && open(&mut colleague).await);
        let log = world.log(Some(customer.tenant)).await;
        let ends = log.iter().filter(|what| **what == What::WebSessionEnded);
        assert_eq!(ends.count(), 2);
        // Without the form's token nothing ends.
        let (_, mut fourth) = try_sign_in(&world, &customer.user, PASSWORD).await;
        let forged = here.post("/account/sessions/end-others", &[]).await;
        assert_eq!(forged.status, 403);
        assert!(open(&mut fourth).await);
    }
}

#[tokio::test]
async fn a_browser_left_open_changes_no_password_and_ends_no_session() {
    for world in worlds().await {
        let hana = &world.customers[0].user;
        let mut left = world.signed_in(hana).await;
        let (_, mut own) = try_sign_in(&world, hana, PASSWORD).await;
        world.pass_ms(26 * 60 * 1000);
        let elsewhere = world.session_in(&own).await;
        let csrf = left.get("/account").await.csrf();
        let end = format!("/account/sessions/{elsewhere}/end");
        for path in [
            end.as_str(),
            "/account/sessions/end-others",
            "/account/password",
        ] {
            let form = [
                ("current", PASSWORD),
                ("password", NEW),
                ("repeat", NEW),
                ("csrf", csrf.as_str()),
            ];
            let asked = left.post(path, &form).await;
            assert_eq!(asked.header("location"), "/prove?next=%2Faccount", "{path}");
        }
        assert_eq!(own.get("/account").await.status, 200);
        assert_eq!(try_sign_in(&world, hana, NEW).await.0, 401);
        // Whoever proves who they are goes on.
        let form = [
            ("password", PASSWORD),
            ("next", "/account"),
            ("csrf", csrf.as_str()),
        ];
        let proven = left.post("/prove", &form).await;
        assert_eq!(proven.header("location"), "/account");
        let csrf = left.get("/account").await.csrf();
        let ended = left.post(&end, &[("csrf", &csrf)]).await;
        assert_eq!(ended.header("location"), "/account?done=ended");
        assert_eq!(own.get("/account").await.status, 303);
        let changed = change(&mut left, PASSWORD, NEW, NEW).await;
        assert_eq!(changed.header("location"), "/account?done=password");
    }
}

#[tokio::test]
async fn people_see_their_own_sign_ins_and_nobody_elses() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut hana = world.signed_in(&customer.user).await;
        let mut boss = world.signed_in(&customer.administrator).await;
        try_sign_in(&world, &customer.user, "wrong wrong wrong").await;
        try_sign_in(&world, &customer.user, PASSWORD).await;
        let own = |page: &Answer| {
            let (_, section) = page.text.split_once("id=\"sign-ins\"").unwrap();
            let count = |tone: &str| section.matches(&format!("badge {tone}")).count();
            (count("good"), count("bad"))
        };
        assert_eq!(own(&hana.get("/account").await), (1, 1));
        assert_eq!(own(&boss.get("/account").await), (0, 0));
    }
}
