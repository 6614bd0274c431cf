//! The promises hold on a service that is well; each check falls short when what it watches is broken; and readers see it.

#![allow(clippy::unwrap_used)]

use super::{
    CONTROLS, Outcome,
    job::{EVERY_MS, checks, pass},
    service::{self, Standing},
    store,
};
use crate::{
    activity::{What, job as logs},
    db::{Scope, on},
    identity::{
        lifecycle::{reissue, reissue_by_mail},
        store::set_password,
    },
    keys,
    notices::{
        self,
        mail::{state::Why, testing::Fake},
    },
    operators::OperatorRole,
    portal::{Key, Lang},
    tenancy::{self, contract::testing::accept_terms, contracts},
    testing::{Person, World, worlds},
};
use std::collections::{BTreeMap, HashSet};

/// What only the real listeners and the kernel's clock can tell; the journeys look at them.
const UNTOLD_HERE: [&str; 4] = [
    "listener.apart",
    "listener.tls",
    "listener.certificate",
    "activity.clock",
];

async fn sql(world: &World, sql: &'static str) {
    let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
    on!(&mut tx, c => sqlx::raw_sql(sql).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

/// How each check stands for the first customer's administrator.
async fn outcomes(world: &World) -> BTreeMap<&'static str, Outcome> {
    let actor = &world.customers[0].administrator.actor;
    let standings = service::of_customer(&world.app, actor).await.unwrap();
    let checks = standings.iter().flat_map(|standing| &standing.checks);
    checks
        .map(|check| (check.check.name, check.answer.outcome))
        .collect()
}

/// A customer at work, of which everything holds.
async fn well() -> Vec<World> {
    let worlds = worlds().await;
    for world in &worlds {
        for customer in &world.customers {
            world.signed_in(&customer.administrator).await;
            world.signed_in(&customer.user).await;
            accept_terms(&world.app, &customer.administrator.actor).await;
        }
        pass(&world.app).await.unwrap();
        for (check, outcome) in outcomes(world).await {
            let expected = if UNTOLD_HERE.contains(&check) {
                Outcome::CannotTell
            } else {
                Outcome::Holds
            };
            assert_eq!(outcome, expected, "{check}");
        }
    }
    worlds
}

/// Breaks what the check watches: it falls short, and no other does.
async fn breaks(broken: &'static str, check: &str) {
    for world in well().await {
        sql(&world, broken).await;
        pass(&world.app).await.unwrap();
        for (name, outcome) in outcomes(&world).await {
            let falls_short = outcome == Outcome::FallsShort;
            assert_eq!(falls_short, name == check, "{name}: {outcome:?}");
        }
    }
}

#[test]
fn every_promise_has_a_row_a_clause_words_and_a_check() {
    let mut ids = HashSet::new();
    let commitments = ["2.", "4.", "5.", "6.", "8.", "9.", "13."];
    for control in CONTROLS {
        assert!(ids.insert(control.id), "{} is there twice", control.id);
        assert!(commitments.iter().any(|row| control.id.starts_with(row)));
        assert!(!control.clause.is_empty() && !control.checks.is_empty());
        for key in control.checks.iter().map(|check| check.says) {
            for lang in Lang::ALL {
                assert_ne!(lang.text(key.0), key.0);
            }
        }
    }
    let shared = CONTROLS.iter().flat_map(|control| control.checks);
    let names: HashSet<_> = shared.map(|check| check.name).collect();
    assert_eq!(names.len(), checks().len());
}

#[tokio::test]
async fn a_suspended_person_who_is_still_signed_in_is_found() {
    breaks(
        "UPDATE users SET state = 'suspended' WHERE role = 'user'",
        "identity.left_over_access",
    )
    .await;
}

#[tokio::test]
async fn a_link_without_a_record_is_found() {
    for world in well().await {
        world.link(&world.customers[0].user).await;
        pass(&world.app).await.unwrap();
        let outcome = |name| outcome_of(&world, name);
        assert_eq!(
            outcome("identity.links_recorded").await,
            Outcome::FallsShort
        );
        // One that an administrator makes is no such.
        let boss = &world.customers[0].administrator.actor;
        let user = world.customers[0].user.actor.user;
        reissue(&world.app, boss, user).await.unwrap();
        world.pass_ms(EVERY_MS);
        pass(&world.app).await.unwrap();
        assert_eq!(outcome("identity.links_recorded").await, Outcome::Holds);
    }
}

async fn outcome_of(world: &World, check: &str) -> Outcome {
    outcomes(world).await[check]
}

#[tokio::test]
async fn mail_that_waits_too_long_is_found() {
    for (world, fake) in mailing().await {
        fake.refuse(Some(Why::Unreachable));
        notices::mail::job::pass(&world.app).await.unwrap();
        world.pass_ms(59 * 60 * 1000);
        pass(&world.app).await.unwrap();
        assert_eq!(outcome_of(&world, "mail.in_time").await, Outcome::Holds);
        world.pass_ms(EVERY_MS);
        pass(&world.app).await.unwrap();
        assert_eq!(
            outcome_of(&world, "mail.in_time").await,
            Outcome::FallsShort
        );
        fake.refuse(None);
        notices::mail::job::pass(&world.app).await.unwrap();
        world.pass_ms(EVERY_MS);
        pass(&world.app).await.unwrap();
        assert_eq!(outcome_of(&world, "mail.in_time").await, Outcome::Holds);
    }
}

#[tokio::test]
async fn a_message_of_which_something_is_left_is_found() {
    for (world, _) in mailing().await {
        notices::mail::job::pass(&world.app).await.unwrap();
        pass(&world.app).await.unwrap();
        assert_eq!(outcome_of(&world, "mail.erased").await, Outcome::Holds);
        sql(&world, "UPDATE mail_messages SET content = 'v1.x'").await;
        world.pass_ms(EVERY_MS);
        pass(&world.app).await.unwrap();
        assert_eq!(outcome_of(&world, "mail.erased").await, Outcome::FallsShort);
    }
}

/// The service sends mail, and a message waits.
async fn mailing() -> Vec<(World, Fake)> {
    let mut all = Vec::new();
    for mut world in worlds().await {
        let fake = world.send_mail();
        let boss = &world.customers[0].administrator;
        world.signed_in(boss).await;
        let user = world.customers[0].user.actor.user;
        reissue_by_mail(&world.app, &boss.actor, user)
            .await
            .unwrap();
        all.push((world, fake));
    }
    all
}

#[tokio::test]
async fn a_right_in_another_customers_code_is_found() {
    breaks(
        "INSERT INTO grants (id, tenant_id, user_id, role, service_code, granted_by, granted_at_ms)
         SELECT u.id, u.tenant_id, u.id, 'user', c.id, u.id, 0 FROM users u
         JOIN service_codes c ON c.tenant_id <> u.tenant_id WHERE u.role = 'user' AND c.service = 'desktop'",
        "grants.in_place",
    )
    .await;
}

#[tokio::test]
async fn a_customer_without_an_administrator_is_found() {
    breaks(
        "UPDATE users SET role = 'user' WHERE role = 'administrator'",
        "identity.an_administrator",
    )
    .await;
}

#[tokio::test]
async fn a_customer_without_a_key_of_its_own_is_found() {
    for world in well().await {
        let tenant = world.customers[0].tenant;
        keys::service::destroy(&world.app, tenant).await.unwrap();
        pass(&world.app).await.unwrap();
        // What they stored is gone with it, and that shows too.
        let outcomes =
            store::current_of(&mut world.app.db.read(tenant).await.unwrap(), tenant).await;
        for name in ["keys.own_key", "boundary.exportable"] {
            let spans = outcomes.as_ref().unwrap();
            let span = spans.iter().find(|span| span.check_name == name).unwrap();
            assert_eq!(span.answer().outcome, Outcome::FallsShort, "{name}");
        }
    }
}

#[tokio::test]
async fn a_password_that_is_kept_badly_is_found() {
    for world in well().await {
        let Person { actor, .. } = &world.customers[0].user;
        let mut tx = world.app.db.begin(actor.tenant).await.unwrap();
        set_password(&mut tx, actor.tenant, actor.user, "md5:5f4dcc3b")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        pass(&world.app).await.unwrap();
        let now = outcomes(&world).await;
        assert_eq!(now["identity.passwords"], Outcome::FallsShort);
    }
}

#[tokio::test]
async fn records_that_should_be_gone_are_found() {
    // The leaf says when it was made, too; only what is shown is looked at here.
    for world in well().await {
        world.pass_ms(33 * 24 * 3600 * 1000);
        pass(&world.app).await.unwrap();
        let now = outcomes(&world).await;
        assert_eq!(now["activity.retention"], Outcome::FallsShort);
        logs::pass(&world.app).await.unwrap();
        pass(&world.app).await.unwrap();
        let now = outcomes(&world).await;
        assert_eq!(now["activity.retention"], Outcome::Holds);
    }
}

#[tokio::test]
async fn a_changed_record_and_a_missing_leaf_are_found() {
    breaks(
        "UPDATE activity SET who = 'nobody' WHERE who LIKE '%shoji%'",
        "activity.integrity",
    )
    .await;
    breaks(
        "DELETE FROM activity_leaves WHERE leaf_index = 0 AND log_id IN (SELECT id FROM tenants)",
        "activity.integrity",
    )
    .await;
}

#[tokio::test]
async fn a_session_that_joins_two_customers_is_found() {
    const MOVE: &str = "UPDATE sessions SET desktop_id = $1";
    for world in well().await {
        let [shoji, harbour] = &world.customers;
        let mut browser = world.signed_in(&shoji.user).await;
        let csrf = browser.csrf().await;
        let launch = format!("/desktops/{}/launch", shoji.desktop);
        browser.post(&launch, &[("csrf", &csrf)]).await;
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let foreign = harbour.desktop;
        on!(&mut tx, c => sqlx::query(MOVE).bind(foreign).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        pass(&world.app).await.unwrap();
        let now = outcomes(&world).await;
        assert_eq!(now["sessions.no_crossing"], Outcome::FallsShort);
        let told = world.log(Some(shoji.tenant)).await;
        assert!(told.contains(&What::PromiseFellShort));
    }
}

#[tokio::test]
async fn an_operator_without_a_code_is_found() {
    const IN: &str = "INSERT INTO operators
        (id, login, full_name, role, state, totp, totp_step, created_at_ms) VALUES
        ('01a3185c-5000-7016-9dda-779e83a1c191', 'x', 'x', 'owner', 'active', '', 0, 0);
        INSERT INTO operator_sessions (token_hash, operator_id, csrf, created_at_ms, last_seen_ms)
        VALUES ('x', '01a3185c-5000-7016-9dda-779e83a1c191', 'x', 1800000000000, 1800000000000)";
    for world in well().await {
        if world.app.db.postgres().is_none() {
            // SQLite keeps ids as bytes.
            let bytes = "X'01a3185c500070169dda779e83a1c191'";
            let text = IN.replace("'01a3185c-5000-7016-9dda-779e83a1c191'", bytes);
            let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
            let text = sqlx::AssertSqlSafe(text);
            on!(&mut tx, c => sqlx::raw_sql(text).execute(c).await.map(drop)).unwrap();
            tx.commit().await.unwrap();
        } else {
            sql(&world, IN).await;
        }
        pass(&world.app).await.unwrap();
        let now = outcomes(&world).await;
        assert_eq!(now["operators.second_factor"], Outcome::FallsShort);
    }
}

#[tokio::test]
async fn an_operator_who_acts_on_a_customer_unasked_is_found() {
    for world in well().await {
        let tenant = world.customers[0].tenant;
        world.pass_ms(2 * 60 * 1000);
        let by = tenancy::By {
            tenant,
            who: "somebody",
        };
        let mut tx = world.app.db.begin(tenant).await.unwrap();
        let new = ("SHOJI-Z1", "desktop", &[][..]);
        contracts::add_code(&world.app, &mut tx, by, new)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        pass(&world.app).await.unwrap();
        let now = outcomes(&world).await;
        assert_eq!(now["operators.acts_elevated"], Outcome::FallsShort);
        // The same act is well where somebody else had approved it for this person and this customer, at that time.
        let span = |who: &'static str, from: i64| {
            format!(
                "INSERT INTO elevations (id, tenant_id, operator_id, who, purpose, ticket, minutes, asked_at_ms, state,
                decided_by, decided_at_ms, until_ms, acts)
                SELECT id, id, id, '{who}', '', '', 60, {from}, 'approved', NULL, {from}, {from} + 600000, 0
                FROM tenants WHERE code = 'shoji'"
            )
        };
        let at_ms = world.app.clock.now_ms();
        for (who, from, outcome) in [
            ("nobody", at_ms - 1000, Outcome::FallsShort),
            ("somebody", at_ms - 900_000, Outcome::FallsShort),
            ("somebody", at_ms - 1000, Outcome::Holds),
        ] {
            let text = sqlx::AssertSqlSafe(span(who, from));
            let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
            on!(&mut tx, c => sqlx::raw_sql("DELETE FROM elevations").execute(c).await.map(drop))
                .unwrap();
            on!(&mut tx, c => sqlx::raw_sql(text).execute(c).await.map(drop)).unwrap();
            tx.commit().await.unwrap();
            pass(&world.app).await.unwrap();
            let now = outcomes(&world).await;
            assert_eq!(now["operators.acts_elevated"], outcome, "{who} {from}");
        }
        // Nobody else did approve it, though.
        let now = outcomes(&world).await;
        assert_eq!(now["operators.elevations_by_another"], Outcome::FallsShort);
    }
}

