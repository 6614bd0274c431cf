//! What is agreed on, as customers and operators meet it, and what it allows.

#![allow(clippy::unwrap_used)]

use super::{
    Draft, checks,
    service::{self, By, ContractError, Names, fingerprint},
};
use crate::{
    activity::{What, retention},
    actor::Actor,
    db::{Scope, on},
    evidence::{Answer, Check, Outcome, Run},
    identity::lifecycle::{self, LifecycleError},
    rights::Denied,
    sessions::service::{self as sessions, SessionError},
    testing::{World, worlds},
};
use wire::ids::TenantId;

async fn answer(world: &World, check: &Check, tenant: TenantId) -> Answer {
    match check.run {
        Run::Customer(run) => run(&world.app, tenant).await.unwrap(),
        Run::Service(run) => run(&world.app).await.unwrap(),
    }
}

/// The contract that counts, changed.
async fn revise(world: &World, tenant: TenantId, change: impl FnOnce(&mut Draft)) {
    let app = &world.app;
    let mut tx = app.db.begin(Scope::Everybody).await.unwrap();
    let of = service::overview(app, &mut tx, tenant, Names::Sealed)
        .await
        .unwrap();
    let mut draft = Draft::of(of.contract().unwrap());
    draft.reason = "agreed anew".to_owned();
    change(&mut draft);
    let by = By {
        tenant,
        who: "Grace",
    };
    service::revise(app, &mut tx, by, &draft).await.unwrap();
    tx.commit().await.unwrap();
}

async fn execute(world: &World, sql: &'static str) {
    let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::query(sql).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

async fn accept(world: &World, actor: &Actor) -> Result<bool, ContractError> {
    let of = service::own(&world.app, actor).await?;
    let terms = of.terms.unwrap();
    service::accept(&world.app, actor, terms.version, &fingerprint(&terms)).await
}

#[tokio::test]
async fn one_person_accepts_the_terms_that_were_shown_once() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let (boss, hana) = (&shoji.administrator.actor, &shoji.user.actor);
        let before = answer(&world, &checks::ACCEPTED, shoji.tenant).await;
        assert_eq!(before.outcome, Outcome::FallsShort);
        let stale = service::accept(&world.app, boss, 1, "0000").await;
        assert!(matches!(stale, Err(ContractError::OtherTerms)));
        assert!(matches!(
            accept(&world, hana).await,
            Err(ContractError::Denied(Denied))
        ));
        assert!(accept(&world, boss).await.unwrap());
        assert!(!accept(&world, boss).await.unwrap());
        let after = answer(&world, &checks::ACCEPTED, shoji.tenant).await;
        assert_eq!(after.outcome, Outcome::Holds);
        let others = answer(&world, &checks::ACCEPTED, harbour.tenant).await;
        assert_eq!(others.outcome, Outcome::FallsShort);
        let of = service::own(&world.app, boss).await.unwrap();
        assert_eq!(of.accepted().unwrap().full_name, boss.full_name);
        let log = world.log(Some(shoji.tenant)).await;
        assert_eq!(
            log.iter()
                .filter(|what| **what == What::TermsAccepted)
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn no_more_sessions_than_the_contract_allows_and_none_without_one() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        let (app, hana) = (&world.app, &shoji.user.actor);
        revise(&world, shoji.tenant, |draft| {
            draft.max_sessions = "1".to_owned();
        })
        .await;
        let first = sessions::launch(app, hana, shoji.desktop).await.unwrap();
        let second = sessions::launch(app, hana, shoji.editor).await;
        assert!(matches!(second, Err(SessionError::Full)), "{second:?}");
        // What runs already is found again.
        let again = sessions::launch(app, hana, shoji.desktop).await.unwrap();
        assert_eq!(again, first);
        let of = service::own(app, &shoji.administrator.actor).await.unwrap();
        assert_eq!((of.sessions, of.labels.unlabelled), (1, 0));

        revise(&world, shoji.tenant, |draft| {
            draft.starts_on = "2020-01-01".to_owned();
            draft.ends_on = "2020-12-31".to_owned();
        })
        .await;
        let late = sessions::launch(app, hana, shoji.editor).await;
        assert!(matches!(late, Err(SessionError::NoContract)), "{late:?}");
        let answer = answer(&world, &checks::IN_FORCE, shoji.tenant).await;
        assert_eq!(answer.outcome, Outcome::FallsShort);
        let mut browser = world.signed_in(&shoji.user).await;
        let csrf = browser.csrf().await;
        let page = browser
            .post(
                &format!("/desktops/{}/launch", shoji.editor),
                &[("csrf", &csrf)],
            )
            .await;
        assert_eq!(page.status, 403);
        assert!(page.text.contains("有効な契約がありません"));
    }
}

#[tokio::test]
async fn no_more_accounts_than_the_contract_allows() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        revise(&world, shoji.tenant, |draft| {
            draft.max_people = "3".to_owned();
        })
        .await;
        world.signed_in(&shoji.administrator).await;
        let boss = &shoji.administrator.actor;
        let draft = |name: &str| lifecycle::Draft {
            full_name: name.to_owned(),
            email: format!("{name}@new.example"),
            role: "user".to_owned(),
        };
        lifecycle::invite(&world.app, boss, &draft("kei"))
            .await
            .unwrap();
        let refused = lifecycle::invite(&world.app, boss, &draft("rei")).await;
        assert!(matches!(refused, Err(LifecycleError::Wrong(wrong)) if wrong.email.is_some()));
    }
}

