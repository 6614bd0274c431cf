//! The console's pages for adding customers and saying how they are called.

use super::{NewCustomer, NewWrong};
use crate::{
    operators::{contracts_page::ChoiceRow, pages::OperatorBadge},
    portal::{Key, Ui},
    tenancy::{Naming, NamingWrong},
};
use askama::Template;
use std::fmt::Display;

/// Zones that the form suggests; others can be typed.
const ZONES: [&str; 12] = [
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Australia/Sydney",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "UTC",
];

/// A field in which something is typed (`operators/customers/field.html`).
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Its name and id.
    pub id: &'static str,
    /// What it is called.
    pub label: Key,
    /// What helps to fill it in.
    pub hint: Option<Key>,
    /// What was typed.
    pub value: &'a str,
    /// The kind of `input`.
    pub kind: &'static str,
    /// Whether it may be empty.
    pub optional: bool,
    /// What is wrong.
    pub error: Option<Key>,
}

fn field<'a>(
    (id, label): (&'static str, &'static str),
    hint: Option<&'static str>,
    value: &'a str,
    error: Option<Key>,
) -> Field<'a> {
    Field {
        id,
        label: Key(label),
        hint: hint.map(Key),
        value,
        kind: "text",
        optional: false,
        error,
    }
}

impl Field<'_> {
    /// The ids of what describes it.
    pub(in crate::operators) fn described_by(&self) -> Option<String> {
        let hint = self.hint.map(|_| format!("{}-hint", self.id));
        let error = self.error.map(|_| format!("{}-error", self.id));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn of_kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }
}

/// `GET /console/customers/new`, and what is wrong after a `POST`.
#[derive(Template)]
#[template(path = "operators/customers/new.html")]
pub struct NewPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// What was typed.
    pub new: NewCustomer,
    /// What is wrong with it.
    pub wrong: NewWrong,
    /// Versions of the terms.
    pub terms: Vec<ChoiceRow>,
    /// Regions.
    pub regions: Vec<ChoiceRow>,
    /// Services of the catalogue.
    pub services: Vec<ChoiceRow>,
    /// Their options.
    pub options: Vec<ChoiceRow>,
    /// What the image offers.
    pub offers: Vec<ChoiceRow>,
}

/// The answer when a customer was added: the first administrator's link, once.
#[derive(Template)]
#[template(path = "operators/customers/added.html")]
pub struct AddedPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// The customer's name in the reader's language.
    pub name: String,
    /// Its code.
    pub code: String,
    /// The first administrator's name.
    pub full_name: String,
    /// Their address.
    pub email: String,
    /// Their one-time link.
    pub link: String,
    /// For how many hours it works.
    pub hours: i64,
}

/// How it stands with an operator's elevation for a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// One is in force.
    Open,
    /// None is in force, and the page says how one is asked for.
    Asks,
    /// What the reader wanted to do was refused for want of one. What they typed is kept.
    Refused,
}

/// `GET /console/customers/CODE/names`.
#[derive(Template)]
#[template(path = "operators/customers/names.html")]
pub struct NamesPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// Its code, which stays.
    pub code: String,
    /// What was typed.
    pub naming: Naming,
    /// What is wrong with it.
    pub wrong: NamingWrong,
    /// How it stands with the reader's elevation for this customer.
    pub stands: Stands,
}

fn naming_fields<'a>(naming: &'a Naming, wrong: &NamingWrong) -> [Field<'a>; 2] {
    [
        field(
            ("name_ja", "console.new.name_ja"),
            None,
            &naming.name_ja,
            wrong.name_ja,
        ),
        field(
            ("name_en", "console.new.name_en"),
            None,
            &naming.name_en,
            wrong.name_en,
        ),
    ]
}

impl NewPage {
    pub(super) fn is_wrong(&self) -> bool {
        self.wrong != NewWrong::default()
    }

    fn has_terms(&self) -> bool {
        !self.terms.is_empty() && !self.regions.is_empty() && !self.services.is_empty()
    }

    fn naming(&self) -> &Naming {
        &self.new.naming
    }

    fn naming_wrong(&self) -> &NamingWrong {
        &self.wrong.naming
    }

    fn code_field(&self) -> Field<'_> {
        let hint = Some("console.new.code_hint");
        field(
            ("code", "console.column.code"),
            hint,
            &self.new.naming.code,
            self.wrong.naming.code,
        )
    }

    fn name_fields(&self) -> [Field<'_>; 2] {
        naming_fields(&self.new.naming, &self.wrong.naming)
    }

    fn contract_fields(&self) -> [Field<'_>; 6] {
        let (draft, wrong) = (&self.new.contract, &self.wrong.contract);
        let ends_on = field(
            ("ends_on", "console.contract.ends_on"),
            None,
            &draft.ends_on,
            wrong.ends_on,
        );
        let number = |name, value, error| field(name, None, value, error).of_kind("number");
        [
            field(
                ("number", "contract.number"),
                None,
                &draft.number,
                wrong.number,
            ),
            field(
                ("starts_on", "console.contract.starts_on"),
                None,
                &draft.starts_on,
                wrong.starts_on,
            )
            .of_kind("date"),
            Field {
                optional: true,
                ..ends_on.of_kind("date")
            },
            number(
                ("max_people", "contract.people"),
                &draft.max_people,
                wrong.max_people,
            ),
            number(
                ("max_sessions", "contract.sessions"),
                &draft.max_sessions,
                wrong.max_sessions,
            ),
            number(
                ("retention_days", "console.contract.retention_days"),
                &draft.retention_days,
                wrong.retention_days,
            ),
        ]
    }

    fn reason_field(&self) -> Field<'_> {
        let hint = Some("console.contract.reason_hint");
        field(
            ("reason", "contract.column.reason"),
            hint,
            &self.new.contract.reason,
            self.wrong.contract.reason,
        )
    }

    fn label_field(&self) -> Field<'_> {
        let hint = Some("console.contract.code_hint");
        field(
            ("label", "console.new.label"),
            hint,
            &self.new.label,
            self.wrong.label,
        )
    }

    fn person_fields(&self) -> [Field<'_>; 2] {
        let (draft, wrong) = (&self.new.administrator, &self.wrong.administrator);
        [
            field(
                ("full_name", "console.new.full_name"),
                None,
                &draft.full_name,
                wrong.full_name,
            ),
            field(
                ("email", "console.new.email"),
                Some("console.new.email_hint"),
                &draft.email,
                wrong.email,
            )
            .of_kind("email"),
        ]
    }
}

impl AddedPage {
    fn lead(&self) -> String {
        let values: [(&str, &dyn Display); 2] = [("name", &self.full_name), ("email", &self.email)];
        self.ui.filled("console.new.added_lead", &values)
    }
}

impl NamesPage {
    fn name_fields(&self) -> [Field<'_>; 2] {
        naming_fields(&self.naming, &self.wrong)
    }

    fn naming(&self) -> &Naming {
        &self.naming
    }

    fn naming_wrong(&self) -> &NamingWrong {
        &self.wrong
    }
}
