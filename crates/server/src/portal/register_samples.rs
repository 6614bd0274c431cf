//! A file of people: before, while and after it is looked at.

use super::samples::{HOSTILE, html, member};
use crate::{
    actor::Role,
    identity::register::{
        page::{CheckPage, DonePage, ImportPage, NewLink},
        plan::{Plan, Problem, Step},
        table::Encoding,
        words::{Action, Column},
    },
    portal::{Key, Lang},
};

fn problem(line: Option<u64>, column: Option<Column>, what: &'static str, cell: &str) -> Problem {
    Problem {
        line,
        column,
        what: Key(what),
        cell: cell.to_owned(),
        other: 12,
    }
}

fn step(line: u64, before: Option<Role>, name: &str, acts: &[Action]) -> Step {
    Step {
        line,
        person: None,
        email: "maria.fernandez-villaverde@example.jp".to_owned(),
        before: before.map(|role| ("佐藤 花子".to_owned(), role)),
        full_name: name.to_owned(),
        role: Role::Administrator,
        acts: acts.to_vec(),
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        encoding: Encoding::ShiftJis,
        unused: vec!["所属".to_owned(), HOSTILE.to_owned()],
        steps,
        same: 128,
        problems: Vec::new(),
        digest: "ab".repeat(32),
    }
}

fn steps() -> Vec<Step> {
    vec![
        step(2, None, HOSTILE, &[Action::Add]),
        step(
            3,
            Some(Role::User),
            "鈴木 一郎",
            &[Action::Change, Action::Suspend],
        ),
        step(
            1204,
            Some(Role::Administrator),
            "佐藤 花子",
            &[Action::Remove],
        ),
    ]
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let import = |problems, is_stale| {
        html(&ImportPage {
            ui: member(lang, "/users/import", true),
            problems,
            is_stale,
        })
    };
    let check = |steps, is_stale| {
        html(&CheckPage {
            ui: member(lang, "/users/import", true),
            plan: plan(steps),
            file: "YQ".to_owned(),
            is_stale,
        })
    };
    let done = DonePage {
        ui: member(lang, "/users/import", true),
        plan: plan(steps()),
        links: vec![NewLink {
            full_name: HOSTILE.to_owned(),
            email: "ichiro@example.jp".to_owned(),
            link: format!("https://desk.example.jp/welcome/{}", "s3cret".repeat(7)),
        }],
        links_url: "data:text/csv;charset=utf-8;base64,YQ==".to_owned(),
        hours: 24,
    };
    let (role, twice) = ("register.problem.role", "register.problem.twice");
    let wrong = vec![
        problem(None, None, "register.problem.big", ""),
        problem(Some(3), Some(Column::Role), role, HOSTILE),
        problem(
            Some(1204),
            Some(Column::Address),
            twice,
            "ichiro@example.jp",
        ),
    ];
    vec![
        ("import", import(Vec::new(), false)),
        ("import-wrong", import(wrong, true)),
        ("import-check", check(steps(), false)),
        ("import-nothing", check(Vec::new(), true)),
        ("import-done", html(&done)),
    ]
}
