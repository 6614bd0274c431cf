//! Tokens and whoever made them: what becomes of those of a former administrator, and who takes them away.

#![allow(clippy::unwrap_used)]

use super::tests::{get, token};
use crate::{
    activity::What,
    actor::{Role, TokenScope},
    testing::worlds,
};

#[tokio::test]
async fn a_former_administrators_tokens_do_nothing_and_can_be_revoked_by_them() {
    for world in worlds().await {
        let mut hana = world.customers[0].user.clone();
        let mut browser = world.signed_in(&hana).await;
        world.set_role(&mut hana, Role::Administrator).await;
        let secret = token(&world, &hana, &[TokenScope::Desktops]).await;
        let path = "/api/v1/desktops";
        assert_eq!(get(&world, &secret, path).await.status, 200);
        world.set_role(&mut hana, Role::User).await;
        assert_eq!(get(&world, &secret, path).await.status, 401);
        // They are led there from their account, and make no more.
        assert!(
            browser
                .get("/account")
                .await
                .text
                .contains("href=\"/tokens\"")
        );
        let list = browser.get("/tokens").await;
        assert_eq!(list.status, 200);
        assert!(!list.text.contains("name=\"scope\""));
        let csrf = list.csrf();
        let form = [("csrf", csrf.as_str()), ("name", "x"), ("days", "7")];
        assert_eq!(browser.post("/tokens", &form).await.status, 403);
        let (_, rest) = list.text.split_once("href=\"/tokens/").unwrap();
        let revoke = format!("/tokens/{}", rest.split('"').next().unwrap());
        assert_eq!(browser.get(&revoke).await.status, 200);
        let done = browser.post(&revoke, &[("csrf", &csrf)]).await;
        assert_eq!(done.status, 303);
        world.set_role(&mut hana, Role::Administrator).await;
        assert_eq!(get(&world, &secret, path).await.status, 401);
        let log = world.log(Some(hana.actor.tenant)).await;
        assert!(log.contains(&What::TokenCreated) && log.ends_with(&[What::TokenRevoked]));
    }
}

#[tokio::test]
async fn an_administrator_revokes_all_tokens_of_a_person_of_theirs() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut hana = shoji.user.clone();
        world.signed_in(&hana).await;
        world.set_role(&mut hana, Role::Auditor).await;
        let first = token(&world, &hana, &[TokenScope::PeopleRead]).await;
        let second = token(&world, &hana, &[TokenScope::PeopleRead]).await;
        let person = format!("/users/{}", hana.actor.user);
        let revoke = format!("{person}/tokens");
        let mut statuses = Vec::new();
        // A colleague, a stranger, then whoever may.
        for who in [&hana, &harbour.administrator, &shoji.administrator] {
            let mut browser = world.signed_in(who).await;
            let csrf = browser.get("/access").await.csrf();
            let page = browser.get(&person).await;
            assert_eq!(page.text.contains(&revoke), statuses.len() == 2);
            let forged = browser.post(&revoke, &[("csrf", "made-up")]).await;
            assert_eq!(forged.status, 403);
            let answer = browser.post(&revoke, &[("csrf", &csrf)]).await;
            statuses.push(answer.status.as_u16());
            for secret in [&first, &second] {
                let answer = get(&world, secret, "/api/v1/people").await;
                assert_eq!(answer.status == 401, statuses.len() == 3);
            }
        }
        assert_eq!(statuses, [403, 404, 303]);
        let log = world.log(Some(shoji.tenant)).await;
        assert!(log.ends_with(&[What::TokenRevoked, What::TokenRevoked]));
    }
}
