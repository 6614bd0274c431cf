//! All SQL about what the provider offers. None of it is any customer's.

use super::of;
use crate::{
    db::{Tx, on},
    portal::Lang,
};

/// What everybody may know of the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Profile {
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// Its postal address in Japanese.
    pub address_ja: String,
    /// Its postal address in English.
    pub address_en: String,
    /// The contact window and when it answers, in Japanese.
    pub window_ja: String,
    /// The same in English.
    pub window_en: String,
    /// The contact window's telephone number.
    pub phone: String,
    /// The contact window's address.
    pub email: String,
}

/// Where data is kept and sessions run.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Region {
    /// Its code, such as `jp-east`.
    pub code: String,
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// ISO 3166-1, two letters.
    pub country: String,
    /// Since when it is not offered any more, Unix milliseconds.
    pub retired_at_ms: Option<i64>,
}

/// A service of the catalogue, or an option of one.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Offer {
    /// Its code.
    pub code: String,
    /// The service that this is an option of.
    pub option_of: Option<String>,
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// One sentence in Japanese.
    pub description_ja: String,
    /// One sentence in English.
    pub description_en: String,
    /// Since when it is not offered any more, Unix milliseconds.
    pub retired_at_ms: Option<i64>,
}

/// What the provider offers by a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A service, or an option of one.
    Offer,
    /// A region.
    Region,
}

/// One version of the terms of service.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Terms {
    /// Counts from 1.
    pub version: i64,
    /// The text in Japanese: paragraphs with empty lines between them.
    pub text_ja: String,
    /// The text in English.
    pub text_en: String,
    /// When it was published, Unix milliseconds.
    pub published_at_ms: i64,
}

impl Region {
    /// Its name in the reader's language.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &str {
        of(lang, &self.name_ja, &self.name_en)
    }

    /// Whether new contracts may have it.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.retired_at_ms.is_none()
    }
}

impl Offer {
    /// Its name in the reader's language.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &str {
        of(lang, &self.name_ja, &self.name_en)
    }

    /// Whether new contracts may have it.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.retired_at_ms.is_none()
    }
}

const PROFILE: &str =
    "SELECT name_ja, name_en, address_ja, address_en, window_ja, window_en, phone, email
    FROM provider_profile WHERE id = 1";
const SET_PROFILE: &str = "INSERT INTO provider_profile
    (id, name_ja, name_en, address_ja, address_en, window_ja, window_en, phone, email, changed_at_ms)
    VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (id) DO UPDATE SET name_ja = $1, name_en = $2, address_ja = $3, address_en = $4, window_ja = $5,
    window_en = $6, phone = $7, email = $8, changed_at_ms = $9";
const REGIONS: &str =
    "SELECT code, name_ja, name_en, country, retired_at_ms FROM regions ORDER BY position, code";
const ADD_REGION: &str = "INSERT INTO regions (code, position, name_ja, name_en, country)
    VALUES ($1, (SELECT coalesce(max(position), 0) + 1 FROM regions), $2, $3, $4) ON CONFLICT DO NOTHING";
const CATALOGUE: &str =
    "SELECT code, option_of, name_ja, name_en, description_ja, description_en, retired_at_ms FROM catalogue
    ORDER BY position, code";
const ADD_OFFER: &str = "INSERT INTO catalogue
    (code, position, option_of, name_ja, name_en, description_ja, description_en)
    VALUES ($1, (SELECT coalesce(max(position), 0) + 1 FROM catalogue), $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
/// Nobody takes it away, or stops offering it, until the transaction ends.
const HOLD_OFFER: &str =
    "UPDATE catalogue SET position = position WHERE code = $1 AND retired_at_ms IS NULL";
const HOLD_REGION: &str = "UPDATE regions SET position = position WHERE code = $1";
const EDIT_OFFER: &str =
    "UPDATE catalogue SET name_ja = $2, name_en = $3, description_ja = $4, description_en = $5
    WHERE code = $1";
const EDIT_REGION: &str = "UPDATE regions SET name_ja = $2, name_en = $3 WHERE code = $1";
const RETIRE_OFFER: &str = "UPDATE catalogue SET retired_at_ms = $2 WHERE code = $1";
const RETIRE_REGION: &str = "UPDATE regions SET retired_at_ms = $2 WHERE code = $1";
const DROP_OFFER: &str = "DELETE FROM catalogue WHERE code = $1";
const DROP_REGION: &str = "DELETE FROM regions WHERE code = $1";
/// Service codes that ended count too: statements and histories name what they were for.
const OFFER_USES: &str = "SELECT
    (SELECT count(*) FROM service_codes WHERE service = $1 OR ' ' || options || ' ' LIKE '% ' || $1 || ' %')
    + (SELECT count(*) FROM catalogue WHERE option_of = $1)";
const REGION_USES: &str = "SELECT
    (SELECT count(*) FROM contracts WHERE ' ' || regions || ' ' LIKE '% ' || $1 || ' %')
    + (SELECT count(*) FROM machines WHERE region = $1)
    + (SELECT count(*) FROM enrol_tokens WHERE region = $1)";
const TERMS: &str =
    "SELECT version, text_ja, text_en, published_at_ms FROM terms ORDER BY version DESC";
const ADD_TERMS: &str =
    "INSERT INTO terms (version, text_ja, text_en, published_at_ms) VALUES ($1, $2, $3, $4)";

pub(super) async fn profile(tx: &mut Tx) -> sqlx::Result<Option<Profile>> {
    on!(tx, c => sqlx::query_as(PROFILE).fetch_optional(c).await)
}

pub(super) async fn set_profile(tx: &mut Tx, new: &Profile, now_ms: i64) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(SET_PROFILE).bind(&new.name_ja).bind(&new.name_en).bind(&new.address_ja)
        .bind(&new.address_en).bind(&new.window_ja).bind(&new.window_en).bind(&new.phone).bind(&new.email)
        .bind(now_ms).execute(c).await.map(drop))
}

