//! One's own account and its factors.

use super::samples::{HOSTILE, NOW, guest, html, member};
use crate::{
    identity::{
        account::page::{AccountPage, OwnSession, OwnSignIn},
        factors::page::{Act, CodePage, CodesPage, EnrolPage, ProvePage},
        page::NewPassword,
    },
    one_time_code::{self, Authenticator},
    portal::{Key, Lang},
};
use time::Duration;

fn account(lang: Lang, authenticator: bool, browser: &str, wrong: bool) -> AccountPage {
    let session = |browser: &str, here, hours| OwnSession {
        id: uuid::Uuid::from_u128(7),
        address: "2001:db8::12".to_owned(),
        browser: browser.to_owned(),
        since: NOW - Duration::hours(hours),
        last_seen: NOW,
        here,
    };
    let sign_in = |hours, refused| OwnSignIn {
        at: NOW - Duration::hours(hours),
        address: "192.0.2.15".to_owned(),
        refused,
    };
    let fields = NewPassword {
        password_error: Some(Key("password.error.too_common")),
        hints: vec![Key("password.why.keyboard"), Key("password.tip.more_words")],
        repeat_error: None,
    };
    AccountPage {
        ui: member(lang, "/account", true),
        email: "hanako@example.jp".to_owned(),
        done: (!wrong && authenticator).then_some(Key("account.done.password")),
        current_error: wrong.then(|| HOSTILE.to_owned()),
        fields: if wrong {
            fields
        } else {
            NewPassword::default()
        },
        authenticator,
        recovery_codes: if wrong { 2 } else { 10 },
        sessions: vec![
            session("Chrome, Windows", true, 1),
            session(browser, false, 5),
        ],
        sign_ins: vec![sign_in(1, false), sign_in(4, true), sign_in(5, false)],
    }
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let code = |error: Option<String>| CodePage {
        ui: guest(lang, "/sign-in/code"),
        error,
        next: "/desktops".to_owned(),
    };
    let totp = one_time_code::of(vec![7; 20], "Nagaya", "hanako@example.jp");
    let enrol = totp.and_then(|totp| Authenticator::new(&totp));
    let enrol = enrol.map(|authenticator| EnrolPage {
        ui: member(lang, "/account/authenticator", false),
        authenticator,
        error: None,
    });
    let prove = |act, error| ProvePage {
        ui: member(lang, "/account", false),
        act,
        error,
    };
    let codes = CodesPage {
        ui: member(lang, "/account/authenticator", false),
        codes: vec!["abcd-efgh-jkmn-pqrs".to_owned(); 10],
    };
    let mut pages = vec![
        (
            "account",
            html(&account(lang, true, "Safari, iPhone", false)),
        ),
        ("account-new", html(&account(lang, false, "", false))),
        ("account-wrong", html(&account(lang, true, HOSTILE, true))),
        ("code", html(&code(None))),
        ("code-wrong", html(&code(Some(HOSTILE.to_owned())))),
        ("factor-off", html(&prove(Act::TurnOff, None))),
        (
            "factor-codes",
            html(&prove(Act::NewCodes, Some(HOSTILE.to_owned()))),
        ),
        ("recovery-codes", html(&codes)),
    ];
    pages.extend(enrol.map(|page| ("factor-on", html(&page))));
    pages
}
