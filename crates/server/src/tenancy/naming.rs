//! How a customer is called, as an operator types it.

use super::{service::is_code, store::TenantRow};
use crate::portal::{Key, Lang};
use jiff::tz::TimeZone;
use wire::ids::TenantId;

/// The most characters of a name.
const LONGEST: usize = 100;
/// Where the console's own pages are.
const RESERVED: [&str; 1] = ["new"];

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// A short name for people of the provider; it never changes.
    pub code: String,
    /// The name in Japanese.
    pub name_ja: String,
    /// The name in English.
    pub name_en: String,
    /// The language of its sessions: `ja` or `en`.
    pub language: String,
    /// Its zone, a name of the IANA database.
    pub time_zone: String,
}

/// What is wrong with it, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamingWrong {
    /// Of the code.
    pub code: Option<Key>,
    /// Of the name in Japanese.
    pub name_ja: Option<Key>,
    /// Of the name in English.
    pub name_en: Option<Key>,
    /// Of the language.
    pub language: Option<Key>,
    /// Of the zone.
    pub time_zone: Option<Key>,
}

impl Naming {
    /// As a customer is called now.
    #[must_use]
    pub fn of(row: &TenantRow) -> Self {
        Self {
            code: row.code.clone(),
            name_ja: row.name_ja.clone(),
            name_en: row.name_en.clone(),
            language: row.language.clone(),
            time_zone: row.time_zone.clone(),
        }
    }

    /// What is wrong with it; whether the code is taken is not looked at.
    #[must_use]
    pub fn check(&self) -> NamingWrong {
        let code = self.code.trim();
        let is_name = |name: &str| {
            let length = name.trim().chars().count();
            (1..=LONGEST).contains(&length) && !name.trim().chars().any(char::is_control)
        };
        let wrong = |is_good: bool, key: &'static str| (!is_good).then_some(Key(key));
        NamingWrong {
            code: wrong(
                is_code(code) && !RESERVED.contains(&code),
                "console.new.error.code",
            ),
            name_ja: wrong(is_name(&self.name_ja), "console.new.error.name"),
            name_en: wrong(is_name(&self.name_en), "console.new.error.name"),
            language: wrong(
                Lang::from_tag(&self.language).is_some(),
                "console.new.error.language",
            ),
            time_zone: wrong(
                is_zone(self.time_zone.trim()),
                "console.new.error.time_zone",
            ),
        }
    }

    /// The row of a customer that is called so.
    #[must_use]
    pub fn row(&self, id: TenantId) -> TenantRow {
        let text = |typed: &str| typed.trim().to_owned();
        TenantRow {
            id,
            code: text(&self.code),
            name_ja: text(&self.name_ja),
            name_en: text(&self.name_en),
            language: self.language.clone(),
            time_zone: text(&self.time_zone),
        }
    }
}

/// Zones have places in their names; abbreviations and offsets change with the season.
fn is_zone(name: &str) -> bool {
    (name == "UTC" || name.contains('/')) && name.len() <= 64 && TimeZone::get(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Naming {
        Naming {
            code: " aoba-2 ".to_owned(),
            name_ja: "青葉".to_owned(),
            name_en: "Aoba".to_owned(),
            language: "ja".to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
        }
    }

    #[test]
    fn each_field_is_told_what_is_wrong_with_it() {
        assert_eq!(good().check(), NamingWrong::default());
        for code in ["", "new", "2aoba", "Aoba", "a/b", &"a".repeat(33)] {
            let naming = Naming {
                code: code.to_owned(),
                ..good()
            };
            assert!(naming.check().code.is_some(), "{code}");
        }
        for zone in [
            "",
            "JST",
            "Asia/Nowhere",
            "../../etc/passwd",
            "Asia/Tokyo\0",
        ] {
            let naming = Naming {
                time_zone: zone.to_owned(),
                ..good()
            };
            assert!(naming.check().time_zone.is_some(), "{zone}");
        }
        let naming = Naming {
            name_ja: " ".to_owned(),
            name_en: "a".repeat(101),
            language: "fr".to_owned(),
            ..good()
        };
        let wrong = naming.check();
        let all = [wrong.name_ja, wrong.name_en, wrong.language];
        assert!(all.iter().all(Option::is_some));
    }
}
