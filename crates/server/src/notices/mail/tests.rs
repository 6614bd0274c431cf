//! Mail on both engines: written with the act, sent once, retried, given up, erased.

#![allow(clippy::unwrap_used)]

use super::{
    job::pass,
    letter::Content,
    page::Delivered,
    service::{last_links, of_person},
    state::Why,
    testing::{Fake, waiting},
};
use crate::{
    activity::What,
    app::App,
    db::on,
    identity::{
        account::service as account,
        lifecycle::{self, Draft},
        service::LINK_MS,
    },
    keys,
    portal::Key,
    testing::{PASSWORD, Person, World, open_app, worlds},
};
use std::sync::Arc;

const HOUR_MS: i64 = 60 * 60 * 1000;

async fn mailing() -> Vec<(World, Fake)> {
    let mut all = Vec::new();
    for mut world in worlds().await {
        let fake = world.send_mail();
        all.push((world, fake));
    }
    all
}

async fn contents(world: &World) -> Vec<Option<String>> {
    const SQL: &str = "SELECT content FROM mail_messages ORDER BY id";
    let mut tx = world
        .app
        .db
        .read(crate::db::Scope::Everybody)
        .await
        .unwrap();
    on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_all(c).await).unwrap()
}

/// What the administrator sees of the newest message to a person.
async fn seen(world: &World, person: &Person) -> Delivered {
    let boss = &world.customers[0].administrator.actor;
    let all = of_person(&world.app, boss, person.actor.user).await;
    all.unwrap().remove(0)
}

async fn signed_in_boss(world: &World) -> Person {
    let boss = world.customers[0].administrator.clone();
    world.signed_in(&boss).await;
    boss
}

#[tokio::test]
async fn a_link_by_mail_is_written_with_its_record_sealed_sent_once_and_erased() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = &world.customers[0].user;
        lifecycle::reissue_by_mail(&world.app, &boss.actor, hana.actor.user)
            .await
            .unwrap();
        let letters = waiting(&world, hana).await;
        let [Content::Invitation { token }] = &letters[..] else {
            panic!("{letters:?}");
        };
        assert!(
            world
                .log(Some(hana.actor.tenant))
                .await
                .contains(&What::LinkIssued)
        );
        assert!(
            contents(&world).await[0]
                .as_ref()
                .unwrap()
                .starts_with("v1.")
        );
        assert_eq!(seen(&world, hana).await.label, Key("mail.state.waiting"));

        pass(&world.app).await.unwrap();
        pass(&world.app).await.unwrap();
        let taken = fake.taken();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].contains("hana@shoji.example"), "{}", taken[0]);
        assert_eq!(contents(&world).await, [None]);
        assert_eq!(seen(&world, hana).await.label, Key("mail.state.sent"));
        let page = world.browser().get(&format!("/welcome/{}", token.0)).await;
        assert_eq!(page.status, 200);
    }
}

#[tokio::test]
async fn an_act_that_is_not_committed_sends_nothing() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        world.break_log().await;
        let hana = world.customers[0].user.actor.user;
        let done = lifecycle::reissue_by_mail(&world.app, &boss.actor, hana).await;
        assert!(done.is_err());
        pass(&world.app).await.unwrap();
        assert!(fake.taken().is_empty() && contents(&world).await.is_empty());
    }
}

