//! Pages of an organisation's own sign-in with made-up content.

use super::samples::{HOSTILE, guest, html, member};
use crate::{
    identity::federation::{
        page::{FederationPage, FederationRemovePage, LeavingPage, NotInPage, Said, Standing},
        settings::{Draft, Settings, Wrong},
    },
    portal::{Key, Lang},
};
use wire::ids::{Id as _, UserId};

fn page(lang: Lang, draft: Draft) -> FederationPage {
    let user = UserId::from_uuid(uuid::Uuid::from_u128(7));
    FederationPage {
        ui: member(lang, "/federation", true),
        draft,
        wrong: Wrong::default(),
        done: None,
        said: None,
        state: None,
        administrators: vec![(user, HOSTILE.to_owned())],
        redirect_uri: "https://portal.example.jp/federation/callback".to_owned(),
        link: "https://portal.example.jp/federation/start/aoba".to_owned(),
    }
}

fn in_use(lang: Lang) -> FederationPage {
    let settings = Settings {
        joins_as: Some("user".to_owned()),
        closed: vec!["administrator".to_owned(), "user".to_owned()],
        emergency: Some(UserId::from_uuid(uuid::Uuid::from_u128(7))),
        factors: vec!["mfa".to_owned()],
        ..Settings::default()
    };
    let domains = ["aoba.example.jp".to_owned(), "aoba.example".to_owned()];
    let draft = Draft::of(
        ("https://login.aoba.example.jp/realms/aoba", "nagaya"),
        &domains,
        &settings,
    );
    FederationPage {
        done: Some((true, Key("federation.done.tested"))),
        said: Some(Said {
            issuer: "https://login.aoba.example.jp/realms/aoba".to_owned(),
            authorization: HOSTILE.to_owned(),
            token: "https://login.aoba.example.jp/realms/aoba/token".to_owned(),
            algorithms: "RS256, ES256".to_owned(),
            pkce: true,
            names_itself: false,
        }),
        state: Some(Standing {
            domains: vec![
                ("aoba.example.jp".to_owned(), true),
                ("aoba.example".to_owned(), false),
            ],
            people: 128,
            is_reopened: true,
        }),
        ..page(lang, draft)
    }
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let typed = Draft {
        issuer: HOSTILE.to_owned(),
        client_id: String::new(),
        scopes: "\"".to_owned(),
        domains: HOSTILE.to_owned(),
        joins_as: "administrator".to_owned(),
        closed: vec!["administrator".to_owned()],
        factors: "\\".to_owned(),
        ..Draft::default()
    };
    let wrong = FederationPage {
        wrong: typed.check().err().unwrap_or_default(),
        ..page(lang, typed)
    };
    let fresh = Draft::of(("", ""), &[], &Settings::default());
    vec![
        ("federation", html(&page(lang, fresh))),
        ("federation-in-use", html(&in_use(lang))),
        ("federation-wrong", html(&wrong)),
        (
            "federation-remove",
            html(&FederationRemovePage {
                ui: member(lang, "/federation/remove", true),
                issuer: HOSTILE.to_owned(),
                people: 128,
                without_password: 12,
            }),
        ),
        (
            "federation-leaving",
            html(&LeavingPage {
                ui: guest(lang, "/sign-in"),
                url: "https://login.aoba.example.jp/authorize?state=a&nonce=b".to_owned(),
                site: HOSTILE.to_owned(),
                by_itself: true,
            }),
        ),
        (
            "federation-not-in",
            html(&NotInPage {
                ui: guest(lang, "/sign-in"),
                problem: Key("federation.not_in.refused"),
            }),
        ),
    ]
}
