//! Rights for one service code each.

use super::samples::{HOSTILE, NOW, html, member};
use crate::{
    actor::Role,
    grants::{
        page::{CodeAccessPage, CodePage, CodesPage},
        service::{Given, Overview, Served},
    },
    portal::{Key, Lang, Paging},
    sessions::{page::SessionKeptPage, service::InCode},
};
use uuid::Uuid;
use wire::ids::{SessionId, UserId};

/// A service code.
pub(super) fn served(closed: bool) -> Served {
    Served {
        id: Uuid::from_u128(u128::from(closed)),
        code: "NGY-2026-0004711-DESK-A".to_owned(),
        service: "仮想デスクトップ".to_owned(),
        closed,
        ended: closed,
        rights: i64::from(closed),
    }
}

/// A right in it.
pub(super) fn given() -> Given {
    Given {
        id: Uuid::from_u128(7),
        user: UserId(Uuid::from_u128(1)),
        full_name: HOSTILE.to_owned(),
        email: "maria.fernandez-villaverde@example.jp".to_owned(),
        role: Role::Administrator,
        code: Uuid::from_u128(1),
        granted_by: "佐藤 花子".to_owned(),
        granted_at_ms: ms(),
    }
}

fn ms() -> i64 {
    i64::try_from(NOW.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

fn overview(closed: bool, full: bool) -> Overview {
    let session = InCode {
        id: SessionId(Uuid::from_u128(3)),
        user: UserId(Uuid::from_u128(1)),
        desktop: "デスクトップ".to_owned(),
        connected: true,
        requested_at_ms: ms(),
    };
    Overview {
        code: served(closed),
        grants: if full { vec![given()] } else { Vec::new() },
        sessions: if full {
            vec![(session, "鈴木 一郎".to_owned())]
        } else {
            Vec::new()
        },
    }
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let codes = |codes| {
        html(&CodesPage {
            ui: member(lang, "/service-codes", true),
            codes,
        })
    };
    let code = |closed, full, wrong: bool| {
        html(&CodePage {
            ui: member(lang, "/service-codes/1", true),
            of: overview(closed, full),
            query: if full {
                HOSTILE.to_owned()
            } else {
                String::new()
            },
            paging: Paging {
                page: 1,
                per_page: 25,
                total: u64::from(full),
            },
            typed: (HOSTILE.to_owned(), "user".to_owned()),
            wrong_email: wrong.then_some(Key("grants.error.nobody")),
            wrong_role: wrong.then_some(Key("grants.error.role")),
            done: full.then_some(Key("grants.done.granted")),
        })
    };
    let access = |closed| {
        html(&CodeAccessPage {
            ui: member(lang, "/service-codes/1/access", true),
            code: served(closed),
            sessions: 12,
        })
    };
    let kept = html(&SessionKeptPage {
        ui: member(lang, "/sessions/9", false),
        name: "デスクトップ".to_owned(),
        end_url: "/sessions/9/end".to_owned(),
    });
    vec![
        ("session-kept", kept),
        ("service-codes", codes(vec![served(true), served(false)])),
        ("service-codes-none", codes(Vec::new())),
        ("service-code", code(true, true, false)),
        ("service-code-wrong", code(false, false, true)),
        ("service-code-close", access(false)),
        ("service-code-open", access(true)),
    ]
}
