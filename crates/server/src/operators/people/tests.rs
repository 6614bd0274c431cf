//! Operators as the owner looks after them: what they are given, who is out at once, and who is never touched.

#![allow(clippy::unwrap_used)]

use super::service::{self, Act, PeopleError};
use crate::{
    activity::What,
    operators::{
        OperatorRole,
        tests::{add, code, elevate_on_base, entered, operator_of, type_code},
    },
    testing::{Answer, World, worlds},
};
use uuid::Uuid;

const LIST: &str = "/console/operators";
const ADD: &str = "/console/operators/add";
const MACHINES: &str = "/console/machines";
const DOOR: &str = "/console/enter";
/// Codes change this often, in milliseconds.
const STEP_MS: i64 = 30_000;

/// The path of the link for a first visit that a page shows.
fn link_in(world: &World, page: &Answer) -> String {
    let (_, rest) = page.text.split_once("id=\"link\"").unwrap();
    let url = &world.app.config.management_url;
    let (_, rest) = rest.split_once(&format!("value=\"{url}")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn state_of(world: &World, id: Uuid) -> Option<(String, String)> {
    let mut tx = world.app.db.read(crate::db::Scope::Nobody).await.unwrap();
    let row = crate::operators::store::get(&mut tx, id).await.unwrap();
    row.map(|row| (row.role, row.state))
}

#[tokio::test]
async fn an_owner_adds_an_operator_who_enters_with_what_they_were_given() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let csrf = owner.get(ADD).await.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("full_name", "小川 直美"),
            ("login", "ogawa"),
            ("role", "security"),
        ];
        for (field, wrong) in [(1, ""), (2, "Ogawa San"), (2, "owner"), (3, "king")] {
            let mut typed = form;
            typed[field].1 = wrong;
            let answer = owner.post(ADD, &typed).await;
            assert_eq!(answer.status, 422, "{wrong}");
            assert!(answer.text.contains("role=\"alert\""));
            let kept = if field == 1 { "ogawa" } else { "小川 直美" };
            assert!(
                answer.text.contains(&format!("value=\"{kept}\"")),
                "{wrong}"
            );
        }
        let papers = owner.post(ADD, &form).await;
        assert_eq!(papers.status, 200);
        assert!(
            papers
                .text
                .contains("href=\"data:application/x-pkcs12;base64,")
        );
        assert!(papers.text.contains("download=\"ogawa.p12\""));
        assert_eq!(papers.header("cache-control"), "no-store");
        let list = owner.get(LIST).await;
        assert!(list.text.contains("ogawa"));
        assert!(world.log(None).await.ends_with(&[What::OperatorAdded]));

        let id = id_of(&world, "ogawa").await;
        let link = link_in(&world, &papers);
        let mut browser = world.console(Some(id));
        let answer = type_code(&mut browser, &link, &code(&world, id).await).await;
        assert_eq!(answer.header("location"), "/console/");
        // Security sees the operators and changes none of them.
        assert_eq!(browser.get(LIST).await.status, 200);
        assert_eq!(browser.get(ADD).await.status, 403);
        let csrf = browser.get(MACHINES).await.csrf();
        let form = [&[("csrf", csrf.as_str())], &form[1..]].concat();
        assert_eq!(browser.post(ADD, &form).await.status, 403);
        let mut support = entered(&world, "support", OperatorRole::Support).await;
        assert_eq!(support.get(LIST).await.status, 403);
    }
}

async fn id_of(world: &World, login: &str) -> Uuid {
    let mut tx = world.app.db.read(crate::db::Scope::Nobody).await.unwrap();
    let row = crate::operators::store::by_login(&mut tx, login).await;
    row.unwrap().unwrap().id
}

#[tokio::test]
async fn a_certificate_opens_nothing_once_it_was_renewed() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let (id, link) = add(&world, "ogawa", OperatorRole::Support).await;
        let first = world.certificate(id).await;
        let mut browser = world.console_with(id, &first);
        type_code(&mut browser, &link, &code(&world, id).await).await;
        assert_eq!(browser.get(MACHINES).await.status, 200);

        let renew = format!("{LIST}/{id}/renew");
        let question = owner.get(&renew).await;
        assert_eq!(question.status, 200);
        // Asking changes nothing yet.
        assert_eq!(browser.get(MACHINES).await.status, 200);
        let form = [("csrf", question.csrf())];
        let form = [(form[0].0, form[0].1.as_str())];
        let papers = owner.post(&renew, &form).await;
        assert!(papers.text.contains("data:application/x-pkcs12"));
        assert!(!papers.text.contains("id=\"link\""));
        assert_eq!(browser.get(MACHINES).await.header("location"), DOOR);
        assert_eq!(browser.get(DOOR).await.status, 403);

        let second = world.certificate(id).await;
        assert_ne!(first, second);
        let mut with_new = world.console_with(id, &second);
        world.pass_ms(STEP_MS);
        let next = code(&world, id).await;
        assert_eq!(type_code(&mut with_new, DOOR, &next).await.status, 303);
        // A session is worth nothing with the earlier certificate of the same operator.
        browser.cookies.clone_from(&with_new.cookies);
        assert_eq!(browser.get(MACHINES).await.header("location"), DOOR);
        assert!(world.log(None).await.contains(&What::CertificateRenewed));
    }
}

