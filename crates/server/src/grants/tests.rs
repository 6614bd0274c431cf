//! Rights for one service code, as those who give them and those who have them meet them; on both engines.

#![allow(clippy::unwrap_used)]

use super::service::{self, GrantError, Whom};
use crate::{
    activity::What,
    actor::{Actor, Grant, Role, TokenScope},
    api::service as api,
    db::{Scope, on},
    identity::lifecycle,
    sessions::service::{self as sessions, SessionError},
    testing::{Answer, Browser, Customer, Person, World, worlds},
};
use uuid::Uuid;

/// The person as they act from now on.
fn with_grants(person: &Person, grants: &[(Role, Uuid)]) -> Actor {
    let grant = |(role, code): &(Role, Uuid)| Grant {
        role: *role,
        code: *code,
    };
    Actor {
        grants: grants.iter().map(grant).collect(),
        ..person.actor.clone()
    }
}

/// The administrator, who has signed in before.
async fn boss_of<'a>(world: &World, customer: &'a Customer) -> &'a Actor {
    let boss = &customer.administrator;
    world.set_state(boss, "active").await;
    &boss.actor
}

/// Runs a statement that stands for something that happened elsewhere.
async fn sql(world: &World, text: &'static str) {
    let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::raw_sql(text).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

async fn give(world: &World, by: &Actor, code: Uuid, to: &Person, role: Role) {
    let whom = Whom::Email(&to.email);
    let given = service::grant(&world.app, by, code, whom, role.name()).await;
    assert!(given.unwrap());
}

async fn post(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = browser.get("/access").await.csrf();
    let mut form = fields.to_vec();
    form.push(("csrf", &csrf));
    browser.post(path, &form).await
}

#[tokio::test]
async fn a_code_is_open_to_its_organisation_until_it_is_kept_for_people_with_a_right() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let code = customer.code(&world).await;
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut hana = world.signed_in(&customer.user).await;
        let launch = format!("/desktops/{}/launch", customer.desktop);
        assert!(hana.get("/desktops").await.text.contains(&launch));

        let access = format!("/service-codes/{code}/access");
        assert_eq!(boss.get(&access).await.status, 200);
        let closed = post(&mut boss, &access, &[("access", "closed")]).await;
        assert_eq!(closed.status, 303);
        // For everybody, the administrator too; what bears the other code is as it was.
        for browser in [&mut hana, &mut boss] {
            let page = browser.get("/desktops").await.text;
            assert!(!page.contains(&launch) && page.contains(&customer.editor.to_string()));
            assert_eq!(post(browser, &launch, &[]).await.status, 404);
        }
        let grants = format!("/service-codes/{code}/grants");
        let form = [("email", " Hana@Shoji.example"), ("role", "user")];
        assert_eq!(post(&mut boss, &grants, &form).await.status, 303);
        assert!(hana.get("/desktops").await.text.contains(&launch));
        assert_eq!(post(&mut hana, &launch, &[]).await.status, 303);
        // A user's right is no administrator's.
        assert_eq!(hana.get("/service-codes").await.status, 403);
        let page = boss.get(&format!("/service-codes/{code}")).await.text;
        assert!(page.contains("hana of shoji") && page.contains("boss of shoji"));

        let open = post(&mut boss, &access, &[("access", "open")]).await;
        assert_eq!(open.status, 303);
        assert!(boss.get("/desktops").await.text.contains(&launch));
        let log = world.log(Some(customer.tenant)).await;
        let access = log.iter().filter(|what| **what == What::ServiceCodeAccess);
        assert_eq!(access.count(), 2);
        assert!(log.contains(&What::RightGranted));
    }
}

