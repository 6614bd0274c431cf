//! The pages of operators.

use super::{
    service::{Act, Draft, Wrong},
    store::PersonRow,
};
use crate::{
    app::moment,
    operators::{
        pages::{BaseLeave, OperatorBadge},
        role::OperatorRole,
    },
    portal::{Key, Paging, Ui, local_url},
};
use askama::Template;
use time::OffsetDateTime;
use uuid::Uuid;

/// A certificate that ends within this time is pointed out, in milliseconds.
const SOON_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// One operator, for readers.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) id: Uuid,
    pub(super) login: String,
    pub(super) full_name: String,
    pub(super) role: Key,
    pub(super) state: Key,
    pub(super) tone: &'static str,
    pub(super) since: OffsetDateTime,
    pub(super) last_sign_in: Option<OffsetDateTime>,
    pub(super) certificate_until: Option<OffsetDateTime>,
    /// The certificate is over, or will be soon: what the list says, and the badge's tone.
    pub(super) warning: Option<(Key, &'static str)>,
}

/// A role to choose.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoleOption {
    pub(super) value: &'static str,
    pub(super) label: Key,
    pub(super) says: Key,
}

/// The states by which the list is narrowed.
const STATES: [(&str, Key); 4] = [
    ("", Key("operators.state.all")),
    ("active", Key("operators.state.active")),
    ("invited", Key("operators.state.invited")),
    ("suspended", Key("operators.state.suspended")),
];

/// By which column the list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    #[default]
    Name,
    LastSignIn,
    Certificate,
}

impl Sort {
    pub(super) const ALL: [Self; 3] = [Self::Name, Self::LastSignIn, Self::Certificate];

    /// Its name in the query (`sort`).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LastSignIn => "last_sign_in",
            Self::Certificate => "certificate",
        }
    }

    /// The column of a name; an unknown one is the default.
    pub(super) fn from_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|sort| sort.name() == name);
        found.unwrap_or_default()
    }

    fn label(self) -> Key {
        match self {
            Self::Name => Key("operators.column.name"),
            Self::LastSignIn => Key("operators.column.last_sign_in"),
            Self::Certificate => Key("operators.column.certificate"),
        }
    }
}

/// `GET /console/operators`.
#[derive(Template)]
#[template(path = "operators/people/list.html")]
pub(super) struct ListPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) rows: Vec<Shown>,
    pub(super) query: String,
    pub(super) state: String,
    pub(super) sort: Sort,
    pub(super) descending: bool,
    pub(super) paging: Paging,
    pub(super) may_add: bool,
    /// Nobody but the reader decides on elevations.
    pub(super) alone: bool,
    pub(super) done: Option<Key>,
}

/// `GET /console/operators/add`.
#[derive(Template)]
#[template(path = "operators/people/add.html")]
pub(super) struct AddPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) draft: Draft,
    pub(super) wrong: Wrong,
    pub(super) roles: Vec<RoleOption>,
    /// What opens it to the reader.
    pub(super) leave: BaseLeave,
}

/// `GET /console/operators/ID`.
#[derive(Template)]
#[template(path = "operators/people/person.html")]
pub(super) struct PersonPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) it: Shown,
    /// The stored form of the role, as chosen where something is wrong.
    pub(super) role: String,
    pub(super) roles: Vec<RoleOption>,
    pub(super) acts: Vec<Act>,
    pub(super) may_manage: bool,
    /// What opens acts that give power to the reader.
    pub(super) leave: BaseLeave,
    pub(super) yourself: bool,
    /// What is wrong with the role.
    pub(super) role_error: Option<Key>,
    pub(super) problem: Option<Key>,
    pub(super) done: Option<Key>,
}

/// `GET /console/operators/ID/ACT`: says what will happen, and asks.
#[derive(Template)]
#[template(path = "operators/people/act.html")]
pub(super) struct ActPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) id: Uuid,
    pub(super) full_name: String,
    pub(super) login: String,
    pub(super) act: Act,
}

/// What is handed over to an operator, shown once.
#[derive(Template)]
#[template(path = "operators/people/papers.html")]
pub(super) struct PapersPage {
    pub(super) ui: Ui,
    pub(super) badge: Option<OperatorBadge>,
    pub(super) full_name: String,
    pub(super) login: String,
    /// The file as an address of its own (RFC 2397), and its password.
    pub(super) file: Option<(String, String)>,
    pub(super) link: Option<String>,
}

