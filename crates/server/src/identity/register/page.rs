//! The pages on which a file of people is brought in.

use super::{
    plan::{Plan, Problem, Step},
    reading::{MOST_BYTES, MOST_LINES},
    words::{Action, Column},
};
use crate::{
    actor::Role,
    portal::{Key, Ui},
    visit::role_key,
};
use askama::Template;

/// `GET /users/import`, and the answer to a `POST` (`file`, `csrf`) whose file cannot be taken.
#[derive(Template)]
#[template(path = "identity/register/import.html")]
pub struct ImportPage {
    /// The reader.
    pub ui: Ui,
    /// What is wrong with the file; nothing before one was sent.
    pub problems: Vec<Problem>,
    /// The people or the file are others than those that were shown.
    pub is_stale: bool,
}

/// What a file would do, before it is done: `POST /users/import/confirm` with `file`, `digest` and `csrf` does it.
#[derive(Template)]
#[template(path = "identity/register/check.html")]
pub struct CheckPage {
    /// The reader.
    pub ui: Ui,
    /// What it would do.
    pub plan: Plan,
    /// The file itself, base64url without padding.
    pub file: String,
    /// It would do something else than what was shown before.
    pub is_stale: bool,
}

/// What was done, and the only time that the one-time links are shown.
#[derive(Template)]
#[template(path = "identity/register/done.html")]
pub struct DonePage {
    /// The reader.
    pub ui: Ui,
    /// What was done.
    pub plan: Plan,
    /// Name, address and link of those who were added.
    pub links: Vec<NewLink>,
    /// The same as a file: an address that holds it.
    pub links_url: String,
    /// How long a link works, in hours.
    pub hours: i64,
}

/// A one-time link of somebody who was added.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// Their name.
    pub full_name: String,
    /// Their address.
    pub email: String,
    /// The whole link.
    pub link: String,
}

impl ImportPage {
    fn limits(&self) -> String {
        let mebibytes = MOST_BYTES >> 20;
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("mebibytes", &mebibytes), ("lines", &MOST_LINES)];
        self.ui.filled("register.limits", &values)
    }

    /// What may stand in a column.
    fn words(&self, column: Column) -> String {
        let labels: Vec<Key> = match column {
            Column::Name => return self.ui.t("register.in.name").to_owned(),
            Column::Address => return self.ui.t("register.in.address").to_owned(),
            Column::State => return self.ui.t("register.in.state").to_owned(),
            Column::Role => Role::ALL.into_iter().map(role_key).collect(),
            Column::Action => Action::ALL.map(Action::label).into(),
        };
        let texts: Vec<&str> = labels.iter().map(|key| self.ui.label(key)).collect();
        let words = texts.join(self.ui.t("register.comma"));
        match column {
            Column::Role => self.ui.t1("register.in.role", "words", words),
            _ => self.ui.t1("register.in.action", "words", words),
        }
    }
}

/// How many people each act is done to, without those that nobody has.
fn counts(plan: &Plan) -> Vec<(Key, usize)> {
    let count = |act: Action| (act.label(), plan.count(act));
    let all = Action::ALL.into_iter().map(count);
    all.filter(|(_, count)| *count > 0).collect()
}

/// What becomes of a person, in words.
fn becomes(ui: &Ui, step: &Step) -> Vec<String> {
    let mut words = Vec::new();
    let new = role_key(step.role);
    match &step.before {
        None => words.push(ui.t1("register.becomes.role", "role", ui.label(new))),
        Some((name, role)) => {
            if *name != step.full_name {
                words.push(ui.filled(
                    "register.becomes.name",
                    &[("old", name), ("new", &step.full_name)],
                ));
            }
            if *role != step.role {
                let (old, new) = (ui.label(role_key(*role)), ui.label(new));
                words.push(ui.filled(
                    "register.becomes.other_role",
                    &[("old", &old), ("new", &new)],
                ));
            }
        }
    }
    words
}

/// The class of an act's badge.
fn tone(act: Action) -> &'static str {
    match act {
        Action::Add | Action::Resume => "good",
        Action::Change => "note",
        Action::Suspend | Action::Remove => "bad",
    }
}