#[tokio::test]
async fn whoever_is_suspended_changed_or_removed_is_out_at_once() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let csrf = owner.get(ADD).await.csrf();
        let mut other = entered(&world, "ogawa", OperatorRole::Support).await;
        let id = other.operator();
        let own = format!("{LIST}/{id}");
        assert_eq!(other.get(MACHINES).await.status, 200);
        let form = [("csrf", csrf.as_str()), ("role", "network")];
        assert_eq!(owner.post(&own, &form).await.status, 303);
        assert_eq!(other.get(MACHINES).await.header("location"), DOOR);
        world.pass_ms(STEP_MS);
        type_code(&mut other, DOOR, &code(&world, id).await).await;
        let page = other.get(MACHINES).await;
        assert!(!page.text.contains("/console/customers"));

        let act = |name: &str| format!("{own}/{name}");
        assert_eq!(owner.post(&act("suspend"), &form).await.status, 303);
        assert_eq!(other.get(MACHINES).await.header("location"), DOOR);
        assert_eq!(other.get(DOOR).await.status, 403);
        // What does not fit is said, not done.
        assert_eq!(owner.post(&act("renew"), &form).await.status, 422);
        assert_eq!(owner.post(&act("resume"), &form).await.status, 303);
        world.pass_ms(STEP_MS);
        let again = type_code(&mut other, DOOR, &code(&world, id).await).await;
        assert_eq!(again.status, 303);

        assert_eq!(owner.post(&act("remove"), &form).await.status, 303);
        assert_eq!(other.get(MACHINES).await.header("location"), DOOR);
        assert_eq!(other.get(DOOR).await.status, 403);
        assert_eq!(owner.get(&own).await.status, 404);
        // The login is free again, for somebody else.
        let (anew, _) = add(&world, "ogawa", OperatorRole::Support).await;
        assert_ne!(anew, id);
        let expected = [
            What::OperatorChanged,
            What::OperatorSuspended,
            What::OperatorResumed,
            What::OperatorRemoved,
        ];
        let log = world.log(None).await;
        assert!(expected.iter().all(|what| log.contains(what)));
    }
}

#[tokio::test]
async fn reset_codes_are_worth_nothing_and_a_link_brings_new_ones() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let mut other = entered(&world, "ogawa", OperatorRole::Support).await;
        let id = other.operator();
        world.pass_ms(STEP_MS);
        let old = code(&world, id).await;
        let path = format!("{LIST}/{id}/codes");
        let csrf = owner.get(&path).await.csrf();
        let papers = owner.post(&path, &[("csrf", &csrf)]).await;
        assert!(!papers.text.contains("data:application/x-pkcs12"));
        assert_eq!(other.get(MACHINES).await.header("location"), DOOR);
        let link = link_in(&world, &papers);
        // Without the link no code is taken, and with it none of the old ones.
        assert!(!other.get(DOOR).await.text.contains("name=\"code\""));
        assert_eq!(type_code(&mut other, &link, &old).await.status, 401);
        let new = code(&world, id).await;
        assert_eq!(type_code(&mut other, &link, &new).await.status, 303);
        assert_eq!(other.get(MACHINES).await.status, 200);
    }
}

#[tokio::test]
async fn nobody_does_to_themselves_what_takes_another_owner() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let mut security = entered(&world, "security", OperatorRole::Security).await;
        let id = owner.operator();
        let before = state_of(&world, id).await;
        for browser in [&mut owner, &mut security] {
            let csrf = browser.get(MACHINES).await.csrf();
            let form = [("csrf", csrf.as_str()), ("role", "auditor")];
            for act in Act::ALL {
                let path = format!("{LIST}/{id}/{}", act.name());
                assert_eq!(browser.get(&path).await.status, 403, "{act:?}");
                assert_eq!(browser.post(&path, &form).await.status, 403, "{act:?}");
            }
            let path = format!("{LIST}/{id}");
            assert_eq!(browser.post(&path, &form).await.status, 403);
            assert_eq!(browser.get(&path).await.status, 200);
        }
        assert_eq!(state_of(&world, id).await, before);
    }
}

