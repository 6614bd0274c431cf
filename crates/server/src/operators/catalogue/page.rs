//! The console's pages of the catalogue.

use super::{Draft, Wrong};
use crate::{
    operators::{
        contracts_page::ChoiceRow,
        customers::page::Field,
        pages::{BaseLeave, OperatorBadge},
    },
    portal::{Key, Ui},
};
use askama::Template;

/// One row: a service, an option or a region.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its code.
    pub code: String,
    /// Its name in the reader's language.
    pub name: String,
    /// Its description, or its country.
    pub description: String,
    /// The service that it is an option of.
    pub option_of: Option<String>,
    /// Whether new contracts may have it.
    pub is_offered: bool,
    /// How much names it.
    pub uses: i64,
    /// Where it is changed.
    pub url: String,
}

/// `GET /console/catalogue`.
#[derive(Template)]
#[template(path = "operators/catalogue/catalogue.html")]
pub struct CataloguePage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// Services, each with its options behind it.
    pub offers: Vec<Row>,
    /// Regions.
    pub regions: Vec<Row>,
    /// What was typed for a new one.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// Services that a new one can be an option of.
    pub services: Vec<ChoiceRow>,
    /// Whether the reader's role changes anything.
    pub may_manage: bool,
    /// What opens it to them.
    pub leave: BaseLeave,
}

/// `GET /console/catalogue/KIND/CODE`.
#[derive(Template)]
#[template(path = "operators/catalogue/edit.html")]
pub struct EditPage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// As it is kept.
    pub row: Row,
    /// Whether it is a region.
    pub is_region: bool,
    /// What was typed.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// What opens it to the reader.
    pub leave: BaseLeave,
}

/// `GET /console/catalogue/KIND/CODE/remove`.
#[derive(Template)]
#[template(path = "operators/catalogue/remove.html")]
pub struct RemovePage {
    /// The reader.
    pub ui: Ui,
    /// Who has entered.
    pub badge: Option<OperatorBadge>,
    /// What would go.
    pub row: Row,
    /// Somebody began to use it meanwhile.
    pub in_use: bool,
    /// What opens it to the reader.
    pub leave: BaseLeave,
}

fn fields<'a>(draft: &'a Draft, wrong: &Wrong, is_region: bool) -> Vec<Field<'a>> {
    let field = |id, label, value: &'a str, error| Field {
        id,
        label: Key(label),
        hint: None,
        value,
        kind: "text",
        optional: false,
        error,
    };
    let names = [
        field(
            "name_ja",
            "console.catalogue.name_ja",
            &draft.name_ja,
            wrong.name_ja,
        ),
        field(
            "name_en",
            "console.catalogue.name_en",
            &draft.name_en,
            wrong.name_en,
        ),
    ];
    let descriptions = [
        field(
            "description_ja",
            "console.catalogue.description_ja",
            &draft.description_ja,
            wrong.description_ja,
        ),
        field(
            "description_en",
            "console.catalogue.description_en",
            &draft.description_en,
            wrong.description_en,
        ),
    ];
    let descriptions = descriptions.into_iter().filter(|_| !is_region);
    names.into_iter().chain(descriptions).collect()
}

impl Row {
    fn used(&self, ui: &Ui) -> String {
        ui.t1("console.catalogue.uses", "uses", self.uses)
    }
}

impl CataloguePage {
    fn is_wrong(&self) -> bool {
        self.wrong != Wrong::default()
    }

    fn code_field(&self) -> Field<'_> {
        Field {
            id: "code",
            label: Key("console.column.code"),
            hint: Some(Key("console.catalogue.code_hint")),
            value: &self.draft.code,
            kind: "text",
            optional: false,
            error: self.wrong.code,
        }
    }

    fn fields(&self) -> Vec<Field<'_>> {
        fields(&self.draft, &self.wrong, false)
    }
}

impl EditPage {
    fn fields(&self) -> Vec<Field<'_>> {
        fields(&self.draft, &self.wrong, self.is_region)
    }
}
