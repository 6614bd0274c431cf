//! Operators write versions for a day that comes and withdraw them; the page asks first.

#![allow(clippy::unwrap_used)]

use crate::{
    activity::What,
    operators::{
        OperatorRole,
        tests::{customer_path, elevate, entered},
    },
    testing::{Answer, Browser, worlds},
};

const FORM: [(&str, &str); 8] = [
    ("number", "N-1"),
    ("starts_on", "2026-04-01"),
    ("terms_version", "1"),
    ("retention_days", "31"),
    ("max_people", "2"),
    ("max_sessions", "9"),
    ("region", "jp-east"),
    ("reason", "agreed for spring"),
];
const DAY_MS: i64 = 24 * 3600 * 1000;

async fn write(browser: &mut Browser, own: &str, day: &str) -> Answer {
    let csrf = browser.get(own).await.csrf();
    let mut form = vec![("csrf", csrf.as_str()), ("counts_from", day)];
    form.extend(FORM);
    browser.post(own, &form).await
}

async fn withdraw(browser: &mut Browser, path: &str) -> Answer {
    let csrf = browser.get("/console/elevations/ask").await.csrf();
    browser.post(path, &[("csrf", &csrf)]).await
}

#[tokio::test]
async fn a_version_for_a_day_is_written_seen_and_withdrawn_after_a_question() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let own = customer_path(&world, shoji.tenant).await;
        let path = format!("{own}/versions/2/withdraw");
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        elevate(&world, &owner, shoji.tenant).await;
        let wrong = write(&mut owner, &own, "2020-01-01").await;
        assert_eq!(wrong.status, 422);
        assert!(
            wrong.text.contains("id=\"counts_from-error\"")
                && wrong.text.contains("value=\"2020-01-01\"")
        );
        assert_eq!(write(&mut owner, &own, "2027-04-01").await.status, 303);
        let page = owner.get(&own).await.text;
        assert!(
            page.contains("2027年4月1日") && page.contains(&path),
            "{page}"
        );
        // What is agreed on now is what the next version begins from.
        assert!(
            page.contains("name=\"max_people\" type=\"number\" autocomplete=\"off\" value=\"100\"")
        );

        // Others see it without the way to withdraw it, or do not see it.
        for (role, seen, asked) in [
            (OperatorRole::Auditor, 200, 403),
            (OperatorRole::Network, 403, 403),
            (OperatorRole::Support, 200, 403),
        ] {
            let mut other = entered(&world, role.name(), role).await;
            let page = other.get(&own).await;
            assert_eq!(page.status, seen, "{role:?}");
            assert!(!page.text.contains(&path));
            assert_eq!(other.get(&path).await.status, asked, "{role:?}");
            assert_eq!(withdraw(&mut other, &path).await.status, 403, "{role:?}");
        }
        // The elevation is for one customer.
        let elsewhere = customer_path(&world, harbour.tenant).await;
        let theirs = format!("{elsewhere}/versions/1/withdraw");
        assert_eq!(withdraw(&mut owner, &theirs).await.status, 403);

        let ask = owner.get(&path).await;
        assert!(ask.status == 200 && ask.text.contains("agreed for spring"));
        assert_eq!(owner.post(&path, &[("csrf", "none")]).await.status, 403);
        assert_eq!(withdraw(&mut owner, &path).await.status, 303);
        for log in [world.log(Some(shoji.tenant)).await, world.log(None).await] {
            assert!(log.contains(&What::ContractWithdrawn));
        }
        let page = owner.get(&own).await.text;
        assert!(!page.contains(&path) && page.contains("取り下げ"));
        let again = withdraw(&mut owner, &path).await;
        assert!(again.status == 409 && again.text.contains("何も変更していません"));
        assert_eq!(
            owner
                .get(&format!("{own}/versions/77/withdraw"))
                .await
                .status,
            404
        );
    }
}

#[tokio::test]
async fn who_is_near_a_limit_is_told_by_the_version_that_counts() {
    for world in worlds().await {
        let shoji = &world.customers[0];
        let own = customer_path(&world, shoji.tenant).await;
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        elevate(&world, &owner, shoji.tenant).await;
        // All accounts that there may be are in use then.
        assert_eq!(write(&mut owner, &own, "2027-01-17").await.status, 303);
        let is_near = |page: &str| page.contains(&own);
        assert!(!is_near(&owner.get("/console/").await.text));
        world.pass_ms(2 * DAY_MS);
        let mut owner = entered(&world, "later", OperatorRole::Owner).await;
        assert!(is_near(&owner.get("/console/").await.text));
    }
}
