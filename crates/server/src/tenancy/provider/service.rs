//! What everybody may read of the provider, and what it changes itself.

use super::store::{self, Kind, Offer, Profile, Region, Terms};
use crate::{app::App, db::Tx};

/// The provider's profile; empty while nobody has written one.
pub(crate) async fn profile(tx: &mut Tx) -> sqlx::Result<Profile> {
    Ok(store::profile(tx).await?.unwrap_or_default())
}

/// Writes the profile. The caller has asked whether this may be done, and records it.
pub(crate) async fn set_profile(app: &App, tx: &mut Tx, new: &Profile) -> sqlx::Result<()> {
    store::set_profile(tx, new, app.clock.now_ms()).await
}

/// Where data is kept and sessions run.
pub(crate) async fn regions(tx: &mut Tx) -> sqlx::Result<Vec<Region>> {
    store::regions(tx).await
}

/// Adds a region unless there is one of that code.
pub(crate) async fn add_region(tx: &mut Tx, new: &Region) -> sqlx::Result<bool> {
    store::add_region(tx, new).await
}

/// Services and their options.
pub(crate) async fn catalogue(tx: &mut Tx) -> sqlx::Result<Vec<Offer>> {
    store::catalogue(tx).await
}

/// Adds a service or option unless there is one of that code.
pub(crate) async fn add_offer(tx: &mut Tx, new: &Offer) -> sqlx::Result<bool> {
    store::add_offer(tx, new).await
}

/// Keeps a service or option as it is until the transaction ends; `false` when it is not offered.
pub(crate) async fn hold_offer(tx: &mut Tx, code: &str) -> sqlx::Result<bool> {
    store::hold_offer(tx, code).await
}

/// Keeps a region until the transaction ends; `false` when it is gone.
pub(crate) async fn hold_region(tx: &mut Tx, code: &str) -> sqlx::Result<bool> {
    store::hold_region(tx, code).await
}

/// Names and describes a service or option anew.
pub(crate) async fn edit_offer(tx: &mut Tx, new: &Offer) -> sqlx::Result<()> {
    store::edit_offer(tx, new).await
}

/// Names a region anew. Its country stays: contracts were agreed on with it.
pub(crate) async fn edit_region(tx: &mut Tx, new: &Region) -> sqlx::Result<()> {
    store::edit_region(tx, new).await
}

/// Offers something no more to new contracts, or again. What uses it goes on.
pub(crate) async fn retire(
    app: &App,
    tx: &mut Tx,
    which: (Kind, &str),
    on: bool,
) -> sqlx::Result<()> {
    let since_ms = on.then(|| app.clock.now_ms());
    store::retire(tx, which, since_ms).await
}

/// How much names it: service codes and options of a service, contracts and machines of a region; of all customers.
pub(crate) async fn uses(tx: &mut Tx, which: (Kind, &str)) -> sqlx::Result<i64> {
    store::uses(tx, which).await
}

/// Takes something out that nothing names and nothing ever named. `false` when something does.
pub(crate) async fn remove(
    app: &App,
    tx: &mut Tx,
    (kind, code): (Kind, &str),
) -> sqlx::Result<bool> {
    // Whoever gives it to a customer at the same moment waits here, and then finds it gone; or was first, and is counted.
    store::retire(tx, (kind, code), Some(app.clock.now_ms())).await?;
    if store::uses(tx, (kind, code)).await? > 0 {
        return Ok(false);
    }
    store::remove(tx, (kind, code)).await?;
    Ok(true)
}

/// Every version of the terms, the newest first.
pub(crate) async fn terms(tx: &mut Tx) -> sqlx::Result<Vec<Terms>> {
    store::terms(tx).await
}

/// Publishes the next version of the terms, and returns its number. Versions that are here never change.
pub(crate) async fn publish(
    app: &App,
    tx: &mut Tx,
    text_ja: &str,
    text_en: &str,
) -> sqlx::Result<i64> {
    let newest = store::terms(tx)
        .await?
        .first()
        .map_or(0, |terms| terms.version);
    let new = Terms {
        version: newest + 1,
        text_ja: text_ja.to_owned(),
        text_en: text_en.to_owned(),
        published_at_ms: app.clock.now_ms(),
    };
    store::add_terms(tx, &new).await?;
    Ok(new.version)
}

impl Profile {
    /// Whether address and contact window are told in both languages, as the commitments ask.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let told = [
            &self.name_ja,
            &self.name_en,
            &self.address_ja,
            &self.address_en,
            &self.window_ja,
            &self.window_en,
            &self.email,
        ];
        told.iter().all(|text| !text.trim().is_empty())
    }
}
