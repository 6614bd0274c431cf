//! Use cases of keys: sealing and opening in a transaction, rotation, destruction.

use super::{
    FileStore, KeyError, KeyStore, KeyStoreConfig, Owner, Pkcs11Store, Place,
    fields::{Before, Field, SEALED},
    file,
    seal::{self, Seal},
    store::{self, KeyRow},
};
use crate::{
    activity::{self, Record, What},
    app::{self, App},
    authority::AuthorityError,
    config::ServeConfig,
    db::{Db, Scope, Tx},
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use uuid::Uuid;
use wire::ids::TenantId;

const SEAL: &str = "seal";
const INDEX: &str = "index";
/// A key that was replaced is destroyed this long after its successor was made, in milliseconds: other processes seal with
/// it until they look again.
const RETIRE_MS: i64 = 60 * 60 * 1000;
/// Values that are sealed anew in one transaction.
const BATCH: i64 = 200;

/// The master key, and the data keys that were unwrapped lately.
#[derive(Debug)]
pub struct Keys {
    store: Arc<dyn KeyStore>,
    /// What wrapped keys before `store` did, while it is there.
    earlier: Option<Arc<dyn KeyStore>>,
    /// What sealed fields before there were data keys.
    before: Option<Seal>,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    seals: HashMap<(Owner, i64), Arc<Seal>>,
    newest: HashMap<Owner, i64>,
    index: Option<Arc<IndexKey>>,
}

struct IndexKey([u8; 32]);

impl std::fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IndexKey(not shown)")
    }
}

/// A transaction's keys. One that has made a key shares none, since its end may undo the making.
#[derive(Debug)]
pub(crate) struct TxKeys {
    shared: Arc<Keys>,
    own: Known,
    made: bool,
}

/// Opens the key store that the configuration names.
pub fn open_store(config: &ServeConfig) -> Result<Keys, AuthorityError> {
    let dir = &config.state_dir;
    let (store, earlier): (Arc<dyn KeyStore>, Option<Arc<dyn KeyStore>>) = match &config.key_store {
        KeyStoreConfig::File => (Arc::new(FileStore::open(dir)?), None),
        KeyStoreConfig::Pkcs11(token) => {
            let earlier = FileStore::present(dir)?;
            (
                Arc::new(Pkcs11Store::open(token)?),
                earlier.map(|store| Arc::new(store) as Arc<dyn KeyStore>),
            )
        }
    };
    Ok(Keys {
        store,
        earlier,
        before: file::before(dir)?,
        known: RwLock::default(),
    })
}

impl TxKeys {
    pub(crate) fn new(shared: Arc<Keys>) -> Self {
        Self {
            shared,
            own: Known::default(),
            made: false,
        }
    }

    fn look<T>(&self, find: impl FnOnce(&Known) -> Option<T>) -> Option<T> {
        if self.made {
            return find(&self.own);
        }
        let known = self.shared.known.read();
        find(&known.unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&mut self, add: impl FnOnce(&mut Known)) {
        if self.made {
            return add(&mut self.own);
        }
        let known = self.shared.known.write();
        add(&mut known.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Keys {
    fn forget(&self, which: impl Fn(Owner) -> bool) {
        let known = self.known.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.seals.retain(|(owner, _), _| !which(*owner));
        known.newest.retain(|owner, _| !which(*owner));
    }

    async fn unwrap(&self, row: &KeyRow) -> Result<[u8; 32], KeyError> {
        let wrapped = row.wrapped.clone().ok_or(KeyError::Destroyed)?;
        let named = |store: &&Arc<dyn KeyStore>| store.name() == row.key_store;
        let store = [Some(&self.store), self.earlier.as_ref()]
            .into_iter()
            .flatten()
            .find(named)
            .ok_or_else(|| KeyError::OtherStore(row.key_store.clone()))?;
        let (store, label) = (Arc::clone(store), label(row));
        blocking(move || store.unwrap(&label, &wrapped)).await
    }

    async fn wrap(&self, label: String, key: [u8; 32]) -> Result<String, KeyError> {
        let store = Arc::clone(&self.store);
        blocking(move || store.wrap(&label, &key)).await
    }
}

/// What a wrapped key is bound to.
fn label(row: &KeyRow) -> String {
    let KeyRow {
        tenant_id,
        purpose,
        version,
        ..
    } = row;
    format!("nagaya/key/{tenant_id}/{purpose}/{version}")
}

/// A token may take its time, which others must not wait for.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyError> + Send + 'static,
) -> Result<T, KeyError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(KeyError::Token(error.to_string())))
}

impl Tx {
    /// Seals a value with the newest key of its owner.
    pub(crate) async fn seal(
        &mut self,
        owner: Owner,
        place: Place,
        secret: &[u8],
    ) -> sqlx::Result<String> {
        let (version, seal) = newest(self, owner).await?;
        let text = seal
            .close(&place.bound(owner, version), secret)
            .ok_or(KeyError::Sealed)?;
        Ok(format!("v{version}.{text}"))
    }