#[tokio::test]
async fn two_processes_at_once_send_a_message_once() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        for at in 0..5 {
            let draft = Draft {
                full_name: format!("Person {at}"),
                email: format!("person{at}@shoji.example"),
                role: "user".to_owned(),
            };
            lifecycle::invite_by_mail(&world.app, &boss.actor, &draft)
                .await
                .unwrap();
        }
        let (dir, url) = world.place();
        let mut other = open_app(dir, url, world.app.clock.now_ms()).await;
        Arc::get_mut(&mut other).unwrap().mailer = Some(fake.mailer());
        let passes = async |app: &App| pass(app).await.unwrap();
        tokio::join!(
            passes(&world.app),
            passes(&other),
            passes(&world.app),
            passes(&other)
        );
        let mut ids: Vec<String> = fake
            .taken()
            .iter()
            .flat_map(|text| text.lines())
            .filter(|line| line.starts_with("Message-ID:"))
            .map(str::to_owned)
            .collect();
        assert_eq!(ids.len(), 5);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_asked_again_less_and_less_often() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = &world.customers[0].user;
        lifecycle::reissue_by_mail(&world.app, &boss.actor, hana.actor.user)
            .await
            .unwrap();
        fake.refuse(Some(Why::Certificate));
        pass(&world.app).await.unwrap();
        let shown = seen(&world, hana).await;
        assert_eq!(shown.label, Key("mail.state.delayed"));
        assert_eq!(shown.why.unwrap().0, Key("mail.why.certificate"));
        let listed = last_links(&world.app, &boss.actor).await.unwrap();
        assert_eq!(listed[&hana.actor.user].label, Key("mail.state.delayed"));

        fake.refuse(None);
        world.pass_ms(14_000);
        pass(&world.app).await.unwrap();
        assert!(fake.taken().is_empty(), "it waits first");
        world.pass_ms(1000);
        pass(&world.app).await.unwrap();
        assert_eq!(fake.taken().len(), 1);
        let listed = last_links(&world.app, &boss.actor).await.unwrap();
        assert!(listed.is_empty());
    }
}

#[tokio::test]
async fn a_message_is_given_up_when_its_link_is_worth_nothing_and_the_log_says_so() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = &world.customers[0].user;
        lifecycle::reissue_by_mail(&world.app, &boss.actor, hana.actor.user)
            .await
            .unwrap();
        fake.refuse(Some(Why::Unreachable));
        pass(&world.app).await.unwrap();
        world.pass_ms(LINK_MS);
        pass(&world.app).await.unwrap();
        let shown = seen(&world, hana).await;
        assert_eq!(shown.label, Key("mail.state.failed"));
        assert_eq!(shown.why.unwrap().0, Key("mail.why.unreachable"));
        assert_eq!(contents(&world).await, [None]);
        let log = world.log(Some(hana.actor.tenant)).await;
        assert_eq!(log.last(), Some(&What::MailFailed));
        // What became of it is forgotten with the log's content.
        world.pass_ms(32 * 24 * HOUR_MS);
        pass(&world.app).await.unwrap();
        assert!(contents(&world).await.is_empty());
    }
}

#[tokio::test]
async fn an_address_that_is_refused_is_told_at_once_with_what_to_do() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = &world.customers[0].user;
        lifecycle::reissue_by_mail(&world.app, &boss.actor, hana.actor.user)
            .await
            .unwrap();
        fake.refuse(Some(Why::Address));
        pass(&world.app).await.unwrap();
        let shown = seen(&world, hana).await;
        assert_eq!(shown.label, Key("mail.state.failed"));
        let why = (Key("mail.why.address"), Key("mail.advice.address"));
        assert_eq!(shown.why, Some(why));
    }
}

#[tokio::test]
async fn links_that_were_replaced_or_taken_back_are_not_sent() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = &world.customers[0].user;
        let user = hana.actor.user;
        lifecycle::reissue_by_mail(&world.app, &boss.actor, user)
            .await
            .unwrap();
        // Shown instead: the one that waits works no more.
        lifecycle::reissue(&world.app, &boss.actor, user)
            .await
            .unwrap();
        assert!(waiting(&world, hana).await.is_empty());
        lifecycle::reissue_by_mail(&world.app, &boss.actor, user)
            .await
            .unwrap();
        lifecycle::suspend(&world.app, &boss.actor, user)
            .await
            .unwrap();
        pass(&world.app).await.unwrap();
        assert!(fake.taken().is_empty());
        assert_eq!(contents(&world).await, [None, None]);
        assert_eq!(seen(&world, hana).await.label, Key("mail.state.withdrawn"));
    }
}

