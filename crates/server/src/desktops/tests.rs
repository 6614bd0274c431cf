//! "My desktops" as its reader sees it.

#![allow(clippy::unwrap_used)]

use super::service::{self, DesktopRow};
use crate::{
    db::Tx,
    testing::{World, worlds},
};
use wire::{
    control::{EndReason, Phase},
    ids::{DesktopId, TenantId},
};

async fn offer(world: &World, tx: &mut Tx, tenant: TenantId, position: i64, name: &str) {
    let row = DesktopRow {
        id: world.app.new_id(),
        tenant_id: tenant,
        position,
        name_ja: format!("日本語の{name}"),
        name_en: format!("English {name}"),
        description_ja: String::new(),
        description_en: String::new(),
        application: None,
        image: "machine".to_owned(),
        memory_mib: 1024,
        cpu_percent: 100,
        tasks: 256,
        service_code: None,
    };
    service::add(tx, &row).await.unwrap();
}

fn launch_url(desktop: DesktopId) -> String {
    format!("action=\"/desktops/{desktop}/launch\"")
}

#[tokio::test]
async fn people_see_what_their_own_organisation_offers_in_their_language_and_its_order() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut tx = world
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        for (position, name) in [(3, "third"), (1, "first"), (2, "second")] {
            offer(&world, &mut tx, shoji.tenant, position, name).await;
        }
        offer(&world, &mut tx, harbour.tenant, 0, "foreign").await;
        tx.commit().await.unwrap();

        let mut browser = world.signed_in(&shoji.user).await;
        let page = browser.get("/desktops").await.text;
        let at = |text: &str| page.find(text).unwrap();
        assert!(at("日本語のfirst") < at("日本語のsecond"));
        assert!(at("日本語のsecond") < at("日本語のthird"));
        assert!(!page.contains("foreign") && !page.contains("English first"));
        assert!(page.contains(&launch_url(shoji.desktop)));
        assert!(page.contains(&launch_url(shoji.editor)));
        assert!(!page.contains(&harbour.desktop.to_string()));
        browser.post("/preferences", &[("lang", "en")]).await;
        assert!(
            browser
                .get("/desktops")
                .await
                .text
                .contains("English first")
        );
    }
}

#[tokio::test]
async fn what_runs_is_gone_back_to_and_what_is_over_is_opened_anew() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut host = world.host(3);
        let mut browser = world.signed_in(&customer.user).await;
        let mut colleague = world.signed_in(&customer.administrator).await;
        let desktop = customer.desktop;
        let session = world.running(&customer.user, desktop, &mut host).await;
        let back = format!("href=\"/sessions/{session}\"");
        let stop = format!("action=\"/sessions/{session}/end\"");
        let page = browser.get("/desktops").await.text;
        assert!(page.contains(&back) && page.contains(&stop));
        assert!(!page.contains(&launch_url(desktop)));
        // A colleague's list says nothing of it.
        let page = colleague.get("/desktops").await.text;
        assert!(!page.contains(&session.to_string()) && page.contains(&launch_url(desktop)));

        let reason = EndReason::SignedOut;
        host.says(&[(session, Phase::Ended { reason })]);
        world.pass().await;
        let page = browser.get("/desktops").await.text;
        assert!(!page.contains(&back) && page.contains(&launch_url(desktop)));
    }
}
