//! The demonstration's provider: who it says it is, what it offers, its terms, and what its customers have agreed on.

use crate::{
    app::App,
    db::Tx,
    portal::Lang,
    tenancy::{
        By, ContractError, Draft, Names, Offer, Profile, Region, contracts as contract,
        offers as provider,
    },
};
use uuid::Uuid;
use wire::ids::TenantId;

const REGIONS: [[&str; 4]; 2] = [
    ["jp-east", "東日本", "East Japan", "JP"],
    ["us-west", "米国西部", "US West", "US"],
];

/// Code, the service that it is an option of, names and descriptions.
const CATALOGUE: [[&str; 6]; 4] = [
    [
        "desktop",
        "",
        "仮想デスクトップ",
        "Virtual desktops",
        "一人ひとりのデスクトップを、ブラウザーで使えます。",
        "A desktop for each person, in the browser.",
    ],
    [
        "application",
        "",
        "公開アプリケーション",
        "Published applications",
        "アプリケーションを一つずつ、ブラウザーで使えます。",
        "Single applications, in the browser.",
    ],
    [
        "long-log",
        "desktop",
        "操作履歴の長期保存",
        "Longer activity log",
        "操作履歴を31日より長く保存します。",
        "Keeps the activity log for longer than 31 days.",
    ],
    [
        "log-stream",
        "desktop",
        "操作履歴の転送",
        "Activity log stream",
        "操作履歴を、お客様の収集基盤へ転送します。",
        "Sends the activity log to the customer's own collector.",
    ],
];

const TERMS_JA: &str = include_str!("terms_ja.txt");
const TERMS_EN: &str = include_str!("terms_en.txt");
/// Who wrote the demonstration's contracts, for readers.
const WHO: &str = "Nagaya";

/// Says who the provider is and what it offers, unless it is said already.
pub(crate) async fn introduce(app: &App, tx: &mut Tx) -> sqlx::Result<()> {
    if provider::profile(tx).await? == Profile::default() {
        let profile = Profile {
            name_ja: "長屋クラウド株式会社（デモ）".to_owned(),
            name_en: "Nagaya Cloud K.K. (demonstration)".to_owned(),
            address_ja: "〒100-0000 東京都千代田区見本1-2-3".to_owned(),
            address_en: "1-2-3 Mihon, Chiyoda-ku, Tokyo 100-0000, Japan".to_owned(),
            window_ja: "お客様窓口（平日 9時から18時）".to_owned(),
            window_en: "Customer desk, weekdays 9:00 to 18:00 JST".to_owned(),
            phone: "03-0000-0000".to_owned(),
            email: "desk@nagaya.example".to_owned(),
        };
        provider::set_profile(app, tx, &profile).await?;
    }
    for [code, name_ja, name_en, country] in REGIONS {
        let region = Region {
            code: code.to_owned(),
            name_ja: name_ja.to_owned(),
            name_en: name_en.to_owned(),
            country: country.to_owned(),
            retired_at_ms: None,
        };
        provider::add_region(tx, &region).await?;
    }
    for [code, of, name_ja, name_en, description_ja, description_en] in CATALOGUE {
        let offer = Offer {
            code: code.to_owned(),
            option_of: (!of.is_empty()).then(|| of.to_owned()),
            name_ja: name_ja.to_owned(),
            name_en: name_en.to_owned(),
            description_ja: description_ja.to_owned(),
            description_en: description_en.to_owned(),
            retired_at_ms: None,
        };
        provider::add_offer(tx, &offer).await?;
    }
    if provider::terms(tx).await?.is_empty() {
        provider::publish(app, tx, TERMS_JA.trim(), TERMS_EN.trim()).await?;
    }
    Ok(())
}

/// A contract and service codes for a customer that has none, and their labels on everything that has none.
pub(crate) async fn agree(
    app: &App,
    tx: &mut Tx,
    (tenant, code): (TenantId, &str),
    lang: Lang,
) -> Result<(), ContractError> {
    let of = contract::overview(app, tx, tenant, Names::Sealed).await?;
    if !of.versions.is_empty() {
        return Ok(());
    }
    let by = By { tenant, who: WHO };
    let reason = match lang {
        Lang::Ja => "新しいご契約",
        Lang::En => "A new contract",
    };
    let draft = Draft {
        number: format!("N-{code}"),
        starts_on: contract::today(app),
        terms_version: "1".to_owned(),
        retention_days: "31".to_owned(),
        max_people: "50".to_owned(),
        max_sessions: "50".to_owned(),
        regions: vec!["jp-east".to_owned()],
        reason: reason.to_owned(),
        ..Draft::default()
    };
    contract::revise(app, tx, by, &draft).await?;
    let label = code.to_uppercase();
    let desktop: Uuid = contract::add_code(app, tx, by, (&format!("{label}-D1"), "desktop", &[]))
        .await?
        .id;
    let application = contract::add_code(app, tx, by, (&format!("{label}-A1"), "application", &[]))
        .await?
        .id;
    Ok(contract::label(tx, by, desktop, application).await?)
}
