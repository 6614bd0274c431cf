//! Acts that fail half-way, and processes that die in the middle of one.

#![allow(clippy::unwrap_used)]

use super::{
    What,
    acts::{LEASE_MS, Outcome},
    export::Format,
    job, service,
    store::{Row, Search},
};
use crate::{
    identity::lifecycle,
    portal::Ui,
    testing::{World, worlds},
};
use axum::http::HeaderMap;
use std::{future::poll_fn, task::Poll};
use wire::control::{EndReason, Phase};

async fn rows(world: &World, what: What) -> Vec<Row> {
    let actor = &world.customers[0].administrator.actor;
    let search = Search {
        what: what.name().to_owned(),
        to_ms: i64::MAX,
        ..Search::default()
    };
    let found = service::search(&world.app, actor, &search, 1, 50).await;
    let mut rows = found.unwrap().rows;
    rows.reverse();
    rows
}

async fn outcomes(world: &World, what: What) -> Vec<Outcome> {
    let rows = rows(world, what).await;
    rows.iter()
        .map(|row| Outcome::from_name(row.outcome.as_deref().unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_launch_ends_with_the_sessions_start_or_its_failure() {
    for mut world in worlds().await {
        let customer = world.customers[0].clone();
        let mut host = world.host(8);
        world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let both = [Outcome::Begun, Outcome::Success];
        assert_eq!(outcomes(&world, What::SessionRequested).await, both);
        // A process that dies in between changes nothing: the session's own reconciler goes on.
        let session = world
            .clicked(&customer.administrator, customer.desktop)
            .await;
        world.pass().await;
        let id = host.id;
        world.restart().await;
        let host = world.host_again(id, 8);
        let reason = EndReason::StartFailed;
        host.says(&[(session, Phase::Ended { reason })]);
        world.pass().await;
        let rows = rows(&world, What::SessionRequested).await;
        let last = rows.last().unwrap();
        assert_eq!(last.outcome.as_deref(), Some("failed"));
        assert_eq!(last.who, customer.administrator.actor.full_name);
        assert_eq!(last.detail, "start_failed");
        assert_eq!(rows.len(), 4);
    }
}

#[tokio::test]
async fn an_export_says_whether_it_was_taken_whole() {
    for world in worlds().await {
        let actor = world.customers[0].administrator.actor.clone();
        let search = Search {
            to_ms: i64::MAX,
            ..Search::default()
        };
        let ui = || Ui::guest(&HeaderMap::new(), "/");
        let take = || service::export(&world.app, &actor, ui(), &search, Format::JsonLines);
        let mut file = take().await.unwrap();
        while file.next().await.unwrap().is_some() {}
        drop(take().await.unwrap());
        let mut slow = take().await.unwrap();
        for _ in 0..4 {
            // Who still reads is not interrupted, however long it takes.
            job::pass(&world.app).await.unwrap();
            world.pass_ms(LEASE_MS / 2);
        }
        job::pass(&world.app).await.unwrap();
        let expected = [
            Outcome::Begun,
            Outcome::Success,
            Outcome::Begun,
            Outcome::Begun,
            Outcome::Interrupted,
        ];
        assert_eq!(outcomes(&world, What::LogExported).await, expected);
        while slow.next().await.unwrap().is_some() {}
        assert_eq!(
            outcomes(&world, What::LogExported).await.last(),
            Some(&Outcome::Success)
        );
    }
}

#[tokio::test]
async fn a_process_that_dies_while_it_removes_somebody_leaves_neither_desktop_nor_question() {
    for mut world in worlds().await {
        let customer = world.customers[0].clone();
        let mut host = world.host(8);
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let (app, actor) = (world.app.clone(), customer.administrator.actor.clone());
        world.set_state(&customer.administrator, "active").await;
        // It dies right after the first commit.
        let mut removal = Box::pin(lifecycle::remove(&app, &actor, customer.user.actor.user));
        while outcomes(&world, What::UserRemoved).await.is_empty() {
            let more = poll_fn(|cx| Poll::Ready(removal.as_mut().poll(cx).is_pending())).await;
            assert!(more, "it was over before it could be stopped");
        }
        drop(removal);
        let id = host.id;
        world.restart().await;
        let host = world.host_again(id, 8);
        host.says(&[(session, Phase::Ready)]);
        world.pass().await;
        host.says(&[(
            session,
            Phase::Ended {
                reason: EndReason::Stopped,
            },
        )]);
        world.pass().await;
        assert_eq!(
            world.log(Some(customer.tenant)).await.last(),
            Some(&What::SessionEnded)
        );
        world.pass_ms(LEASE_MS + 1);
        job::pass(&world.app).await.unwrap();
        let both = [Outcome::Begun, Outcome::Interrupted];
        assert_eq!(outcomes(&world, What::UserRemoved).await, both);
        job::pass(&world.app).await.unwrap();
        assert_eq!(outcomes(&world, What::UserRemoved).await.len(), 2);
    }
}
