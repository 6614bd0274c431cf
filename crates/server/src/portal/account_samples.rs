//! One's own account and its factors.

use super::samples::{HOSTILE, NOW, guest, html, member};
use crate::{
    identity::{
        account::{
            page::{AccountPage, OwnSession, OwnSignIn},
            service::OwnPassword,
        },
        factors::{
            page::{Act, BeginPage, CodePage, CodesPage, EnrolPage, ProvePage},
            service::Ways,
        },
        forgot::page::{AskedPage, ForgotPage},
        page::NewPassword,
        passkeys::page::{AddPage, EditPage, OwnPasskey, RemovePage},
        policy::{
            draft::{Draft, Wrong},
            page::{ProveAgainPage, RoleRow, RulesEditPage, RulesPage},
            rules::{Rules, Window},
        },
    },
    one_time_code::{self, Authenticator},
    overview::{Chart, Tile, page::OverviewPage},
    portal::{Key, Lang},
};
use time::Duration;

fn overview(lang: Lang) -> OverviewPage {
    let tile = |name, figure: &str, notes: &[&str], tone| Tile {
        name,
        label: Key("overview.people"),
        figure: figure.to_owned(),
        notes: notes.iter().map(ToString::to_string).collect(),
        tone,
        href: "/users".to_owned(),
    };
    OverviewPage {
        ui: member(lang, "/overview", true),
        at: NOW,
        tiles: vec![
            tile("people", "128", &[HOSTILE], ""),
            tile("promises", "2", &["22"], "bad"),
            tile("factors", "7", &[], "note"),
        ],
        chart: Some(Chart::of(&[1, 0, 12, 4, 9, 3, 2].map(|count| (0, count)))),
    }
}

fn federated(lang: Lang) -> AccountPage {
    AccountPage {
        password: OwnPassword::Federated,
        ..account(lang, false, "Safari, iPhone", false)
    }
}

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
        password: OwnPassword::Used,
        done: (!wrong && authenticator).then_some(Key("account.done.password")),
        current_error: wrong.then(|| HOSTILE.to_owned()),
        fields: if wrong {
            fields
        } else {
            NewPassword::default()
        },
        authenticator,
        second_factor: authenticator,
        passkeys: Some(if authenticator {
            vec![passkey("iPhone"), passkey(HOSTILE)]
        } else {
            Vec::new()
        }),
        recovery_codes: if wrong { 2 } else { 10 },
        tokens: usize::from(wrong),
        sessions: vec![
            session("Chrome, Windows", true, 1),
            session(browser, false, 5),
        ],
        sign_ins: vec![sign_in(1, false), sign_in(4, true), sign_in(5, false)],
    }
}

fn passkey(name: &str) -> OwnPasskey {
    OwnPasskey {
        id: uuid::Uuid::from_u128(11),
        name: name.to_owned(),
        added: NOW - Duration::days(40),
        last_used: (name != HOSTILE).then_some(NOW),
    }
}

fn passkeys(lang: Lang) -> Vec<(&'static str, String)> {
    let add = |name: &str, name_error, error| AddPage {
        ui: member(lang, "/account/passkeys/add", false),
        name: name.to_owned(),
        name_error,
        error,
        is_first: name.is_empty(),
    };
    let edit = |name: &str, name_error| EditPage {
        ui: member(lang, "/account", false),
        passkey: passkey("iPhone"),
        name: name.to_owned(),
        name_error,
    };
    let remove = |error| RemovePage {
        ui: member(lang, "/account", false),
        passkey: passkey("iPhone"),
        is_last: true,
        error,
    };
    let name_error = Some(Key("passkeys.error.name"));
    let taken = Some(Key("passkeys.error.taken"));
    vec![
        ("passkey-add", html(&add("", None, None))),
        ("passkey-add-wrong", html(&add(HOSTILE, name_error, taken))),
        ("passkey", html(&edit("iPhone", None))),
        ("passkey-wrong", html(&edit(HOSTILE, name_error))),
        ("passkey-remove", html(&remove(None))),
        (
            "passkey-required",
            html(&remove(Some(Key("passkeys.error.required")))),
        ),
    ]
}

fn strict() -> Rules {
    let window = |days, from_min, to_min| Window {
        days,
        from_min,
        to_min,
    };
    let week = [true, true, true, true, true, false, false];
    let networks = ["192.0.2.0/24", "2001:db8:4f:12::/64", "203.0.113.77/32"];
    Rules {
        second_factor: true,
        networks: networks.iter().filter_map(|net| net.parse().ok()).collect(),
        windows: vec![
            window(week, 8 * 60 + 30, 19 * 60),
            window(
                [false, false, false, false, false, true, false],
                22 * 60,
                6 * 60,
            ),
        ],
        idle_timeout_min: 45,
        proof_before_connect: true,
        ..Rules::default()
    }
}

