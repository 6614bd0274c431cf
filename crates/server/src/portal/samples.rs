//! Every page with made-up content, for the tests and for looking at.

use super::grants_samples;
use super::{ErrorPage, Key, Lang, Paging, Problem, Ui, UserBadge};
use crate::{
    access,
    activity::acts::Outcome,
    activity::page::{ActivityPage, ActivityRow, KindOption},
    app::{ClockReading, ClockState},
    desktops::page::{Card, DesktopsPage, Icon, RunningSession},
    identity::{
        lifecycle::{Draft, Wrong},
        lifecycle_page::{
            Handover, InvitePage, LinkIssuedPage, PersonPage, RemovePage, RoleOption,
        },
        page::{
            AccountState, LinkExpiredPage, NewPassword, SignInPage, UserRow, UserSort, UsersPage,
            WelcomePage,
        },
    },
    notices::mail::{
        page::Delivered,
        state::{State, Why},
    },
    sessions::page::{SessionEndedPage, SessionPage, ended_because, script_json},
};
use askama::Template;
use time::{Duration, OffsetDateTime, macros::datetime};
use wire::{
    control::EndReason,
    ids::{Id as _, SessionId, UserId},
};

/// What no page may let through unescaped.
pub(super) const HOSTILE: &str = "<b onclick='x'>\"&</script>";

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-23 00:05:00 UTC);

/// The name of each sample and its HTML.
pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let mut pages = guests(lang);
    pages.extend(desktops(lang));
    pages.extend(sessions(lang));
    pages.extend(administrators(lang));
    pages.extend(histories(lang));
    pages.extend(people(lang));
    pages.extend(super::account_samples::all(lang));
    pages.extend(super::tenancy_samples::all(lang));
    pages.extend(super::device_samples::all(lang));
    pages.extend(super::register_samples::all(lang));
    pages.extend(super::federation_samples::all(lang));
    pages.extend(super::grants_samples::all(lang));
    pages
}

pub(super) fn html(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}

pub(super) fn guest(lang: Lang, path: &str) -> Ui {
    Ui {
        lang,
        csrf: "c5rf".to_owned(),
        path: path.to_owned(),
        ..Ui::default()
    }
}

pub(super) fn member(lang: Lang, path: &str, administrator: bool) -> Ui {
    let (full_name, tenant_name) = match lang {
        Lang::Ja => ("佐藤 花子", "青葉設計株式会社"),
        Lang::En => ("Grace Hopper", "Harbour Design Ltd."),
    };
    let role = if administrator {
        Key("role.administrator")
    } else {
        Key("role.user")
    };
    guest(lang, path).signed_in(
        UserBadge {
            full_name: full_name.to_owned(),
            tenant_name: tenant_name.to_owned(),
            role,
            desktops: true,
            administrator,
            branding: administrator,
            terms_wait: false,
            codes: administrator,
        },
        "c5rf",
    )
}

/// What became of messages, in every way.
fn delivered() -> Vec<Delivered> {
    let sent = |kind, state| Delivered::new(kind, 1_795_000_000_000, state);
    let waits = |why| State::Waiting {
        failures: 1,
        retry_at_ms: 0,
        why,
    };
    let failed = |why| State::Failed { at_ms: 0, why };
    vec![
        sent("link", waits(Some(Why::Certificate))),
        sent("reset", waits(None)),
        sent("invitation", failed(Why::Address)),
        sent("password_changed", State::Sent { at_ms: 0 }),
        sent("link_made", State::Withdrawn { at_ms: 0 }),
    ]
}

