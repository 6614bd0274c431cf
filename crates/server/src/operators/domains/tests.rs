//! Domains as operators confirm them.

#![allow(clippy::unwrap_used)]

use crate::{
    activity::What,
    db::{Scope, on},
    operators::{
        OperatorRole,
        tests::{customer_path, elevate, entered},
    },
    testing::{Answer, Browser, World, worlds},
};
use uuid::Uuid;
use wire::ids::TenantId;

const DOMAIN: &str = "shoji.example";

/// The customer names the domain.
pub(in super::super) async fn name_domain(world: &World, tenant: TenantId) {
    const SQL: &str = "INSERT INTO federation_domains (id, tenant_id, domain) VALUES ($1, $2, $3)";
    let mut tx = world.app.db.begin(tenant).await.unwrap();
    let id = Uuid::from_bytes(crate::app::random());
    on!(&mut tx, c => sqlx::query(SQL).bind(id).bind(tenant).bind(DOMAIN).execute(c).await.map(drop))
        .unwrap();
    tx.commit().await.unwrap();
}

async fn is_confirmed(world: &World, tenant: TenantId) -> bool {
    const SQL: &str = "SELECT count(*) FROM federation_domains
        WHERE tenant_id = $1 AND domain = $2 AND confirmed_at_ms IS NOT NULL";
    let mut tx = world.app.db.read(Scope::Everybody).await.unwrap();
    let count: i64 =
        on!(&mut tx, c => sqlx::query_scalar(SQL).bind(tenant).bind(DOMAIN).fetch_one(c).await)
            .unwrap();
    count == 1
}

async fn set(browser: &mut Browser, path: &str, act: &str, domain: &str) -> Answer {
    let csrf = browser.get("/console/").await.csrf();
    let form = [("csrf", csrf.as_str()), ("act", act), ("domain", domain)];
    browser.post(path, &form).await
}

#[tokio::test]
async fn a_domain_is_confirmed_and_withdrawn_with_an_elevation_and_both_logs_say_so() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        for customer in [shoji, harbour] {
            name_domain(&world, customer.tenant).await;
        }
        let path = customer_path(&world, shoji.tenant).await + "/domains";
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        // Without an elevation nothing happens; what was typed stays, and it is said how to go on.
        let refused = set(&mut owner, &path, "confirm", DOMAIN).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text.contains(DOMAIN) && refused.text.contains("/console/elevations/ask"));
        assert!(!is_confirmed(&world, shoji.tenant).await);

        elevate(&world, &owner, shoji.tenant).await;
        let done = set(&mut owner, &path, "confirm", " Shoji.Example ").await;
        assert_eq!(done.status, 303, "{}", done.text);
        assert!(is_confirmed(&world, shoji.tenant).await);
        assert!(!is_confirmed(&world, harbour.tenant).await);
        // Once is enough, and what the customer does not name is nobody's.
        for domain in [DOMAIN, "other.example", "no domain"] {
            let again = set(&mut owner, &path, "confirm", domain).await;
            assert_eq!(again.status, 422, "{domain}");
            assert!(again.text.contains("domain-error") && again.text.contains(domain));
        }
        // Another customer cannot have it too.
        let theirs = customer_path(&world, harbour.tenant).await + "/domains";
        elevate(&world, &owner, harbour.tenant).await;
        assert_eq!(
            set(&mut owner, &theirs, "confirm", DOMAIN).await.status,
            422
        );
        assert_eq!(
            set(&mut owner, &theirs, "withdraw", DOMAIN).await.status,
            422
        );
        assert!(is_confirmed(&world, shoji.tenant).await);

        assert_eq!(set(&mut owner, &path, "withdraw", DOMAIN).await.status, 303);
        assert!(!is_confirmed(&world, shoji.tenant).await);
        let (of_customer, own) = (world.log(Some(shoji.tenant)).await, world.log(None).await);
        for what in [
            What::FederationDomainConfirmed,
            What::FederationDomainWithdrawn,
        ] {
            for log in [&of_customer, &own] {
                assert_eq!(
                    log.iter().filter(|told| **told == what).count(),
                    1,
                    "{what:?}"
                );
            }
        }
        let other = world.log(Some(harbour.tenant)).await;
        assert!(!other.contains(&What::FederationDomainConfirmed));
    }
}

#[tokio::test]
async fn who_does_not_look_after_contracts_sees_no_form() {
    for world in worlds().await {
        let path = customer_path(&world, world.customers[0].tenant).await + "/domains";
        for role in OperatorRole::ALL {
            let mut browser = entered(&world, role.name(), role).await;
            let may = matches!(role, OperatorRole::Owner | OperatorRole::Support);
            let expected = if may { 200 } else { 403 };
            assert_eq!(browser.get(&path).await.status, expected, "{role:?}");
            assert_eq!(
                set(&mut browser, &path, "confirm", DOMAIN).await.status,
                403
            );
        }
    }
}
