//! The page of a customer's look.

use super::{Colour, Draft, Tints, Wrong};
use crate::portal::{Key, Ui};
use askama::Template;

/// How the colour can be read in one appearance.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Light or dark.
    pub appearance: Key,
    /// The ratio of contrast as chosen, with one digit behind the point.
    pub contrast: String,
    /// Whether it can be read as it was chosen.
    pub is_fine: bool,
    /// The tint that is used.
    pub used: String,
}

/// `GET /branding`, its preview, and what is wrong after a `POST`.
#[derive(Template)]
#[template(path = "tenancy/branding/branding.html")]
pub struct BrandingPage {
    /// The reader.
    pub ui: Ui,
    /// What was typed.
    pub draft: Draft,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// Whether this page shows what is not kept yet.
    pub is_preview: bool,
    /// Whether there is something to take back.
    pub is_set: bool,
    /// What was just done.
    pub done: Option<Key>,
    /// Where people of this organisation sign in with its look.
    pub sign_in_url: String,
}

/// `GET /branding/reset`.
#[derive(Template)]
#[template(path = "tenancy/branding/reset.html")]
pub struct ResetPage {
    /// The reader.
    pub ui: Ui,
}

impl BrandingPage {
    /// How the colour can be read; nothing without one.
    fn readings(&self) -> Vec<Reading> {
        let Some(accent) = Colour::parse(&self.draft.accent) else {
            return Vec::new();
        };
        let appearances = [Key("theme.light"), Key("theme.dark")];
        let all = appearances
            .into_iter()
            .zip(Tints::contrasts(accent))
            .zip(Tints::of(accent));
        all.map(|((appearance, contrast), tints)| Reading {
            appearance,
            contrast: format!("{contrast:.1}"),
            is_fine: tints.lead == accent,
            used: tints.lead.to_string(),
        })
        .collect()
    }

    fn names(&self) -> [(&'static str, Key, &str, Option<Key>); 2] {
        let (draft, wrong) = (&self.draft, &self.wrong);
        [
            (
                "name_ja",
                Key("branding.name_ja"),
                &draft.name_ja,
                wrong.name_ja,
            ),
            (
                "name_en",
                Key("branding.name_en"),
                &draft.name_en,
                wrong.name_en,
            ),
        ]
    }
}

impl Reading {
    fn says(&self, ui: &Ui) -> String {
        let appearance = ui.label(self.appearance);
        if self.is_fine {
            return ui.filled(
                "branding.fine",
                &[("appearance", &appearance), ("contrast", &self.contrast)],
            );
        }
        ui.filled(
            "branding.changed",
            &[
                ("appearance", &appearance),
                ("contrast", &self.contrast),
                ("used", &self.used),
            ],
        )
    }
}