#[tokio::test]
async fn what_falls_short_is_told_once_and_what_holds_again_too() {
    const HARM: &str = "UPDATE users SET role = 'auditor' WHERE role = 'administrator'";
    const MEND: &str = "UPDATE users SET role = 'administrator' WHERE role = 'auditor'";
    for world in well().await {
        let tenant = world.customers[0].tenant;
        let told = async |what| {
            let log = world.log(Some(tenant)).await;
            log.iter().filter(|told| **told == what).count()
        };
        sql(&world, HARM).await;
        for _ in 0..2 {
            world.pass_ms(EVERY_MS);
            pass(&world.app).await.unwrap();
        }
        assert_eq!(told(What::PromiseFellShort).await, 1);
        sql(&world, MEND).await;
        pass(&world.app).await.unwrap();
        assert_eq!(told(What::PromiseHolds).await, 1);

        let actor = &world.customers[0].administrator.actor;
        let standing = service::control_of_customer(&world.app, actor, "5.1").await;
        let history = &standing.unwrap().unwrap().checks[1].history;
        let outcomes: Vec<_> = history.iter().map(|past| past.answer.outcome).collect();
        let [holds, short] = [Outcome::Holds, Outcome::FallsShort];
        assert_eq!(outcomes, [holds, short, holds]);
    }
}

