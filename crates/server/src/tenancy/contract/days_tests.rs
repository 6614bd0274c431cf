//! A version counts from its day on, to the moment, and not before; one that was withdrawn never does.

#![allow(clippy::unwrap_used)]

use super::{
    Draft, Wrong, checks, job,
    service::{self, By, ContractError, Names},
};
use crate::{
    activity::{What, retention},
    db::Scope,
    evidence::{Check, Outcome, Run},
    sessions::service::{self as sessions, SessionError},
    tenancy::provider::service as provider,
    testing::{Customer, World, worlds},
};
use std::sync::Arc;
use wire::ids::TenantId;

const HOUR_MS: i64 = 3600 * 1000;
/// Tests begin on 15 January 2027 at 17:00 in Japan.
const TOMORROW: &str = "2027-01-16";
const UNTIL_TOMORROW_MS: i64 = 7 * HOUR_MS;

/// Writes a version like the present one but for what is changed.
async fn write(
    world: &World,
    tenant: TenantId,
    change: impl FnOnce(&mut Draft),
) -> Result<i64, Box<Wrong>> {
    let app = &world.app;
    let mut tx = app.db.begin(Scope::Everybody).await.unwrap();
    let of = service::overview(app, &mut tx, tenant, Names::Sealed)
        .await
        .unwrap();
    let mut draft = Draft::of(of.contract().unwrap());
    draft.reason = "agreed for later".to_owned();
    change(&mut draft);
    let by = By {
        tenant,
        who: "Grace",
    };
    match service::revise(app, &mut tx, by, &draft).await {
        Ok(row) => {
            tx.commit().await.unwrap();
            Ok(row.version)
        }
        Err(ContractError::Wrong(wrong)) => Err(wrong),
        Err(error) => panic!("{error}"),
    }
}

async fn withdraw(world: &World, tenant: TenantId, version: i64) -> bool {
    let app = &world.app;
    let mut tx = app.db.begin(tenant).await.unwrap();
    let by = By {
        tenant,
        who: "Grace",
    };
    match service::withdraw(app, &mut tx, by, version).await {
        Ok(_) => tx.commit().await.is_ok(),
        Err(ContractError::NotComing) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn outcome(world: &World, check: &Check, tenant: TenantId) -> (Outcome, Vec<i64>) {
    let Run::Customer(run) = check.run else {
        panic!("of a customer");
    };
    let answer = run(&world.app, tenant).await.unwrap();
    (answer.outcome, answer.figures)
}

async fn kept_days(world: &World, tenant: TenantId) -> i64 {
    let mut tx = world.app.db.read(tenant).await.unwrap();
    retention::days(&mut tx, tenant).await.unwrap()
}

async fn regions(world: &World, tenant: TenantId) -> Vec<String> {
    let mut tx = world.app.db.read(tenant).await.unwrap();
    service::regions(&world.app, &mut tx, tenant).await.unwrap()
}

async fn counts(world: &World, customer: &Customer) -> i64 {
    let actor = &customer.administrator.actor;
    let of = service::own(&world.app, actor).await.unwrap();
    of.contract().unwrap().version
}

#[tokio::test]
async fn before_the_day_the_old_limits_hold_and_from_the_day_on_the_new_ones() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let (app, hana) = (&world.app, &shoji.user.actor);
        write(&world, shoji.tenant, |draft| {
            draft.max_sessions = "1".to_owned();
        })
        .await
        .unwrap();
        let coming = write(&world, shoji.tenant, |draft| {
            draft.max_sessions = "2".to_owned();
            draft.regions = vec!["us-west".to_owned()];
            draft.retention_days = "366".to_owned();
            draft.counts_from = TOMORROW.to_owned();
        })
        .await
        .unwrap();
        assert_eq!((coming, counts(&world, shoji).await), (3, 2));
        sessions::launch(app, hana, shoji.desktop).await.unwrap();

        // The last moment of the day before.
        world.pass_ms(UNTIL_TOMORROW_MS - 1);
        job::pass(app).await.unwrap();
        let full = sessions::launch(app, hana, shoji.editor).await;
        assert!(matches!(full, Err(SessionError::Full)), "{full:?}");
        assert_eq!(regions(&world, shoji.tenant).await, ["jp-east"]);
        assert_eq!(kept_days(&world, shoji.tenant).await, 31);
        let before = outcome(&world, &checks::IN_FORCE, shoji.tenant).await;
        assert_eq!(before, (Outcome::Holds, vec![2, 1]));

        // Midnight. Limits and regions need nobody who does something; the log's days are the reconciler's.
        world.pass_ms(1);
        assert_eq!(counts(&world, shoji).await, 3);
        sessions::launch(app, hana, shoji.editor).await.unwrap();
        assert_eq!(regions(&world, shoji.tenant).await, ["us-west"]);
        for _ in 0..2 {
            job::pass(app).await.unwrap();
        }
        assert_eq!(kept_days(&world, shoji.tenant).await, 366);
        let log = world.log(Some(shoji.tenant)).await;
        assert!(log.ends_with(&[What::ContractBegan, What::RetentionChanged]));
        let began = log.iter().filter(|what| **what == What::ContractBegan);
        assert_eq!(began.count(), 1);
        assert_eq!(regions(&world, harbour.tenant).await, ["jp-east"]);
        let others = world.log(Some(harbour.tenant)).await;
        assert!(!others.contains(&What::ContractBegan));
    }
}