#[tokio::test]
async fn a_session_outside_the_regions_of_the_contract_is_found() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        let (app, hana) = (&world.app, &shoji.user.actor);
        sessions::launch(app, hana, shoji.desktop).await.unwrap();
        execute(
            &world,
            "INSERT INTO machines (id, kind, names, region, enrolled_at_ms)
            SELECT id, 'host', '', 'us-west', 0 FROM sessions",
        )
        .await;
        execute(&world, "UPDATE sessions SET host_id = id, state = 'ready'").await;
        let outside = answer(&world, &checks::REGIONS, shoji.tenant).await;
        assert_eq!(
            (outside.outcome, outside.figures),
            (Outcome::FallsShort, vec![1, 1])
        );
        revise(&world, shoji.tenant, |draft| {
            draft.regions.push("us-west".to_owned());
        })
        .await;
        let inside = answer(&world, &checks::REGIONS, shoji.tenant).await;
        assert_eq!(
            (inside.outcome, inside.figures),
            (Outcome::Holds, vec![1, 0])
        );
    }
}

#[tokio::test]
async fn what_bears_no_service_code_or_an_ended_one_is_found() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let app = &world.app;
        let fine = answer(&world, &checks::LABELLED, shoji.tenant).await;
        assert_eq!((fine.outcome, fine.figures), (Outcome::Holds, vec![2, 0]));
        let of = service::own(app, &shoji.administrator.actor).await.unwrap();
        let mut tx = app.db.begin(Scope::Everybody).await.unwrap();
        let by = |tenant| By {
            tenant,
            who: "Grace",
        };
        let foreign = service::end_code(app, &mut tx, by(harbour.tenant), of.codes[0].id).await;
        assert!(matches!(foreign, Err(ContractError::Code)));
        service::end_code(app, &mut tx, by(shoji.tenant), of.codes[0].id)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let short = answer(&world, &checks::LABELLED, shoji.tenant).await;
        assert_eq!(
            (short.outcome, short.figures),
            (Outcome::FallsShort, vec![2, 1])
        );
        let others = answer(&world, &checks::LABELLED, harbour.tenant).await;
        assert_eq!(others.outcome, Outcome::Holds);
    }
}

#[tokio::test]
async fn a_service_code_is_unique_and_its_options_are_the_services_own() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let app = &world.app;
        let theirs = service::own(app, &harbour.administrator.actor)
            .await
            .unwrap();
        let taken = theirs.codes[0].code.clone();
        let option = ["long-log".to_owned()];
        let no = [
            (taken.as_str(), "desktop", &option[..0]),
            ("A B", "desktop", &option[..0]),
            ("NEW-1", "nothing", &option[..0]),
            ("NEW-1", "long-log", &option[..0]),
            ("NEW-1", "application", &option[..]),
        ];
        for new in no {
            let mut tx = app.db.begin(Scope::Everybody).await.unwrap();
            let by = By {
                tenant: shoji.tenant,
                who: "Grace",
            };
            let refused = service::add_code(app, &mut tx, by, new).await;
            assert!(matches!(refused, Err(ContractError::Code)), "{new:?}");
        }
        let mut tx = app.db.begin(Scope::Everybody).await.unwrap();
        let by = By {
            tenant: shoji.tenant,
            who: "Grace",
        };
        let new = ("NEW-1", "desktop", &option[..]);
        service::add_code(app, &mut tx, by, new).await.unwrap();
        tx.commit().await.unwrap();
        let log = world.log(Some(shoji.tenant)).await;
        assert_eq!(log.last(), Some(&What::ServiceCodeAdded));
    }
}

#[tokio::test]
async fn a_longer_retention_of_the_contract_is_kept_to() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        revise(&world, shoji.tenant, |draft| {
            draft.retention_days = "366".to_owned();
        })
        .await;
        let mut tx = world.app.db.read(shoji.tenant).await.unwrap();
        assert_eq!(retention::days(&mut tx, shoji.tenant).await.unwrap(), 366);
        drop(tx);
        let log = world.log(Some(shoji.tenant)).await;
        assert!(log.ends_with(&[What::ContractChanged, What::RetentionChanged]));
    }
}

#[tokio::test]
async fn a_profile_that_says_too_little_is_found() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        let fine = answer(&world, &checks::PROFILE, tenant).await;
        assert_eq!(fine.outcome, Outcome::Holds);
        execute(&world, "UPDATE provider_profile SET address_en = ' '").await;
        let short = answer(&world, &checks::PROFILE, tenant).await;
        assert_eq!(short.outcome, Outcome::FallsShort);
    }
}

#[tokio::test]
async fn readers_see_the_contract_accept_the_terms_and_find_who_did() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        let mut browser = world.signed_in(&shoji.administrator).await;
        let page = browser.get("/contract").await.text;
        assert!(page.contains("未同意") && page.contains("東日本"), "{page}");
        let terms = browser.get("/terms").await;
        let csrf = terms.csrf();
        let shown = terms.text.split("name=\"shown\" value=\"").nth(1).unwrap();
        let shown = shown.split('"').next().unwrap();
        let form = [("csrf", csrf.as_str()), ("version", "1"), ("shown", "old")];
        let stale = browser.post("/terms", &form).await;
        assert_eq!(stale.status, 409);
        let form = [("csrf", csrf.as_str()), ("version", "1"), ("shown", shown)];
        assert_eq!(browser.post("/terms", &form).await.status, 303);
        let page = browser.get("/contract").await.text;
        assert!(page.contains(&format!(
            "{} さんが同意",
            shoji.administrator.actor.full_name
        )));
        let mut user = world.signed_in(&shoji.user).await;
        for path in ["/contract", "/terms", "/boundary"] {
            assert_eq!(user.get(path).await.status, 403);
        }
    }
}