#[tokio::test]
async fn people_are_told_what_is_done_to_their_accounts() {
    for (world, _) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = &world.customers[0].user;
        let mut browser = world.signed_in(hana).await;
        // The first password is no news.
        assert!(waiting(&world, hana).await.is_empty());
        let csrf = browser.get("/account").await.csrf();
        let new = "quite another long phrase";
        let form = [
            ("csrf", csrf.as_str()),
            ("current", PASSWORD),
            ("password", new),
            ("repeat", new),
        ];
        assert_eq!(browser.post("/account/password", &form).await.status, 303);
        let user = hana.actor.user;
        lifecycle::reissue(&world.app, &boss.actor, user)
            .await
            .unwrap();
        lifecycle::reset_factors(&world.app, &boss.actor, user)
            .await
            .unwrap();
        let kinds: Vec<_> = waiting(&world, hana)
            .await
            .iter()
            .map(Content::kind)
            .collect();
        assert_eq!(kinds, ["password_changed", "link_made", "factors_reset"]);
        // A wrong password changes nothing and tells nothing.
        let wrong = ("wrong wrong wrong".to_owned(), new.to_owned());
        let session = uuid::Uuid::nil();
        let done = account::change_password(&world.app, &hana.actor, session, wrong).await;
        assert!(done.is_err());
        assert_eq!(waiting(&world, hana).await.len(), 3);
    }
}

#[tokio::test]
async fn who_is_removed_hears_nothing_more() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = &world.customers[0].user;
        world.signed_in(hana).await;
        let user = hana.actor.user;
        lifecycle::reset_factors(&world.app, &boss.actor, user)
            .await
            .unwrap();
        lifecycle::remove(&world.app, &boss.actor, user)
            .await
            .unwrap();
        pass(&world.app).await.unwrap();
        assert!(fake.taken().is_empty());
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_given_up_and_holds_up_nobody() {
    for (world, fake) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let other = &world.customers[1].administrator;
        world.signed_in(other).await;
        let hana = &world.customers[0].user;
        lifecycle::reissue_by_mail(&world.app, &boss.actor, hana.actor.user)
            .await
            .unwrap();
        let their_user = world.customers[1].user.actor.user;
        lifecycle::reissue_by_mail(&world.app, &other.actor, their_user)
            .await
            .unwrap();
        keys::service::destroy(&world.app, world.customers[0].tenant)
            .await
            .unwrap();
        pass(&world.app).await.unwrap();
        assert_eq!(fake.taken().len(), 1);
        let shown = seen(&world, hana).await;
        assert_eq!(shown.why.unwrap().0, Key("mail.why.sealed"));
    }
}

#[tokio::test]
async fn without_a_mail_server_links_are_shown_as_ever() {
    for world in worlds().await {
        let boss = signed_in_boss(&world).await;
        let hana = world.customers[0].user.actor.user;
        let done = lifecycle::reissue_by_mail(&world.app, &boss.actor, hana).await;
        assert!(matches!(done, Err(lifecycle::LifecycleError::NoMail)));
        let issued = lifecycle::reissue(&world.app, &boss.actor, hana).await;
        assert!(!issued.unwrap().token.is_empty());
        assert!(contents(&world).await.is_empty());
    }
}

#[tokio::test]
async fn another_customers_administrator_sees_nothing_of_it() {
    for (world, _) in mailing().await {
        let boss = signed_in_boss(&world).await;
        let hana = world.customers[0].user.actor.user;
        lifecycle::reissue_by_mail(&world.app, &boss.actor, hana)
            .await
            .unwrap();
        let stranger = &world.customers[1].administrator.actor;
        assert!(
            of_person(&world.app, stranger, hana)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(last_links(&world.app, stranger).await.unwrap().is_empty());
        let user = &world.customers[0].user.actor;
        assert!(of_person(&world.app, user, hana).await.is_err());
    }
}

#[tokio::test]
async fn the_portal_sends_an_invitation_and_never_shows_its_link() {
    for (world, fake) in mailing().await {
        let mut browser = world.signed_in(&world.customers[0].administrator).await;
        let page = browser.get("/users/invite").await;
        let form = [
            ("csrf", page.csrf()),
            ("full_name", "Nora".to_owned()),
            ("email", "nora@shoji.example".to_owned()),
            ("role", "user".to_owned()),
            ("handover", "mail".to_owned()),
        ];
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let done = browser.post("/users/invite", &form).await;
        assert_eq!(done.status, 303, "{}", done.text);
        let person = browser.get(done.header("location")).await;
        assert!(!person.text.contains("/welcome/"));
        assert!(person.text.contains("badge note"), "{}", person.text);
        pass(&world.app).await.unwrap();
        assert_eq!(fake.taken().len(), 1);
        // Nothing that the browser says of the host gets into the message.
        let taken = &fake.taken()[0];
        assert!(!taken.contains("localhost:1"), "{taken}");
    }
}