#[tokio::test]
async fn of_two_owners_who_shut_each_other_out_one_stays() {
    for world in worlds().await {
        let one = entered(&world, "one", OperatorRole::Owner).await;
        let two = entered(&world, "two", OperatorRole::Owner).await;
        let [first, second] = [
            operator_of(&world, &one).await,
            operator_of(&world, &two).await,
        ];
        let (app, app_too) = (&world.app, &world.app);
        let (a, b) = tokio::join!(
            service::act(app, &first, second.id, Act::Suspend),
            service::act(app_too, &second, first.id, Act::Suspend),
        );
        let denied = |error: Option<PeopleError>| matches!(error, Some(PeopleError::Act(_)));
        assert_ne!(a.is_ok(), b.is_ok());
        assert!(denied(a.err()) || denied(b.err()));
        let mut owners = 0;
        for id in [first.id, second.id] {
            let (role, state) = state_of(&world, id).await.unwrap();
            owners += usize::from(role == "owner" && state == "active");
        }
        assert_eq!(owners, 1);
    }
}

#[tokio::test]
async fn the_list_is_searched_narrowed_and_sorted() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        add(&world, "ogawa", OperatorRole::Security).await;
        let rows = async |browser: &mut crate::testing::Browser, query: &str| {
            let page = browser.get(&format!("{LIST}?{query}")).await;
            assert_eq!(page.status, 200, "{query}");
            let at = |login: &str| page.text.find(&format!(">{login}</code>"));
            (at("owner"), at("ogawa"))
        };
        let (own, other) = rows(&mut owner, "q=oga").await;
        assert!(own.is_none() && other.is_some());
        let (own, other) = rows(&mut owner, "state=active").await;
        assert!(own.is_some() && other.is_none());
        let (own, other) = rows(&mut owner, "sort=last_sign_in&order=desc").await;
        assert!(own < other);
        let (own, other) = rows(&mut owner, "sort=last_sign_in").await;
        assert!(own > other);
        let (own, other) = rows(&mut owner, "q=nobody").await;
        assert_eq!((own, other), (None, None));
    }
}

/// Who could make or take over the person who approves what they ask for asks that person first. Shutting somebody out waits
/// for nobody, and who is alone may add somebody.
#[tokio::test]
async fn power_is_given_with_the_leave_of_another_person_and_taken_without() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let csrf = owner.get(MACHINES).await.csrf();
        let one = [
            ("csrf", csrf.as_str()),
            ("full_name", "New"),
            ("login", "one"),
            ("role", "security"),
        ];
        assert!(owner.get(ADD).await.text.contains("name=\"login\""));
        assert_eq!(owner.post(ADD, &one).await.status, 200);
        // They have not entered yet, and approve nothing.
        assert!(owner.get(ADD).await.text.contains("name=\"login\""));

        let security = entered(&world, "security", OperatorRole::Security).await;
        let id = security.operator();
        let own = format!("{LIST}/{id}");
        let page = owner.get(ADD).await.text;
        assert!(page.contains("/console/elevations/ask") && !page.contains("name=\"login\""));
        let page = owner.get(&own).await.text;
        assert!(!page.contains("/renew") && page.contains("/suspend"));
        let two = [one[0], one[1], ("login", "two"), one[3]];
        let role = [("csrf", csrf.as_str()), ("role", "owner")];
        let before = state_of(&world, id).await;
        assert_eq!(owner.post(ADD, &two).await.status, 403);
        assert_eq!(owner.post(&own, &role).await.status, 403);
        for act in ["renew", "codes"] {
            let path = format!("{own}/{act}");
            assert_eq!(owner.get(&path).await.status, 403, "{act}");
            assert_eq!(owner.post(&path, &role).await.status, 403, "{act}");
        }
        assert_eq!(state_of(&world, id).await, before);
        assert!(world.log(None).await.ends_with(&[What::Refused]));

        elevate_on_base(&world, &owner).await;
        assert_eq!(owner.post(ADD, &two).await.status, 200);
        assert_eq!(owner.post(&own, &role).await.status, 303);
        assert_eq!(owner.post(&format!("{own}/renew"), &role).await.status, 200);
        assert_eq!(acts(&world).await, 3);
        end_all(&world).await;
        assert_eq!(owner.post(&format!("{own}/renew"), &role).await.status, 403);
        assert_eq!(
            owner.post(&format!("{own}/suspend"), &role).await.status,
            303
        );
    }
}

/// What was done with elevations.
async fn acts(world: &World) -> i64 {
    const SQL: &str = "SELECT CAST(sum(acts) AS BIGINT) FROM elevations";
    let mut tx = world
        .app
        .db
        .read(crate::db::Scope::Everybody)
        .await
        .unwrap();
    crate::db::on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await).unwrap()
}

async fn end_all(world: &World) {
    const SQL: &str = "UPDATE elevations SET state = 'ended'";
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    crate::db::on!(&mut tx, c => sqlx::query(SQL).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}
