//! What is offered changes by its owner's hand, and what somebody uses cannot vanish.

#![allow(clippy::unwrap_used)]

use crate::{
    activity::What,
    db::Scope,
    operators::{
        OperatorRole,
        tests::{elevate, elevate_on_base, entered},
    },
    tenancy::{By, contracts, offers},
    testing::{Answer, Browser, World, worlds},
};

const LIST: &str = "/console/catalogue";
const NEW: [(&str, &str); 6] = [
    ("code", "backup"),
    ("option_of", "desktop"),
    ("name_ja", "保管"),
    ("name_en", "Backup"),
    ("description_ja", "毎日保管します。"),
    ("description_en", "Kept every day."),
];

async fn post(browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> Answer {
    let csrf = browser.get("/console/machines").await.csrf();
    let form = [&[("csrf", csrf.as_str())], form].concat();
    browser.post(path, &form).await
}

async fn codes(world: &World) -> Vec<String> {
    let mut tx = world.app.db.read(Scope::Nobody).await.unwrap();
    let offers = offers::catalogue(&mut tx).await.unwrap();
    offers.into_iter().map(|offer| offer.code).collect()
}

/// Gives the first customer a service code of the desktop with an option.
async fn give(world: &World, label: &str, option: &str) -> bool {
    let mut tx = world.app.db.begin(Scope::Everybody).await.unwrap();
    let by = By {
        tenant: world.customers[0].tenant,
        who: "Grace",
    };
    let new = (label, "desktop", &[option.to_owned()][..]);
    let given = contracts::add_code(&world.app, &mut tx, by, new).await;
    given.is_ok() && tx.commit().await.is_ok()
}

#[tokio::test]
async fn the_owner_adds_names_anew_and_takes_out_what_was_never_used() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        elevate_on_base(&world, &owner).await;
        assert_eq!(post(&mut owner, LIST, &NEW).await.status, 303);
        let twice = post(&mut owner, LIST, &NEW).await;
        assert_eq!(twice.status, 422);
        assert!(
            twice.text.contains("id=\"code-error\"") && twice.text.contains("value=\"Backup\"")
        );
        let mut orphan = NEW;
        orphan[0].1 = "orphan";
        orphan[1].1 = "long-log";
        let orphan = post(&mut owner, LIST, &orphan).await;
        assert!(orphan.status == 422 && orphan.text.contains("id=\"option_of-error\""));

        let own = format!("{LIST}/offers/backup");
        let mut names = NEW;
        names[2].1 = "毎日の保管";
        assert_eq!(post(&mut owner, &own, &names[1..]).await.status, 303);
        assert!(owner.get(LIST).await.text.contains("毎日の保管"));
        names[3].1 = "";
        let bare = post(&mut owner, &own, &names).await;
        assert!(bare.status == 422 && bare.text.contains("id=\"name_en-error\""));

        assert_eq!(owner.get(&format!("{own}/remove")).await.status, 200);
        let removed = post(&mut owner, &format!("{own}/remove"), &[]).await;
        assert_eq!(removed.status, 303);
        assert!(!codes(&world).await.contains(&"backup".to_owned()));
        let log = world.log(None).await;
        let changes = log.iter().filter(|what| **what == What::ProviderChanged);
        assert_eq!(changes.count(), 3);
        for path in ["offers/none", "regions/none", "people/desktop"] {
            let path = format!("{LIST}/{path}");
            assert_eq!(owner.get(&path).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_used_stays_and_what_is_not_offered_cannot_be_given() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        elevate_on_base(&world, &owner).await;
        assert!(give(&world, "S-1", "long-log").await);
        for path in ["offers/long-log", "offers/desktop", "regions/jp-east"] {
            let path = format!("{LIST}/{path}");
            let refused = post(&mut owner, &format!("{path}/remove"), &[]).await;
            assert_eq!(refused.status, 409, "{path}");
            let retired = post(&mut owner, &format!("{path}/retire"), &[]).await;
            assert_eq!(retired.status, 303, "{path}");
        }
        assert!(codes(&world).await.contains(&"long-log".to_owned()));
        assert!(!give(&world, "S-2", "log-stream").await);
        elevate(&world, &owner, world.customers[0].tenant).await;
        // Who has the region keeps it; the customer still reads what the option is called.
        let own = "/console/customers/shoji";
        let form = [
            ("number", "N-2"),
            ("starts_on", "2026-04-01"),
            ("terms_version", "1"),
            ("retention_days", "31"),
            ("max_people", "7"),
            ("max_sessions", "7"),
            ("reason", "again"),
        ];
        let kept = [&form[..], &[("region", "jp-east")]].concat();
        assert_eq!(post(&mut owner, own, &kept).await.status, 303);
        let away = [&form[..], &[("region", "us-west")]].concat();
        assert_eq!(post(&mut owner, own, &away).await.status, 303);
        assert_eq!(post(&mut owner, own, &kept).await.status, 422);
        let mut boss = world.signed_in(&world.customers[0].administrator).await;
        let contract = boss.get("/contract").await.text;
        assert!(contract.contains("操作履歴の長期保存"));

        let again = post(&mut owner, &format!("{LIST}/offers/desktop/offer"), &[]).await;
        assert_eq!(again.status, 303);
        assert!(give(&world, "S-2", "log-stream").await);
    }
}

#[tokio::test]
async fn an_option_cannot_be_taken_out_while_somebody_is_given_it() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        elevate_on_base(&world, &owner).await;
        assert_eq!(post(&mut owner, LIST, &NEW).await.status, 303);
        let path = format!("{LIST}/offers/backup/remove");
        let (removed, given) =
            tokio::join!(post(&mut owner, &path, &[]), give(&world, "S-1", "backup"));
        assert_eq!(removed.status == 303, !given, "{} {given}", removed.status);
        assert_eq!(codes(&world).await.contains(&"backup".to_owned()), given);
    }
}

#[tokio::test]
async fn others_read_the_catalogue_or_do_not_and_change_nothing() {
    for world in worlds().await {
        for (role, seen) in [
            (OperatorRole::Support, 200),
            (OperatorRole::Auditor, 200),
            (OperatorRole::Network, 403),
        ] {
            let mut other = entered(&world, role.name(), role).await;
            assert_eq!(other.get(LIST).await.status, seen, "{role:?}");
            let one = format!("{LIST}/offers/desktop");
            assert_eq!(other.get(&one).await.status, 403, "{role:?}");
            for path in [
                "",
                "/offers/desktop",
                "/offers/desktop/retire",
                "/offers/log-stream/remove",
            ] {
                let answer = post(&mut other, &format!("{LIST}{path}"), &NEW).await;
                assert_eq!(answer.status, 403, "{role:?} {path}");
            }
        }
        assert_eq!(codes(&world).await.len(), 4);
    }
}
