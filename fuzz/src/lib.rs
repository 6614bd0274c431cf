//! What the fuzz targets share: where they begin.
//!
//! A fuzzer that starts from good messages gets deep into a parser at once. The seeds are made from the types themselves
//! each time, so that they are always of the current format.

pub mod samples;

use std::{env, fs, path::Path};

/// The folder for seeds, as `scripts/fuzz` names it.
const FOLDER: &str = "FUZZ_SEEDS";

/// Writes seeds for libFuzzer, which reads its folders after this. Without a folder, as when one input is tried again,
/// there is nothing to do.
///
/// # Panics
/// If they cannot be written: a run without seeds would pass, and have tried next to nothing.
pub fn seed<S: AsRef<[u8]>>(seeds: impl IntoIterator<Item = S>) {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    for (number, seed) in seeds.into_iter().enumerate() {
        let file = Path::new(&folder).join(format!("{number:02}"));
        fs::write(file, seed).expect("the folder of seeds can be written to");
    }
}
