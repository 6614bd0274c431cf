//! Pages of what a customer has: its look and its inventory.

use super::samples::{HOSTILE, NOW, guest, html, member};
use crate::{
    identity::page::SignInPage,
    portal::{Brand, Key, Lang, Paging},
    tenancy::{
        boundary::Side,
        branding::{
            Draft, Wrong,
            page::{BrandingPage, ResetPage},
        },
        inventory::{
            Sort,
            page::{AssetRow, InventoryPage},
        },
    },
};

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The name of each sample and its HTML.
pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let mut pages = looks(lang);
    pages.push(("inventory", inventory(lang, rows(), "")));
    pages.push(("inventory-none", inventory(lang, Vec::new(), HOSTILE)));
    pages
}

fn looks(lang: Lang) -> Vec<(&'static str, String)> {
    let brand = Brand {
        name: HOSTILE.to_owned(),
        logo_url: Some(format!("data:image/png;base64,{PIXEL}")),
        style_url: Some("/branding/preview.css?accent=%23ffee00".to_owned()),
    };
    let page = |text: &str, accent: &str, wrong, is_preview| {
        let mut ui = member(lang, "/branding", true);
        ui.brand = Some(brand.clone()).filter(|_| is_preview);
        let logo = if is_preview { PIXEL } else { "" };
        html(&BrandingPage {
            ui,
            draft: Draft {
                name_ja: text.to_owned(),
                name_en: text.to_owned(),
                accent: accent.to_owned(),
                logo: logo.to_owned(),
            },
            wrong,
            is_preview,
            is_set: !is_preview,
            done: None,
            sign_in_url: "https://desk.example.jp/at/aoba".to_owned(),
        })
    };
    let wrong = Wrong {
        name_ja: Some(Key("branding.error.name")),
        accent: Some(Key("branding.error.colour")),
        logo: Some(Key("branding.error.kind")),
        ..Wrong::default()
    };
    let mut ui = guest(lang, "/at/aoba");
    ui.brand = Some(brand.clone());
    let sign_in = SignInPage {
        ui,
        action: "/at/aoba".to_owned(),
        email: String::new(),
        error: None,
        retry_after_s: None,
        next: "/desktops".to_owned(),
        sends_mail: true,
        offers_passkey: true,
    };
    let reset = ResetPage {
        ui: member(lang, "/branding/reset", true),
    };
    vec![
        ("branding", page("", "", Wrong::default(), false)),
        (
            "branding-preview",
            page("青葉", "#ffee00", Wrong::default(), true),
        ),
        ("branding-wrong", page(HOSTILE, HOSTILE, wrong, false)),
        ("branding-reset", html(&reset)),
        ("sign-in-at", html(&sign_in)),
    ]
}

fn rows() -> Vec<AssetRow> {
    let row = |kind, name: &str, side, code: Option<&str>| AssetRow {
        kind,
        name: name.to_owned(),
        side,
        service_code: code.map(str::to_owned),
        is_labelled: code.is_some(),
        region: "jp-east".to_owned(),
        key: Some(1),
        created: Some(NOW),
        id: "0192c8a4-57d0-7c35-8d3e-6a3f1f0d3c11".to_owned(),
    };
    let unlabelled = AssetRow {
        is_labelled: true,
        created: None,
        key: None,
        ..row(Key("inventory.kind.session"), "", Side::Provider, None)
    };
    vec![
        row(
            Key("inventory.kind.account"),
            "佐藤 花子",
            Side::Customer,
            None,
        ),
        row(
            Key("inventory.kind.desktop"),
            HOSTILE,
            Side::Customer,
            Some(HOSTILE),
        ),
        unlabelled,
    ]
}

fn inventory(lang: Lang, rows: Vec<AssetRow>, query: &str) -> String {
    html(&InventoryPage {
        ui: member(lang, "/inventory", true),
        rows,
        query: query.to_owned(),
        kind: String::new(),
        sort: Sort::Kind,
        descending: false,
        paging: Paging {
            page: 2,
            per_page: 50,
            total: 120,
        },
    })
}
