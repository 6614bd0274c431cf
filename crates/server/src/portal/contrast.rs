//! The tokens' colours, computed against WCAG 2.2: success criteria 1.4.3 (text, 4.5) and 1.4.11 (edges of fields and
//! the focus ring, 3).

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::Path};

/// Ink and ground of every text in the style sheets.
const TEXTS: [(&str, &str); 32] = [
    ("ink", "ground"),
    ("ink", "surface"),
    ("ink", "sunken"),
    ("ink", "raised"),
    ("ink-soft", "ground"),
    ("ink-soft", "surface"),
    ("ink-soft", "sunken"),
    ("ink-soft", "raised"),
    ("lead", "ground"),
    ("lead", "surface"),
    ("lead", "raised"),
    ("lead", "sunken"),
    ("lead-hover", "ground"),
    ("lead-hover", "surface"),
    ("lead-hover", "raised"),
    ("on-lead", "lead"),
    ("on-lead", "lead-hover"),
    ("on-lead-soft", "lead-soft"),
    ("good", "ground"),
    ("good", "surface"),
    ("good", "good-soft"),
    ("note", "ground"),
    ("note", "surface"),
    ("note", "note-soft"),
    ("bad", "ground"),
    ("bad", "surface"),
    ("bad", "raised"),
    ("bad", "bad-soft"),
    ("on-night", "night"),
    ("surface", "bad"),
    ("ink", "lead-soft"),
    ("ink-soft", "lead-soft"),
];

/// What must be seen, but is not read.
const SHAPES: [(&str, &str); 8] = [
    ("line-strong", "ground"),
    ("line-strong", "surface"),
    ("line-strong", "raised"),
    ("focus", "ground"),
    ("focus", "surface"),
    ("focus", "raised"),
    ("mark", "surface"),
    ("mark", "ground"),
];

/// Each colour token by name, as light and dark.
fn colours() -> BTreeMap<String, [f64; 2]> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/css/tokens.css");
    let css = fs::read_to_string(file).unwrap();
    let mut colours = BTreeMap::new();
    for line in css.lines() {
        let Some((name, value)) = line
            .trim()
            .strip_prefix("--ng-")
            .and_then(|l| l.split_once(": "))
        else {
            continue;
        };
        let hex: Vec<f64> = value
            .split('#')
            .skip(1)
            .filter_map(|rest| luminance(rest.get(..6)?))
            .collect();
        match hex[..] {
            [both] => drop(colours.insert(name.to_owned(), [both, both])),
            [light, dark] => drop(colours.insert(name.to_owned(), [light, dark])),
            _ => {}
        }
    }
    colours
}

/// Relative luminance of `rrggbb` (WCAG 2.2, definition of that name).
fn luminance(hex: &str) -> Option<f64> {
    let part = |at: usize| {
        let value = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
        let value = f64::from(value) / 255.0;
        Some(if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        })
    };
    Some(0.2126 * part(0)? + 0.7152 * part(2)? + 0.0722 * part(4)?)
}

fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn too_low(pairs: &[(&str, &str)], least: f64) -> Vec<String> {
    let colours = colours();
    let mut low = Vec::new();
    for (ink, ground) in pairs {
        let (ink_of, ground_of) = (colours[*ink], colours[*ground]);
        for (at, appearance) in ["light", "dark"].iter().enumerate() {
            let ratio = contrast(ink_of[at], ground_of[at]);
            if ratio < least {
                low.push(format!("{ink} on {ground}, {appearance}: {ratio:.2}"));
            }
        }
    }
    low
}

#[test]
fn the_measure_is_right() {
    let (black, white) = (luminance("000000").unwrap(), luminance("ffffff").unwrap());
    assert!((contrast(black, white) - 21.0).abs() < 1e-9);
    // A published example: #767676 is the lightest grey that passes on white.
    assert!(contrast(luminance("767676").unwrap(), white) >= 4.5);
    assert!(contrast(luminance("777777").unwrap(), white) < 4.5);
}

#[test]
fn text_can_be_read_in_both_appearances() {
    assert_eq!(too_low(&TEXTS, 4.5), Vec::<String>::new());
}

#[test]
fn fields_and_the_focus_can_be_seen_in_both_appearances() {
    assert_eq!(too_low(&SHAPES, 3.0), Vec::<String>::new());
}
