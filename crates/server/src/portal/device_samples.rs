//! Devices' certificates and the authorities behind them.

use super::samples::{HOSTILE, NOW, html, member};
use crate::{
    identity::devices::{
        Refusal,
        page::{
            AuthoritiesPage, AuthorityItem, AuthorityPage, AuthorityRemovePage, CheckPage,
            DeviceAct, DeviceActPage, DeviceItem, DeviceSort, DeviceState, DevicesPage, IssuePage,
            IssuedPage,
        },
        service::{Draft, Wrong},
    },
    portal::{Key, Lang, Paging},
};
use time::Duration;
use uuid::Uuid;

fn device(name: &str, person: Option<&str>, state: DeviceState) -> DeviceItem {
    DeviceItem {
        id: Uuid::from_u128(9),
        name: name.to_owned(),
        person: person.map(|person| (person.to_owned(), "hanako@example.jp".to_owned())),
        is_own: state != DeviceState::Ended,
        serial: "5f1c0a77d2e94b3380aa51c2".to_owned(),
        until: NOW + Duration::days(200),
        shown: (state == DeviceState::Good).then_some(NOW),
        state,
    }
}

fn list(lang: Lang, rows: Vec<DeviceItem>, query: &str) -> DevicesPage {
    DevicesPage {
        ui: member(lang, "/devices", true),
        manages: true,
        paging: Paging {
            page: 1,
            per_page: 25,
            total: rows.len() as u64,
        },
        is_revoked: query.is_empty(),
        rows,
        query: query.to_owned(),
        sort: DeviceSort::Name,
        descending: false,
    }
}

fn authority(is_own: bool, subject: &str) -> AuthorityItem {
    AuthorityItem {
        id: Uuid::from_u128(8),
        is_own,
        subject: subject.to_owned(),
        fingerprint: vec!["3F"; 32].join(":"),
        until: NOW + Duration::days(900),
        has_ended: !is_own,
        revoked: 3,
        list_at: (!is_own).then_some(NOW),
        list_is_old: !is_own,
    }
}

fn authorities(lang: Lang, rows: Vec<AuthorityItem>, wrong: Option<Key>) -> AuthoritiesPage {
    AuthoritiesPage {
        ui: member(lang, "/device-authorities", true),
        manages: true,
        rows,
        pem: wrong.map_or_else(String::new, |_| HOSTILE.to_owned()),
        wrong,
        done: wrong.is_none().then_some(Key("authorities.done.added")),
    }
}

fn check(lang: Lang, refused: Option<Refusal>, name: Option<&str>) -> CheckPage {
    CheckPage {
        ui: member(lang, "/sign-in/device", false),
        is_required: name.is_none(),
        go: "/sign-in/device/go?next=%2Fdesktops".to_owned(),
        shown: name.map(|name| (name.to_owned(), NOW + Duration::days(200))),
        refused,
        next: "/desktops".to_owned(),
    }
}

fn issuing(lang: Lang) -> [(&'static str, String); 4] {
    let form = |person: &str, wrong| IssuePage {
        ui: member(lang, "/devices/issue", true),
        draft: Draft {
            person: person.to_owned(),
            name: person.to_owned(),
            days: 365,
        },
        lives: vec![(365, true), (90, false), (730, false)],
        wrong,
    };
    let wrong = Wrong {
        person: Some(Key("devices.wrong.person")),
        name: Some(Key("devices.wrong.name")),
        days: Some(Key("devices.wrong.days")),
    };
    let issued = |name: &str, person: Option<&str>| IssuedPage {
        ui: member(lang, "/devices/issue", true),
        name: name.to_owned(),
        person: person.map(str::to_owned),
        file_name: "device-5f1c0a77.p12".to_owned(),
        file: "data:application/x-pkcs12;base64,MIIB".to_owned(),
        password: "abcde-fghij-kmnpq-rstuv".to_owned(),
        until: NOW + Duration::days(365),
    };
    [
        ("device-issue", html(&form("", Wrong::default()))),
        ("device-issue-wrong", html(&form(HOSTILE, wrong))),
        ("device-issued", html(&issued("Laptop 12", None))),
        (
            "device-issued-person",
            html(&issued(HOSTILE, Some(HOSTILE))),
        ),
    ]
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let rows = vec![
        device("Laptop 12", Some("長屋 花子"), DeviceState::Good),
        device("Tablet", None, DeviceState::EndsSoon),
        device("CN=laptop, O=Example", Some("Taro"), DeviceState::Ended),
        device(HOSTILE, Some(HOSTILE), DeviceState::Revoked),
    ];
    let act = |act, is_lockout| DeviceActPage {
        ui: member(lang, "/devices", true),
        act,
        item: device(HOSTILE, Some(HOSTILE), DeviceState::Good),
        is_lockout,
    };
    let one = |wrong: bool| AuthorityPage {
        ui: member(lang, "/device-authorities", true),
        item: authority(false, "CN=Corporate devices, O=Example"),
        number: if wrong {
            HOSTILE.to_owned()
        } else {
            String::new()
        },
        number_wrong: wrong.then_some(Key("authorities.wrong.number")),
        list_wrong: wrong.then_some(Key("authorities.wrong.list")),
        is_lockout: wrong,
        done: (!wrong).then_some(Key("authorities.done.revoked")),
    };
    let remove = |is_own| AuthorityRemovePage {
        ui: member(lang, "/device-authorities", true),
        item: authority(is_own, HOSTILE),
        is_lockout: is_own,
    };
    let both = vec![
        authority(true, "CN=Example devices"),
        authority(false, HOSTILE),
    ];
    let too_weak = Some(Key("authorities.wrong.weak"));
    let mut pages = vec![
        ("devices", html(&list(lang, rows, ""))),
        ("devices-empty", html(&list(lang, Vec::new(), ""))),
        ("devices-none", html(&list(lang, Vec::new(), HOSTILE))),
        ("device-revoke", html(&act(DeviceAct::Revoke, true))),
        ("device-renew", html(&act(DeviceAct::Renew, false))),
        ("authorities", html(&authorities(lang, both, None))),
        (
            "authorities-wrong",
            html(&authorities(lang, Vec::new(), too_weak)),
        ),
        ("authority", html(&one(false))),
        ("authority-wrong", html(&one(true))),
        ("authority-remove", html(&remove(false))),
        ("authority-remove-own", html(&remove(true))),
        ("device-check", html(&check(lang, None, None))),
        (
            "device-check-refused",
            html(&check(lang, Some(Refusal::None), None)),
        ),
        (
            "device-check-shown",
            html(&check(lang, None, Some(HOSTILE))),
        ),
    ];
    pages.extend(issuing(lang));
    pages
}
