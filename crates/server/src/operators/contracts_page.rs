//! The console's pages of contracts and of what the provider offers.

use super::{
    pages::{BaseLeave, OperatorBadge},
    withdrawal::withdraw_path,
};
use crate::{
    portal::{Key, Ui},
    tenancy::{
        Draft, Profile, Region, Standing, Wrong,
        contract_page::{Agreed, CodeRow, VersionRow},
    },
};
use askama::Template;
use std::fmt::Display;
use time::OffsetDateTime;

/// Something to choose.
#[derive(Clone, Debug)]
pub struct ChoiceRow {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub name: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// `GET /console/customers/CODE`.
#[derive(Template)]
#[template(path = "operators/customer.html")]
pub struct CustomerPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// The customer's name in the reader's language.
    pub name: String,
    /// Its code.
    pub code: String,
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
    /// The next version as typed.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// Versions of the terms.
    pub terms: Vec<ChoiceRow>,
    /// Regions.
    pub regions: Vec<ChoiceRow>,
    /// The catalogue: whether it is a service, and what.
    pub offers: Vec<(bool, ChoiceRow)>,
    /// What is wrong with the service code.
    pub code_error: Option<Key>,
    /// Whether the reader's role changes anything, while they have an elevation for this customer.
    pub may_manage: bool,
    /// Until when they have one.
    pub until: Option<OffsetDateTime>,
    /// What the reader wanted to do was refused for want of one.
    pub not_elevated: bool,
}

/// A version of the terms.
#[derive(Clone, Debug)]
pub struct TermsRow {
    /// Counts from 1.
    pub version: i64,
    /// When it was published.
    pub at: OffsetDateTime,
}

/// `GET /console/provider`.
#[derive(Template)]
#[template(path = "operators/provider.html")]
pub struct ProviderPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// The profile, as typed where something is wrong.
    pub profile: Profile,
    /// Where data is kept and sessions run.
    pub regions: Vec<Region>,
    /// Versions of the terms, the newest first.
    pub terms: Vec<TermsRow>,
    /// The newest terms in both languages, to begin from.
    pub newest: (String, String),
    /// What is wrong.
    pub error: Option<Key>,
    /// Whether the reader may change anything now.
    pub may_manage: bool,
    /// What opens it to them.
    pub leave: BaseLeave,
}

/// A field of a form: its name, what it is called, what is in it, its kind, and what is wrong.
type Field<'a> = (&'static str, Key, &'a str, &'static str, Option<Key>);

impl CustomerPage {
    /// Whether what the reader may do now, or was about to do, is offered.
    fn acts(&self) -> bool {
        self.may_manage && (self.until.is_some() || self.not_elevated)
    }

    fn elevated_until(&self, at: &OffsetDateTime) -> String {
        self.ui
            .t1("console.contract.elevated", "until", self.ui.time(at))
    }

    /// Where a version that comes is withdrawn, by those who may.
    fn withdraw_url(&self, row: &VersionRow) -> Option<String> {
        let may = self.acts() && row.standing == Standing::Coming;
        may.then(|| withdraw_path(&self.code, row.version))
    }

    fn labelled(&self) -> String {
        let (resources, unlabelled) = &self.resources;
        let values: [(&str, &dyn Display); 2] =
            [("resources", resources), ("unlabelled", unlabelled)];
        self.ui.filled("console.contract.labelled", &values)
    }

    fn fields(&self) -> [Field<'_>; 7] {
        let (draft, wrong) = (&self.draft, &self.wrong);
        [
            (
                "number",
                Key("contract.number"),
                &draft.number,
                "text",
                wrong.number,
            ),
            (
                "starts_on",
                Key("console.contract.starts_on"),
                &draft.starts_on,
                "date",
                wrong.starts_on,
            ),
            (
                "ends_on",
                Key("console.contract.ends_on"),
                &draft.ends_on,
                "date",
                wrong.ends_on,
            ),
            (
                "max_people",
                Key("contract.people"),
                &draft.max_people,
                "number",
                wrong.max_people,
            ),
            (
                "max_sessions",
                Key("contract.sessions"),
                &draft.max_sessions,
                "number",
                wrong.max_sessions,
            ),
            (
                "retention_days",
                Key("console.contract.retention_days"),
                &draft.retention_days,
                "number",
                wrong.retention_days,
            ),
            (
                "counts_from",
                Key("console.contract.counts_from"),
                &draft.counts_from,
                "date",
                wrong.counts_from,
            ),
        ]
    }
}

impl ProviderPage {
    fn fields(&self) -> [(&'static str, Key, &str); 8] {
        let profile = &self.profile;
        [
            ("name_ja", Key("console.provider.name_ja"), &profile.name_ja),
            ("name_en", Key("console.provider.name_en"), &profile.name_en),
            (
                "address_ja",
                Key("console.provider.address_ja"),
                &profile.address_ja,
            ),
            (
                "address_en",
                Key("console.provider.address_en"),
                &profile.address_en,
            ),
            (
                "window_ja",
                Key("console.provider.window_ja"),
                &profile.window_ja,
            ),
            (
                "window_en",
                Key("console.provider.window_en"),
                &profile.window_en,
            ),
            ("phone", Key("contract.provider.phone"), &profile.phone),
            ("email", Key("contract.provider.email"), &profile.email),
        ]
    }

    fn region_name(&self, region: &Region) -> String {
        region.name(self.ui.lang).to_owned()
    }
}