pub(super) async fn regions(tx: &mut Tx) -> sqlx::Result<Vec<Region>> {
    on!(tx, c => sqlx::query_as(REGIONS).fetch_all(c).await)
}

/// Adds a region unless there is one of that code.
pub(super) async fn add_region(tx: &mut Tx, new: &Region) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(ADD_REGION).bind(&new.code).bind(&new.name_ja).bind(&new.name_en).bind(&new.country)
        .execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Services and their options, in the order in which they were added.
pub(super) async fn catalogue(tx: &mut Tx) -> sqlx::Result<Vec<Offer>> {
    on!(tx, c => sqlx::query_as(CATALOGUE).fetch_all(c).await)
}

/// Adds a service or option unless there is one of that code.
pub(super) async fn add_offer(tx: &mut Tx, new: &Offer) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(ADD_OFFER).bind(&new.code).bind(&new.option_of).bind(&new.name_ja).bind(&new.name_en)
        .bind(&new.description_ja).bind(&new.description_en).execute(c).await
        .map(|done| done.rows_affected() == 1))
}

/// Keeps a service or option as it is until the transaction ends; `false` when it is not offered.
pub(super) async fn hold_offer(tx: &mut Tx, code: &str) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(HOLD_OFFER).bind(code).execute(c).await.map(|done| done.rows_affected() == 1))
}

pub(super) async fn hold_region(tx: &mut Tx, code: &str) -> sqlx::Result<bool> {
    on!(tx, c => sqlx::query(HOLD_REGION).bind(code).execute(c).await.map(|done| done.rows_affected() == 1))
}

pub(super) async fn edit_offer(tx: &mut Tx, new: &Offer) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(EDIT_OFFER).bind(&new.code).bind(&new.name_ja).bind(&new.name_en)
        .bind(&new.description_ja).bind(&new.description_en).execute(c).await.map(drop))
}

pub(super) async fn edit_region(tx: &mut Tx, new: &Region) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(EDIT_REGION).bind(&new.code).bind(&new.name_ja).bind(&new.name_en)
        .execute(c).await.map(drop))
}

/// Offers it no more since a moment, or again.
pub(super) async fn retire(
    tx: &mut Tx,
    (kind, code): (Kind, &str),
    since_ms: Option<i64>,
) -> sqlx::Result<()> {
    let sql = match kind {
        Kind::Offer => RETIRE_OFFER,
        Kind::Region => RETIRE_REGION,
    };
    on!(tx, c => sqlx::query(sql).bind(code).bind(since_ms).execute(c).await.map(drop))
}

/// How much names it, in a transaction that sees all customers.
pub(super) async fn uses(tx: &mut Tx, (kind, code): (Kind, &str)) -> sqlx::Result<i64> {
    let sql = match kind {
        Kind::Offer => OFFER_USES,
        Kind::Region => REGION_USES,
    };
    on!(tx, c => sqlx::query_scalar(sql).bind(code).fetch_one(c).await)
}

pub(super) async fn remove(tx: &mut Tx, (kind, code): (Kind, &str)) -> sqlx::Result<()> {
    let sql = match kind {
        Kind::Offer => DROP_OFFER,
        Kind::Region => DROP_REGION,
    };
    on!(tx, c => sqlx::query(sql).bind(code).execute(c).await.map(drop))
}

/// Every version, the newest first.
pub(super) async fn terms(tx: &mut Tx) -> sqlx::Result<Vec<Terms>> {
    on!(tx, c => sqlx::query_as(TERMS).fetch_all(c).await)
}

pub(super) async fn add_terms(tx: &mut Tx, new: &Terms) -> sqlx::Result<()> {
    on!(tx, c => sqlx::query(ADD_TERMS).bind(new.version).bind(&new.text_ja).bind(&new.text_en)
        .bind(new.published_at_ms).execute(c).await.map(drop))
}
