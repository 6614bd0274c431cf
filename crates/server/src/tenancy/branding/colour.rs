//! A colour that a customer chose, and the tints of it that can be read in light and dark (WCAG 2.2, 1.4.3 and 1.4.11).

use std::fmt;

/// What text needs (WCAG AA), with a little to spare for rounding.
const TEXT: f64 = 4.55;
/// Grounds of light pages on which the accent stands as text, the darkest: `--ng-sunken` of `assets/css/tokens.css`.
const LIGHT_GROUND: Colour = Colour([0xe9, 0xeb, 0xe7]);
/// Of dark pages, the lightest: `--ng-raised`.
const DARK_GROUND: Colour = Colour([0x22, 0x2a, 0x37]);
/// The ground of panels: `--ng-surface` in light and dark.
const SURFACES: [Colour; 2] = [WHITE, Colour([0x1a, 0x20, 0x2b])];
/// Text that is less important: `--ng-ink-soft` in light and dark.
const SOFT_INKS: [Colour; 2] = [Colour([0x4c, 0x56, 0x6a]), Colour([0xab, 0xb5, 0xc5])];
const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);
/// Text on the accent in dark pages.
const NIGHT: Colour = Colour([0x0c, 0x10, 0x17]);
/// In how many steps a colour is made darker or lighter.
const STEPS: u32 = 64;

/// Red, green and blue, sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The tints of one appearance, by the names of the style sheets' tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tints {
    /// Text and buttons: `lead`, `focus`, `mark`.
    pub lead: Colour,
    /// Under the pointer.
    pub lead_hover: Colour,
    /// Text on `lead` and `lead_hover`.
    pub on_lead: Colour,
    /// A quiet ground.
    pub lead_soft: Colour,
    /// Text on it.
    pub on_lead_soft: Colour,
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// A colour of the form `#rrggbb`.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let hex = typed.trim().strip_prefix('#')?;
        if hex.len() != 6 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// Relative luminance (WCAG 2.2, definition of that name).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let value = f64::from(part) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The ratio of contrast, from 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// So many of [`STEPS`] of the way to another.
    fn towards(self, other: Self, steps: u32) -> Self {
        let mut mixed = self.0;
        for (part, end) in mixed.iter_mut().zip(other.0) {
            let sum = u32::from(*part) * (STEPS - steps) + u32::from(end) * steps;
            *part = u8::try_from(sum / STEPS).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    /// The first colour on the way to another that can be read on a ground.
    fn readable(self, towards: Self, ground: Self) -> Self {
        (0..=STEPS)
            .map(|steps| self.towards(towards, steps))
            .find(|tint| tint.contrast(ground) >= TEXT)
            .unwrap_or(towards)
    }
}

impl Tints {
    /// The tints for light and for dark pages.
    #[must_use]
    pub fn of(accent: Colour) -> [Self; 2] {
        let light = accent.readable(BLACK, LIGHT_GROUND);
        let dark = accent.readable(WHITE, DARK_GROUND);
        let soft = |at: usize, lead: Colour| {
            (0..=STEPS / 8)
                .rev()
                .map(|steps| SURFACES[at].towards(lead, steps))
                .find(|soft| soft.contrast(SOFT_INKS[at]) >= TEXT)
                .unwrap_or(SURFACES[at])
        };
        let [soft_light, soft_dark] = [soft(0, light), soft(1, dark)];
        [
            Self {
                lead: light,
                lead_hover: light.towards(BLACK, STEPS / 4),
                on_lead: WHITE,
                lead_soft: soft_light,
                on_lead_soft: light.readable(BLACK, soft_light),
            },
            Self {
                lead: dark,
                lead_hover: dark.towards(WHITE, STEPS / 4),
                on_lead: NIGHT,
                lead_soft: soft_dark,
                on_lead_soft: dark.readable(WHITE, soft_dark),
            },
        ]
    }

    /// A style sheet that puts the tints in the place of the product's own.
    #[must_use]
    pub fn style(accent: Colour) -> String {
        let [light, dark] = Self::of(accent);
        let tokens = [
            ("lead", light.lead, dark.lead),
            ("lead-hover", light.lead_hover, dark.lead_hover),
            ("on-lead", light.on_lead, dark.on_lead),
            ("lead-soft", light.lead_soft, dark.lead_soft),
            ("on-lead-soft", light.on_lead_soft, dark.on_lead_soft),
            ("mark", light.lead, dark.lead),
            ("focus", light.lead, dark.lead),
        ];
        let lines = tokens
            .iter()
            .map(|(name, light, dark)| format!("  --ng-{name}: light-dark({light}, {dark});\n"));
        format!(":root {{\n{}}}\n", lines.collect::<String>())
    }

    /// What the accent is read with as it was chosen, in light and in dark.
    #[must_use]
    pub fn contrasts(accent: Colour) -> [f64; 2] {
        [LIGHT_GROUND, DARK_GROUND].map(|ground| accent.contrast(ground))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{fs, path::Path};

    /// A token of the style sheet in light and dark.
    fn token(name: &str) -> [Colour; 2] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/css/tokens.css");
        let css = fs::read_to_string(file).unwrap();
        let line = format!("--ng-{name}: light-dark(");
        let (_, rest) = css.split_once(&line).unwrap();
        let (light, rest) = rest.split_once(", ").unwrap();
        let dark = rest.split(')').next().unwrap();
        [Colour::parse(light).unwrap(), Colour::parse(dark).unwrap()]
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        assert_eq!(token("sunken")[0], LIGHT_GROUND);
        assert_eq!(token("raised")[1], DARK_GROUND);
        assert_eq!(token("surface"), SURFACES);
        assert_eq!(token("ink-soft"), SOFT_INKS);
    }

    #[test]
    fn only_colours_are_colours() {
        assert_eq!(Colour::parse(" #0A141e ").unwrap().to_string(), "#0a141e");
        for text in [
            "",
            "#fff",
            "red",
            "#12345g",
            "#1234567",
            "#+1+1+1",
            "#ffffff;}",
            "#あい",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays_as_it_is() {
        let indigo = Colour::parse("#274a8a").unwrap();
        assert_eq!(Tints::of(indigo)[0].lead, indigo);
        let yellow = Colour::parse("#ffee00").unwrap();
        let [light, dark] = Tints::of(yellow);
        assert_ne!(light.lead, yellow);
        assert_eq!(dark.lead, yellow);
    }

    proptest! {
        /// Every pair of which a page is made can be read, whatever was chosen.
        #[test]
        fn whatever_is_chosen_can_be_read(rgb: [u8; 3]) {
            let tints = Tints::of(Colour(rgb));
            for (at, tint) in tints.iter().enumerate() {
                for ground in ["ground", "surface", "sunken", "raised"] {
                    let ground = token(ground)[at];
                    prop_assert!(tint.lead.contrast(ground) >= 4.5);
                    prop_assert!(tint.lead_hover.contrast(ground) >= 4.5);
                }
                prop_assert!(tint.on_lead.contrast(tint.lead) >= 4.5);
                prop_assert!(tint.on_lead.contrast(tint.lead_hover) >= 4.5);
                prop_assert!(tint.on_lead_soft.contrast(tint.lead_soft) >= 4.5);
                for ink in ["ink", "ink-soft"] {
                    prop_assert!(token(ink)[at].contrast(tint.lead_soft) >= 4.5);
                }
            }
        }
    }
}