#[tokio::test]
async fn two_processes_notice_the_day_once() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        write(&world, tenant, |draft| {
            draft.retention_days = "62".to_owned();
            draft.counts_from = TOMORROW.to_owned();
        })
        .await
        .unwrap();
        world.pass_ms(UNTIL_TOMORROW_MS);
        let pass = || {
            let app = Arc::clone(&world.app);
            tokio::spawn(async move { job::pass(&app).await })
        };
        for done in [pass(), pass(), pass()] {
            done.await.unwrap().unwrap();
        }
        let log = world.log(Some(tenant)).await;
        let of = |what| log.iter().filter(|other| **other == what).count();
        assert_eq!(
            (of(What::ContractBegan), of(What::RetentionChanged)),
            (1, 1)
        );
    }
}

#[tokio::test]
async fn a_withdrawn_version_never_counts_and_one_that_counts_stays() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let tenant = shoji.tenant;
        let later = |draft: &mut Draft| draft.counts_from = TOMORROW.to_owned();
        let coming = write(&world, tenant, later).await.unwrap();
        // Nobody withdraws the present one, one that is not there, or another customer's.
        assert!(!withdraw(&world, tenant, 1).await);
        assert!(!withdraw(&world, tenant, 99).await);
        assert!(!withdraw(&world, harbour.tenant, coming).await);
        assert!(withdraw(&world, tenant, coming).await);
        assert!(!withdraw(&world, tenant, coming).await);
        let log = world.log(Some(tenant)).await;
        assert_eq!(log.last(), Some(&What::ContractWithdrawn));
        // Its day is free again, and its number is not used anew.
        let again = write(&world, tenant, later).await.unwrap();
        assert_eq!((coming, again), (2, 3));
        world.pass_ms(UNTIL_TOMORROW_MS);
        assert_eq!(counts(&world, shoji).await, 3);
        assert!(!withdraw(&world, tenant, again).await);
        let of = service::own(&world.app, &shoji.administrator.actor)
            .await
            .unwrap();
        let withdrawn = of
            .versions
            .iter()
            .find(|row| row.version == coming)
            .unwrap();
        assert_eq!(withdrawn.withdrawn_who.as_deref(), Some("Grace"));
    }
}