fn rules(lang: Lang, manages: bool) -> RulesPage {
    let row = |name, label, rules, bare| RoleRow {
        name,
        label: Key(label),
        rules,
        bare,
        without_passkey: bare,
    };
    RulesPage {
        ui: member(lang, "/sign-in-rules", true),
        roles: vec![
            row(
                "operations_contact",
                "role.operations_contact",
                Rules::default(),
                0,
            ),
            row("administrator", "role.administrator", strict(), 0),
            row("user", "role.user", Rules::default(), 128),
            row("auditor", "role.auditor", strict(), 2),
        ],
        zone: "Asia/Tokyo".to_owned(),
        manages,
        is_saved: manages,
    }
}

fn rules_edit(lang: Lang, draft: Draft, wrong: Wrong) -> RulesEditPage {
    RulesEditPage {
        ui: member(lang, "/sign-in-rules/user", true),
        name: "user",
        label: Key("role.user"),
        draft,
        wrong,
        address: "2001:db8::12".to_owned(),
        zone: "Asia/Tokyo".to_owned(),
        bare: 128,
        without_passkey: 130,
        offers_passkey: true,
    }
}

/// Sign-in rules, and the page that asks again who one is.
fn policy(lang: Lang) -> Vec<(&'static str, String)> {
    let mut typed = Draft::of(&strict());
    HOSTILE.clone_into(&mut typed.networks);
    typed.windows[2].from = "24:00".to_owned();
    typed.idle_timeout_min = HOSTILE.to_owned();
    let wrong = typed.check().err().map(|wrong| *wrong);
    let wrong = wrong.unwrap_or_default();
    let lockout = Wrong {
        lockout: Some(Key("policy.lockout.network")),
        ..Wrong::default()
    };
    let prove = |asks_code, error| ProveAgainPage {
        ui: member(lang, "/prove", false),
        asks_code,
        password: true,
        provider: asks_code,
        offers_passkey: asks_code,
        error,
        next: "/users".to_owned(),
    };
    let provider_alone = ProveAgainPage {
        password: false,
        offers_passkey: false,
        ..prove(true, None)
    };
    vec![
        ("sign-in-rules", html(&rules(lang, true))),
        ("sign-in-rules-read", html(&rules(lang, false))),
        (
            "sign-in-rules-edit",
            html(&rules_edit(lang, Draft::of(&strict()), lockout)),
        ),
        ("sign-in-rules-wrong", html(&rules_edit(lang, typed, wrong))),
        ("prove", html(&prove(false, None))),
        ("prove-wrong", html(&prove(true, Some(HOSTILE.to_owned())))),
        ("prove-provider", html(&provider_alone)),
    ]
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let code = |error: Option<String>| CodePage {
        ui: guest(lang, "/sign-in/code"),
        error,
        ways: Ways {
            code: true,
            passkey: false,
        },
        next: "/desktops".to_owned(),
    };
    let totp = one_time_code::of(vec![7; 20], "Nagaya", "hanako@example.jp");
    let enrol = totp.and_then(|totp| Authenticator::new(&totp));
    let enrol = enrol.map(|authenticator| EnrolPage {
        ui: member(lang, "/account/authenticator", false),
        authenticator,
        error: None,
        offers_passkey: true,
    });
    let prove = |act, error| ProvePage {
        ui: member(lang, "/account", false),
        act,
        asks_password: true,
        error,
    };
    let bare = ProvePage {
        asks_password: false,
        ..prove(Act::NewCodes, None)
    };
    let either = CodePage {
        ways: Ways {
            code: false,
            passkey: true,
        },
        ..code(None)
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
        ("account-federated", html(&federated(lang))),
        ("account-wrong", html(&account(lang, true, HOSTILE, true))),
        ("code", html(&code(None))),
        ("code-wrong", html(&code(Some(HOSTILE.to_owned())))),
        ("factor-off", html(&prove(Act::TurnOff, None))),
        ("factor-codes-bare", html(&bare)),
        (
            "factor-codes",
            html(&prove(Act::NewCodes, Some(HOSTILE.to_owned()))),
        ),
        ("code-passkey", html(&either)),
        ("recovery-codes", html(&codes)),
    ];
    let begin = BeginPage {
        ui: member(lang, "/account/authenticator", false),
    };
    pages.push(("enrol-begin", html(&begin)));
    pages.push(("overview", html(&overview(lang))));
    let forgot = |sends_mail, email: &str, error| ForgotPage {
        ui: guest(lang, "/forgot"),
        sends_mail,
        email: email.to_owned(),
        error,
    };
    let asked = AskedPage {
        ui: guest(lang, "/forgot"),
        hours: 24,
    };
    let not_one = Some(Key("person.error.email_wrong"));
    pages.extend([
        ("forgot", html(&forgot(true, "", None))),
        ("forgot-wrong", html(&forgot(true, HOSTILE, not_one))),
        ("forgot-without-mail", html(&forgot(false, "", None))),
        ("forgot-asked", html(&asked)),
    ]);
    pages.extend(passkeys(lang));
    pages.extend(policy(lang));
    pages.extend(enrol.map(|page| ("factor-on", html(&page))));
    pages
}