#[tokio::test]
async fn who_loses_the_right_is_disconnected_and_does_not_come_back() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let (user, boss) = (&customer.user, boss_of(&world, customer).await);
        let code = customer.code(&world).await;
        let (mut host, mut gateway) = (world.host(3), world.gateway());
        let shown = world.running(user, customer.desktop, &mut host).await;
        let pairing = world.pairing(user, shown, &mut host, &gateway).await;
        gateway.opened(pairing.open).await;
        give(&world, boss, code, user, Role::User).await;
        service::set_closed(&world.app, boss, code, true)
            .await
            .unwrap();
        assert!(gateway.kills().is_empty());

        let id = service::of_user(&world.app, boss, user.actor.user)
            .await
            .unwrap()[0]
            .id;
        service::revoke(&world.app, boss, code, id).await.unwrap();
        assert_eq!(gateway.kills(), [shown]);
        let web = world.web_session(user).await;
        let again = sessions::connect(&world.app, &user.actor, web, shown).await;
        assert!(matches!(again, Err(SessionError::NotFound)));
        // The page says so, instead of trying for ever, and lets them end what they may not open.
        let mut browser = world.signed_in(user).await;
        let page = browser.get(&format!("/sessions/{shown}")).await;
        assert_eq!(page.status, 403);
        let end = format!("/sessions/{shown}/end");
        assert!(page.text.contains(&end) && !page.text.contains("session-data"));
        assert_eq!(post(&mut browser, &end, &[]).await.status, 303);
        // Twice is fine, and is recorded once.
        service::revoke(&world.app, boss, code, id).await.unwrap();
        let log = world.log(Some(customer.tenant)).await;
        let revoked = log.iter().filter(|what| **what == What::RightRevoked);
        assert_eq!(revoked.count(), 1);
    }
}

#[tokio::test]
async fn who_administers_one_code_does_so_in_no_other_and_nowhere_else() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let code = customer.code(&world).await;
        let editors = {
            let mut tx = world.app.db.read(customer.tenant).await.unwrap();
            let row = crate::desktops::service::get(&mut tx, customer.tenant, customer.editor);
            row.await.unwrap().unwrap().service_code.unwrap()
        };
        let foreign = other.code(&world).await;
        let boss = boss_of(&world, customer).await;
        give(&world, boss, code, &customer.user, Role::Administrator).await;
        let mut hana = world.signed_in(&customer.user).await;
        let list = hana.get("/service-codes").await;
        assert_eq!(list.status, 200);
        assert!(list.text.contains("shoji-desktop") && !list.text.contains("shoji-application"));
        let form = [("email", "boss@shoji.example"), ("role", "user")];
        for (id, status) in [
            (code, 303),
            (editors, 404),
            (foreign, 404),
            (Uuid::nil(), 404),
        ] {
            let path = format!("/service-codes/{id}");
            let page = hana.get(&path).await;
            assert_eq!(page.status == 200, id == code);
            let grants = format!("{path}/grants");
            assert_eq!(post(&mut hana, &grants, &form).await.status, status, "{id}");
        }
        // It opens no page of the organisation's people, and gives no right there.
        assert_eq!(hana.get("/users").await.status, 403);
        let page = format!("/users/{}/grants", boss.user);
        assert_eq!(post(&mut hana, &page, &[]).await.status, 403);
        // A grant in another customer's code, had it been written by hand, opens nothing.
        let mallory = with_grants(&other.user, &[(Role::Administrator, code)]);
        let tried = service::overview(&world.app, &mallory, code, crate::portal::Lang::En).await;
        assert!(matches!(tried, Err(GrantError::NotFound)));
    }
}

#[tokio::test]
async fn rights_are_for_people_who_are_there_and_no_auditors() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let code = customer.code(&world).await;
        let mut boss = world.signed_in(&customer.administrator).await;
        let grants = format!("/service-codes/{code}/grants");
        for (email, role) in [
            (other.user.email.as_str(), "user"),
            ("nobody@shoji.example", "user"),
            (&customer.user.email, "auditor"),
            (&customer.user.email, ""),
        ] {
            let answer = post(&mut boss, &grants, &[("email", email), ("role", role)]).await;
            assert_eq!(answer.status, 422, "{email} {role}");
            assert!(answer.text.contains(&format!("value=\"{email}\"")));
        }
        let mut auditor = customer.user.clone();
        world.set_role(&mut auditor, Role::Auditor).await;
        let form = [("email", auditor.email.as_str()), ("role", "user")];
        assert_eq!(post(&mut boss, &grants, &form).await.status, 422);
        // Who becomes an auditor keeps nothing of a right.
        let held = with_grants(&auditor, &[(Role::Administrator, code)]);
        let seen = service::overview(&world.app, &held, code, crate::portal::Lang::En).await;
        assert!(seen.is_err());
    }
}

