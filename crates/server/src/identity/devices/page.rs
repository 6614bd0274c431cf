//! The pages of devices' certificates, and of those who vouch for them.

use super::{
    certificate::Refusal,
    service::{Draft, Wrong},
};
use crate::portal::{Key, Paging, Ui, local_url};
use askama::Template;
use time::OffsetDateTime;
use uuid::Uuid;

/// A certificate in the list.
#[derive(Clone, Debug)]
pub struct DeviceItem {
    /// By what it is named here.
    pub id: Uuid,
    /// The device.
    pub name: String,
    /// Its person's name and address; `None` for a device of anybody.
    pub person: Option<(String, String)>,
    /// Whether it was issued here.
    pub is_own: bool,
    /// Hexadecimal.
    pub serial: String,
    /// When it ends.
    pub until: OffsetDateTime,
    /// When it was last shown.
    pub shown: Option<OffsetDateTime>,
    /// Whether it counts.
    pub state: DeviceState,
}

impl DeviceItem {
    /// Whether another one like it can be issued: not for somebody who was removed.
    fn can_be_renewed(&self) -> bool {
        let person = self.person.as_ref();
        self.is_own && person.is_none_or(|(_, email)| !email.is_empty())
    }
}

/// Whether a certificate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// It does.
    Good,
    /// It ends within a month.
    EndsSoon,
    /// It has ended.
    Ended,
    /// It was revoked.
    Revoked,
}

impl DeviceState {
    fn label(self) -> Key {
        match self {
            Self::Good => Key("devices.state.good"),
            Self::EndsSoon => Key("devices.state.ends_soon"),
            Self::Ended => Key("devices.state.ended"),
            Self::Revoked => Key("devices.state.revoked"),
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::EndsSoon => "note",
            Self::Ended | Self::Revoked => "bad",
        }
    }
}

/// By which column the list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceSort {
    /// By the device's name.
    #[default]
    Name,
    /// By its person.
    Person,
    /// By its end.
    Until,
    /// By when it was last shown.
    Shown,
}

impl DeviceSort {
    /// The columns in the order of the table.
    pub const ALL: [Self; 4] = [Self::Name, Self::Person, Self::Until, Self::Shown];

    /// Its name in the query (`sort`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Person => "person",
            Self::Until => "until",
            Self::Shown => "shown",
        }
    }

    /// The column of a name; an unknown one is the default.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|sort| sort.name() == name);
        found.unwrap_or_default()
    }

    /// The head of its column.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::Name => Key("devices.column.name"),
            Self::Person => Key("devices.column.person"),
            Self::Until => Key("devices.column.until"),
            Self::Shown => Key("devices.column.shown"),
        }
    }
}

/// `GET /devices?q=&sort=&order=&page=`.
#[derive(Template)]
#[template(path = "identity/devices/devices.html")]
pub struct DevicesPage {
    /// The reader.
    pub ui: Ui,
    /// Whether the reader may issue and revoke.
    pub manages: bool,
    /// This page of the list.
    pub rows: Vec<DeviceItem>,
    /// What was searched for, as typed.
    pub query: String,
    /// By which column.
    pub sort: DeviceSort,
    /// Whether the order is reversed (`order=desc`).
    pub descending: bool,
    /// Which part of the list.
    pub paging: Paging,
    /// Whether one was revoked just now.
    pub is_revoked: bool,
}

impl DevicesPage {
    fn aria_sort(&self, column: DeviceSort) -> &'static str {
        match (self.sort == column, self.descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }

    fn sorted_url(&self, column: DeviceSort) -> String {
        let descending = self.sort == column && !self.descending;
        self.url(column, if descending { "desc" } else { "asc" })
    }

    fn page_url(&self) -> String {
        self.url(self.sort, self.order())
    }

    fn url(&self, sort: DeviceSort, order: &str) -> String {
        let pairs = [
            ("q", self.query.as_str()),
            ("sort", sort.name()),
            ("order", order),
        ];
        local_url("/devices", &pairs)
    }

    fn order(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }
}

/// `GET /devices/issue`, and the answer to a `POST` (`person`, `name`, `days`, `csrf`) that was not taken.
#[derive(Template)]
#[template(path = "identity/devices/issue.html")]
pub struct IssuePage {
    /// The reader.
    pub ui: Ui,
    /// What was typed.
    pub draft: Draft,
    /// Lives in days, and whether each is chosen.
    pub lives: Vec<(i64, bool)>,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// The only page that ever has a certificate's file and password.
#[derive(Template)]
#[template(path = "identity/devices/issued.html")]
pub struct IssuedPage {
    /// The reader.
    pub ui: Ui,
    /// The device.
    pub name: String,
    /// Its person's name.
    pub person: Option<String>,
    /// How the file is named.
    pub file_name: String,
    /// The file, as an address of its own.
    pub file: String,
    /// Its password.
    pub password: String,
    /// Until when the certificate is good.
    pub until: OffsetDateTime,
}

/// Asks before something is done with a certificate. Sent as `POST action`.
#[derive(Template)]
#[template(path = "identity/devices/act.html")]
pub struct DeviceActPage {
    /// The reader.
    pub ui: Ui,
    /// What is about to be done.
    pub act: DeviceAct,
    /// The certificate.
    pub item: DeviceItem,
    /// Whether it was refused because it would lock out the reader.
    pub is_lockout: bool,
}

/// What can be done with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceAct {
    /// It does not count any more.
    Revoke,
    /// Another one like it is issued.
    Renew,
}

