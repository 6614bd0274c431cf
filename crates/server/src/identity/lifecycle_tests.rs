#![allow(clippy::unwrap_used)]
use crate::{
    activity::What,
    actor::Role,
    db::on,
    identity::{
        lifecycle::{self, Draft, LifecycleError},
        store,
    },
    sessions::service as sessions,
    testing::{Answer, Browser, PASSWORD, Person, World, worlds},
    visit::SESSION_COOKIE,
};
use axum::{body::Body, http::Request};
use std::time::Duration;

fn page_of(person: &Person) -> String {
    format!("/users/{}", person.actor.user)
}

/// Sends an act with the form token of the browser's session.
async fn act(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = browser.csrf().await;
    let mut form = fields.to_vec();
    form.push(("csrf", &csrf));
    browser.post(path, &form).await
}

/// The secret of the one-time link on a page.
fn shown_link(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("/welcome/").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn sign_in(world: &World, email: &str) -> u16 {
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [("email", email), ("password", PASSWORD), ("csrf", &csrf)];
    browser.post("/sign-in", &form).await.status.as_u16()
}

#[tokio::test]
async fn somebody_invited_gets_in_by_the_link_that_was_shown_once() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let form = [
            ("full_name", " 新人 "),
            ("email", "Shin@Shoji.example"),
            ("role", "user"),
        ];
        let issued = act(&mut boss, "/users/invite", &form).await;
        assert_eq!(issued.status, 200);
        let token = shown_link(&issued);
        let list = boss.get("/users").await;
        assert!(list.text.contains("shin@shoji.example") && !list.text.contains(&token));
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log, [What::PasswordSet, What::UserInvited]);

        let mut shin = world.browser();
        let path = format!("/welcome/{token}");
        let csrf = shin.get(&path).await.csrf();
        let form = [
            ("password", PASSWORD),
            ("repeat", PASSWORD),
            ("csrf", &csrf),
        ];
        assert_eq!(shin.post(&path, &form).await.status, 303);
        assert_eq!(shin.get("/desktops").await.status, 200);
        assert_eq!(shin.get("/users").await.status, 403);
    }
}

#[tokio::test]
async fn a_form_that_is_not_accepted_keeps_what_was_typed() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut answers = Vec::new();
        // Taken by a colleague, taken at another customer: the same words.
        for email in ["nonsense", customer.user.email.as_str(), &other.user.email] {
            let form = [("full_name", "新人"), ("email", email), ("role", "user")];
            let answer = act(&mut boss, "/users/invite", &form).await;
            assert_eq!(answer.status, 422, "{email}");
            assert!(answer.text.contains(&format!("value=\"{email}\"")));
            assert!(answer.text.contains("value=\"新人\""));
            answers.push(answer.text.replace(email, "EMAIL"));
        }
        assert_eq!(answers[1], answers[2]);
        assert_ne!(answers[0], answers[1]);
        let form = [("full_name", ""), ("email", "a@b.jp"), ("role", "emperor")];
        let answer = act(&mut boss, "/users/invite", &form).await;
        assert!(answer.text.contains("full_name-error") && answer.text.contains("role-error"));
        assert_eq!(world.log(Some(customer.tenant)).await, [What::PasswordSet]);
    }
}

#[tokio::test]
async fn a_new_name_and_role_hold_at_once() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(hana.get("/users").await.status, 403);
        let form = [("full_name", "花子"), ("role", "administrator")];
        let saved = act(&mut boss, &page_of(&customer.user), &form).await;
        assert_eq!(saved.status, 303);
        let list = hana.get("/users").await;
        assert!(list.status == 200 && list.text.contains("花子"));
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log.last(), Some(&What::UserChanged));
    }
}

#[tokio::test]
async fn suspension_ends_sessions_and_links_at_once_and_can_be_taken_back() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut hana = world.signed_in(&customer.user).await;
        let link = world.link(&customer.user).await;
        let base = page_of(&customer.user);
        let answer = act(&mut boss, &format!("{base}/suspend"), &[]).await;
        assert_eq!(answer.status, 303);
        assert_eq!(hana.get("/desktops").await.status, 303);
        assert_eq!(sign_in(&world, &customer.user.email).await, 401);
        let welcome = format!("/welcome/{link}");
        assert_eq!(world.browser().get(&welcome).await.status, 410);
        // No link for somebody suspended.
        let answer = act(&mut boss, &format!("{base}/link"), &[]).await;
        assert_eq!(answer.status, 422);

        let answer = act(&mut boss, &format!("{base}/resume"), &[]).await;
        assert_eq!(answer.status, 303);
        // What was ended stays ended, but the password is good again.
        assert_eq!(hana.get("/desktops").await.status, 303);
        assert_eq!(world.browser().get(&welcome).await.status, 410);
        assert_eq!(sign_in(&world, &customer.user.email).await, 303);
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::UserSuspended) && log.contains(&What::UserResumed));
    }
}