#[tokio::test]
async fn a_right_is_given_on_the_persons_page_and_ends_with_the_person() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let code = customer.code(&world).await.to_string();
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut stranger = world.signed_in(&other.administrator).await;
        let person = format!("/users/{}", customer.user.actor.user);
        let form = [("code", code.as_str()), ("role", "administrator")];
        let grants = format!("{person}/grants");
        assert_eq!(post(&mut stranger, &grants, &form).await.status, 404);
        assert_eq!(post(&mut boss, &grants, &form).await.status, 303);
        // Twice is once.
        assert_eq!(post(&mut boss, &grants, &form).await.status, 303);
        let page = boss.get(&person).await.text;
        assert_eq!(
            page.matches(&format!("href=\"/service-codes/{code}\""))
                .count(),
            1
        );
        let foreign = other.code(&world).await.to_string();
        let form = [("code", foreign.as_str()), ("role", "user")];
        assert_eq!(post(&mut boss, &grants, &form).await.status, 422);

        let (actor, user) = (&customer.administrator.actor, customer.user.actor.user);
        lifecycle::remove(&world.app, actor, user).await.unwrap();
        let mut tx = world.app.db.read(customer.tenant).await.unwrap();
        let left: i64 =
            on!(&mut tx, c => sqlx::query_scalar("SELECT count(*) FROM grants").fetch_one(c).await)
                .unwrap();
        assert_eq!(left, 0);
    }
}

/// Of two who give the same right at once, one does; and nobody gives one to somebody who is being removed.
#[tokio::test]
async fn giving_at_the_same_time_gives_once() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let code = customer.code(&world).await;
        let boss = boss_of(&world, customer).await;
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let (app, actor) = (world.app.clone(), boss.clone());
                let user = customer.user.actor.user;
                tokio::spawn(async move {
                    service::grant(&app, &actor, code, Whom::Id(user), "user").await
                })
            })
            .collect();
        let mut given = 0;
        for task in tasks {
            given += u32::from(task.await.unwrap().unwrap());
        }
        assert_eq!(given, 1);
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log, [What::RightGranted]);
    }
}

/// Who lost what made them act at that moment does not act: neither a right in the code, nor the administrator's role.
#[tokio::test]
async fn who_may_give_is_asked_anew_when_it_is_their_turn() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let code = customer.code(&world).await;
        let boss = boss_of(&world, customer).await;
        give(&world, boss, code, &customer.user, Role::Administrator).await;
        world.set_state(&customer.user, "active").await;
        let hana = with_grants(&customer.user, &[(Role::Administrator, code)]);
        let own = service::of_user(&world.app, boss, hana.user).await.unwrap();
        service::revoke(&world.app, &hana, code, own[0].id)
            .await
            .unwrap();
        // She has what she was when her request came in.
        let whom = Whom::Id(hana.user);
        let again = service::grant(&world.app, &hana, code, whom, "administrator").await;
        assert!(matches!(again, Err(GrantError::Denied(_))));
        let closed = service::set_closed(&world.app, &hana, code, true).await;
        assert!(matches!(closed, Err(GrantError::Denied(_))));

        let mut demoted = customer.administrator.clone();
        world.set_role(&mut demoted, Role::OperationsContact).await;
        let again = service::grant(&world.app, boss, code, whom, "user").await;
        assert!(matches!(again, Err(GrantError::Denied(_))));
    }
}