    /// Opens a sealed value.
    pub(crate) async fn unseal(
        &mut self,
        owner: Owner,
        place: Place,
        sealed: &str,
    ) -> sqlx::Result<Vec<u8>> {
        let (version, text) = parse(sealed).ok_or(KeyError::Sealed)?;
        let seal = of_version(self, owner, version).await?;
        let secret = seal.open(&place.bound(owner, version), text);
        Ok(secret.ok_or(KeyError::Sealed)?)
    }

    /// Opens a sealed text.
    pub(crate) async fn unseal_text(
        &mut self,
        owner: Owner,
        place: Place,
        sealed: &str,
    ) -> sqlx::Result<String> {
        let text = String::from_utf8(self.unseal(owner, place, sealed).await?);
        Ok(text.map_err(|_| KeyError::Sealed)?)
    }

    /// The value by which a sealed field is found, for equality alone. `name` says which field's.
    pub(crate) async fn index(&mut self, name: &str, value: &str) -> sqlx::Result<String> {
        if let Some(key) = self.keys.look(|known| known.index.clone()) {
            return Ok(seal::index(&key.0, name, value));
        }
        let row = store::newest(self, Owner::Service.id(), INDEX).await?;
        let row = row.ok_or(KeyError::Missing)?;
        let key = Arc::new(IndexKey(self.keys.shared.unwrap(&row).await?));
        let shared = Arc::clone(&key);
        self.keys.learn(|known| known.index = Some(shared));
        Ok(seal::index(&key.0, name, value))
    }
}

/// `v7.TEXT`: the version of the key and what it sealed.
fn parse(sealed: &str) -> Option<(i64, &str)> {
    let (version, text) = sealed.strip_prefix('v')?.split_once('.')?;
    Some((version.parse().ok()?, text))
}

async fn newest(tx: &mut Tx, owner: Owner) -> sqlx::Result<(i64, Arc<Seal>)> {
    let known = tx.keys.look(|known| {
        let version = *known.newest.get(&owner)?;
        let seal = known.seals.get(&(owner, version))?;
        Some((version, Arc::clone(seal)))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let row = store::newest(tx, owner.id(), SEAL).await?;
    let row = row.ok_or(KeyError::Missing)?;
    let seal = learn(tx, owner, &row).await?;
    tx.keys.learn(|known| {
        known.newest.insert(owner, row.version);
    });
    Ok((row.version, seal))
}

async fn of_version(tx: &mut Tx, owner: Owner, version: i64) -> sqlx::Result<Arc<Seal>> {
    let known = |known: &Known| known.seals.get(&(owner, version)).map(Arc::clone);
    if let Some(seal) = tx.keys.look(known) {
        return Ok(seal);
    }
    let row = store::get(tx, owner.id(), SEAL, version).await?;
    let row = row.ok_or(KeyError::Missing)?;
    learn(tx, owner, &row).await
}

async fn learn(tx: &mut Tx, owner: Owner, row: &KeyRow) -> sqlx::Result<Arc<Seal>> {
    let seal = Arc::new(Seal::new(&tx.keys.shared.unwrap(row).await?));
    let shared = Arc::clone(&seal);
    tx.keys.learn(|known| {
        known.seals.insert((owner, row.version), shared);
    });
    Ok(seal)
}

async fn make(
    tx: &mut Tx,
    owner: Owner,
    purpose: &str,
    version: i64,
    now_ms: i64,
) -> sqlx::Result<()> {
    let keys = Arc::clone(&tx.keys.shared);
    let mut row = KeyRow {
        tenant_id: owner.id(),
        purpose: purpose.to_owned(),
        version,
        key_store: keys.store.name().to_owned(),
        wrapped: None,
        created_at_ms: now_ms,
    };
    row.wrapped = Some(keys.wrap(label(&row), app::random()).await?);
    store::insert(tx, &row).await?;
    tx.keys.made = true;
    tx.keys.own = Known::default();
    Ok(())
}

/// Gives a new customer their key.
pub(crate) async fn add(tx: &mut Tx, tenant: TenantId, now_ms: i64) -> sqlx::Result<()> {
    make(tx, Owner::Tenant(tenant), SEAL, 1, now_ms).await
}

/// Looks at the keys when the service starts. The first time it makes them and seals what was kept in the clear or with one
/// key; when the configured store is another one than before, it wraps them anew.
pub async fn prepare(db: &Db, now_ms: i64) -> sqlx::Result<()> {
    let mut tx = db.begin(Scope::Everybody).await?;
    tx.lock_schema().await?;
    if store::newest(&mut tx, Uuid::nil(), SEAL).await?.is_none() {
        make(&mut tx, Owner::Service, SEAL, 1, now_ms).await?;
        make(&mut tx, Owner::Service, INDEX, 1, now_ms).await?;
        let mut owners = vec![Owner::Service];
        for tenant in store::tenants(&mut tx).await? {
            add(&mut tx, TenantId(tenant), now_ms).await?;
            owners.push(Owner::of(tenant));
        }
        for owner in owners {
            for field in of(owner) {
                while seal_batch(&mut tx, owner, field, 1, true).await? {}
            }
        }
    } else {
        wrap_anew(&mut tx).await?;
        // Whoever lost the master key shall learn it now, and not from the first person who signs in.
        newest(&mut tx, Owner::Service).await?;
    }
    tx.commit().await?;
    // The service's own key of indexes is out of reach of transactions that are a customer's; from here on it is known.
    let mut tx = db.read(Scope::Everybody).await?;
    tx.index("", "").await.map(drop)
}

fn of(owner: Owner) -> impl Iterator<Item = &'static Field> {
    let tenant = owner != Owner::Service;
    SEALED.iter().filter(move |field| field.tenant == tenant)
}

async fn wrap_anew(tx: &mut Tx) -> sqlx::Result<()> {
    let keys = Arc::clone(&tx.keys.shared);
    for row in store::live(tx).await? {
        if row.key_store != keys.store.name() {
            let key = keys.unwrap(&row).await?;
            let wrapped = keys.wrap(label(&row), key).await?;
            store::rewrap(tx, &row, keys.store.name(), &wrapped).await?;
        }
    }
    Ok(())
}

/// Seals some of an owner's values of a field that are not of this version. `false` when there are none.
async fn seal_batch(
    tx: &mut Tx,
    owner: Owner,
    field: &Field,
    version: i64,
    first_time: bool,
) -> sqlx::Result<bool> {
    let values = store::values_not_of(tx, field, owner.id(), version, BATCH).await?;
    for value in &values {
        let place = Place {
            table: field.table,
            column: field.column,
            row: value.id,
        };
        let secret = if first_time {
            before(tx, field, place, &value.value)?
        } else {
            tx.unseal(owner, place, &value.value).await?
        };
        let sealed = tx.seal(owner, place, &secret).await?;
        store::replace(tx, field, value.id, (&value.value, &sealed)).await?;
        // Of somebody removed nothing is looked up.
        if let (true, Some(column)) = (first_time, field.index)
            && !secret.starts_with(b"removed:")
        {
            let name = format!("{}.{}", field.table, field.column);
            let text = String::from_utf8_lossy(&secret);
            let index = tx.index(&name, &text).await?;
            store::set_index(tx, (field.table, column), value.id, &index).await?;
        }
    }
    Ok(!values.is_empty())
}

fn before(tx: &Tx, field: &Field, place: Place, value: &str) -> sqlx::Result<Vec<u8>> {
    match field.before {
        Before::Plain => Ok(value.as_bytes().to_vec()),
        Before::OneKey => {
            let seal = tx.keys.shared.before.as_ref();
            let secret = seal.and_then(|seal| seal.open(&place.bound_before(), value));
            Ok(secret.ok_or(KeyError::Sealed)?)
        }
    }
}

/// Makes a new key for an owner. What earlier ones sealed still opens; the reconciler seals it anew and then destroys them.
pub(crate) async fn rotate(app: &App, owner: Owner) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(Scope::Everybody).await?;
    let row = store::newest(&mut tx, owner.id(), SEAL).await?;
    let row = row.ok_or(KeyError::Missing)?;
    if row.wrapped.is_none() {
        return Err(KeyError::Destroyed.into());
    }
    make(&mut tx, owner, SEAL, row.version + 1, now_ms).await?;
    let tenant = match owner {
        Owner::Service => None,
        Owner::Tenant(tenant) => Some(tenant),
    };
    record(app, &mut tx, tenant, owner, What::KeyRotated).await?;
    tx.commit().await?;
    app.db.keys().forget(|of| of == owner);
    Ok(())
}

/// New keys for everybody whose keys are not destroyed, and for the service. Returns how many.
pub(crate) async fn rotate_all(app: &App) -> sqlx::Result<usize> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let mut owners: Vec<Uuid> = store::live(&mut tx)
        .await?
        .into_iter()
        .filter(|row| row.purpose == SEAL)
        .map(|row| row.tenant_id)
        .collect();
    drop(tx);
    owners.dedup();
    for owner in &owners {
        rotate(app, Owner::of(*owner)).await?;
    }
    Ok(owners.len())
}

