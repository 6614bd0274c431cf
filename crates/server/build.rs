//! Turns `locales/*.toml` into one table of texts, and makes sure that the folder of the web client exists.
//!
//! A text that one language has and the other lacks fails the build, as do two texts with different placeholders.

use std::{collections::BTreeMap, env, error::Error, fmt::Write as _, fs, path::Path};

type Texts = BTreeMap<String, String>;

fn main() -> Result<(), Box<dyn Error>> {
    let here = env::var("CARGO_MANIFEST_DIR")?;
    let here = Path::new(&here);
    // Built by `make web`; the server also compiles, and its pages also work, before that.
    fs::create_dir_all(here.join("../../web/dist"))?;
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=locales");
    // The folders, so that files that come or go are noticed, too.
    println!("cargo:rerun-if-changed=assets");
    println!("cargo:rerun-if-changed=../../web/dist");

    let ja = texts(&here.join("locales/ja.toml"))?;
    let en = texts(&here.join("locales/en.toml"))?;
    for key in ja.keys().chain(en.keys()) {
        let (Some(ja), Some(en)) = (ja.get(key), en.get(key)) else {
            return Err(format!("the text {key} is not in both locales").into());
        };
        if placeholders(ja) != placeholders(en) {
            return Err(format!("the text {key} has other placeholders in ja than in en").into());
        }
    }
    let mut table = String::from("&[\n");
    for (key, ja) in &ja {
        let en = &en[key];
        writeln!(table, "    ({key:?}, [{ja:?}, {en:?}]),")?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("texts.rs"), table)?;
    Ok(())
}

/// All texts of a file, by their full key: `[sign_in] title = "…"` becomes `sign_in.title`.
fn texts(file: &Path) -> Result<Texts, Box<dyn Error>> {
    let table: toml::Table = fs::read_to_string(file)?
        .parse()
        .map_err(|e| format!("{}: {e}", file.display()))?;
    let mut texts = Texts::new();
    flatten("", &table, &mut texts)?;
    Ok(texts)
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut Texts) -> Result<(), Box<dyn Error>> {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::String(text) => {
                into.insert(key, text.clone());
            }
            toml::Value::Table(inner) => flatten(&key, inner, into)?,
            _ => return Err(format!("{key} is neither a text nor a group of texts").into()),
        }
    }
    Ok(())
}

/// The names in braces, sorted.
fn placeholders(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    names
}