fn guests(lang: Lang) -> Vec<(&'static str, String)> {
    let sign_in = |email: &str, error, retry_after_s| SignInPage {
        ui: guest(lang, "/sign-in"),
        action: "/sign-in".to_owned(),
        email: email.to_owned(),
        error,
        retry_after_s,
        next: "/desktops".to_owned(),
        sends_mail: retry_after_s.is_some(),
        offers_passkey: true,
    };
    let welcome = |password_error, repeat_error| WelcomePage {
        ui: guest(lang, "/welcome"),
        email: "hanako@example.jp".to_owned(),
        full_name: "佐藤 花子".to_owned(),
        tenant_name: "青葉設計株式会社".to_owned(),
        action: "/welcome".to_owned(),
        token: "t0ken".to_owned(),
        problem: None,
        fields: NewPassword {
            password_error,
            hints: Vec::new(),
            repeat_error,
        },
    };
    let wrong = Some(Key("sign_in.error.wrong"));
    let many = Some(Key("sign_in.error.too_many"));
    let problem = |problem| {
        html(&ErrorPage {
            ui: guest(lang, "/"),
            problem,
        })
    };
    vec![
        ("sign-in", html(&sign_in("", None, None))),
        ("sign-in-wrong", html(&sign_in(HOSTILE, wrong, None))),
        (
            "sign-in-too-many",
            html(&sign_in("hanako@example.jp", many, Some(30))),
        ),
        ("welcome", html(&welcome(None, None))),
        (
            "welcome-wrong",
            html(&welcome(
                Some(Key("password.error.too_short")),
                Some(Key("welcome.error.different")),
            )),
        ),
        (
            "link-expired",
            html(&LinkExpiredPage {
                ui: guest(lang, "/welcome"),
                sends_mail: false,
            }),
        ),
        (
            "link-expired-mail",
            html(&LinkExpiredPage {
                ui: guest(lang, "/welcome"),
                sends_mail: true,
            }),
        ),
        ("not-found", problem(Problem::NotFound)),
        ("forbidden", problem(Problem::Forbidden)),
        ("not-elevated", problem(Problem::NotElevated)),
        ("form-expired", problem(Problem::FormExpired)),
        ("try-again", problem(Problem::TryAgain)),
        (
            "too-many",
            problem(Problem::TooManyRequests { retry_after_s: 20 }),
        ),
    ]
}

fn card(name: &str, description: &str, icon: Icon, session: Option<bool>) -> Card {
    let session = session.map(|connected| RunningSession {
        id: SessionId::from_uuid(uuid::Uuid::from_u128(9)),
        since: NOW - Duration::minutes(95),
        connected,
        stop_url: "/sessions/9/stop".to_owned(),
    });
    Card {
        name: name.to_owned(),
        description: description.to_owned(),
        icon,
        launch_url: "/desktops/1/launch".to_owned(),
        session,
    }
}

fn desktops(lang: Lang) -> Vec<(&'static str, String)> {
    let words = match lang {
        Lang::Ja => [
            "標準デスクトップ",
            "文書作成、ブラウザー、ファイル管理がそろった、ふだん使いのデスクトップです。",
            "テキストエディター",
            "メモや文章の作成に",
            "ターミナル",
            "コマンドの実行に",
            "ファイル",
            "ファイルの整理に",
            "電卓",
        ],
        Lang::En => [
            "Standard desktop",
            "Documents, browser and files for everyday work.",
            "Text editor",
            "For notes and texts",
            "Terminal",
            "For commands",
            "Files",
            "For keeping order",
            "Calculator",
        ],
    };
    let applications = vec![
        card(words[2], words[3], Icon::of_application("editor"), None),
        card(
            words[4],
            words[5],
            Icon::of_application("terminal"),
            Some(false),
        ),
        card(words[6], words[7], Icon::of_application("files"), None),
        card(words[8], "", Icon::of_application("calculator"), None),
    ];
    let page = |administrator, desktops, applications| DesktopsPage {
        ui: member(lang, "/desktops", administrator),
        desktops,
        applications,
    };
    let desktop = |session| vec![card(words[0], words[1], Icon::Desktop, session)];
    let hostile = vec![card(HOSTILE, HOSTILE, Icon::Application, Some(true))];
    vec![
        (
            "desktops",
            html(&page(false, desktop(None), applications.clone())),
        ),
        (
            "desktops-running",
            html(&page(true, desktop(Some(true)), applications)),
        ),
        ("desktops-empty", html(&page(false, vec![], vec![]))),
        (
            "desktops-hostile",
            html(&page(false, hostile.clone(), hostile)),
        ),
    ]
}

