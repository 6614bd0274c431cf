//! What shows that every asset is its customer's own and bears the label of what was bought.

use super::{Asset, service};
use crate::{
    app::App,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
    tenancy::contracts,
};
use wire::ids::TenantId;

/// Everything sealed in a customer's inventory is sealed with a key of its own that is there.
pub(crate) const OWN_KEYS: Check = Check {
    name: "inventory.own_keys",
    says: Key("evidence.check.inventory_keys"),
    figures: &[
        Key("evidence.figure.assets"),
        Key("evidence.figure.sealed_assets"),
        Key("evidence.figure.without_key"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(own_keys(app, tenant))),
};

/// Every desktop, application and session of the inventory bears a service code and is where the contract allows.
pub(crate) const LABELLED: Check = Check {
    name: "inventory.labelled",
    says: Key("evidence.check.inventory_labels"),
    figures: &[
        Key("evidence.figure.assets"),
        Key("evidence.figure.resources"),
        Key("evidence.figure.unlabelled"),
        Key("evidence.figure.outside"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(labelled(app, tenant))),
};

async fn own_keys(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let assets = service::assets(app, &mut tx, tenant, false).await?;
    let live = service::live_keys(&mut tx, tenant).await?;
    let sealed: Vec<i64> = assets.iter().filter_map(|asset| asset.key).collect();
    let without = sealed.iter().filter(|version| !live.contains(version));
    let without = count(without.count());
    // What is always sealed and bears no key's version is kept in the clear.
    let is_bare = |asset: &&Asset| asset.kind.is_sealed() && asset.key.is_none();
    let without = without + count(assets.iter().filter(is_bare).count());
    let figures = vec![count(assets.len()), count(sealed.len()), without];
    Ok(Answer::of(without == 0, figures))
}

async fn labelled(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let assets = service::assets(app, &mut tx, tenant, false).await?;
    let regions = contracts::regions(app, &mut tx, tenant).await?;
    let resources: Vec<&Asset> = assets
        .iter()
        .filter(|asset| asset.kind.is_labelled)
        .collect();
    let bare = resources
        .iter()
        .filter(|asset| asset.service_code.is_none());
    let bare = count(bare.count());
    let is_outside = |asset: &&&Asset| {
        asset.kind.name == "session" && !asset.region.is_empty() && !regions.contains(&asset.region)
    };
    let outside = count(resources.iter().filter(is_outside).count());
    let figures = vec![count(assets.len()), count(resources.len()), bare, outside];
    Ok(Answer::of(bare == 0 && outside == 0, figures))
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}