#[tokio::test]
async fn an_old_answer_tells_nothing() {
    for world in well().await {
        world.pass_ms(3 * EVERY_MS + 1);
        let now = outcomes(&world).await;
        assert!(now.values().all(|outcome| *outcome == Outcome::CannotTell));
    }
}

#[tokio::test]
async fn customers_see_their_own_alone_and_operators_how_many() {
    const HARM: &str = "UPDATE users SET role = 'user' WHERE tenant_id = $1";
    for world in well().await {
        let [shoji, harbour] = &world.customers;
        let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
        let tenant = harbour.tenant;
        on!(&mut tx, c => sqlx::query(HARM).bind(tenant).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        pass(&world.app).await.unwrap();
        assert_eq!(
            outcomes(&world).await["identity.an_administrator"],
            Outcome::Holds
        );
        let mut browser = world.signed_in(&shoji.administrator).await;
        let answer = browser.get("/evidence").await;
        assert_eq!(answer.status, 200);
        let promise = Lang::Ja.text(Key("evidence.promise.one_door").0);
        assert!(answer.text.contains(promise) || answer.text.contains("no way around"));
        let one = browser.get("/evidence/5.6").await;
        assert_eq!(one.status, 200);
        assert_eq!(browser.get("/evidence/99").await.status, 404);
        let mut user = world.signed_in(&shoji.user).await;
        assert_eq!(user.get("/evidence").await.status, 403);

        let role = OperatorRole::Auditor.name();
        let all = service::of_service(&world.app, role).await.unwrap();
        let row = |id: &str| all.iter().find(|standing| standing.control.id == id);
        let life_cycle: &Standing = row("5.1").unwrap();
        assert_eq!(life_cycle.outcome(), Outcome::FallsShort);
        assert_eq!(life_cycle.checks[1].customers, Some((2, 1)));
        let network = OperatorRole::Network.name();
        assert!(service::of_service(&world.app, network).await.is_err());
    }
}