impl DeviceActPage {
    fn title(&self) -> &'static str {
        match self.act {
            DeviceAct::Revoke => self.ui.t("devices.revoke.title"),
            DeviceAct::Renew => self.ui.t("devices.renew.title"),
        }
    }

    fn lead(&self) -> &'static str {
        match self.act {
            DeviceAct::Revoke => self.ui.t("devices.revoke.lead"),
            DeviceAct::Renew => self.ui.t("devices.renew.lead"),
        }
    }

    fn action(&self) -> &'static str {
        match self.act {
            DeviceAct::Revoke => self.ui.t("devices.revoke.action"),
            DeviceAct::Renew => self.ui.t("devices.renew.action"),
        }
    }

    fn url(&self) -> String {
        let act = match self.act {
            DeviceAct::Revoke => "revoke",
            DeviceAct::Renew => "renew",
        };
        format!("/devices/{}/{act}", self.item.id)
    }

    /// The class of the button: what takes access away looks like it.
    fn tone(&self) -> &'static str {
        match self.act {
            DeviceAct::Revoke => "bad",
            DeviceAct::Renew => "primary",
        }
    }
}

/// An authority in the list.
#[derive(Clone, Debug)]
pub struct AuthorityItem {
    /// By what it is named here.
    pub id: Uuid,
    /// Whether its key is here.
    pub is_own: bool,
    /// The subject of its certificate.
    pub subject: String,
    /// SHA-256 of its certificate, as `AB:CD:…`.
    pub fingerprint: String,
    /// When it ends.
    pub until: OffsetDateTime,
    /// Whether it has ended.
    pub has_ended: bool,
    /// How many of its certificates were revoked by number.
    pub revoked: i64,
    /// When the newest revocation list was made, if one was given.
    pub list_at: Option<OffsetDateTime>,
    /// Whether that list is older than its maker wanted it to be used.
    pub list_is_old: bool,
}

/// `GET /device-authorities`, and the answer to a `POST` (`pem`, `csrf`) that was not taken.
#[derive(Template)]
#[template(path = "identity/devices/authorities.html")]
pub struct AuthoritiesPage {
    /// The reader.
    pub ui: Ui,
    /// Whether the reader may change them.
    pub manages: bool,
    /// All of them.
    pub rows: Vec<AuthorityItem>,
    /// What was typed.
    pub pem: String,
    /// What is wrong with it.
    pub wrong: Option<Key>,
    /// What was done just now.
    pub done: Option<Key>,
}

/// `GET /device-authorities/ID`, and the answer to what was not taken there.
#[derive(Template)]
#[template(path = "identity/devices/authority.html")]
pub struct AuthorityPage {
    /// The reader.
    pub ui: Ui,
    /// The authority.
    pub item: AuthorityItem,
    /// The number as typed.
    pub number: String,
    /// What is wrong with it.
    pub number_wrong: Option<Key>,
    /// What is wrong with a revocation list.
    pub list_wrong: Option<Key>,
    /// Whether something was refused because it would lock out the reader.
    pub is_lockout: bool,
    /// What was done just now.
    pub done: Option<Key>,
}

/// `GET /device-authorities/ID/remove`: asks first.
#[derive(Template)]
#[template(path = "identity/devices/authority_remove.html")]
pub struct AuthorityRemovePage {
    /// The reader.
    pub ui: Ui,
    /// The authority.
    pub item: AuthorityItem,
    /// Whether it was refused because it would lock out the reader.
    pub is_lockout: bool,
}

/// `GET /sign-in/device`: what will be asked for, and what came of it.
#[derive(Template)]
#[template(path = "identity/devices/check.html")]
pub struct CheckPage {
    /// The reader.
    pub ui: Ui,
    /// Whether nothing else is open before.
    pub is_required: bool,
    /// Where the browser is asked for a certificate.
    pub go: String,
    /// The device that was shown in this session, and until when its certificate is good.
    pub shown: Option<(String, OffsetDateTime)>,
    /// Why the certificate did not count.
    pub refused: Option<Refusal>,
    /// Where the reader wanted to go, a local path.
    pub next: String,
}