impl Shown {
    /// As readers see it at a moment.
    pub(super) fn of(row: &PersonRow, now_ms: i64) -> Self {
        let (state, tone) = match row.state.as_str() {
            "active" => (Key("operators.state.active"), "good"),
            "invited" => (Key("operators.state.invited"), "note"),
            _ => (Key("operators.state.suspended"), "bad"),
        };
        let warning = match row.certificate_until_ms {
            Some(until) if until <= now_ms => Some((Key("operators.expired"), "bad")),
            Some(until) if until <= now_ms + SOON_MS => Some((Key("operators.soon"), "note")),
            _ => None,
        };
        let role = OperatorRole::from_name(&row.role);
        Self {
            id: row.id,
            login: row.login.clone(),
            full_name: row.full_name.clone(),
            role: role.map_or(Key("operators.wrong.role"), OperatorRole::key),
            state,
            tone,
            since: moment(row.created_at_ms),
            last_sign_in: row.last_sign_in_ms.map(moment),
            certificate_until: row.certificate_until_ms.map(moment),
            warning,
        }
    }
}

/// Every role, with what it is for.
pub(super) fn roles() -> Vec<RoleOption> {
    let option = |role: OperatorRole| RoleOption {
        value: role.name(),
        label: role.key(),
        says: match role {
            OperatorRole::Support => Key("operators.role.support"),
            OperatorRole::Network => Key("operators.role.network"),
            OperatorRole::Security => Key("operators.role.security"),
            OperatorRole::Release => Key("operators.role.release"),
            OperatorRole::Owner => Key("operators.role.owner"),
            OperatorRole::Auditor => Key("operators.role.auditor"),
        },
    };
    OperatorRole::ALL.into_iter().map(option).collect()
}

impl Act {
    /// What the person's page says of it, and the button there.
    fn offer(self) -> (Key, Key) {
        match self {
            Self::Suspend => (
                Key("operators.suspend.offer"),
                Key("operators.suspend.button"),
            ),
            Self::Resume => (
                Key("operators.resume.offer"),
                Key("operators.resume.button"),
            ),
            Self::Renew => (Key("operators.renew.offer"), Key("operators.renew.button")),
            Self::ResetCodes => (Key("operators.codes.offer"), Key("operators.codes.button")),
            Self::Remove => (
                Key("operators.remove.offer"),
                Key("operators.remove.button"),
            ),
        }
    }

    /// What its own page asks.
    fn question(self) -> &'static str {
        match self {
            Self::Suspend => "operators.suspend.question",
            Self::Resume => "operators.resume.question",
            Self::Renew => "operators.renew.question",
            Self::ResetCodes => "operators.codes.question",
            Self::Remove => "operators.remove.question",
        }
    }

    /// What will happen.
    fn consequences(self) -> Vec<Key> {
        let out = Key("operators.says.out");
        match self {
            Self::Suspend => vec![
                out,
                Key("operators.says.elevations"),
                Key("operators.says.until_resumed"),
            ],
            Self::Resume => vec![Key("operators.says.may_enter")],
            Self::Renew => vec![
                out,
                Key("operators.says.elevations"),
                Key("operators.says.old_certificate"),
                Key("operators.says.new_file"),
            ],
            Self::ResetCodes => vec![
                out,
                Key("operators.says.elevations"),
                Key("operators.says.old_codes"),
                Key("operators.says.sure"),
            ],
            Self::Remove => vec![
                out,
                Key("operators.says.elevations"),
                Key("operators.says.gone"),
                Key("operators.says.records"),
            ],
        }
    }

    fn is_grave(self) -> bool {
        !matches!(self, Self::Resume)
    }
}

impl ListPage {
    fn states() -> [(&'static str, Key); 4] {
        STATES
    }

    fn aria_sort(&self, column: Sort) -> &'static str {
        match (self.sort == column, self.descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }

    fn columns() -> [(Sort, Key); 3] {
        Sort::ALL.map(|sort| (sort, sort.label()))
    }

    fn order(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }

    /// The list sorted by a column; a second click on the same column reverses the order.
    fn sorted_url(&self, column: Sort) -> String {
        let descending = self.sort == column && !self.descending;
        self.url(column, if descending { "desc" } else { "asc" })
    }

    fn page_url(&self) -> String {
        self.url(self.sort, self.order())
    }

    fn url(&self, sort: Sort, order: &str) -> String {
        let pairs = [
            ("q", self.query.as_str()),
            ("state", self.state.as_str()),
            ("sort", sort.name()),
            ("order", order),
        ];
        local_url("/console/operators", &pairs)
    }

    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || !self.state.is_empty()
    }
}

impl ActPage {
    fn heading(&self) -> String {
        self.ui.t1(self.act.question(), "name", &self.full_name)
    }
}