fn sessions(lang: Lang) -> Vec<(&'static str, String)> {
    let session = SessionPage {
        ui: member(lang, "/sessions/9", false),
        data_json: script_json(&[HOSTILE]).unwrap_or_default(),
        name: HOSTILE.to_owned(),
    };
    let ended = SessionEndedPage {
        ui: member(lang, "/sessions/9", false),
        name: "デスクトップ".to_owned(),
        reason: ended_because(EndReason::SignedOut),
        launch_url: Some("/desktops/1/launch".to_owned()),
    };
    vec![("session", html(&session)), ("session-ended", html(&ended))]
}

fn administrators(lang: Lang) -> Vec<(&'static str, String)> {
    let people = [
        ("佐藤 花子", "hanako@example.jp", AccountState::Active),
        ("鈴木 一郎", "ichiro@example.jp", AccountState::Active),
        (
            "Maria de los Ángeles Fernández-Villaverde",
            "maria.fernandez-villaverde@example.jp",
            AccountState::Invited,
        ),
        ("高橋 健", "ken@example.jp", AccountState::Locked),
        (HOSTILE, HOSTILE, AccountState::Active),
    ];
    let rows: Vec<UserRow> = people
        .iter()
        .map(|(name, email, state)| UserRow {
            id: UserId::from_uuid(uuid::Uuid::from_u128(1)),
            full_name: (*name).to_owned(),
            email: (*email).to_owned(),
            role: if *name == "佐藤 花子" {
                Key("role.administrator")
            } else {
                Key("role.user")
            },
            state: *state,
            last_sign_in: (*state == AccountState::Active).then_some(NOW - Duration::hours(31)),
            mail: (*state == AccountState::Invited).then(|| delivered().remove(0)),
        })
        .collect();
    let users = |rows: Vec<UserRow>, query: &str, total| UsersPage {
        ui: member(lang, "/users", true),
        manages: true,
        rows,
        query: query.to_owned(),
        sort: UserSort::Name,
        descending: false,
        paging: Paging {
            page: 2,
            per_page: 20,
            total,
        },
    };
    vec![
        (
            "access",
            html(&access::matrix::page(member(lang, "/access", false))),
        ),
        ("users", html(&users(rows, "", 64))),
        ("users-none", html(&users(vec![], HOSTILE, 0))),
        ("users-empty", html(&users(vec![], "", 0))),
    ]
}

fn histories(lang: Lang) -> Vec<(&'static str, String)> {
    let activity = |rows, query: &str| {
        ActivityPage {
        ui: member(lang, "/activity", true),
        rows,
        query: query.to_owned(),
        kinds: vec![KindOption {
            value: "sign_in".to_owned(),
            label: Key("activity.what.signed_in"),
        }],
        kind: String::new(),
        outcomes: vec![KindOption {
            value: "failed".to_owned(),
            label: Key("activity.outcome.failed"),
        }],
        outcome: String::new(),
        from: String::new(),
        to: String::new(),
        before: None,
        kept_days: 31,
        first_day: "2026-10-23".to_owned(),
        last_day: "2026-11-23".to_owned(),
        paging: Paging {
            page: 1,
            per_page: 50,
            total: 3,
        },
        earlier: Some("/activity?q=&kind=&before=1800000000000".to_owned()),
        live_from: Some(3),
        may_stream: true,
        vkey: Some("nagaya.example/log/0192c8a4-57d0-7c35-8d3e-6a3f1f0d3c11+c3d2a1f0+AYp3v6mW0WZcT5PZc7nQ1k4h9p2mX6tYb3sJ8rLdVfEw".to_owned()),
    }
    };
    let event = |who: &str, what, detail: &str, address: &str| ActivityRow {
        at: NOW,
        clock: ClockReading {
            state: if who.is_empty() {
                ClockState::Unsynchronised
            } else {
                ClockState::Synchronised
            },
            error_us: None,
        },
        who: who.to_owned(),
        what,
        outcome: Outcome::Success,
        detail: detail.to_owned(),
        address: address.to_owned(),
    };
    let events = vec![
        event(
            "佐藤 花子",
            Key("activity.what.signed_in"),
            "",
            "192.0.2.15",
        ),
        event(
            "佐藤 花子",
            Key("activity.what.session_requested"),
            "標準デスクトップ",
            "2001:db8::12",
        ),
        event("", Key("activity.what.session_ended"), HOSTILE, ""),
    ];
    vec![
        ("activity", html(&activity(events, ""))),
        ("activity-none", html(&activity(vec![], HOSTILE))),
        ("activity-empty", html(&activity(vec![], ""))),
    ]
}