#[tokio::test]
async fn somebody_removed_is_gone_and_the_address_is_free() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut hana = world.signed_in(&customer.user).await;
        let actor = &customer.user.actor;
        sessions::launch(&world.app, actor, customer.desktop)
            .await
            .unwrap();
        let base = page_of(&customer.user);
        let remove = format!("{base}/remove");
        let asked = boss.get(&remove).await;
        assert!(asked.status == 200 && asked.text.contains(&customer.user.email));
        assert_eq!(act(&mut boss, &remove, &[]).await.status, 303);
        assert_eq!(hana.get("/desktops").await.status, 303);
        assert_eq!(sign_in(&world, &customer.user.email).await, 401);
        assert_eq!(boss.get(&base).await.status, 404);
        assert!(!boss.get("/users").await.text.contains(&customer.user.email));
        let mut tx = world
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let live = sessions::live_of(&mut tx, actor).await.unwrap();
        drop(tx);
        assert!(live.is_empty());
        let email = customer.user.email.as_str();
        let form = [("full_name", "花子"), ("email", email), ("role", "user")];
        let again = act(&mut boss, "/users/invite", &form).await;
        assert_eq!(again.status, 200);
    }
}

#[tokio::test]
async fn a_new_link_replaces_the_password_only_when_it_is_used() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        world.signed_in(&customer.user).await;
        let path = format!("{}/link", page_of(&customer.user));
        let issued = act(&mut boss, &path, &[]).await;
        let welcome = format!("/welcome/{}", shown_link(&issued));
        assert_eq!(world.browser().get(&welcome).await.status, 200);
        assert_eq!(sign_in(&world, &customer.user.email).await, 303);
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::LinkIssued));
    }
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let boss = &customer.administrator;
        let mut browser = world.signed_in(boss).await;
        let base = page_of(boss);
        let demoted = [("full_name", "boss"), ("role", "user")];
        for (path, form) in [
            (base.clone(), &demoted[..]),
            (format!("{base}/suspend"), &[]),
            (format!("{base}/remove"), &[]),
        ] {
            let answer = act(&mut browser, &path, form).await;
            assert_eq!(answer.status, 422, "{path}");
        }
        assert_eq!(browser.get("/users").await.status, 200);
        assert_eq!(world.log(Some(customer.tenant)).await, [What::PasswordSet]);
    }
}

const LEFT: &str = "SELECT count(*) FROM users WHERE tenant_id = $1 AND role = 'administrator'";

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_remains() {
    for world in worlds().await {
        let customer = &world.customers[0];
        world.signed_in(&customer.administrator).await;
        world.signed_in(&customer.user).await;
        let (boss, mut hana) = (
            customer.administrator.actor.clone(),
            customer.user.actor.clone(),
        );
        hana.role = Role::Administrator;
        let draft = |role: Role| Draft {
            full_name: "somebody".to_owned(),
            email: String::new(),
            role: role.name().to_owned(),
        };
        let promote = draft(Role::Administrator);
        lifecycle::edit(&world.app, &boss, hana.user, &promote)
            .await
            .unwrap();
        let demote = draft(Role::User);
        let (one, two) = tokio::join!(
            lifecycle::edit(&world.app, &boss, hana.user, &demote),
            lifecycle::edit(&world.app, &hana, boss.user, &demote),
        );
        let (done, refused) = if one.is_ok() { (one, two) } else { (two, one) };
        assert!(done.is_ok());
        assert!(matches!(refused, Err(LifecycleError::Denied(_))));
        let mut tx = world
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let left: i64 =
            on!(&mut tx, c => sqlx::query_scalar(LEFT).bind(customer.tenant).fetch_one(c).await)
                .unwrap();
        assert_eq!(left, 1);
    }
}

const DEMOTE: &str = "UPDATE users SET role = 'user' WHERE id = $1";

#[tokio::test]
async fn what_a_program_leaves_out_is_as_it_is_when_its_turn_comes() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (boss, mut hana) = (&customer.administrator, customer.user.clone());
        world.signed_in(boss).await;
        world.set_role(&mut hana, Role::Administrator).await;
        let draft = crate::api::service::Draft {
            name: "ci".to_owned(),
            scopes: vec!["people.read".to_owned(), "people.write".to_owned()],
            days: 7,
        };
        let made = crate::api::service::create(&world.app, &boss.actor, &draft).await;
        let bearer = format!("Bearer {}", made.unwrap());
        let path = format!("/api/v1/people/{}", hana.actor.user);
        let request = |method: &str, body: &'static str| {
            let request = Request::builder().method(method).uri(&path);
            let request = request.header("authorization", &bearer);
            let request = request.header("content-type", "application/json");
            request.body(Body::from(body)).unwrap()
        };
        // That the token was used is noted before: the change is the only one that writes.
        let answer = world.browser().send(request("GET", "")).await;
        assert_eq!(answer.json()["role"], "administrator");

        let mut tx = world.app.db.begin(customer.tenant).await.unwrap();
        store::lock_people(&mut tx, customer.tenant).await.unwrap();
        let user = hana.actor.user;
        on!(&mut tx, c => sqlx::query(DEMOTE).bind(user).execute(c).await.map(drop)).unwrap();
        let (mut program, renamed) = (world.browser(), request("PATCH", r#"{"full_name":"花子"}"#));
        let mut change = tokio::spawn(async move { program.send(renamed).await });
        let waits = tokio::time::timeout(Duration::from_millis(500), &mut change).await;
        assert!(waits.is_err(), "it waits for its turn");
        tx.commit().await.unwrap();
        let answer = change.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        let shown = answer.json();
        assert_eq!(
            (&shown["role"], &shown["full_name"]),
            (&"user".into(), &"花子".into())
        );
    }
}