/// Destroys a customer's keys, for good: nothing that was sealed for them can be opened again, by anybody. The rows stay
/// until they are deleted; addresses are found no more. Other processes learn of it within a minute.
pub async fn destroy(app: &App, tenant: TenantId) -> sqlx::Result<()> {
    let owner = Owner::Tenant(tenant);
    let mut tx = app.db.begin(Scope::Everybody).await?;
    store::destroy(&mut tx, tenant.0, i64::MAX, app.clock.now_ms()).await?;
    for field in of(owner) {
        if let Some(column) = field.index {
            store::clear_index(&mut tx, (field.table, column), tenant.0).await?;
        }
    }
    record(app, &mut tx, None, owner, What::KeyDestroyed).await?;
    tx.commit().await?;
    app.db.keys().forget(|of| of == owner);
    // The overwritten page is in the write-ahead log until then.
    app.db.scrub("data_keys").await
}

async fn record(
    app: &App,
    tx: &mut Tx,
    tenant: Option<TenantId>,
    owner: Owner,
    what: What,
) -> sqlx::Result<()> {
    let record = Record {
        tenant,
        user: None,
        who: "",
        address: "",
        what,
        subject: Some(owner.id()),
        detail: "",
    };
    activity::append_record(app, tx, &record).await
}

/// Forgets what was unwrapped, so that destroyed keys are gone from memory and new ones are used; seals anew what replaced
/// keys sealed, and destroys those.
pub(super) async fn reconcile(app: &App) -> sqlx::Result<()> {
    app.db.keys().forget(|_| true);
    let mut tx = app.db.read(Scope::Everybody).await?;
    let rows = store::live(&mut tx).await?;
    drop(tx);
    let mut versions: HashMap<Uuid, Vec<&KeyRow>> = HashMap::new();
    for row in rows.iter().filter(|row| row.purpose == SEAL) {
        versions.entry(row.tenant_id).or_default().push(row);
    }
    for (id, rows) in versions {
        let Some(newest) = rows.last().filter(|_| rows.len() > 1) else {
            continue;
        };
        let owner = Owner::of(id);
        for field in of(owner) {
            loop {
                let mut tx = app.db.begin(Scope::Everybody).await?;
                let some = seal_batch(&mut tx, owner, field, newest.version, false).await?;
                tx.commit().await?;
                if !some {
                    break;
                }
            }
        }
        if app.clock.now_ms() - newest.created_at_ms > RETIRE_MS {
            let mut tx = app.db.begin(Scope::Everybody).await?;
            store::destroy(&mut tx, id, newest.version, app.clock.now_ms()).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}
