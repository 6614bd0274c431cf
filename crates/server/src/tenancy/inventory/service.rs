//! Use cases of the inventory.

use super::{
    ASSETS, Asset, AssetKind, Sort,
    store::{self, Row},
};
use crate::{
    actor::Actor,
    app::App,
    db::{Scope, Tx},
    keys::{Owner, Place},
    portal::Lang,
    rights::{self, Action, Denied},
    tenancy::store as tenants,
};
use std::collections::HashMap;
use uuid::Uuid;
use wire::ids::TenantId;

/// Why there is no inventory.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InventoryError {
    /// The policies say no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What of the inventory is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    /// Part of a name, a kind, a service code, a region or an id.
    pub(crate) query: String,
    /// The name of a kind; nothing for all.
    pub(crate) kind: String,
    pub(crate) sort: Sort,
    pub(crate) descending: bool,
}

/// The assets of the reader's organisation that a search finds.
pub(crate) async fn own(
    app: &App,
    actor: &Actor,
    search: &Search,
    lang: Lang,
) -> Result<Vec<Asset>, InventoryError> {
    rights::authorize(actor, Action::ViewContract)?;
    // Names of people and of their things are for those who see people: a token's scopes may leave that out.
    let open = rights::authorize(actor, Action::ListUsers).is_ok();
    let mut tx = app.db.read(actor.tenant).await?;
    let mut found = assets(app, &mut tx, actor.tenant, open).await?;
    let wanted = search.query.trim().to_lowercase();
    found.retain(|asset| {
        let is_kind = search.kind.is_empty() || asset.kind.name == search.kind;
        is_kind && (wanted.is_empty() || asset.text(lang).contains(&wanted))
    });
    found.sort_by(|a, b| order(search.sort, lang, a, b));
    if search.descending {
        found.reverse();
    }
    Ok(found)
}

fn order(sort: Sort, lang: Lang, a: &Asset, b: &Asset) -> std::cmp::Ordering {
    let place = |asset: &Asset| ASSETS.iter().position(|kind| kind.name == asset.kind.name);
    let by_kind = || (place(a), a.title(lang), a.id).cmp(&(place(b), b.title(lang), b.id));
    let first = match sort {
        Sort::Kind => std::cmp::Ordering::Equal,
        Sort::Name => a.title(lang).cmp(&b.title(lang)),
        Sort::Code => a.service_code.cmp(&b.service_code),
        Sort::Region => a.region.cmp(&b.region),
        Sort::Created => a.created_at_ms.cmp(&b.created_at_ms),
    };
    first.then_with(by_kind)
}

/// Every asset of a customer. Sealed names are opened with `open`, and left out without.
pub(super) async fn assets(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    open: bool,
) -> sqlx::Result<Vec<Asset>> {
    let rows = store::assets(tx, tenant, &app.config.region).await?;
    let mut assets = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(kind) = AssetKind::from_name(&row.kind) else {
            continue;
        };
        let name = match kind.name_at {
            Some(at) if open => name_of(tx, tenant, &row, at).await?,
            Some(_) => String::new(),
            None => row.name,
        };
        assets.push(Asset {
            kind,
            id: row.id,
            name,
            name_en: row.name_en,
            key: version(&row.sealed),
            service_code: row.service_code,
            region: row.region.unwrap_or_else(|| match kind.name {
                // A session that waits is nowhere yet; where a home is, is known while its person works there.
                "session" | "home" => String::new(),
                // The database and what is in it are where the configuration says that this service is.
                _ => app.config.region.clone(),
            }),
            created_at_ms: row.created_at_ms.or_else(|| made_at_ms(row.id, tenant)),
        });
    }
    Ok(assets)
}

async fn name_of(
    tx: &mut Tx,
    tenant: TenantId,
    row: &Row,
    (table, column): (&'static str, &'static str),
) -> sqlx::Result<String> {
    let place = Place {
        table,
        column,
        row: row.id,
    };
    tx.unseal_text(Owner::Tenant(tenant), place, &row.name)
        .await
}

/// The version of the key in a sealed text, which begins with `v`, the number and a point.
fn version(sealed: &str) -> Option<i64> {
    let (number, _) = sealed.strip_prefix('v')?.split_once('.')?;
    number.parse().ok()
}

/// Ids tell when they were made (RFC 9562, version 7); not for what bears the customer's.
fn made_at_ms(id: Uuid, tenant: TenantId) -> Option<i64> {
    let (seconds, nanoseconds) = id.get_timestamp().filter(|_| id != tenant.0)?.to_unix();
    i64::try_from(seconds * 1000 + u64::from(nanoseconds) / 1_000_000).ok()
}

impl Asset {
    /// What a search looks through, in small letters.
    fn text(&self, lang: Lang) -> String {
        let parts = [
            lang.text(self.kind.label.0),
            &self.title(lang),
            &self.name,
            &self.name_en,
            self.service_code.as_deref().unwrap_or_default(),
            &self.region,
            &self.id.to_string(),
        ];
        parts.join("\n").to_lowercase()
    }
}

/// What all customers have, and the provider itself: numbers alone.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// The provider's own by kind, in the order of [`BASE`].
    pub(crate) base: Vec<(&'static str, i64)>,
    /// Each customer with its numbers in the order of [`ASSETS`].
    pub(crate) customers: Vec<(tenants::TenantRow, Vec<i64>)>,
}

/// The provider's own kinds of assets, as the console names them.
pub(crate) const BASE: [&str; 8] = [
    "host", "gateway", "operator", "region", "offer", "terms", "base_key", "base_log",
];

/// Reads the numbers. The caller has asked whether they may be read. No stored data is opened.
pub(crate) async fn numbers(app: &App) -> sqlx::Result<Numbers> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let found = store::base(&mut tx).await?;
    let of = |name: &str| {
        let count = found.iter().find(|count| count.kind == name);
        count.map_or(0, |count| count.assets)
    };
    let mut counts: HashMap<(Uuid, String), i64> = HashMap::new();
    for count in store::counts(&mut tx).await? {
        counts.insert((count.tenant_id, count.kind), count.assets);
    }
    let mut customers = Vec::new();
    for id in tenants::all(&mut tx).await? {
        let Some(row) = tenants::get(&mut tx, id).await? else {
            continue;
        };
        let of_kind = |kind: &AssetKind| {
            let key = (id.0, kind.name.to_owned());
            counts.get(&key).copied().unwrap_or_default()
        };
        let numbers = ASSETS.iter().map(of_kind).collect();
        customers.push((row, numbers));
    }
    Ok(Numbers {
        base: BASE.map(|name| (name, of(name))).into(),
        customers,
    })
}

/// Versions of the customer's sealing keys that are there.
pub(super) async fn live_keys(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<Vec<i64>> {
    store::keys(tx, tenant).await
}
