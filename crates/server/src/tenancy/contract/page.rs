//! The pages of what a customer has agreed on.

use super::{
    ContractRow,
    days::{self, Standing},
    service::Overview,
};
use crate::{
    app,
    portal::{Key, Lang, Ui},
    tenancy::provider::Profile,
};
use askama::Template;
use std::fmt::Display;
use time::OffsetDateTime;

/// A version of the contract, for the list.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// Its number in the row of versions.
    pub version: i64,
    /// Whether it counts, comes, or is over.
    pub standing: Standing,
    /// The day from which it counts; none for one that was written before versions had one.
    pub counts_from: Option<String>,
    /// What it says: what it is about, and the value in the reader's language.
    pub says: Vec<(Key, String)>,
    /// Who of the provider withdrew it, and when.
    pub withdrawn: Option<(String, OffsetDateTime)>,
    /// When it was written.
    pub at: OffsetDateTime,
    /// Who of the provider wrote it.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// A service code, for the list.
#[derive(Clone, Debug)]
pub struct CodeRow {
    /// The label of resources.
    pub id: String,
    /// What people call it.
    pub code: String,
    /// The service in the reader's language.
    pub service: String,
    /// Its options in the reader's language.
    pub options: Vec<String>,
    /// Since when.
    pub since: OffsetDateTime,
    /// Until when, once it has ended.
    pub until: Option<OffsetDateTime>,
}

/// The version that counts, as its reader sees it.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The number on paper.
    pub number: String,
    /// The first day.
    pub starts_on: String,
    /// The last day, where one was agreed on.
    pub ends_on: Option<String>,
    /// Whether it is in force today.
    pub in_force: bool,
    /// Names of regions, with their countries.
    pub regions: Vec<String>,
    /// For how many days the activity log keeps what records say.
    pub retention_days: i64,
    /// Accounts: how many there are, and may be.
    pub people: (i64, i64),
    /// Sessions: how many there are, and may be.
    pub sessions: (i64, i64),
    /// The terms that go with it.
    pub terms_version: i64,
    /// Who accepted them, and when.
    pub accepted: Option<(String, OffsetDateTime)>,
}

/// `GET /contract`.
#[derive(Template)]
#[template(path = "tenancy/contract/contract.html")]
pub struct ContractPage {
    /// The reader.
    pub ui: Ui,
    /// What counts; none when there is no contract yet.
    pub agreed: Option<Agreed>,
    /// What is to count later, in sentences.
    pub coming: Vec<String>,
    /// Service codes.
    pub codes: Vec<CodeRow>,
    /// Every version, the last written first.
    pub versions: Vec<VersionRow>,
    /// Resources, and those without a service code.
    pub resources: (i64, i64),
    /// The provider.
    pub profile: Profile,
    /// Whether the reader may take out what is stored.
    pub may_export: bool,
}

/// `GET /terms`.
#[derive(Template)]
#[template(path = "tenancy/contract/terms.html")]
pub struct TermsPage {
    /// The reader.
    pub ui: Ui,
    /// Which version; none when no terms go with a contract yet.
    pub version: Option<i64>,
    /// When it was published.
    pub published: Option<OffsetDateTime>,
    /// Its paragraphs in the reader's language.
    pub paragraphs: Vec<String>,
    /// SHA-256 of what is accepted.
    pub shown: String,
    /// Who accepted it, and when.
    pub accepted: Option<(String, OffsetDateTime)>,
    /// Whether the reader may accept it.
    pub may_accept: bool,
    /// Somebody sent what is not shown any more.
    pub is_stale: bool,
}

/// The version that counts, in the reader's language.
pub(crate) fn agreed(of: &Overview, lang: Lang) -> Option<Agreed> {
    let row = of.contract()?;
    Some(Agreed {
        number: row.number.clone(),
        starts_on: row.starts_on.clone(),
        ends_on: row.ends_on.clone(),
        in_force: of.in_force,
        regions: regions(of, row, lang),
        retention_days: row.retention_days,
        people: (of.people, row.max_people),
        sessions: (of.sessions, row.max_sessions),
        terms_version: row.terms_version,
        accepted: accepted(of),
    })
}

/// Who accepted the terms that go with the contract.
pub(crate) fn accepted(of: &Overview) -> Option<(String, OffsetDateTime)> {
    of.accepted()
        .map(|row| (row.full_name.clone(), app::moment(row.at_ms)))
}

/// Service codes in the reader's language.
pub(crate) fn codes(of: &Overview, lang: Lang) -> Vec<CodeRow> {
    let name = |code: &str| {
        let found = of.catalogue.iter().find(|offer| offer.code == code);
        found.map_or_else(|| code.to_owned(), |offer| offer.name(lang).to_owned())
    };
    let row = |row: &super::ServiceCodeRow| CodeRow {
        id: row.id.to_string(),
        code: row.code.clone(),
        service: name(&row.service),
        options: row.options.split_whitespace().map(name).collect(),
        since: app::moment(row.created_at_ms),
        until: row.ended_at_ms.map(app::moment),
    };
    of.codes.iter().map(row).collect()
}