#[tokio::test]
async fn a_code_that_ended_stays_kept_and_its_rights_can_be_taken_away() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let code = customer.code(&world).await;
        let boss = boss_of(&world, customer).await;
        give(&world, boss, code, &customer.user, Role::User).await;
        service::set_closed(&world.app, boss, code, true)
            .await
            .unwrap();
        sql(
            &world,
            "UPDATE service_codes SET ended_at_ms = 1 WHERE code LIKE '%-desktop'",
        )
        .await;

        let mut boss = world.signed_in(&customer.administrator).await;
        assert!(
            !boss
                .get("/desktops")
                .await
                .text
                .contains(&customer.desktop.to_string())
        );
        let path = format!("/service-codes/{code}");
        assert!(boss.get("/service-codes").await.text.contains(&path));
        let form = [("email", "boss@shoji.example"), ("role", "user")];
        let given = post(&mut boss, &format!("{path}/grants"), &form).await;
        assert_eq!(given.status, 422);
        let person = format!("/users/{}", customer.user.actor.user);
        let page = boss.get(&person).await.text;
        let option = format!("<option value=\"{code}\"");
        assert!(page.contains(&path) && !page.contains(&option));
        let grant = page.split("name=\"grant\" value=\"").nth(1).unwrap();
        let form = [("grant", grant.split('"').next().unwrap())];
        let taken = post(&mut boss, &format!("{person}/revoke"), &form).await;
        assert_eq!(taken.status, 303);
        assert!(!boss.get(&person).await.text.contains(&path));
        // Nothing is left of it but that it is kept, and that can be undone.
        let open = post(&mut boss, &format!("{path}/access"), &[("access", "open")]).await;
        assert_eq!(open.status, 303);
        assert!(!boss.get("/service-codes").await.text.contains(&path));
    }
}

/// Between the change and the cut a process can die, and a connection that was on its way can open.
#[tokio::test]
async fn what_is_shown_without_a_right_is_cut_by_whoever_looks_next() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let user = &customer.user;
        let boss = boss_of(&world, customer).await;
        let code = customer.code(&world).await;
        let (mut host, mut gateway) = (world.host(3), world.gateway());
        let shown = world.running(user, customer.desktop, &mut host).await;
        let pairing = world.pairing(user, shown, &mut host, &gateway).await;
        gateway.opened(pairing.open).await;
        give(&world, boss, code, user, Role::User).await;
        service::set_closed(&world.app, boss, code, true)
            .await
            .unwrap();
        world.pass().await;
        assert!(gateway.kills().is_empty());
        sql(&world, "DELETE FROM grants").await;
        world.pass().await;
        assert_eq!(gateway.kills(), [shown]);
        world.pass().await;
        assert!(gateway.kills().is_empty());
    }
}

#[tokio::test]
async fn a_program_opens_what_its_person_may_and_gives_no_rights() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let code = customer.code(&world).await;
        let boss = boss_of(&world, customer).await;
        service::set_closed(&world.app, boss, code, true)
            .await
            .unwrap();
        let draft = api::Draft {
            name: "ci".to_owned(),
            scopes: TokenScope::ALL
                .map(|scope| scope.name().to_owned())
                .to_vec(),
            days: 7,
        };
        let token = api::create(&world.app, boss, &draft).await.unwrap();
        let program = || async {
            let caller = api::caller(&world.app, &token, "192.0.2.7").await;
            caller.unwrap().unwrap()
        };
        let open = sessions::launch(&world.app, &program().await, customer.desktop).await;
        assert!(matches!(open, Err(SessionError::NotFound)));
        give(
            &world,
            boss,
            code,
            &customer.administrator,
            Role::Administrator,
        )
        .await;
        let open = sessions::launch(&world.app, &program().await, customer.desktop).await;
        assert!(open.is_ok());
        let whom = Whom::Id(customer.user.actor.user);
        let given = service::grant(&world.app, &program().await, code, whom, "user").await;
        assert!(matches!(given, Err(GrantError::NotFound)));
    }
}
