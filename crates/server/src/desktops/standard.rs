//! What the image of every session host offers: a whole desktop and applications. New customers choose from it.

use super::store::DesktopRow;
use crate::portal::Lang;
use uuid::Uuid;
use wire::ids::{DesktopId, TenantId};

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standard {
    /// What a form calls it.
    pub(crate) code: &'static str,
    /// Its place in the list.
    position: i64,
    /// Its name in Japanese and in English.
    name: [&'static str; 2],
    /// One sentence in Japanese and in English.
    description: [&'static str; 2],
    /// The application's name in the image's catalogue; none for a whole desktop.
    application: Option<&'static str>,
}

/// All of them.
pub(crate) const STANDARD: [Standard; 5] = [
    Standard {
        code: "desktop",
        position: 0,
        name: ["業務デスクトップ", "Work desktop"],
        description: [
            "いつもの仕事のためのデスクトップです。",
            "A whole desktop for everyday work.",
        ],
        application: None,
    },
    Standard {
        code: "editor",
        position: 1,
        name: ["テキストエディター", "Text editor"],
        description: ["メモや文章を書きます。", "Write notes and texts."],
        application: Some("editor"),
    },
    Standard {
        code: "terminal",
        position: 2,
        name: ["ターミナル", "Terminal"],
        description: ["コマンドを使います。", "Work with commands."],
        application: Some("terminal"),
    },
    Standard {
        code: "files",
        position: 3,
        name: ["ファイル", "Files"],
        description: ["ファイルを整理します。", "Keep your files in order."],
        application: Some("files"),
    },
    Standard {
        code: "calculator",
        position: 4,
        name: ["電卓", "Calculator"],
        description: ["計算をします。", "Do a quick sum."],
        application: Some("calculator"),
    },
];

impl Standard {
    /// Its name in the reader's language.
    pub(crate) fn name(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.name[0],
            Lang::En => self.name[1],
        }
    }

    /// The row with which a customer is offered it.
    pub(crate) fn row(
        &self,
        id: DesktopId,
        tenant: TenantId,
        service_code: Option<Uuid>,
    ) -> DesktopRow {
        DesktopRow {
            id,
            tenant_id: tenant,
            position: self.position,
            name_ja: self.name[0].to_owned(),
            name_en: self.name[1].to_owned(),
            description_ja: self.description[0].to_owned(),
            description_en: self.description[1].to_owned(),
            application: self.application.map(str::to_owned),
            image: "machine".to_owned(),
            memory_mib: 2048,
            cpu_percent: 200,
            tasks: 512,
            service_code,
        }
    }
}
