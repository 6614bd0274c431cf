//! `nagaya controls`: what the service promises, and the checks that show it.

use serde::Serialize;
use server::{
    evidence::{CONTROLS, Control},
    portal::{Key, Lang},
};
use std::{error::Error, io::Write as _};

#[derive(Debug, clap::Args)]
pub(crate) struct ControlsArgs {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// The language of the table.
    #[arg(long, value_parser = ["ja", "en"], default_value = "en")]
    lang: String,
}

#[derive(Serialize)]
struct Shown {
    id: &'static str,
    clause: &'static str,
    side: &'static str,
    promise: Texts,
    checks: Vec<ShownCheck>,
}

#[derive(Serialize)]
struct ShownCheck {
    name: &'static str,
    says: Texts,
}

#[derive(Serialize)]
struct Texts {
    ja: &'static str,
    en: &'static str,
}

impl Texts {
    fn of(key: Key) -> Self {
        Self {
            ja: Lang::Ja.text(key.0),
            en: Lang::En.text(key.0),
        }
    }
}

pub(crate) fn run(args: &ControlsArgs) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    if args.json {
        let all: Vec<Shown> = CONTROLS.iter().map(shown).collect();
        serde_json::to_writer_pretty(&mut out, &all)?;
        writeln!(out)?;
        return Ok(());
    }
    for control in CONTROLS {
        let Shown {
            id,
            clause,
            promise,
            checks,
            ..
        } = shown(control);
        let text = |texts: &Texts| {
            if args.lang == "ja" {
                texts.ja
            } else {
                texts.en
            }
        };
        writeln!(out, "{id:<5} {clause:<12} {}", text(&promise))?;
        for check in checks {
            writeln!(out, "{:19}{}: {}", "", check.name, text(&check.says))?;
        }
    }
    Ok(())
}

fn shown(control: &Control) -> Shown {
    Shown {
        id: control.id,
        clause: control.clause,
        side: control.side.name(),
        promise: Texts::of(control.promise),
        checks: control
            .checks
            .iter()
            .map(|check| ShownCheck {
                name: check.name,
                says: Texts::of(check.says),
            })
            .collect(),
    }
}