#[tokio::test]
async fn what_is_written_at_once_in_between_counts_until_the_day_that_was_agreed_on() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        let set = |people: &'static str, day: &'static str| {
            move |draft: &mut Draft| {
                draft.max_people = people.to_owned();
                draft.counts_from = day.to_owned();
            }
        };
        let tenant = shoji.tenant;
        let next_week = write(&world, tenant, set("70", "2027-01-22"))
            .await
            .unwrap();
        let tomorrow = write(&world, tenant, set("60", TOMORROW)).await.unwrap();
        let now = write(&world, tenant, set("50", "")).await.unwrap();
        assert_eq!(counts(&world, shoji).await, now);
        world.pass_ms(UNTIL_TOMORROW_MS);
        assert_eq!(counts(&world, shoji).await, tomorrow);
        world.pass_ms(6 * 24 * HOUR_MS);
        assert_eq!(counts(&world, shoji).await, next_week);
        let today = write(&world, tenant, set("80", "2027-01-22"))
            .await
            .unwrap();
        assert_eq!(counts(&world, shoji).await, today);
    }
}

#[tokio::test]
async fn no_version_counts_from_a_day_that_is_over_or_taken_or_after_the_end() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        write(&world, tenant, |draft| {
            draft.counts_from = TOMORROW.to_owned();
        })
        .await
        .unwrap();
        for (day, end) in [
            ("2027-01-14", ""),
            ("2027-02-29", ""),
            (TOMORROW, ""),
            ("2027-03-01", "2027-02-28"),
        ] {
            let wrong = write(&world, tenant, |draft| {
                draft.counts_from = day.to_owned();
                draft.ends_on = end.to_owned();
            })
            .await
            .unwrap_err();
            assert!(wrong.counts_from.is_some(), "{day}");
        }
    }
}

#[tokio::test]
async fn a_day_that_nobody_noticed_is_found() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        write(&world, tenant, |draft| {
            draft.retention_days = "62".to_owned();
            draft.counts_from = TOMORROW.to_owned();
        })
        .await
        .unwrap();
        let hold = (Outcome::Holds, vec![1, 31, 31]);
        assert_eq!(outcome(&world, &checks::KEPT_TO, tenant).await, hold);
        // Within minutes it is noticed.
        world.pass_ms(UNTIL_TOMORROW_MS + 60_000);
        let soon = outcome(&world, &checks::KEPT_TO, tenant).await;
        assert_eq!(soon.0, Outcome::Holds);
        world.pass_ms(5 * 60_000);
        let late = outcome(&world, &checks::KEPT_TO, tenant).await;
        assert_eq!(late, (Outcome::FallsShort, vec![2, 62, 31]));
        job::pass(&world.app).await.unwrap();
        let well = outcome(&world, &checks::KEPT_TO, tenant).await;
        assert_eq!(well, (Outcome::Holds, vec![2, 62, 62]));
    }
}

#[tokio::test]
async fn terms_wait_for_acceptance_from_the_day_on_which_they_count() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        super::testing::accept_terms(&world.app, &shoji.administrator.actor).await;
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        provider::publish(&world.app, &mut tx, "新しい規約", "New terms")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        write(&world, shoji.tenant, |draft| {
            draft.terms_version = "2".to_owned();
            draft.max_people = "7".to_owned();
            draft.counts_from = TOMORROW.to_owned();
        })
        .await
        .unwrap();
        let wait = "まだ同意していません";
        let mut boss = world.signed_in(&shoji.administrator).await;
        let page = boss.get("/contract").await.text;
        assert!(
            page.contains("第 2 版が、2027年1月16日") && page.contains("予定"),
            "{page}"
        );
        assert!(!page.contains(wait) && page.contains("／ 100"));
        assert!(!page.contains("/withdraw"));
        assert!(
            boss.get("/overview")
                .await
                .text
                .contains("2027年1月16日 から新しい版")
        );
        world.pass_ms(UNTIL_TOMORROW_MS);
        let mut boss = world.signed_in(&shoji.administrator).await;
        let page = boss.get("/contract").await.text;
        assert!(page.contains(wait) && page.contains("／ 7"));
        assert!(!page.contains("適用される予定です"));
    }
}
