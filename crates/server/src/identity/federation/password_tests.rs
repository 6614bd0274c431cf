//! Passwords of people who sign in by their organisation's provider: none is offered, and nobody outside learns who they are.

#![allow(clippy::unwrap_used)]

use super::fake::{DOMAIN, Fake, NEWCOMER, came_in, set_up, sign_in, welcoming};
use crate::{
    activity::What,
    identity::forgot,
    testing::{Browser, World, worlds},
};

const FORM: &str = "action=\"/account/password\"";

/// Asks for a new password, and has it looked at: what the browser was told.
async fn forgot(world: &World, email: &str) -> String {
    let mut browser = world.browser();
    let csrf = browser.get("/forgot").await.csrf();
    let form = [("email", email), ("csrf", csrf.as_str())];
    let answer = browser.post("/forgot", &form).await;
    assert_eq!(answer.status, 200);
    forgot::job::pass(&world.app).await;
    answer.text
}

async fn account(browser: &mut Browser) -> String {
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200);
    page.text
}

/// How many links were asked for and made, and asked for in vain.
async fn links(world: &World) -> (usize, usize) {
    let log = world.log(Some(world.customers[0].tenant)).await;
    let count = |what| log.iter().filter(|told| **told == what).count();
    (count(What::LinkRequested), count(What::LinkRefused))
}

#[tokio::test]
async fn who_has_no_password_gets_no_link_to_one_and_nobody_can_tell() {
    for mut world in worlds().await {
        world.send_mail();
        let fake = Fake::open(&mut world).await;
        set_up(&world, &welcoming(&fake)).await;
        let hana = world.customers[0].user.clone();
        let mut with_password = world.signed_in(&hana).await;
        let mut without = world.browser();
        sign_in(&world, &fake, &mut without, NEWCOMER).await;

        let told = forgot(&world, NEWCOMER).await;
        assert_eq!(links(&world).await, (0, 1));
        assert_eq!(told, forgot(&world, &hana.email).await);
        assert_eq!(links(&world).await, (1, 1));
        assert_eq!(told, forgot(&world, "nobody@shoji.example").await);

        // Their account offers no password, nor what only a password can prove.
        let page = account(&mut without).await;
        assert!(!page.contains(FORM) && !page.contains("href=\"/account/authenticator\""));
        assert!(page.contains("/account/passkeys/add"));
        let page = account(&mut with_password).await;
        assert!(page.contains(FORM) && page.contains("href=\"/account/authenticator\""));
    }
}

#[tokio::test]
async fn a_password_that_is_closed_is_neither_renewed_nor_changed() {
    for mut world in worlds().await {
        world.send_mail();
        let fake = Fake::open(&mut world).await;
        let shoji = world.customers[0].clone();
        world.signed_in(&shoji.administrator).await;
        world.signed_in(&shoji.user).await;
        let mut draft = fake.draft(DOMAIN);
        draft.closed = vec!["user".to_owned()];
        set_up(&world, &draft).await;
        forgot(&world, &shoji.user.email).await;
        assert_eq!(links(&world).await, (0, 1));
        forgot(&world, &shoji.administrator.email).await;
        assert_eq!(links(&world).await, (1, 1));
        let mut hana = came_in(&world, &fake, &shoji.user).await;
        assert!(!account(&mut hana).await.contains(FORM));

        // Without the provider the password opens the door again.
        super::service::remove(&world.app, &shoji.administrator.actor)
            .await
            .unwrap();
        world.pass_ms(2 * 60 * 60 * 1000);
        forgot(&world, &shoji.user.email).await;
        assert_eq!(links(&world).await, (2, 1));
    }
}
