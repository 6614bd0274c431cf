//! Operators see numbers, and nothing that customers store.

#![allow(clippy::unwrap_used)]

use crate::{
    operators::{OperatorRole, tests::entered},
    testing::worlds,
};

#[tokio::test]
async fn operators_count_every_customers_assets_and_read_none() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        world.signed_in(&shoji.user).await;
        for (role, status) in [
            (OperatorRole::Support, 200),
            (OperatorRole::Auditor, 200),
            (OperatorRole::Network, 403),
        ] {
            let mut browser = entered(&world, role.name(), role).await;
            let page = browser.get("/console/inventory").await;
            assert_eq!(page.status, status, "{role:?}");
            let sheet = browser.get("/console/inventory/assets.csv").await;
            assert_eq!(sheet.status, status, "{role:?}");
            assert!(!page.text.contains(&shoji.user.email));
            assert!(!page.text.contains(&shoji.user.actor.full_name));
        }
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let sheet = owner.get("/console/inventory/assets.csv?q=shoji").await;
        assert!(sheet.header("content-type").starts_with("text/csv"));
        for line in [
            "\"shoji の会社\",\"shoji\",\"アカウント\",\"2\"",
            "\"shoji の会社\",\"shoji\",\"デスクトップ\",\"1\"",
            "\"shoji の会社\",\"shoji\",\"アプリケーション\",\"1\"",
        ] {
            assert!(sheet.text.contains(line), "{}", sheet.text);
        }
        assert!(!sheet.text.contains("harbour"));
        assert!(!sheet.text.contains(&shoji.user.actor.full_name));
        let none = owner.get("/console/inventory?q=nobody").await;
        assert!(none.status == 200 && !none.text.contains("shoji"));
    }
}