#[tokio::test]
async fn to_let_somebody_in_again_and_to_take_everybody_out_takes_a_fresh_proof() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let resume = format!("{}/resume", page_of(&customer.user));
        world.set_state(&customer.user, "suspended").await;
        assert_eq!(act(&mut boss, "/users/export", &[]).await.status, 200);
        world.pass_ms(26 * 60 * 1000);
        let person = format!("/prove?next=%2Fusers%2F{}", customer.user.actor.user);
        for (path, to) in [
            (resume.as_str(), person.as_str()),
            ("/users/export", "/prove?next=%2Fusers"),
        ] {
            let answer = act(&mut boss, path, &[]).await;
            assert_eq!(answer.header("location"), to);
        }
        let log = world.log(Some(customer.tenant)).await;
        assert!(!log.contains(&What::UserResumed));
    }
}

#[tokio::test]
async fn nobodys_letterbox_is_filled_by_administrators_and_programs_either() {
    for mut world in worlds().await {
        world.send_mail();
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        world.signed_in(&customer.user).await;
        let path = format!("{}/link", page_of(&customer.user));
        let mail = [("handover", "mail")];
        for _ in 0..3 {
            assert_eq!(act(&mut boss, &path, &mail).await.status, 303);
        }
        let held = act(&mut boss, &path, &mail).await;
        assert!(held.status == 422 && held.text.contains("role=\"alert\""));
        // However they come to the address.
        let (actor, hana) = (&customer.administrator.actor, &customer.user);
        let program = lifecycle::reissue_by_mail(&world.app, actor, hana.actor.user).await;
        assert!(matches!(program, Err(LifecycleError::Wait { .. })));
        let remove = format!("{}/remove", page_of(&customer.user));
        assert_eq!(act(&mut boss, &path, &[]).await.status, 200);
        assert_eq!(act(&mut boss, &remove, &[]).await.status, 303);
        let email = hana.email.as_str();
        let invite = [("full_name", "花子"), ("email", email), ("role", "user")];
        let mut by_mail = invite.to_vec();
        by_mail.extend(mail);
        let held = act(&mut boss, "/users/invite", &by_mail).await;
        assert!(held.status == 422 && held.text.contains("email-error"));
        // Others get theirs, and somebody who waits may go on.
        let own = format!("{}/link", page_of(&customer.administrator));
        assert_eq!(act(&mut boss, &own, &mail).await.status, 303);
        world.pass_ms(16 * 60 * 1000);
        let mut boss = world.signed_in(&customer.administrator).await;
        let done = act(&mut boss, "/users/invite", &by_mail).await;
        assert_eq!(done.status, 303, "{}", done.text);
    }
}

#[tokio::test]
async fn acts_need_an_administrator_of_the_same_customer_and_the_forms_token() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let mut hana = world.signed_in(&customer.user).await;
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut stranger = world.signed_in(&other.administrator).await;
        let base = page_of(&customer.user);
        let edited = [("full_name", "x"), ("role", "administrator")];
        for path in ["", "/suspend", "/resume", "/link", "/remove"] {
            let path = format!("{base}{path}");
            assert_eq!(act(&mut hana, &path, &edited).await.status, 403, "{path}");
            assert_eq!(
                act(&mut stranger, &path, &edited).await.status,
                404,
                "{path}"
            );
            assert_eq!(boss.post(&path, &edited).await.status, 403, "{path}");
        }
        for path in [base.clone(), format!("{base}/remove")] {
            assert_eq!(hana.get(&path).await.status, 403, "{path}");
            assert_eq!(stranger.get(&path).await.status, 404, "{path}");
        }
        assert_eq!(boss.get("/users/nonsense").await.status, 404);
        assert_eq!(hana.get("/users/invite").await.status, 403);
        assert_eq!(hana.get("/desktops").await.status, 200);
        assert!(hana.cookies.contains_key(SESSION_COOKIE));
    }
}