fn people(lang: Lang) -> Vec<(&'static str, String)> {
    let roles = || {
        vec![
            RoleOption {
                value: "user",
                label: Key("role.user"),
            },
            RoleOption {
                value: "administrator",
                label: Key("role.administrator"),
            },
        ]
    };
    let draft = |name: &str, email: &str| Draft {
        full_name: name.to_owned(),
        email: email.to_owned(),
        role: "user".to_owned(),
    };
    let invite = |draft, wrong, handover| {
        html(&InvitePage {
            ui: member(lang, "/users/invite", true),
            draft,
            wrong,
            roles: roles(),
            handover,
        })
    };
    let wrong = Wrong {
        full_name: Some(Key("person.error.name_characters")),
        email: Some(Key("person.error.email_taken")),
        role: Some(Key("person.error.role_missing")),
    };
    let person = |name: &str, state, yourself: bool, problem, done| {
        html(&PersonPage {
            ui: member(lang, "/users/1", true),
            base: "/users/1".to_owned(),
            full_name: name.to_owned(),
            draft: draft(name, "ichiro@example.jp"),
            wrong: Wrong::default(),
            problem,
            done,
            roles: roles(),
            state,
            factor: !yourself,
            tokens: usize::from(!yourself) * 2,
            yourself,
            sends_mail: yourself,
            delivered: if yourself { delivered() } else { Vec::new() },
            grants: vec![grants_samples::given()],
            codes: vec![grants_samples::served(true), grants_samples::served(false)],
            is_auditor: yourself,
        })
    };
    let link = LinkIssuedPage {
        ui: member(lang, "/users/invite", true),
        full_name: "鈴木 一郎".to_owned(),
        email: "ichiro@example.jp".to_owned(),
        link: format!("https://desk.example.jp/welcome/{}", "s3cret".repeat(7)),
        hours: 24,
    };
    let remove = |name: &str, problem| {
        html(&RemovePage {
            ui: member(lang, "/users/1/remove", true),
            base: "/users/1".to_owned(),
            full_name: name.to_owned(),
            email: "ichiro@example.jp".to_owned(),
            problem,
        })
    };
    let saved = Some(Key("person.done.saved"));
    let last = Some(Key("person.error.last_administrator"));
    vec![
        ("invite", invite(draft("", ""), Wrong::default(), None)),
        (
            "invite-mail",
            invite(draft("", ""), Wrong::default(), Some(Handover::Mail)),
        ),
        ("invite-wrong", invite(draft(HOSTILE, HOSTILE), wrong, None)),
        (
            "person",
            person("鈴木 一郎", AccountState::Active, false, None, saved),
        ),
        (
            "person-locked",
            person(HOSTILE, AccountState::Locked, false, last, None),
        ),
        (
            "person-yourself",
            person("佐藤 花子", AccountState::Active, true, None, None),
        ),
        ("link-issued", html(&link)),
        ("remove", remove("鈴木 一郎", None)),
        ("remove-refused", remove(HOSTILE, last)),
    ]
}