/// Names of a version's regions, with their countries.
fn regions(of: &Overview, row: &ContractRow, lang: Lang) -> Vec<String> {
    let name = |code: String| {
        let found = of.regions.iter().find(|region| region.code == code);
        match found {
            Some(region) => format!("{} ({}, {code})", region.name(lang), region.country),
            None => code,
        }
    };
    row.regions().into_iter().map(name).collect()
}

/// Every version of the contract.
pub(crate) fn versions(of: &Overview, ui: &Ui) -> Vec<VersionRow> {
    let row = |row: &ContractRow| VersionRow {
        version: row.version,
        standing: days::standing(&of.versions, row, &of.today),
        counts_from: Some(ui.day(&row.counts_from)).filter(|day| !day.is_empty()),
        says: says(of, row, ui),
        withdrawn: row
            .withdrawn_who
            .clone()
            .zip(row.withdrawn_at_ms.map(app::moment)),
        at: app::moment(row.at_ms),
        who: row.who.clone(),
        reason: row.reason.clone(),
    };
    of.versions.iter().map(row).collect()
}

/// What a version says.
fn says(of: &Overview, row: &ContractRow, ui: &Ui) -> Vec<(Key, String)> {
    let terms = ui.t1("contract.terms_version", "version", row.terms_version);
    let days = ui.t1("contract.days", "days", row.retention_days);
    vec![
        (Key("contract.number"), row.number.clone()),
        (
            Key("contract.period"),
            period(ui, &row.starts_on, row.ends_on.as_deref()),
        ),
        (Key("contract.people"), row.max_people.to_string()),
        (Key("contract.sessions"), row.max_sessions.to_string()),
        (
            Key("contract.regions"),
            regions(of, row, ui.lang).join(ui.t("contract.comma")),
        ),
        (Key("contract.retention"), days),
        (Key("contract.terms"), terms),
    ]
}

/// What is to count later, in sentences, the next one first.
pub(crate) fn coming(of: &Overview, ui: &Ui) -> Vec<String> {
    let sentence = |row: &ContractRow| {
        let values: [(&str, &dyn Display); 2] = [
            ("version", &row.version),
            ("day", &ui.day(&row.counts_from)),
        ];
        ui.filled("contract.coming", &values)
    };
    of.coming().into_iter().map(sentence).collect()
}

fn period(ui: &Ui, starts_on: &str, ends_on: Option<&str>) -> String {
    let from = ui.day(starts_on);
    match ends_on {
        Some(to) => ui.filled("contract.from_to", &[("from", &from), ("to", &ui.day(to))]),
        None => ui.t1("contract.from", "from", from),
    }
}

impl VersionRow {
    pub(crate) fn badge(&self) -> (Key, &'static str) {
        match self.standing {
            Standing::Present => (Key("contract.standing.present"), "good"),
            Standing::Coming => (Key("contract.standing.coming"), "note"),
            Standing::Past => (Key("contract.standing.past"), ""),
            Standing::Withdrawn => (Key("contract.standing.withdrawn"), ""),
        }
    }

    pub(crate) fn withdrawn(&self, ui: &Ui) -> Option<String> {
        let (who, at) = self.withdrawn.as_ref()?;
        let values: [(&str, &dyn Display); 2] = [("name", who), ("at", &ui.time(at))];
        Some(ui.filled("contract.withdrawn_by", &values))
    }
}

impl Agreed {
    pub(crate) fn period(&self, ui: &Ui) -> String {
        period(ui, &self.starts_on, self.ends_on.as_deref())
    }

    pub(crate) fn state(&self) -> (Key, &'static str) {
        if self.in_force {
            (Key("contract.in_force"), "good")
        } else {
            (Key("contract.not_in_force"), "bad")
        }
    }

    pub(crate) fn people(&self, ui: &Ui) -> String {
        used(ui, self.people)
    }

    pub(crate) fn sessions(&self, ui: &Ui) -> String {
        used(ui, self.sessions)
    }
}

fn used(ui: &Ui, (used, most): (i64, i64)) -> String {
    ui.filled("contract.of", &[("used", &used), ("most", &most)])
}

impl ContractPage {
    /// Customers withdraw nothing.
    #[allow(clippy::unused_self)] // The template that lists versions is the operators' too.
    fn withdraw_url(&self, _: &VersionRow) -> Option<String> {
        None
    }

    fn labelled(&self) -> String {
        let (resources, unlabelled) = &self.resources;
        let values: [(&str, &dyn Display); 2] =
            [("resources", resources), ("unlabelled", unlabelled)];
        self.ui.filled("contract.labelled", &values)
    }

    fn profile_lines(&self) -> [(Key, &str); 5] {
        let of = |ja, en| crate::tenancy::provider::of(self.ui.lang, ja, en);
        let profile = &self.profile;
        [
            (
                Key("contract.provider.name"),
                of(&profile.name_ja, &profile.name_en),
            ),
            (
                Key("contract.provider.address"),
                of(&profile.address_ja, &profile.address_en),
            ),
            (
                Key("contract.provider.window"),
                of(&profile.window_ja, &profile.window_en),
            ),
            (Key("contract.provider.phone"), &profile.phone),
            (Key("contract.provider.email"), &profile.email),
        ]
    }
}
